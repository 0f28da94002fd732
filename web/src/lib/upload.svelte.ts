// A version of what a person drops on the page, digests first: workers cut and digest all of it, the
// server says which chunks the store lacks, and only those are sent. After a reload, the same files
// dropped again go on with the same upload: they are digested again, and what was sent is known by then.
//
// A file whose list of chunks would be larger than the server takes is sent whole, in parts, and the
// server cuts it.
import { datastorePath, send } from "./api";
import { begunUpload, forgetBegun, keepBegun, signatureOf } from "./begun-uploads";
import type { Dropped } from "./dropped";
import { encodeText } from "./paths";
import { words } from "../words";

export interface CutTask { id: number; parts: { file: File; from: number; to: number }[] }
export interface CutAnswer { id: number; digests?: Uint8Array; sizes?: Uint32Array; counts?: number[]; error?: string }

const sliceSize = 32 << 20; // as in src/store/chunker.h
const taskSize = 16 << 20, taskFiles = 256; // of small files in one task
const askMax = 16_384; // digests in one question
const sendSize = 24 << 20; // bytes of chunks in one request
const listSize = 6 << 20; // characters of a list of files
const sendersMax = 3;
const listedSizeMax = 2_500_000_000; // bytes of a file whose chunks are listed
const partSize = 64 << 20; // of a file that is sent whole

export type Phase = "looking" | "asking" | "ready" | "sending" | "committing" | "done" | "failed" | "cancelled";
export interface Made { name: string; version: number; same: boolean }

interface Part { file: File; path: string; from: number; digests: Uint8Array; sizes: Uint32Array; missing: Uint8Array }

export class Upload {
  phase = $state<Phase>("looking");
  filesTotal = $state(0);
  bytesTotal = $state(0);
  filesDone = $state(0);
  bytesDone = $state(0); // digested, and then sent
  bytesNew = $state(0);
  rate = $state(0); // bytes a second
  paused = $state(false);
  reason = $state("");
  made = $state.raw<Made | undefined>();
  resumed = $state(false); // goes on with an upload of before
  readonly left = $derived.by(() => {
    const rest = (this.phase === "sending" ? this.bytesNew : this.bytesTotal) - this.bytesDone;
    return this.rate > 0 ? rest / this.rate : undefined;
  });

  private readonly abort = new AbortController();
  private readonly parts = new Map<string, Part[]>();
  private resume: (() => void) | undefined;
  private waiting: Promise<void> | undefined;
  private id = "";
  private times: [number, number][] = [];
  private readonly large: Dropped["files"]; // are sent whole
  private whole: string[] = []; // those of them that were

  constructor(readonly name: string, readonly message: string, private readonly dropped: Dropped) {
    this.filesTotal = dropped.files.length;
    this.large = dropped.files.filter(({ file }) => file.size > listedSizeMax);
    this.bytesTotal = dropped.files.reduce((sum, one) => sum + one.file.size, 0);
    void this.guarded(() => this.look());
  }

  pause(): void {
    if (this.paused) {
      this.paused = false;
      this.resume?.();
    } else {
      this.paused = true;
      this.waiting = new Promise((resolve) => (this.resume = resolve));
    }
  }
  cancel(): void {
    this.abort.abort();
    this.resume?.();
    this.phase = "cancelled";
    forgetBegun(this.name);
    if (this.id) void send(this.path(), { method: "DELETE" }).catch(() => undefined);
  }
  publish(): void {
    void this.guarded(() => this.sendAll());
  }

