// Paths inside a version are bytes. Here a path is text in which every byte that is not plain is
// percent-encoded, "train/caf%C3%A9.png": one spelling for each path, fit for an address.

const plain = /[A-Za-z0-9\-._~]/;

export function encodeBytes(bytes: Iterable<number>): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += plain.test(character) || character === "/" ? character : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }
  return text;
}

export function decodeBytes(path: string): Uint8Array {
  const bytes: number[] = [];
  const characters = new TextEncoder().encode(path);
  for (let i = 0; i < characters.length; ++i) {
    const hex = characters[i] === 0x25 ? parseInt(path.slice(i + 1, i + 3), 16) : NaN;
    if (Number.isNaN(hex)) bytes.push(characters[i]!);
    else {
      bytes.push(hex);
      i += 2;
    }
  }
  return Uint8Array.from(bytes);
}

// The one spelling of what an address or a person gave.
export const canonical = (path: string): string => encodeBytes(decodeBytes(escapeWide(path)));
export const encodeText = (text: string): string => encodeBytes(new TextEncoder().encode(text));

// decodeBytes counts in bytes: so what is not ASCII is encoded first.
const escapeWide = (path: string): string => path.replace(/[^\x00-\x7f]+/g, (wide) => encodeText(wide));

export function pathOf(entry: { path: string; path_hex?: string }): string {
  if (!entry.path_hex) return encodeText(entry.path);
  return encodeBytes(entry.path_hex.match(/../g)!.map((digits) => parseInt(digits, 16)));
}

export const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
export const join = (folder: string, name: string): string => (folder ? `${folder}/${name}` : name);

// What a person sees of a name: characters that would hide or reorder others become visible ones.
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}
export const shown = (path: string): string => visible(new TextDecoder().decode(decodeBytes(path)));

// The order of names in a folder: that of their bytes.
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; ++i) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
