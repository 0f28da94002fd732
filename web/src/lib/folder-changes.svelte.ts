// What differs between two versions, folder by folder, for more changes than a page holds at once:
// the server is asked for a folder when it is opened, and for its next thousand changes when they come
// into view.
import { api, type ApiError, type Change, type Comparison } from "./api";
import type { ChangedFolder, ChangeRow } from "./change-tree";
import { lastOf, pathOf } from "./paths";

const pageSize = 1000; // changes

interface Opened { folders: { path: string; totals: Comparison["totals"]; bytes: number }[]; changes: Change[]; total: number; asked: boolean }

export class FolderChanges {
  error = $state.raw<ApiError | undefined>();
  private changes = $state(0);
  private readonly opened = new Map<string, Opened>();

  constructor(private readonly name: string, private readonly from: string, private readonly to: string) {
    void this.read("");
  }

  // Reads a folder's first changes, or those after the ones that are here.
  async read(path: string): Promise<void> {
    const folder = this.opened.get(path) ?? { folders: [], changes: [], total: Infinity, asked: false };
    if (folder.asked || folder.changes.length >= folder.total) return;
    folder.asked = true;
    this.opened.set(path, folder);
    try {
      const page = await api.compareFolder(this.name, this.from, this.to, path, folder.changes.length, pageSize);
      folder.folders = page.folders.map((one) => ({ path: pathOf(one), totals: one.totals, bytes: one.new_size - one.old_size }));
      folder.changes.push(...page.changes);
      folder.total = page.total;
      this.error = undefined;
    } catch (error) {
      this.error = error as ApiError;
    }
    folder.asked = false;
    ++this.changes;
  }

  // The rows of what is open. A folder that is open and was not read is asked for.
  rows(isOpen: (path: string) => boolean, wanted: (change: Change) => boolean): ChangeRow[] {
    this.changes;
    const rows: ChangeRow[] = [];
    const add = (path: string, depth: number): void => {
      const folder = this.opened.get(path);
      if (!folder) {
        void this.read(path);
        return;
      }
      const own = new Map(folder.changes.filter((one) => one.kind === "folder").map((one) => [pathOf(one), one]));
      const shown = new Set<string>();
      const addFolder = (inner: string, counts: Comparison["totals"], bytes: number): void => {
        shown.add(inner);
        const open = isOpen(inner);
        const row: ChangedFolder = { path: inner, name: lastOf(inner), counts, bytes, folders: new Map(), changes: [], own: own.get(inner) };
        rows.push({ kind: "folder", folder: row, depth, open });
        if (open) add(inner, depth + 1);
      };
      for (const inner of folder.folders) addFolder(inner.path, inner.totals, inner.bytes);
      for (const change of folder.changes) {
        const where = pathOf(change);
        if (change.kind !== "folder") {
          if (wanted(change)) rows.push({ kind: "change", name: lastOf(where), path: where, change, depth });
        } else if (!shown.has(where)) addFolder(where, { added: 0, removed: 0, changed: 0, renamed: 0, [change.change]: 1 }, 0);
      }
      if (folder.changes.length < folder.total) rows.push({ kind: "more", path, left: folder.total - folder.changes.length, depth });
    };
    add("", 0);
    return rows;
  }

  find(path: string): Change | undefined {
    this.changes;
    for (const folder of this.opened.values()) {
      const change = folder.changes.find((one) => pathOf(one) === path && one.kind !== "folder");
      if (change) return change;
    }
    return undefined;
  }
}
