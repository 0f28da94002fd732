// What a person does on the page, view by view: node flows.mjs LINK TOKEN RUNS [FLOW]
// LINK and TOKEN are of a server of the store that tests/e2e/page.sh makes; RUNS is "yes" if it has one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { check, openBrowser, openPage, until } from "./browser.mjs";

const [link, token, runs, only] = process.argv.slice(2);
const origin = new URL(link).origin;
const browser = await openBrowser();
const { context, page, problems } = await openPage(browser, link);
// Goes to a place as a link of the page does, without loading the page again; open() loads it.
const at = (path) => page.evaluate((href) => {
  history.pushState(null, "", href);
  dispatchEvent(new PopStateEvent("popstate"));
}, path);
const open = (path) => page.goto(origin + path);
const seen = (text) => page.getByText(text).first().waitFor({ timeout: 30000 });
const heading = (name) => page.getByRole("heading", { name, exact: true }).first().waitFor({ timeout: 30000 });
const rows = (filter) => page.locator(".rows [role=option]").filter(filter);
const inside = "/datastores/shapes/2";
// What a click downloads, in whatever tab; `bytes` has a character for each.
async function downloaded(button) {
  const arrived = new Promise((resolve) => {
    const take = (tab) => tab.on("download", resolve);
    context.pages().forEach(take);
    context.on("page", take);
  });
  await button.click();
  const download = await arrived;
  const result = { name: download.suggestedFilename(), bytes: readFileSync(await download.path(), "latin1") };
  context.removeAllListeners("page");
  page.removeAllListeners("download");
  return result;
}
const hasRun = () => page.evaluate(() => Boolean(window.ran) || document.title === "ran");

// Serious findings of axe-core on what is shown, or on the part of it that `within` selects.
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
async function isAccessible(where, within, tab = page) {
  if (!(await tab.evaluate(() => "axe" in window))) await tab.evaluate(axeSource);
  const found = await tab.evaluate((part) => window.axe.run(part ?? document, { resultTypes: ["violations"] }), within);
  const serious = found.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  check(serious.length === 0, `${where}: ${JSON.stringify(serious.map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + (node.failureSummary ?? "").slice(0, 200))]), null, 1)}`);
}

