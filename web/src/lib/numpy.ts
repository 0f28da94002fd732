// The head and the first values of a .npy file.
export interface NumpyArray { shape: number[]; type: string; fortran: boolean; values: (number | bigint | string)[]; more: boolean }

const valuesMax = 512;

type Reader = (view: DataView, at: number, little: boolean) => number | bigint | string;
const readers: Record<string, [number, Reader]> = {
  b1: [1, (view, at) => view.getUint8(at)],
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  i8: [8, (view, at, little) => view.getBigInt64(at, little)],
  u8: [8, (view, at, little) => view.getBigUint64(at, little)],
  f2: [2, (view, at, little) => half(view.getUint16(at, little))],
  f4: [4, (view, at, little) => Number(view.getFloat32(at, little).toPrecision(7))],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
};

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

export function readNumpy(bytes: Uint8Array): NumpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (why: string): never => {
    throw new Error(`This is no NumPy array that can be shown: ${why}. Its bytes can be looked at as hexadecimal.`);
  };
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY" || bytes[0] !== 0x93) refuse("it does not begin like one");
  const [start, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (start + length > bytes.length) refuse("its head is too long");
  const head = new TextDecoder().decode(bytes.subarray(start, start + length));
  const type = /'descr':\s*'([^']*)'/.exec(head)?.[1] ?? "structured";
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(head)?.[1] ?? "").split(",").map((part) => part.trim()).filter(Boolean).map(Number);
  const fortran = /'fortran_order':\s*True/.test(head);
  const reader = readers[type.slice(1)];
  const total = shape.reduce((product, one) => product * one, 1);
  const values: NumpyArray["values"] = [];
  if (reader) {
    const [size, read] = reader;
    for (let i = 0, at = start + length; i < Math.min(total, valuesMax) && at + size <= bytes.length; ++i, at += size) values.push(read(view, at, type[0] !== ">"));
  }
  return { shape, type, fortran, values, more: values.length < total };
}
