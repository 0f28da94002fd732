// The files that a version is to be made of: dropped on the page, picked, or a run's artifacts.
import { api, ApiError, artifactUrl, send } from "./api";
import { size } from "./format";
import { pathOf } from "./paths";
import { words } from "../words";

export interface Dropped { files: { path: string; file: File }[]; folders: string[] } // folders: the empty ones

// What was dropped, with all folders below it. One folder alone is the version's top.
// `tell` gets how many files were found so far.
export async function readDrop(items: DataTransferItemList, tell: (files: number) => void): Promise<{ dropped: Dropped; name: string }> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const dropped: Dropped = { files: [], folders: [] };
  const alone = entries.length === 1 && entries[0]!.isDirectory ? entries[0]! : undefined;
  const pending: { entry: FileSystemEntry; path: string }[] = entries.map((entry) => ({ entry, path: alone ? "" : entry.name }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { entry, path } = next;
    if (entry.isFile) {
      dropped.files.push({ path, file: await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)) });
      continue;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    let isEmpty = true;
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      isEmpty = false;
      tell(dropped.files.length);
      for (const inner of some) pending.push({ entry: inner, path: path ? `${path}/${inner.name}` : inner.name });
    }
    if (isEmpty && path) dropped.folders.push(path);
  }
  return { dropped, name: entries[0]?.name ?? "" };
}

export function readChosen(list: FileList): { dropped: Dropped; name: string } {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath ? file.webkitRelativePath.split("/").slice(1).join("/") : file.name, file }));
  return { dropped: { files, folders: [] }, name: list[0]?.webkitRelativePath.split("/")[0] || list[0]?.name || "" };
}

const artifactsSizeMax = 4_000_000_000; // bytes; the browser keeps them, most of them on its disk

// A run's artifacts, which the browser reads to send them as it sends what is dropped: the server
// takes no run as a source.
export async function readArtifacts(run: string, tell: (read: number, total: number) => void): Promise<{ dropped: Dropped; name: string }> {
  const { artifacts } = await api.artifacts(run);
  const total = artifacts.reduce((sum, one) => sum + one.size, 0);
  if (total > artifactsSizeMax) throw new ApiError(0, "invalid_argument", words.drop.runTooLarge(size(total), run));
  const strange = artifacts.find((one) => one.path_hex);
  if (strange) throw new ApiError(0, "invalid_argument", words.drop.runNotText(strange.path, run));
  const dropped: Dropped = { files: [], folders: [] };
  let read = 0;
  tell(read, total);
  for (const one of artifacts) {
    const response = await send(artifactUrl(run, pathOf(one)));
    const time = Date.parse(response.headers.get("Last-Modified") ?? "");
    const blob = await response.blob();
    dropped.files.push({ path: one.path, file: new File([blob], one.path, { lastModified: Number.isNaN(time) ? Date.now() : time }) });
    tell((read += blob.size), total);
  }
  return { dropped, name: run };
}