  private path(more = ""): string {
    return `${datastorePath(this.name)}/uploads/${this.id}${more}`;
  }
  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.abort.signal.aborted) return;
      this.reason = error instanceof Error ? error.message : String(error);
      this.phase = "failed";
    }
  }
  // A request that goes on after the server was away for a while.
  private async patiently(path: string, options: RequestInit): Promise<Response> {
    for (let wait = 1000; ; wait = Math.min(wait * 2, 20_000)) {
      await (this.paused ? this.waiting : undefined);
      this.abort.signal.throwIfAborted();
      try {
        return await send(path, { ...options, signal: this.abort.signal });
      } catch (error) {
        const status = (error as { status?: number }).status;
        if (this.abort.signal.aborted || (status !== 0 && status !== 503)) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }
  private count(bytes: number): void {
    this.bytesDone += bytes;
    const now = performance.now();
    this.times.push([now, this.bytesDone]);
    while (this.times.length > 2 && now - this.times[0]![0] > 6000) this.times.shift();
    const [then, before] = this.times[0]!;
    if (now - then > 300) this.rate = ((this.bytesDone - before) / (now - then)) * 1000;
  }

  // Cuts and digests everything, and asks what the store lacks.
  private async look(): Promise<void> {
    await this.begin();
    const tasks = this.tasks();
    const workers = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));
    await Promise.all(Array.from({ length: workers }, () => this.work(tasks)));
    this.phase = "asking";
    await this.ask();
    this.phase = "ready";
  }

  private async begin(): Promise<void> {
    const of = signatureOf(this.dropped);
    const begun = begunUpload(this.name);
    if (begun?.of === of)
      try {
        this.id = begun.id;
        await this.patiently(this.path(), {});
        this.whole = begun.whole;
        this.resumed = true;
        return;
      } catch {
        // It has ended, or belongs to another token: a new one.
      }
    this.id = ((await (await this.patiently(`${datastorePath(this.name)}/uploads`, { method: "POST" })).json()) as { upload: string }).upload;
    keepBegun(this.name, { id: this.id, of, whole: [] });
  }

  private *tasks(): Generator<{ path: string; file: File; from: number; to: number }[]> {
    let task: { path: string; file: File; from: number; to: number }[] = [];
    let size = 0;
    for (const { path, file } of this.dropped.files) {
      if (file.size === 0) {
        this.parts.set(path, []);
        ++this.filesDone;
        continue;
      }
      if (file.size > listedSizeMax) {
        if (!this.whole.includes(path)) this.bytesNew += file.size;
        this.bytesDone += file.size;
        ++this.filesDone;
        continue;
      }
      for (let from = 0; from < file.size; from += sliceSize) {
        const to = Math.min(file.size, from + sliceSize);
        if (task.length > 0 && (size + to - from > taskSize || task.length >= taskFiles)) {
          yield task;
          task = [];
          size = 0;
        }
        task.push({ path, file, from, to });
        size += to - from;
      }
    }
    if (task.length > 0) yield task;
  }

  private async work(tasks: Generator<{ path: string; file: File; from: number; to: number }[]>): Promise<void> {
    const worker = new Worker(new URL("./cut.worker.ts", import.meta.url), { type: "module" });
    const end = (): void => worker.terminate();
    this.abort.signal.addEventListener("abort", end);
    try {
      for (;;) {
        await (this.paused ? this.waiting : undefined);
        this.abort.signal.throwIfAborted();
        const next = tasks.next();
        if (next.done) return;
        const task = next.value;
        const answer = await new Promise<CutAnswer>((resolve, reject) => {
          worker.onmessage = (message: MessageEvent<CutAnswer>) => resolve(message.data);
          worker.onerror = (event) => reject(new Error(event.message || words.drop.noWorker));
          worker.postMessage({ id: 0, parts: task.map(({ file, from, to }) => ({ file, from, to })) } satisfies CutTask);
        });
        if (answer.error !== undefined) throw new Error(words.drop.unreadable(task[0]!.path, answer.error === "shorter" ? words.drop.shorter : answer.error));
        let at = 0;
        task.forEach(({ path, file, from, to }, i) => {
          const count = answer.counts![i]!;
          const part: Part = { file, path, from, digests: answer.digests!.subarray(at * 32, (at + count) * 32), sizes: answer.sizes!.subarray(at, at + count), missing: new Uint8Array(count) };
          at += count;
          const parts = this.parts.get(path);
          if (parts) parts.push(part);
          else this.parts.set(path, [part]);
          if (to === file.size) ++this.filesDone;
          this.count(to - from);
        });
      }
    } finally {
      this.abort.signal.removeEventListener("abort", end);
      end();
    }
  }

  private async ask(): Promise<void> {
    const known = new Map<string, boolean>(); // a digest → whether it is missing, counted once
    let batch: { part: Part; index: number }[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      const body = new Uint8Array(batch.length * 32);
      batch.forEach(({ part, index }, i) => body.set(part.digests.subarray(index * 32, index * 32 + 32), i * 32));
      const response = await this.patiently(this.path("/missing"), { method: "POST", body });
      const answer = new Uint8Array(await response.arrayBuffer());
      batch.forEach(({ part, index }, i) => {
        if (answer[i] !== 1) return;
        part.missing[index] = 1;
        this.bytesNew += part.sizes[index]!;
      });
      batch = [];
    };
    const latin = new TextDecoder("latin1");
    for (const parts of this.parts.values())
      for (const part of parts)
        for (let index = 0; index < part.sizes.length; ++index) {
          const digest = latin.decode(part.digests.subarray(index * 32, index * 32 + 32));
          if (known.has(digest)) continue; // sent, if at all, with its first place
          known.set(digest, true);
          batch.push({ part, index });
          if (batch.length === askMax) await flush();
        }
    await flush();
  }

  private *requests(): Generator<{ body: Blob; bytes: number }> {
    let pieces: BlobPart[] = [];
    let bytes = 0;
    for (const parts of this.parts.values())
      for (const part of parts) {
        let offset = part.from;
        for (let index = 0; index < part.sizes.length; ++index) {
          const size = part.sizes[index]!;
          if (part.missing[index] === 1) {
            const head = new Uint8Array(36);
            head.set(part.digests.subarray(index * 32, index * 32 + 32));
            new DataView(head.buffer).setUint32(32, size, true);
            pieces.push(head, part.file.slice(offset, offset + size));
            bytes += size;
            if (bytes >= sendSize) {
              yield { body: new Blob(pieces), bytes };
              pieces = [];
              bytes = 0;
            }
          }
          offset += size;
        }
      }
    if (bytes > 0) yield { body: new Blob(pieces), bytes };
  }

  private async sendAll(): Promise<void> {
    this.phase = "sending";
    this.bytesDone = 0;
    this.times = [];
    const requests = this.requests();
    const sender = async (): Promise<void> => {
      for (let next = requests.next(); !next.done; next = requests.next()) {
        await this.patiently(this.path("/chunks"), { method: "POST", body: next.value.body });
        this.count(next.value.bytes);
      }
    };
    await Promise.all(Array.from({ length: sendersMax }, sender));
    for (const one of this.large) if (!this.whole.includes(one.path)) await this.sendWhole(one.path, one.file);
    this.phase = "committing";
    await this.list();
    const query = this.message ? `?message=${encodeURIComponent(this.message)}` : "";
    this.made = (await (await this.patiently(this.path(`/commit${query}`), { method: "POST" })).json()) as Made;
    forgetBegun(this.name);
    this.phase = "done";
  }

  // Sends a file part by part, from where the server has it.
  private async sendWhole(path: string, file: File): Promise<void> {
    const received = async (): Promise<number> => {
      const state = (await (await this.patiently(this.path(), {})).json()) as { parts: { path: string; received: number }[] };
      return state.parts.find((one) => one.path === path)?.received ?? 0;
    };
    let offset = await received();
    this.count(offset);
    const where = encodeText(path);
    while (offset < file.size) {
      const body = file.slice(offset, Math.min(file.size, offset + partSize));
      const query = `offset=${offset}&size=${file.size}&mtime_ns=${file.lastModified}000000`;
      try {
        await this.patiently(this.path(`/files/${where}?${query}`), { method: "PUT", body });
      } catch (error) {
        // The part had arrived, and only the answer was lost.
        const status = (error as { status?: number }).status;
        if ((status !== 409 && status !== 412) || (await received()) !== offset + body.size) throw error;
      }
      offset += body.size;
      this.count(body.size);
    }
    this.whole.push(path);
    keepBegun(this.name, { id: this.id, of: signatureOf(this.dropped), whole: this.whole });
  }

  // Says which chunks make up each file.
  private async list(): Promise<void> {
    let items: string[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      if (items.length === 0) return;
      await this.patiently(this.path("/files"), { method: "POST", body: `{"files":[${items.join(",")}]}` });
      items = [];
      size = 0;
    };
    const add = async (item: string): Promise<void> => {
      items.push(item);
      size += item.length;
      if (size > listSize) await flush();
    };
    for (const folder of this.dropped.folders) await add(JSON.stringify({ path: folder, kind: "folder" }));
    for (const { path, file } of this.dropped.files) {
      if (file.size > listedSizeMax) continue;
      const chunks: string[] = [];
      for (const part of (this.parts.get(path) ?? []).sort((a, b) => a.from - b.from))
        part.sizes.forEach((bytes, i) => {
          let hex = "";
          for (let b = i * 32; b < i * 32 + 32; ++b) hex += part.digests[b]!.toString(16).padStart(2, "0");
          chunks.push(`["${hex}",${bytes}]`);
        });
      // Written as text: the time in nanoseconds has more digits than a number here.
      await add(`{"path":${JSON.stringify(path)},"mtime_ns":${file.lastModified}000000,"executable":false,"chunks":[${chunks.join(",")}]}`);
    }
    await flush();
  }
}
