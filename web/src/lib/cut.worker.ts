// Reads parts of files, cuts them where the store would, and digests the chunks.
import wasmUrl from "../../cutter/cutter.wasm?url";
import type { CutAnswer, CutTask } from "./upload.svelte";

interface Cutter { memory: WebAssembly.Memory; slice_place(): number; chunks_place(): number; cut_slice(size: number): number }
const cutter = WebAssembly.instantiateStreaming(fetch(wasmUrl), {}).then(({ instance }) => instance.exports as unknown as Cutter);
const recordSize = 36; // of a chunk: its digest and its size

self.onmessage = async (message: MessageEvent<CutTask>) => {
  const { id, parts } = message.data;
  try {
    const { memory, slice_place, chunks_place, cut_slice } = await cutter;
    const digests: Uint8Array[] = [];
    const sizes: number[] = [];
    const counts: number[] = [];
    for (const { file, from, to } of parts) {
      const bytes = new Uint8Array(await file.slice(from, to).arrayBuffer());
      if (bytes.length !== to - from) throw new Error("shorter");
      new Uint8Array(memory.buffer).set(bytes, slice_place());
      const count = cut_slice(bytes.length);
      const records = new Uint8Array(memory.buffer, chunks_place(), count * recordSize);
      const view = new DataView(memory.buffer, chunks_place(), count * recordSize);
      const own = new Uint8Array(count * 32);
      for (let i = 0; i < count; ++i) {
        own.set(records.subarray(i * recordSize, i * recordSize + 32), i * 32);
        sizes.push(view.getUint32(i * recordSize + 32, true));
      }
      digests.push(own);
      counts.push(count);
    }
    const all = new Uint8Array(digests.reduce((sum, one) => sum + one.length, 0));
    let at = 0;
    for (const one of digests) {
      all.set(one, at);
      at += one.length;
    }
    const answer: CutAnswer = { id, digests: all, sizes: Uint32Array.from(sizes), counts };
    self.postMessage(answer, { transfer: [all.buffer, answer.sizes!.buffer as ArrayBuffer] });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies CutAnswer);
  }
};
