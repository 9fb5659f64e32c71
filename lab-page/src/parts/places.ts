/** Where every unit of the diagram stands, in CSS pixels of its card. */

import type { StateMessage } from "../messages";

export interface Column {
  /** 0 the inputs; the last one the outputs */
  layer: number;
  x: number;
  /** first unit shown, and the middle of each */
  first: number;
  of: number;
  y: number[];
  size: number;
  picture: boolean;
}

export interface Places {
  width: number;
  height: number;
  columns: Column[];
  pitch: number;
  /** many units: two numbers of each on one line */
  brief: boolean;
  /** distance between two columns */
  gap: number;
}

const HEAD = 84;
const LEAST_GAP = 60;
/** The same where numbers stand below the units. */
const LEAST_NUMBERED_GAP = 88;
/** From this distance on a unit's four numbers stand in two lines. */
export const WIDE_GAP = 102;

const room = (names: readonly string[], least: number, most: number) => Math.min(most, Math.max(least, 10 + 7 * Math.max(0, ...names.map((name) => name.length))));

export function places(state: StateMessage, wide: number, numbers: boolean): Places {
  const folds = state.folds;
  const pictured = state.picture !== null;
  const counts = folds.map((fold, layer) => (layer === 0 && pictured ? 1 : fold.count));
  const most = Math.max(...counts);
  const size = most > 8 ? 32 : most > 6 ? 38 : 44;
  const brief = most > 5;
  const pitch = size + (numbers ? (brief ? 21 : 34) : most > 6 ? 14 : 20);
  const left = Math.max(room(state.input_names, 30, 78), numbers ? 36 : 0);
  const right = room(state.outputs.map((name) => `${name}  `), numbers ? 86 : 46, 104);
  const first = pictured ? 84 : left + size / 2;
  const width = Math.max(wide, first + right + (numbers ? LEAST_NUMBERED_GAP : LEAST_GAP) * (folds.length - 1) + size / 2);
  // far apart, lines between few units run flat and say little
  const gap = Math.min(260, (width - first - right - size / 2) / Math.max(1, folds.length - 1));
  const start = first + (width - first - right - size / 2 - gap * (folds.length - 1)) / 2;
  // a layer that is shown in part has a line more in its heading
  const head = folds.some((fold, layer) => fold.count < fold.of && !(layer === 0 && pictured)) ? HEAD + 24 : HEAD;
  const body = Math.max(most * pitch, pictured ? 170 : 0, 190);
  const columns = folds.map((fold, layer) => {
    const n = counts[layer]!;
    const top = head + body / 2 - ((n - 1) * pitch) / 2 - (numbers ? (brief ? 7 : 14) : 0);
    const picture = layer === 0 && pictured;
    return {
      layer,
      x: start + layer * gap,
      first: fold.first,
      of: fold.of,
      y: Array.from({ length: n }, (_, k) => top + k * pitch),
      size: picture ? 132 : size,
      picture,
    };
  });
  return { width, height: head + body + (numbers ? 26 : 6), columns, pitch, brief, gap };
}

/** A smooth line from the right of one unit to the left of another. */
export function bow(x1: number, y1: number, x2: number, y2: number): string {
  const reach = (x2 - x1) * 0.42;
  return `M${x1.toFixed(1)} ${y1.toFixed(1)}C${(x1 + reach).toFixed(1)} ${y1.toFixed(1)} ${(x2 - reach).toFixed(1)} ${y2.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
}

/** The point at the part t of such a line. */
export function along(x1: number, y1: number, x2: number, y2: number, t: number): [number, number] {
  const [a, b, c, d] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3];
  const reach = (x2 - x1) * 0.42;
  return [a * x1 + b * (x1 + reach) + c * (x2 - reach) + d * x2, (a + b) * y1 + (c + d) * y2];
}
