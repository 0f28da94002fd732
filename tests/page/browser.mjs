// A browser for the tests: Debian's Chromium, which notes whatever goes wrong in the page.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export async function openBrowser() {
  if (!executablePath) {
    console.log("SKIPPED: there is no Chromium: scripts/install-deps test");
    process.exit(77);
  }
  try {
    return await chromium.launch({
      executablePath,
      args: process.getuid() === 0 ? ["--no-sandbox"] : [],
    });
  } catch (error) {
    console.log(`SKIPPED: Chromium does not start here: ${String(error).split("\n")[0]}`);
    process.exit(77);
  }
}

// A page that is signed in by the link. `problems` gets errors of scripts, refusals of the page's
// policy, and requests that leave the server.
export async function openPage(browser, link, options = {}) {
  // Without transitions a colour is what it will be at once.
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  const problems = [];
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const origin = new URL(link).origin;
  page.on("pageerror", (error) => problems.push(`error: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d|ERR_CONNECTION|ERR_INTERNET_DISCONNECTED|ERR_EMPTY_RESPONSE/.test(message.text())) problems.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("blob:")) problems.push(`a request elsewhere: ${request.url()}`);
  });
  await context.exposeBinding("noteViolation", (_, text) => problems.push(text));
  await context.addInitScript(() => {
    localStorage.setItem("toured", "yes");
    addEventListener("securitypolicyviolation", (event) =>
      window.noteViolation(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile ?? ""}:${event.lineNumber} ${event.sample}`));
  });
  await page.goto(link);
  return { context, page, problems };
}

export function check(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

export async function until(what, sentence, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if (await what()) return;
    if (Date.now() > end) throw new Error(sentence);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
