// Writes a picture of every view, light, dark, 390 pixels wide and on a 4K screen:
//   node screenshots.mjs LINK FOLDER [VIEW]
// LINK is of a server of the store that tests/e2e/page.sh makes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser, openPage } from "./browser.mjs";

const [link, folder, only] = process.argv.slice(2);
const inside = "/datastores/shapes/2";
const views = {
  datastores: { at: "/" },
  datastore: { at: "/datastores/shapes" },
  inside: { at: inside },
  tiles: { at: `${inside}/train/0?as=tiles` },
  image: { at: `${inside}/train/0/00003.png?as=tiles` },
  text: { at: `${inside}/train.py` },
  json: { at: `${inside}/config.json` },
  csv: { at: `${inside}/labels.csv` },
  parquet: { at: `${inside}/table.parquet` },
  markdown: { at: `${inside}/README.md` },
  numpy: { at: `${inside}/array.npy` },
  sound: { at: `${inside}/tone.wav` },
  hex: { at: `${inside}/weights.bin` },
  hostile: { at: `${inside}/hostile` },
  compare: { at: "/compare/shapes/1/2" },
  runs: { at: "/runs" },
  run: { at: "/runs/reads" },
  store: { at: "/store" },
  create: { at: "/create" },
  pdf: { at: `${inside}/paper.pdf` },
  details: { at: `${inside}/config.json`, before: (page) => page.getByRole("button", { name: "Details" }).click() },
  selection: {
    at: inside,
    async before(page) {
      await page.locator(".pick").nth(1).click();
      await page.locator(".pick").nth(4).click();
    },
  },
  "table-diff": { at: "/compare/shapes/1/2?path=labels.csv" },
  "image-diff": { at: "/compare/shapes/1/2?path=train/0/00002.png", before: (page) => page.getByRole("button", { name: "Swipe" }).click() },
  artifact: { at: "/runs/reads?artifact=out/picture.png", before: (page) => page.locator(".pane-place").scrollIntoViewIfNeeded() },
  sweep: { at: "/runs/sweep" },
  "sweep-lines": { at: "/runs/sweep", before: (page) => page.getByRole("button", { name: "Parallel lines" }).click() },
  "create-of-run": { at: "/create?run=reads" },
  "create-policy": {
    at: "/create",
    async before(page) {
      await page.getByLabel("Source").fill("s3://animals/cats");
      await page.getByText("What the server's role needs").click();
      await page.waitForTimeout(600);
    },
  },
  tour: {
    at: "/",
    async before(page) {
      await page.getByRole("button", { name: "Help" }).click();
      await page.getByRole("menuitem", { name: "Show the tour" }).click();
      await page.getByRole("button", { name: "Next" }).click();
    },
  },
  "delete-all": {
    at: "/datastores/shapes",
    async before(page) {
      await page.getByRole("button", { name: "Actions for shapes", exact: true }).click();
      await page.getByRole("menuitem", { name: /Delete the datastore/ }).click();
    },
  },
  offline: {
    at: "/datastores/shapes",
    async before(page) {
      await page.context().setOffline(true);
      await page.getByRole("link", { name: "Runs" }).click();
      await page.waitForTimeout(300);
    },
    after: (page) => page.context().setOffline(false),
  },
  missing: { at: "/datastores/none" },
  delete: {
    at: "/datastores/shapes",
    async before(page) {
      await page.getByRole("button", { name: /Actions for shapes:1/ }).click();
      await page.getByRole("menuitem", { name: /Delete/ }).click();
    },
  },
};
const looks = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  large: { colorScheme: "light", viewport: { width: 3840, height: 2160 } },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
};

mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
const { context, page } = await openPage(browser, link);
const state = await context.storageState();
await page.close();
let bad = 0;
for (const [look, options] of Object.entries(looks)) {
  const looking = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1280, height: 800 }, ...options, storageState: state });
  const tab = await looking.newPage();
  tab.on("pageerror", (error) => { ++bad; console.log("error:", error.message); });
  for (const [name, view] of Object.entries(views)) {
    if (only && !name.match(only)) continue;
    await tab.goto(new URL(view.at, link).href);
    await tab.waitForTimeout(900); // the stream of events leaves the network busy for ever
    await view.before?.(tab).catch((error) => console.log(name, error.message.split("\n")[0]));
    await tab.waitForTimeout(250);
    await tab.screenshot({ path: join(folder, `${name}-${look}.png`) });
    await view.after?.(tab);
  }
  await looking.close();
}
await browser.close();
process.exit(bad ? 1 : 0);
