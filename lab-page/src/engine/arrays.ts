/** Arrays as they arrive: base64 of little-endian numbers. Each is decoded once. */

import { fromBase64 } from "../drawing/canvas";
import type { Numbers, Quantised } from "../messages";

const known = new WeakMap<object, ArrayLike<number>>();

function decoded<T extends ArrayLike<number>>(array: { b64: string }, make: (bytes: Uint8Array) => T): T {
  let found = known.get(array) as T | undefined;
  if (!found) known.set(array, (found = make(fromBase64(array.b64))));
  return found;
}

/** Numbers of any kind, in C order. */
export function numbers(array: Numbers): ArrayLike<number> {
  return decoded<ArrayLike<number>>(array, (bytes) =>
    array.dtype === "f4" ? new Float32Array(bytes.buffer) : array.dtype === "i4" ? new Int32Array(bytes.buffer) : bytes,
  );
}

/** The bytes of entry k of the first axis. */
export function entry(picture: Quantised, k: number): Uint8Array {
  const all = decoded(picture, (bytes) => bytes);
  const size = picture.shape.slice(1).reduce((a, b) => a * b, 1);
  return all.subarray(k * size, (k + 1) * size);
}

/** Whether the bytes of entry k run from negative to positive, so that colour tells the sign. */
export function crosses(picture: Quantised, k: number): boolean {
  return (picture.low[k] ?? 0) < 0 && (picture.high[k] ?? 0) > 0;
}

export function list(array: Numbers): number[] {
  return Array.from(numbers(array));
}

/** Rows of a matrix. */
export function rowsOf(array: Numbers): number[][] {
  const all = list(array);
  const [rows = 0, columns = 0] = array.shape;
  return Array.from({ length: rows }, (_, i) => all.slice(i * columns, (i + 1) * columns));
}
