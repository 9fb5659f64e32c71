/** One entry of a quantised array as a picture: a map, weights, pixels, or bars of a histogram. */

import { useEffect, useRef } from "preact/hooks";
import { useReducer } from "preact/hooks";
import { note, pixels, sharp } from "../drawing/canvas";
import { css, named, onScheme, tables } from "../drawing/colours";
import { entry } from "../engine/arrays";
import type { Quantised } from "../messages";

export type Look = "signed" | "grey" | "pale" | "share";

/** A table from byte to colour such that colour tells the value's sign and its size beside the largest: of its own, or of all `beside` it. */
export function signedTable(table: Uint32Array, low: number, high: number, beside?: Quantised): Uint32Array {
  const largest = Math.max(Math.abs(low), Math.abs(high), ...(beside ? [...beside.low, ...beside.high].map(Math.abs) : [])) || 1;
  return Uint32Array.from({ length: 256 }, (_, byte) => table[Math.round(127.5 + (127.5 * (low + ((high - low) * byte) / 255)) / largest)]!);
}

/** Draws again when the machine turns dark or light. */
export function useScheme(): number {
  const [turn, again] = useReducer((n: number, _: void) => n + 1, 0);
  useEffect(() => onScheme(() => again()), []);
  return turn;
}

/** Draw entry k on the canvas. */
export function drawEntry(canvas: HTMLCanvasElement, data: Quantised, k: number, look: Look): void {
  const [, height = 1, width = 1, channels = 1] = data.shape;
  const bytes = entry(data, k);
  const [low, high] = [data.low[k] ?? 0, data.high[k] ?? 1];
  if (channels === 3) {
    const { image } = pixels(canvas, width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[3 * i + c]!;
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d")!.putImageData(image, 0, 0);
  } else {
    const { image, words } = pixels(canvas, width, height);
    const all = tables();
    // a probability: red at 0, white at one half, blue at 1, as on the plane
    const share = () => Uint32Array.from({ length: 256 }, (_, byte) => all.strong[Math.round(255 * Math.min(1, Math.max(0, low + ((high - low) * byte) / 255)))]!);
    const table = look === "grey" ? all.grey : look === "share" ? share() : signedTable(look === "pale" ? all.pale : all.strong, low, high, low === high ? data : undefined);
    for (let i = 0; i < words.length; i++) words[i] = table[bytes[i]!]!;
    canvas.getContext("2d")!.putImageData(image, 0, 0);
  }
  note(canvas, bytes, low, high);
}

export function Picture(p: { data: Quantised | null | undefined; k?: number; look?: Look; class?: string; label?: string; name?: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const turn = useScheme();
  const k = p.k ?? 0;
  useEffect(() => {
    if (ref.current && p.data && k < (p.data.shape[0] ?? 0)) drawEntry(ref.current, p.data, k, p.look ?? "signed");
  }, [p.data, k, p.look, turn]);
  return <canvas ref={ref} class={`picture ${p.class ?? ""}`} role={p.label ? "img" : undefined} aria-label={p.label} aria-hidden={p.label ? undefined : true} data-canvas={p.name} />;
}

/** A unit's activations as bars. */
export function Bars(p: { data: Quantised; k: number; range: readonly number[] | undefined; size: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const turn = useScheme();
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const bytes = entry(p.data, p.k);
    const context = sharp(canvas, p.size, p.size);
    const [low, high] = [p.range?.[0] ?? 0, p.range?.[1] ?? 1];
    const n = bytes.length;
    const width = p.size / n;
    for (let i = 0; i < n; i++) {
      const middle = low + ((high - low) * (i + 0.5)) / n;
      const height = (bytes[i]! / 255) * (p.size - 6);
      context.fillStyle = css(named(middle < 0 ? "negative" : "positive"));
      context.fillRect(i * width, p.size - 1 - height, Math.max(1, width - 0.5), height);
    }
    if (low < 0 && high > 0) {
      context.fillStyle = css(named("quiet"));
      context.fillRect((-low / (high - low)) * p.size - 0.5, 0, 1, p.size);
    }
    note(canvas, bytes, low, high);
  }, [p.data, p.k, p.range, p.size, turn]);
  return <canvas ref={ref} class="picture bars" aria-hidden="true" />;
}

/** Activations of many units as cells of colour. */
export function Cells(p: { data: Quantised; columns: number; rows: number; cell: number; k?: number; label?: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const turn = useScheme();
  const k = p.k ?? 0;
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const bytes = entry(p.data, k);
    const { image, words } = pixels(canvas, p.columns, p.rows);
    const [low, high] = [p.data.low[k] ?? 0, p.data.high[k] ?? 1];
    const table = signedTable(tables().strong, low, high);
    words.fill(0);
    for (let i = 0; i < bytes.length; i++) words[i] = table[bytes[i]!]!;
    canvas.getContext("2d")!.putImageData(image, 0, 0);
    note(canvas, bytes, low, high);
  }, [p.data, k, p.columns, p.rows, turn]);
  return <canvas ref={ref} class="picture cells" style={{ width: `${p.columns * p.cell}px`, height: `${p.rows * p.cell}px` }} role="img" aria-label={p.label ?? "Activations"} />;
}
