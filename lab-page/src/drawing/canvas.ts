/** Pictures of bytes on canvases, and what a test can read of them: `data-min`, `data-max`, `data-hash`. */

const buffers = new WeakMap<HTMLCanvasElement, { image: ImageData; words: Uint32Array }>();

/** A canvas of exactly `width` x `height` pixels (CSS makes it larger), and the words of its picture. */
export function pixels(canvas: HTMLCanvasElement, width: number, height: number): { image: ImageData; words: Uint32Array } {
  const known = buffers.get(canvas);
  if (known && known.image.width === width && known.image.height === height && canvas.width === width) return known;
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const made = { image, words: new Uint32Array(image.data.buffer) };
  buffers.set(canvas, made);
  return made;
}

/** FNV-1a of the bytes drawn. */
export function hash(bytes: Uint8Array): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, "0");
}

/** Notes on the canvas what it shows. */
export function note(canvas: HTMLCanvasElement, bytes: Uint8Array, min: number, max: number): void {
  canvas.dataset.min = String(min);
  canvas.dataset.max = String(max);
  canvas.dataset.hash = hash(bytes);
}

/** Draws one byte per pixel through a table of 256 colours. */
export function paint(canvas: HTMLCanvasElement, bytes: Uint8Array, width: number, height: number, table: Uint32Array): void {
  const { image, words } = pixels(canvas, width, height);
  const n = Math.min(words.length, bytes.length);
  for (let i = 0; i < n; i++) words[i] = table[bytes[i]!]!;
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

export function fromBase64(text: string): Uint8Array {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/** A canvas as sharp as the screen: `width` x `height` in CSS pixels, the context scaled to them. */
export function sharp(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(w / width, 0, 0, h / height, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
