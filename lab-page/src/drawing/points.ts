/** Rows as marks on the plane: colour and shape tell the class, a hollow mark is held out. */

import { classColour, css, MARKERS, mix, named, tables } from "./colours";

export interface Marks {
  xy: ArrayLike<number>;
  y: ArrayLike<number>;
  heldOut: ArrayLike<number>;
  n: number;
}

/** The colour of class k, where `slots` are the palette's entries of all classes. Two classes are drawn as for and against. */
export function markColour(k: number, slots: readonly number[]): string {
  if (slots.length === 2 && slots[0] === 0 && slots[1] === 1) return css(named(k === 0 ? "negative" : "positive"));
  return classColour(slots[k] ?? k);
}

export function markShape(k: number, slots: readonly number[]): string {
  return MARKERS[(slots[k] ?? k) % MARKERS.length]!;
}

export function trace(context: CanvasRenderingContext2D, shape: string, x: number, y: number, r: number): void {
  context.beginPath();
  if (shape === "square") context.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else if (shape === "triangle") {
    context.moveTo(x, y - r * 1.15);
    context.lineTo(x + r * 1.1, y + r * 0.8);
    context.lineTo(x - r * 1.1, y + r * 0.8);
    context.closePath();
  } else if (shape === "diamond") {
    context.moveTo(x, y - r * 1.2);
    context.lineTo(x + r * 1.1, y);
    context.lineTo(x, y + r * 1.2);
    context.lineTo(x - r * 1.1, y);
    context.closePath();
  } else if (shape === "cross") {
    const t = r * 0.4;
    for (const [a, b] of [
      [-t, -r], [t, -r], [t, -t], [r, -t], [r, t], [t, t], [t, r], [-t, r], [-t, t], [-r, t], [-r, -t], [-t, -t],
    ] as const)
      context.lineTo(x + a, y + b);
    context.closePath();
  } else if (shape === "star") {
    for (let i = 0; i < 10; i++) {
      const reach = i % 2 ? r * 0.5 : r * 1.25;
      context.lineTo(x + reach * Math.sin((Math.PI * i) / 5), y - reach * Math.cos((Math.PI * i) / 5));
    }
    context.closePath();
  } else context.arc(x, y, r, 0, 2 * Math.PI);
}

/** Draw all marks; `place` maps the plane to CSS pixels. Without `slots` y is a number within `range`, unless all are `plain`. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  marks: Marks,
  place: (x: number, y: number) => readonly [number, number],
  slots: readonly number[],
  range: readonly number[],
  heldOutToo: boolean,
  plain?: string,
): void {
  const r = marks.n > 4000 ? 1.6 : marks.n > 1200 ? 2.3 : 3.4;
  const rim = css(named("paper"));
  const paper = css(mix(named("paper"), named("ink"), 0.04));
  const dim = css(mix(named("paper"), named("ink"), 0.55));
  const table = tables().strong;
  const [low, high] = [range[0] ?? 0, range[1] ?? 1];
  const colours = slots.map((_, k) => markColour(k, slots));
  for (let i = 0; i < marks.n; i++) {
    const out = marks.heldOut[i] === 1;
    if (out && !heldOutToo) continue;
    const [x, y] = place(marks.xy[2 * i]!, marks.xy[2 * i + 1]!);
    const k = marks.y[i]!;
    let colour: string;
    if (slots.length) colour = colours[k] ?? colours[0]!;
    else if (plain) colour = plain;
    else {
      const word = table[Math.round(255 * Math.min(1, Math.max(0, (k - low) / (high - low || 1))))]!;
      colour = css([word & 255, (word >> 8) & 255, (word >> 16) & 255]);
    }
    if (r < 2) {
      context.fillStyle = colour;
      context.fillRect(x - r, y - r, 2 * r, 2 * r);
      continue;
    }
    trace(context, slots.length ? markShape(k, slots) : "circle", x, y, r);
    context.fillStyle = out ? paper : colour;
    // a number in the middle of its range is nearly white: its rim is not
    context.strokeStyle = slots.length || plain ? (out ? colour : rim) : dim;
    context.lineWidth = out ? 1.5 : 0.9;
    context.fill();
    context.stroke();
  }
}

