// The address and the view it names. A version's folders and files have the address that they have
// in a run: /datastores/cats/3/train/7.png.
import { canonical } from "./paths";

export type Place =
  | { view: "datastores" }
  | { view: "datastore"; name: string }
  | { view: "inside"; name: string; version: string; path: string }
  | { view: "compare"; name: string; from: string; to: string }
  | { view: "runs" }
  | { view: "run"; name: string }
  | { view: "store" }
  | { view: "create" }
  | { view: "nowhere" };

function placeOf(pathname: string): Place {
  const [first = "", ...rest] = pathname.split("/").filter((part) => part !== "");
  const plain = (part: string | undefined): string => {
    try {
      return decodeURIComponent(part ?? "");
    } catch {
      return part ?? "";
    }
  };
  switch (first) {
    case "":
      return { view: "datastores" };
    case "datastores":
      if (rest.length === 0) return { view: "datastores" };
      if (rest.length === 1) return { view: "datastore", name: plain(rest[0]) };
      return { view: "inside", name: plain(rest[0]), version: plain(rest[1]), path: canonical(rest.slice(2).join("/")) };
    case "compare":
      return rest.length === 3 ? { view: "compare", name: plain(rest[0]), from: plain(rest[1]), to: plain(rest[2]) } : { view: "nowhere" };
    case "runs":
      return rest.length === 0 ? { view: "runs" } : { view: "run", name: plain(rest[0]) };
    case "store":
      return { view: "store" };
    case "create":
      return { view: "create" };
    default:
      return { view: "nowhere" };
  }
}

class Router {
  private href = $state.raw(location.pathname + location.search);
  readonly place: Place = $derived(placeOf(this.href.split("?")[0]!));
  readonly query: URLSearchParams = $derived(new URLSearchParams(this.href.split("?")[1] ?? ""));

  constructor() {
    addEventListener("popstate", () => this.read());
    document.addEventListener("click", (event) => {
      const link = (event.target as Element | null)?.closest?.("a");
      if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      if (link.origin !== location.origin || link.target || link.hasAttribute("download") || link.hasAttribute("data-plain")) return;
      event.preventDefault();
      this.go(link.pathname + link.search);
    });
  }

  go(href: string, replace = false): void {
    if (replace) history.replaceState(null, "", href);
    else if (href !== this.href) history.pushState(null, "", href);
    const before = this.place.view;
    this.read();
    if (!replace && this.place.view !== before) scrollTo(0, 0);
  }

  // Changes parameters of the address, without a step in the history.
  set(parameters: Record<string, string | undefined>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(parameters))
      if (value) query.set(name, value);
      else query.delete(name);
    const text = query.toString();
    this.go(location.pathname + (text ? `?${text}` : ""), true);
  }

  private read(): void {
    this.href = location.pathname + location.search;
  }
}

export const router = new Router();
export const datastoreHref = (name: string): string => `/datastores/${encodeURIComponent(name)}`;
export const insideHref = (name: string, version: number | string, path = ""): string => `${datastoreHref(name)}/${version}${path ? `/${path}` : ""}`;
export const compareHref = (name: string, from: number | string, to: number | string): string => `/compare/${encodeURIComponent(name)}/${from}/${to}`;
export const runHref = (name: string): string => `/runs/${encodeURIComponent(name)}`;
