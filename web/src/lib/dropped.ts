// The files that a version is to be made of: dropped on the page, or picked.
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
