// What a person should be told: failures stay until they are dismissed, the rest goes by itself.
import { ApiError } from "./api";

export interface Notice { id: number; text: string; bad: boolean; action?: { label: string; run: () => void } }

class Notices {
  list = $state<Notice[]>([]);
  private last = 0;

  private add(notice: Omit<Notice, "id">): number {
    const id = ++this.last;
    this.list.push({ id, ...notice });
    return id;
  }
  say(text: string, action?: Notice["action"]): void {
    const id = this.add({ text, bad: false, action });
    setTimeout(() => this.dismiss(id), action ? 20_000 : 6000);
  }
  fail(error: unknown, action?: Notice["action"]): void {
    const text = error instanceof ApiError || error instanceof Error ? error.message : String(error);
    if (!this.list.some((notice) => notice.text === text)) this.add({ text, bad: true, action });
  }
  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
