// The first datastore, made on the page of a machine that has none: node empty.mjs LINK FOLDER
import { check, openBrowser, openPage } from "./browser.mjs";

const [link, folder] = process.argv.slice(2);
const browser = await openBrowser();
const { page, problems } = await openPage(browser, link);
await page.getByText("Make the first from a folder").waitFor();
await page.getByText("grid datastore create").first().waitFor();
await page.locator("input[webkitdirectory]").setInputFiles(folder);
await page.getByText("new to the store").waitFor();
await page.getByRole("button", { name: /Send/ }).click();
await page.locator("tbody").getByRole("link", { name: "few", exact: true }).waitFor();
check(problems.length === 0, problems.join("\n"));
console.log("ok: the first datastore");
await browser.close();
