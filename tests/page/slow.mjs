// What takes minutes on the page: node slow.mjs LINK [FLOW]
// LINK is of a server of the store that tests/e2e/page-slow.sh makes, in whose folder this runs.
import { check, openBrowser, openPage, until } from "./browser.mjs";

const [link, only] = process.argv.slice(2);
const origin = new URL(link).origin;
const browser = await openBrowser();
const { context, page, problems } = await openPage(browser, link);
page.setDefaultTimeout(300_000);
const open = (path) => page.goto(origin + path);
const say = (text) => console.log(`  ${text}`);

// The longest time for which the page could not answer a person, since files were picked: before that
// the browser itself stands still, while it is told of the files.
const watchPauses = () => page.evaluate(() => {
  window.longest = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    window.longest = Math.max(window.longest, now - last);
    last = now;
    setTimeout(tick, 20);
  };
  tick();
  addEventListener("change", () => {
    window.longest = 0;
    last = performance.now();
  }, true);
});
const longestPause = async () => Math.round(await page.evaluate(() => window.longest));

async function pick(name, folder) {
  await page.getByRole("textbox", { name: "Datastore" }).fill(name);
  await page.locator("input[webkitdirectory]").setInputFiles(folder);
  await page.getByText("new to the store").waitFor();
  return (await page.getByText("new to the store").textContent()).trim();
}
async function heap(session) {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

const flows = {
  async "a folder of a million entries"() {
    await open("/datastores/million/1");
    await page.getByText("f0000000").waitFor();
    const go = page.getByPlaceholder("Go to", { exact: true });
    await go.fill("734,112");
    await page.keyboard.press("Enter");
    await page.getByText("f0734111").waitFor();
    await page.getByRole("listbox").focus();
    await page.keyboard.press("End");
    await page.getByText("f0999999").waitFor();
    await page.getByRole("listbox").evaluate((list) => list.scrollTo(0, list.scrollHeight / 2));
    await until(() => page.evaluate(() => [...document.querySelectorAll(".rows .name")].some((name) => /^f0(49|50)/.test(name.textContent))), "the middle of the scrollbar is the middle of the folder");
    await go.fill("f03141");
    await page.keyboard.press("Enter");
    await page.getByText("f0314100").waitFor();
    check((await page.locator(".rows [role=option]").count()) < 100, "only what is seen exists");
    await page.getByPlaceholder("Find", { exact: true }).fill("f0271828");
    await page.getByText("1 entry with “f0271828”").waitFor();
  },

  async "20,000 files are dropped"() {
    await open("/create");
    await watchPauses();
    const sentence = await pick("files", "files");
    check(sentence.includes("20,000 files"), sentence);
    await page.getByRole("button", { name: /Send/ }).click();
    await page.getByRole("link", { name: "files:1" }).waitFor();
    say(`the page did not answer for ${await longestPause()} ms at most`);
  },

  async "2 GB, cut off twice"() {
    await open("/create");
    say(await pick("large", "large"));
    await page.getByRole("button", { name: /Send/ }).click();
    const sent = async () => Number(await page.locator("progress").evaluate((bar) => bar.value / bar.max).catch(() => 1));
    await until(async () => (await sent()) > 0.15, "it is being sent", 300);
    await context.setOffline(true); // the line is lost, and comes back
    await page.getByText("The server does not answer").first().waitFor();
    await context.setOffline(false);
    const before = await sent();
    await until(async () => (await sent()) > before + 0.15, "it goes on by itself", 300);
    page.once("dialog", (dialog) => dialog.accept()); // that an upload is under way
    await open("/create");
    await page.getByText("An upload to large was begun").waitFor();
    const again = await pick("large", "large");
    say(again);
    const left = again.match(/^([0-9.]+) (GB|MB) of/);
    check(left && (left[2] === "MB" || Number(left[1]) < 1.8), `what was sent is not new any more: ${again}`);
    await page.getByText("This goes on with an upload").waitFor();
    await page.getByRole("button", { name: /Send/ }).click();
    await page.getByRole("link", { name: "large:1" }).waitFor();
  },

  // As many events as an hour has at one a second, in a minute: what they leave behind is the same.
  async "an hour of events"() {
    await open("/");
    await page.getByRole("link", { name: "million", exact: true }).waitFor();
    const session = await context.newCDPSession(page);
    const tell = (from, to) => page.evaluate(async ([first, last]) => {
      const channel = new BroadcastChannel("grid-events");
      for (let i = first; i < last; ++i) {
        channel.postMessage(i % 10 === 0 ? { event: "version", data: { name: "million", version: 1 } }
          : { event: "job", data: { id: `j${i % 7}`, kind: "create", name: "million", about: "https://example.com/a.tar", status: "running", reason: null, created: "2026-01-01T00:00:00Z", ended: null,
              progress: { files_done: i, bytes_done: i * 1000, files_total: null, bytes_total: null, bytes_per_second: 1, seconds_left: null } } });
        await new Promise((done) => setTimeout(done, 16));
      }
      channel.close();
    }, [from, to]);
    await tell(0, 400); // what is made once is there
    const before = await heap(session);
    await tell(400, 4000);
    const after = await heap(session);
    say(`heap ${(before / 1e6).toFixed(1)} MB before 3,600 events, ${(after / 1e6).toFixed(1)} MB after`);
    check(after - before < 2_000_000, `the heap grew by ${after - before} bytes`);
  },
};

let failed = 0;
for (const [name, flow] of Object.entries(flows)) {
  if (only && !name.match(only)) continue;
  const begun = performance.now();
  try {
    await flow();
    check(problems.length === 0, problems.join("\n"));
    console.log(`ok: ${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  } catch (error) {
    ++failed;
    console.log(`FAILED: ${name}: ${error.message}\n  at ${page.url()}\n  ${problems.join("\n  ")}`);
  }
  problems.length = 0;
}
await browser.close();
process.exit(failed ? 1 : 0);