const flows = {
  async "the list of datastores"() {
    await at("/");
    await page.getByRole("link", { name: "shapes", exact: true }).waitFor();
    check((await page.title()).startsWith("Datastores"), "the title names the view");
    await isAccessible("datastores");
    await page.getByRole("searchbox").fill("man");
    await until(async () => (await page.locator("tbody tr").count()) === 1, "the search finds one");
    await page.getByRole("searchbox").fill("nothing like it");
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("button", { name: "Size" }).click();
    check(new URL(page.url()).searchParams.get("order") === "descending", "sizes begin with the largest");
  },

  async "one datastore"() {
    await page.getByRole("link", { name: "shapes", exact: true }).click();
    await heading("shapes");
    await seen("relabelled, with a README");
    await seen("Waves and rings, labelled by hand.");
    await page.getByRole("tab", { name: "Mount" }).click();
    await seen("grid mount ./data-sets");
    await isAccessible("datastore");
    check(!(await hasRun()), "no script of the README has run");
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Description").fill("New *words*");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("em", { hasText: "words" }).waitFor();
  },

  async "deleting a version"() {
    await at("/datastores/spare");
    await page.getByRole("button", { name: "Actions for spare:1" }).click();
    await page.getByRole("menuitem", { name: /Delete/ }).click();
    await seen("Delete spare:1?");
    await isAccessible("delete");
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await seen("spare:1 is deleted");
    await page.getByRole("button", { name: "Undo" }).click();
    await seen("spare:1 is ready again");
    await page.getByRole("button", { name: "Actions for spare:1" }).click();
    await page.getByRole("menuitem", { name: /Delete/ }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Actions for spare:1" }).waitFor({ state: "detached" });
  },

  async "deleting a datastore"() {
    await at("/datastores/spare");
    await page.getByRole("button", { name: "Actions for spare", exact: true }).click();
    await page.getByRole("menuitem", { name: /Delete the datastore/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("1 version with 0 B").waitFor();
    await dialog.getByText("These versions added").waitFor();
    await isAccessible("delete all", "dialog[open]");
    const button = dialog.getByRole("button", { name: "Delete the datastore" });
    check(await button.isDisabled(), "the name must be typed first");
    await dialog.getByRole("textbox").fill("spare");
    await button.click();
    await seen("spare is deleted, with all its versions");
    check(new URL(page.url()).pathname === "/", "the list is shown then");
  },

  async "a folder, by mouse and by keys"() {
    await at(inside);
    const list = page.getByRole("listbox");
    await page.getByText("config.json").waitFor();
    await isAccessible("inside");
    await list.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await until(() => page.url().endsWith("/README.md"), "Enter opens the first file");
    await page.keyboard.press("Escape");
    await until(() => page.url().endsWith("/2"), "Escape closes it");
    await rows({ hasText: /hostile/ }).click();
    await until(() => page.url().endsWith("/hostile"), "a click opens a folder");
    await list.focus();
    await page.keyboard.press("Backspace");
    await until(() => page.url().endsWith("/2"), "Backspace goes up");
    await page.keyboard.press("/");
    await page.keyboard.type("label");
    await until(async () => (await rows().count()) === 1, "the filter finds one");
  },

  async "a large folder"() {
    await at("/datastores/many/1");
    await page.getByText("f000001").waitFor();
    const list = page.getByRole("listbox");
    await page.getByPlaceholder("Go to", { exact: true }).fill("23,456");
    await page.keyboard.press("Enter");
    await page.getByText("f023456").waitFor();
    await page.getByPlaceholder("Go to", { exact: true }).fill("f0123");
    await page.keyboard.press("Enter");
    await page.getByText("f012300").waitFor();
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.getByText("f030000").waitFor();
    await isAccessible("large folder");
    check((await rows().count()) < 100, "only what is seen exists");
    await page.getByRole("button", { name: "Sort by Name" }).click();
    await rows({ hasText: /f030000/ }).waitFor();
  },

  async "a selection"() {
    await at(inside);
    await page.getByText("config.json").waitFor();
    await rows({ hasText: /config\.json/ }).locator(".pick").click();
    const list = page.getByRole("listbox");
    await list.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press(" ");
    await seen("2 selected");
    await isAccessible("selection", ".inside");
    const zip = await downloaded(page.getByRole("button", { name: "Download the selection" }));
    check(zip.name === "shapes-2.zip", `both are one archive: ${zip.name}`);
    check(zip.bytes.includes("shapes-2/config.json") && zip.bytes.includes("shapes-2/README.md") && !zip.bytes.includes("shapes-2/labels.csv"), "of what was selected, and no more");
    await rows({ hasText: /README/ }).locator(".pick").click();
    const [one] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the selection" }).click()]);
    check(one.suggestedFilename() === "config.json", "a file alone is downloaded as it is");
    await at(`${inside}/hostile`);
    await page.getByText("page.html").waitFor();
    const hostile = await rows().count();
    for (let i = 0; i < hostile; ++i) await rows().nth(i).locator(".pick").click();
    const strange = await downloaded(page.getByRole("button", { name: "Download the selection" }));
    check(strange.name === "hostile.zip" && strange.bytes.includes("hostile/new\nline.txt") && strange.bytes.includes("hostile/caf\xe9.txt"), "names of any bytes are selected too");
    await page.getByRole("button", { name: "Clear the selection" }).click();
    check((await page.getByText(" selected, ").count()) === 0, "nothing is selected then");
  },

  async "thumbnails and images"() {
    await at(`${inside}/train/0?as=tiles`);
    await until(() => page.evaluate(() => [...document.querySelectorAll("figure img")].filter((one) => one.naturalWidth === 64).length > 10), "thumbnails are shown");
    await isAccessible("tiles");
    await rows().nth(3).click();
    await until(() => page.url().includes("/00003.png"), "a tile opens");
    await page.locator(".pane img").waitFor();
    await page.locator(".pane .stage").focus();
    await page.keyboard.press("ArrowRight");
    await until(() => page.url().includes("/00004.png"), "an arrow goes to the next file");
    await page.keyboard.press("+");
    await isAccessible("image");
  },

  async "previews"() {
    for (const [name, text] of [["train.py", "def main(folder):"], ["config.json", "\"tiny\""], ["labels.csv", "3,000 rows, 4 columns"],
      ["table.parquet", "5,000 rows, 4 columns"], ["README.md", "labelled"], ["array.npy", "20 × 30"], ["weights.bin", "00000010"], ["long.txt", "line 17 of a log"], ["empty.txt", "The file is empty."]]) {
      await at(`${inside}/${name}`);
      await page.locator(".pane").getByText(text).first().waitFor({ timeout: 30000 }).catch(() => { throw new Error(`${name} shows no ${text}`); });
      if (name !== "long.txt") await isAccessible(name, ".pane"); // thousands of lines take axe minutes
    }
    await at(`${inside}/paper.pdf`);
    await seen("3 pages");
    await until(() => page.evaluate(() => {
      const canvas = document.querySelector("canvas[data-drawn]");
      if (!canvas) return false;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) if (data[i + 2] > 180 && data[i] < 80) return true;
      return false;
    }), "the first page is drawn");
    await isAccessible("pdf", ".pane");
    await at(`${inside}/config.json`);
    await page.getByRole("button", { name: "Details" }).click();
    await page.locator("dl").getByRole("link", { name: "shapes:2" }).waitFor(); // it was another one before
    await at(`${inside}/long.txt`);
    await page.locator("dl").getByText(/^[0-9]+, of [0-9.]+ kB on average$/).waitFor(); // chunks
    await at(`${inside}/train.py`);
    await page.locator("dl").getByRole("link", { name: "shapes:1" }).waitFor();
    await page.getByRole("button", { name: "Details" }).click();
    await at(`${inside}/tone.wav`);
    await until(() => page.evaluate(() => document.querySelector("audio")?.duration > 0.9), "the sound can be played");
    await page.getByRole("button", { name: "Details" }).click();
    await seen("/datastores/shapes/2/tone.wav");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download", exact: true }).click()]);
    check(download.suggestedFilename() === "tone.wav", "a download has the file's name");
  },

  async "hostile files and names"() {
    await at(`${inside}/hostile`);
    await page.getByText("<img src=x onerror=window.ran=true>.txt").waitFor();
    const count = await rows().count();
    check(count === 8, `all hostile names are listed: ${count}`);
    for (let i = 0; i < count; ++i) {
      await at(`${inside}/hostile`);
      await rows().nth(i).click();
      await page.locator(".pane h1").waitFor();
      await page.locator(".preview .text, .preview .hex, .preview .stage").first().waitFor();
      check(!(await hasRun()), "nothing has run");
    }
    // Opened by themselves, they are downloads.
    for (const name of ["page.html", "picture.svg"]) {
      const other = await context.newPage();
      const [download] = await Promise.all([
        other.waitForEvent("download"),
        other.goto(`${origin}/api/v1/datastores/shapes/versions/2/files/hostile/${name}`).catch(() => undefined),
      ]);
      check(download.suggestedFilename() === name, `${name} is a download`);
      await other.close();
    }
  },

  async "comparing two versions"() {
    await at("/compare/shapes/1/2");
    await rows({ hasText: /config\.json/ }).click();
    await seen("\"seed\": 16");
    await isAccessible("compare");
    await rows({ hasText: /labels\.csv/ }).click();
    await seen("Rows: 1 added, 0 removed, 1 changed");
    await page.locator(".differs").first().waitFor();
    await isAccessible("table diff", ".pane");
    await page.getByRole("button", { name: "As text" }).click();
    await page.getByRole("region", { name: "Lines that differ" }).waitFor();
    await rows({ hasText: /00002\.png/ }).click();
    await page.getByRole("button", { name: "Swipe" }).click();
    await page.getByRole("slider").fill("20");
    await page.getByRole("button", { name: "Difference" }).click();
    await until(() => page.evaluate(() => [...document.querySelectorAll(".over img")].every((image) => image.naturalWidth === 64)), "two images are compared");
  },

  async "runs"() {
    await at("/runs");
    if (runs !== "yes") return await seen("No run yet");
    await page.getByRole("link", { name: "reads" }).waitFor();
    await isAccessible("runs");
    await page.getByRole("link", { name: "reads" }).click();
    await heading("reads");
    await page.getByRole("searchbox", { name: "Search the log" }).fill("reading");
    await page.keyboard.press("Enter");
    await page.locator(".green", { hasText: "reading" }).waitFor();
    await isAccessible("run");
    await page.getByRole("link", { name: "out/picture.png" }).click();
    await until(() => page.evaluate(() => document.querySelector(".pane img")?.naturalWidth === 64), "an artifact is shown");
    await page.getByRole("link", { name: "metrics.json" }).click();
    await page.locator(".pane").getByText("accuracy").waitFor();
    await isAccessible("artifact", ".pane");
    await page.getByRole("link", { name: "Make this a datastore" }).click();
    await isAccessible("create of a run");
    await page.getByRole("button", { name: "Make a version of it" }).click();
    await page.getByRole("link", { name: "reads:1" }).click();
    await rows({ hasText: /metrics\.json/ }).waitFor();
  },

  async "a sweep"() {
    if (runs !== "yes") return;
    await at("/runs/sweep");
    await page.getByRole("columnheader", { name: "test.accuracy" }).waitFor();
    await until(async () => (await page.locator("circle").count()) === 6, "each experiment is a point of the metric");
    await page.getByRole("combobox", { name: /^against/ }).selectOption({ label: "test.loss" });
    await page.getByRole("combobox", { name: /^Show/ }).selectOption({ label: "duration" });
    await page.getByRole("img", { name: "duration of each experiment against test.loss" }).waitFor();
    await page.getByRole("button", { name: "test.accuracy" }).click();
    await page.getByRole("button", { name: "Parallel lines" }).click();
    await until(async () => (await page.locator("polyline").count()) === 6, "each experiment is a line");
    await isAccessible("sweep");
  },

  async "the store"() {
    await at("/store");
    await heading("Store");
    await page.locator(".bars").getByRole("link", { name: "many" }).waitFor();
    await page.getByRole("img", { name: /Growth of the store/ }).hover();
    await page.locator(".about").waitFor(); // the version below the pointer
    await isAccessible("store");
  },

  async "a version of a folder that is picked"() {
    const paths = (await (await page.request.get(`${origin}/api/openapi.json`)).json()).paths;
    if (!paths["/api/v1/datastores/{name}/uploads/{upload}/missing"]) return;
    await at("/create");
    const make = async (folder) => {
      await page.getByRole("textbox", { name: "Datastore" }).fill("dropped");
      await page.locator("input[webkitdirectory]").setInputFiles(folder);
      await page.getByText("new to the store").waitFor({ timeout: 30000 });
    };
    await make("shapes/train");
    await isAccessible("create");
    // All of it but what was made anew is in the store, as another datastore's.
    await seen("0 B of");
    await page.getByRole("button", { name: /Send/ }).click();
    await page.getByRole("link", { name: "dropped:1" }).waitFor({ timeout: 30000 });
    await page.getByRole("button", { name: "Another" }).click();
    await make("news");
    await page.getByText("40.0 MB of").waitFor();
    await page.getByRole("button", { name: /Send/ }).click();
    await page.getByRole("link", { name: "dropped:2" }).waitFor({ timeout: 60000 });
  },

  async "what is not there says so"() {
    await at("/datastores/none");
    await seen("no datastore none");
    await isAccessible("what is not there");
    await at(`${inside}/missing`);
    await page.getByRole("alert").waitFor();
    await at("/datastores/shapes/77");
    await page.getByRole("alert").waitFor();
  },

  async "dark colours"() {
    await at("/datastores/shapes");
    await page.getByRole("button", { name: "Colours" }).click();
    await page.getByRole("menuitemradio", { name: "Dark" }).click();
    check((await page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "dark is chosen");
    await until(() => page.evaluate(() => getComputedStyle(document.querySelector(".button")).backgroundColor !== "rgb(255, 255, 255)"), "buttons are dark");
    await isAccessible("dark datastore");
    await at(`${inside}/labels.csv`);
    await page.locator(".pane").getByText("3,000 rows").waitFor();
    await isAccessible("dark table");
  },

  async "signing in with a token, as a reader"() {
    const other = await browser.newContext();
    const tab = await other.newPage();
    await tab.goto(`${origin}/datastores/shapes`);
    await tab.getByRole("heading", { name: "Sign in" }).waitFor();
    await tab.getByLabel("Token").fill("grid_nonsense");
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("alert").waitFor();
    await isAccessible("sign-in", undefined, tab);
    await tab.getByLabel("Token").focus(); // and now by keys alone
    await tab.keyboard.press("Control+A");
    await tab.keyboard.type(token);
    await tab.keyboard.press("Enter");
    await tab.getByText("first images").waitFor();
    check((await tab.getByRole("button", { name: "Edit" }).count()) === 0, "a reader may not edit");
    await tab.getByRole("button", { name: "Help" }).click();
    await tab.getByRole("menuitem", { name: /Sign out/ }).click();
    await tab.getByRole("heading", { name: "Sign in" }).waitFor();
    await other.close();
  },

  async "a policy for a bucket"() {
    await at("/create");
    await page.getByLabel("Source").fill("s3://animals/cats");
    await page.getByText("What the server's role needs").click();
    await page.locator(".policy").getByText("arn:aws:s3:::animals/*").waitFor();
    await page.getByText("Leave the files in the bucket").waitFor();
    await isAccessible("create from a bucket");
  },

  async "a sign-in that has ended, and the same place after it"() {
    const other = await browser.newContext();
    const tab = await other.newPage();
    const signIn = async () => {
      await tab.getByLabel("Token").fill(token);
      await tab.getByRole("button", { name: "Sign in" }).click();
    };
    await tab.goto(`${origin}${inside}/hostile`);
    await tab.getByText("This server needs to know who you are").waitFor();
    await signIn();
    await tab.getByText("page.html").waitFor();
    await tab.evaluate(() => fetch("/api/v1/session", { method: "DELETE" })); // as another tab would
    await tab.getByRole("option", { name: /page\.html/ }).click();
    await tab.getByText("Your sign-in has ended").waitFor();
    await signIn();
    await tab.locator(".pane h1", { hasText: "page.html" }).waitFor();
    check(tab.url().endsWith("/hostile/page.html"), "the same place");
    await other.close();
  },

  async "a server that is away for a while"() {
    await at("/datastores/shapes");
    await seen("first images");
    await context.setOffline(true);
    await at("/runs");
    await page.getByText("The server does not answer").first().waitFor();
    await isAccessible("a server that is away");
    await context.setOffline(false);
    await page.getByText("The server does not answer").first().waitFor({ state: "detached" });
    await heading("Runs");
    await until(async () => (await page.getByRole("alert").count()) === 0, "the view is read again by itself");
  },

  async "every flow by keys alone"() {
    // Tab reaches what a flow needs, with a visible mark of where one is.
    const tabTo = async (name, most = 40) => {
      for (let i = 0; i < most; ++i) {
        await page.keyboard.press("Tab");
        const here = await page.evaluate(() => {
          const element = document.activeElement;
          const style = getComputedStyle(element);
          return { text: (element.getAttribute("aria-label") ?? element.textContent ?? "").trim() || element.getAttribute("placeholder") || element.id, marked: style.outlineStyle !== "none" || style.boxShadow !== "none" };
        });
        if (here.text.match(name)) return check(here.marked, `where one is can be seen at ${name}`);
      }
      throw new Error(`Tab does not reach ${name}`);
    };
    await open("/");
    await page.getByRole("link", { name: "shapes", exact: true }).waitFor();
    await tabTo(/^shapes$/);
    await page.keyboard.press("Enter");
    await heading("shapes");
    await tabTo(/^Edit$/);
    await page.keyboard.press("Enter");
    await tabTo(/^Cancel$/);
    await page.keyboard.press("Enter");
    await tabTo(/^Look inside$/);
    await page.keyboard.press("Enter");
    await page.getByText("config.json").waitFor();
    await tabTo(/^Entries of this folder$/);
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press(" ");
    await seen("1 selected");
    await tabTo(/^Download the selection$/);
    await at("/compare/shapes/1/2");
    await rows({ hasText: /config\.json/ }).waitFor();
    await tabTo(/^Changes$/);
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.locator(".pane h2").waitFor();
    await at("/create");
    await heading("New version");
    await tabTo(/^A folder$/);
    await tabTo(/^https:/);
    await at("/store");
    await heading("Store");
    await tabTo(/^many$/);
    await page.keyboard.press("Enter");
    await heading("many");
    if (runs !== "yes") return;
    await at("/runs");
    await heading("Runs");
    await tabTo(/^reads$/);
    await page.keyboard.press("Enter");
    await heading("reads");
    await tabTo(/^Make this a datastore$/);
  },

  async "the tour, by keys"() {
    await at("/");
    await page.getByRole("button", { name: "Help" }).click();
    await page.getByRole("menuitem", { name: "Show the tour" }).click();
    await page.getByRole("dialog").getByText("Welcome").waitFor();
    await isAccessible("tour");
    for (let i = 0; i < 5; ++i) await page.keyboard.press("ArrowRight");
    await page.getByRole("dialog").getByRole("heading", { name: "Help" }).waitFor();
    await page.keyboard.press("Escape");
    check((await page.getByRole("dialog").count()) === 0, "Escape ends the tour");
  },
};

let failed = 0;
for (const [name, flow] of Object.entries(flows)) {
  if (only && !name.match(only)) continue;
  const begun = performance.now();
  try {
    await flow();
    check(problems.length === 0, problems.join("\n"));
    console.log(`ok: ${name}: ${Math.round(performance.now() - begun)} ms`);
  } catch (error) {
    ++failed;
    console.log(`FAILED: ${name}: ${error.message}\n  at ${page.url()}\n  ${problems.join("\n  ")}`);
  }
  problems.length = 0;
}
await browser.close();
process.exit(failed ? 1 : 0);
