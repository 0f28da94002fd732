// Small images of a folder, many in one request: the ones in view first, those that are scrolled
// past not at all. Kept by their address for as long as they are among the last few thousand.
import { batchSizeMax, fileUrl, readBatch, type Entry } from "./api";
import { decodeBytes, pathOf } from "./paths";
import { session } from "./session.svelte";

const pathsMax = 96; // in one request
const urlsMax = 3000;

const urls = new Map<string, string>();
let broken = false; // the server has refused a batch

interface Wish { entry: Entry; give: (url: string) => void }
const wishes = new Map<string, Map<string, Wish>>(); // by version, by path
let timer: ReturnType<typeof setTimeout> | undefined;

function typeOf(bytes: Uint8Array, path: string): string {
  if (/\.svg$/i.test(path)) return "image/svg+xml";
  return bytes[0] === 0x89 ? "image/png" : bytes[0] === 0xff ? "image/jpeg" : bytes[0] === 0x47 ? "image/gif" : "";
}

async function ask(version: string, wanted: Map<string, Wish>): Promise<void> {
  const [name, number] = version.split("\n") as [string, string];
  const list = [...wanted].slice(0, pathsMax);
  for (const [path] of list) wanted.delete(path);
  if (wanted.size > 0) void ask(version, wanted);
  try {
    const files = await readBatch(name, number, list.map(([, wish]) => wish.entry.path), new AbortController().signal);
    list.forEach(([path, wish], i) => {
      const bytes = files[i];
      if (!bytes) return wish.give(fileUrl(name, number, path));
      const url = URL.createObjectURL(new Blob([bytes.slice()], { type: typeOf(bytes, path) }));
      urls.set(`${version}\n${path}`, url);
      if (urls.size > urlsMax) {
        const [oldest, old] = urls.entries().next().value!;
        urls.delete(oldest);
        URL.revokeObjectURL(old);
      }
      wish.give(url);
    });
  } catch {
    broken = true;
    for (const [path, wish] of list) wish.give(fileUrl(name, number, path));
  }
}

// Calls `give` with the image's address, at once or later; returns what ends the wish.
export function thumbnail(name: string, version: string, entry: Entry, give: (url: string) => void): () => void {
  const path = pathOf(entry);
  const key = `${name}\n${version}`;
  const known = urls.get(`${key}\n${path}`);
  const fitsText = new TextDecoder().decode(decodeBytes(path)) === entry.path && !entry.path_hex;
  if (known || broken || !session.offers("datastores/{name}/versions/{version}/batch") || !fitsText || (entry.size ?? Infinity) > batchSizeMax) {
    give(known ?? fileUrl(name, version, path));
    return () => undefined;
  }
  let wanted = wishes.get(key);
  if (!wanted) wishes.set(key, (wanted = new Map()));
  wanted.set(path, { entry, give });
  timer ??= setTimeout(() => {
    timer = undefined;
    for (const [of, all] of wishes) if (all.size > 0) void ask(of, all);
  }, 12);
  return () => void wishes.get(key)?.delete(path);
}
