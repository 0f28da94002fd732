// Prints how long the page takes: node figures.mjs LINK ENTRIES FOLDER SIZE RATE
// The store has a datastore "many" with a folder of so many entries, and "thumbs" with 500 images.
// FOLDER has SIZE bytes, which the command line stores at RATE MB/s. Every figure is the middle one of
// five, but the upload, which is one.
import { openBrowser, openPage, until } from "./browser.mjs";

const [link, entriesText, folder, size, rate] = process.argv.slice(2);
const entries = Number(entriesText);
const origin = new URL(link).origin;
const browser = await openBrowser();
const { page, context } = await openPage(browser, link);
const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const say = (what, value) => console.log(`${what.padEnd(52)} ${value}`);

// The first view, with nothing in the browser's cache.
const state = await context.storageState();
const times = [];
let bytes = 0;
for (let i = 0; i < 5; ++i) {
  const fresh = await browser.newContext({ storageState: state });
  const tab = await fresh.newPage();
  const session = await fresh.newCDPSession(tab);
  await session.send("Network.enable");
  bytes = 0;
  session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  const begun = performance.now();
  await tab.goto(origin);
  await tab.getByRole("link", { name: "many", exact: true }).waitFor();
  times.push(performance.now() - begun);
  await fresh.close();
}
say("first view, all bytes with headers", `${(bytes / 1000).toFixed(0)} kB`);
say("first view, until the list is there", `${middle(times).toFixed(0)} ms`);

const opened = [];
for (let i = 0; i < 5; ++i) {
  await page.goto(origin);
  const begun = performance.now();
  await page.evaluate(() => { history.pushState(null, "", "/datastores/many/1"); dispatchEvent(new PopStateEvent("popstate")); });
  await page.locator(".rows .name").first().waitFor();
  opened.push(performance.now() - begun);
}
say(`open a folder of ${entries} entries`, `${middle(opened).toFixed(0)} ms`);

const jumps = [];
for (let i = 0; i < 5; ++i) {
  const row = Math.floor(((i + 0.37) * entries) / 5);
  jumps.push(await page.locator(".rows").evaluate(async (rows, share) => {
    const begun = performance.now();
    rows.scrollTop = share * (rows.scrollHeight - rows.clientHeight);
    const seen = () => rows.querySelectorAll(".name").length > 5 && rows.querySelectorAll(".ghost").length === 0;
    await new Promise((done) => requestAnimationFrame(done));
    while (!seen()) await new Promise((done) => setTimeout(done, 1));
    return performance.now() - begun;
  }, row / entries));
}
say("jump to any place in it", `${middle(jumps).toFixed(0)} ms`);

const shown = [];
for (let i = 0; i < 5; ++i) {
  const fresh = await browser.newContext({ storageState: state, viewport: { width: 2600, height: 4600 } });
  const tab = await fresh.newPage();
  const begun = performance.now();
  await tab.goto(`${origin}/datastores/thumbs/1?as=tiles`);
  await until(() => tab.evaluate(() => [...document.querySelectorAll("figure img")].filter((one) => one.naturalWidth > 0).length >= 450), "thumbnails are shown", 60);
  shown.push(performance.now() - begun);
  await fresh.close();
}
say("a screen of 450 thumbnails, page included", `${middle(shown).toFixed(0)} ms`);

await page.goto(`${origin}/create`);
await page.getByRole("textbox", { name: "Datastore" }).fill("uploaded");
await page.evaluate(() => addEventListener("change", () => (window.picked = performance.now()), true));
await page.locator("input[webkitdirectory]").setInputFiles(folder);
await page.getByText("new to the store").waitFor({ timeout: 300_000 });
await page.getByRole("button", { name: /Send/ }).click();
await page.getByRole("link", { name: "uploaded:1" }).waitFor({ timeout: 300_000 });
const seconds = (await page.evaluate(() => performance.now() - window.picked)) / 1000;
const mine = Number(size) / 1e6 / seconds;
say(`upload of ${(Number(size) / 1e6).toFixed(0)} MB that are new`, `${mine.toFixed(0)} MB/s, ${(mine / Number(rate)).toFixed(2)} of the command's ${rate} MB/s`);
await browser.close();
