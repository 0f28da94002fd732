// Which uploads this browser has begun and not ended, so that the same files, dropped again after a
// reload or a crash, go on with the upload of before.
import type { Dropped } from "./dropped";

interface Begun { id: string; of: string; whole: string[] } // whole: files that were sent in parts, to their end

const keyOf = (name: string): string => `upload:${name}`;

// Stands for the names, sizes and times of what was dropped.
export function signatureOf({ files, folders }: Dropped): string {
  let low = 0x811c9dc5, high = 0x1000193;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; ++i) {
      low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
      high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b) ^ (low >>> 15);
    }
  };
  for (const line of files.map(({ path, file }) => `${path}\0${file.size}\0${file.lastModified}\n`).sort()) add(line);
  for (const folder of [...folders].sort()) add(`${folder}\n`);
  return `${files.length} ${(low >>> 0).toString(16)} ${(high >>> 0).toString(16)}`;
}

export function begunUpload(name: string): Begun | undefined {
  try {
    return JSON.parse(localStorage.getItem(keyOf(name)) ?? "") as Begun;
  } catch {
    return undefined;
  }
}

export function keepBegun(name: string, begun: Begun): void {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(begun));
  } catch {
    // A browser that keeps nothing asks again which chunks are missing, which is all that this saves.
  }
}

export const forgetBegun = (name: string): void => localStorage.removeItem(keyOf(name));

// The datastores to which an upload was begun here.
export const begunNames = (): string[] => Object.keys(localStorage).filter((key) => key.startsWith("upload:")).map((key) => key.slice(7)).sort();
