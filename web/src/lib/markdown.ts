// Loaded when there is Markdown to show.
import DOMPurify from "dompurify";
import { marked } from "marked";
import { fileUrl } from "./api";
import { canonical, join } from "./paths";
import { insideHref } from "./router.svelte";
import { words } from "../words";

export interface Whence { name?: string; version?: number | string; folder?: string }

// The path that a relative link of a file in `folder` means; undefined if it leaves the version.
function resolve(folder: string, link: string): string | undefined {
  const parts: string[] = link.startsWith("/") || !folder ? [] : folder.split("/");
  for (const part of link.split(/[?#]/)[0]!.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return canonical(parts.reduce((path, part) => join(path, part), ""));
}

// DOMPurify removes these too, but the browser would report each to the page's policy before.
const handlers = /\s(on[a-z]+|style)\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)/gi;
marked.use({ renderer: { html: ({ text }) => text.replace(handlers, "") } });

function render(text: string, { name, version, folder = "" }: Whence): DocumentFragment {
  const html = marked.parse(text, { async: false, gfm: true });
  const fragment = DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "video", "audio", "source", "picture", "svg", "math"],
    FORBID_ATTR: ["style", "class", "id", "name", "srcset", "target"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
  for (const link of fragment.querySelectorAll("a")) {
    const href = link.getAttribute("href") ?? "";
    if (/^https?:/i.test(href)) {
      link.rel = "noopener noreferrer nofollow";
      link.target = "_blank";
      continue;
    }
    const path = /^[a-z][a-z0-9+.-]*:|^\/\/|^#/i.test(href) ? undefined : resolve(folder, href);
    if (name && version && path !== undefined) link.setAttribute("href", insideHref(name, version, path));
    else link.removeAttribute("href");
  }
  for (const image of fragment.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    const path = /^[a-z][a-z0-9+.-]*:|^\/\//i.test(source) ? undefined : resolve(folder, source);
    const alone = (): void => image.replaceWith(`[${image.alt || words.noImage}]`);
    if (!name || !version || !path) alone();
    else {
      image.addEventListener("error", alone);
      image.src = fileUrl(name, version, path);
    }
  }
  return fragment;
}

export const markdownTools = { render };
export type MarkdownTools = typeof markdownTools;
