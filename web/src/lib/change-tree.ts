// The changes between two versions as a tree of folders with counts, of which only what is open is
// listed.
import type { Change } from "./api";
import { pathOf } from "./paths";

export type Counts = Record<Change["change"], number>;
export interface ChangedFolder { path: string; name: string; counts: Counts; bytes: number; folders: Map<string, ChangedFolder>; changes: { name: string; path: string; change: Change }[]; own?: Change }
export type ChangeRow =
  | { kind: "folder"; folder: ChangedFolder; depth: number; open: boolean }
  | { kind: "more"; path: string; left: number; depth: number }
  | { kind: "change"; name: string; path: string; change: Change; depth: number };

const noCounts = (): Counts => ({ added: 0, removed: 0, changed: 0, renamed: 0 });
const newFolder = (path: string, name: string): ChangedFolder => ({ path, name, counts: noCounts(), bytes: 0, folders: new Map(), changes: [] });

export function treeOf(changes: Change[], wanted: (change: Change) => boolean): ChangedFolder {
  const root = newFolder("", "");
  for (const change of changes) {
    if (!wanted(change)) continue;
    const path = pathOf(change);
    const parts = path.split("/");
    const grown = (change.new_size ?? 0) - (change.old_size ?? 0);
    let folder = root;
    const count = (): void => {
      ++folder.counts[change.change];
      folder.bytes += grown;
    };
    const folders = change.kind === "folder" ? parts : parts.slice(0, -1);
    for (let i = 0; i < folders.length; ++i) {
      if (change.kind !== "folder" || i > 0 || folders.length > 0) count();
      const name = parts[i]!;
      let next = folder.folders.get(name);
      if (!next) folder.folders.set(name, (next = newFolder(parts.slice(0, i + 1).join("/"), name)));
      folder = next;
    }
    if (change.kind === "folder") folder.own = change;
    else {
      count();
      folder.changes.push({ name: parts[parts.length - 1]!, path, change });
    }
  }
  return root;
}

export function rowsOf(root: ChangedFolder, isOpen: (path: string) => boolean): ChangeRow[] {
  const rows: ChangeRow[] = [];
  const add = (folder: ChangedFolder, depth: number): void => {
    for (const inner of folder.folders.values()) {
      const open = isOpen(inner.path);
      rows.push({ kind: "folder", folder: inner, depth, open });
      if (open) add(inner, depth + 1);
    }
    for (const change of folder.changes) rows.push({ kind: "change", ...change, depth });
  };
  add(root, 0);
  return rows;
}
