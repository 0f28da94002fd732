// The rows of one folder, by position: pages of it are fetched as they are looked at, and the last
// few dozen are kept.
import { ApiError, entries, type Entry } from "./api";
import { compareBytes, decodeBytes, lastOf, pathOf } from "./paths";

export interface FolderOrder { sort: string; order: string; pattern: string }

const pageSize = 200;
const pagesMax = 60;

export class Folder {
  total = $state(0);
  files = $state(0);
  folders = $state(0);
  ready = $state(false);
  error = $state.raw<ApiError | undefined>();
  private changes = $state(0);
  private readonly pages = new Map<number, Entry[]>();
  private readonly asked = new Map<number, AbortController>();

  constructor(readonly name: string, readonly version: string, readonly path: string, readonly order: FolderOrder) {}

  get key(): string {
    return [this.name, this.version, this.path, this.order.sort, this.order.order, this.order.pattern].join("\n");
  }

  // The entry of a row, if it is here.
  at(row: number): Entry | undefined {
    this.changes;
    return this.pages.get(Math.floor(row / pageSize))?.[row % pageSize];
  }

  // Sees to it that the rows from `first` up to `last` come, and that nobody waits for others.
  want(first: number, last: number): void {
    const from = Math.max(0, Math.floor(first / pageSize));
    const to = Math.max(from, Math.floor(Math.max(0, last - 1) / pageSize));
    for (const [page, abort] of this.asked)
      if (page < from - 1 || page > to + 1) {
        abort.abort();
        this.asked.delete(page);
      }
    for (let page = from; page <= to; ++page) void this.read(page);
  }

  private async read(page: number): Promise<void> {
    if (this.pages.has(page) || this.asked.has(page)) return;
    const abort = new AbortController();
    this.asked.set(page, abort);
    try {
      const got = await entries(this.name, this.version, { path: this.path, offset: page * pageSize, count: pageSize, ...this.order }, abort.signal);
      this.total = got.total;
      this.files = got.files;
      this.folders = got.folders;
      this.ready = true;
      this.error = undefined;
      this.pages.set(page, got.entries);
      if (this.pages.size > pagesMax) this.pages.delete(this.pages.keys().next().value!);
      ++this.changes;
    } catch (error) {
      if (!abort.signal.aborted) this.error = error as ApiError;
    } finally {
      if (this.asked.get(page) === abort) this.asked.delete(page);
    }
  }

  async entry(row: number): Promise<Entry | undefined> {
    const here = this.at(row);
    if (here || row < 0) return here;
    return (await entries(this.name, this.version, { path: this.path, offset: row, count: 1, ...this.order })).entries[0];
  }

  // The row of the first name that is not before `name`, in the order by name: some 20 questions for a
  // million rows.
  async rowOf(name: string): Promise<number> {
    const wanted = decodeBytes(name);
    const sign = this.order.order === "descending" ? -1 : 1;
    let low = 0;
    let high = this.total;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const entry = await this.entry(middle);
      if (!entry) break;
      if (sign * compareBytes(decodeBytes(lastOf(pathOf(entry))), wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  close(): void {
    for (const abort of this.asked.values()) abort.abort();
    this.asked.clear();
  }
}
