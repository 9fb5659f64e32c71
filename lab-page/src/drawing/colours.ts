/** What a number looks like: the palette of every view of glassnet, as bytes for canvases and as CSS for the rest. */

export type RGB = readonly [number, number, number];

const CLASSES_LIGHT = ["#2166ac", "#c2431a", "#3b8f5f", "#8d63ab", "#b58b00", "#4b5563", "#c0527a", "#35a3b8", "#7a4b2a", "#93a53a"];
const CLASSES_DARK = ["#74b0ea", "#f08a5d", "#77c79a", "#c39be0", "#dcb53c", "#a3adb8", "#e58bad", "#6fcbdd", "#c4906c", "#bccb6a"];

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
dark.addEventListener("change", () => listeners.forEach((listener) => listener()));

/** Calls `listener` when the machine turns dark or light; returns what ends it. */
export function onScheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function rgb(hex: string): RGB {
  const n = parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

export function mix(a: RGB, b: RGB, t: number): RGB {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

export function css(colour: RGB): string {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}

/** A custom property of the page's style, such as `positive`. */
export function named(name: string): RGB {
  return rgb(getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#000000");
}

export function classColour(k: number): string {
  const colours = dark.matches ? CLASSES_DARK : CLASSES_LIGHT;
  return colours[k % colours.length]!;
}

export const MARKERS = ["circle", "square", "triangle", "diamond", "cross", "star", "circle", "square", "triangle", "diamond"] as const;

/** 256 colours through `stops` (at even distances), packed as a canvas wants them. */
function table(stops: RGB[]): Uint32Array {
  const packed = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    const c = mix(stops[k]!, stops[k + 1]!, at - k).map(Math.round);
    packed[i] = (255 << 24) | (c[2]! << 16) | (c[1]! << 8) | c[0]!;
  }
  return packed;
}

export interface Tables {
  /** 0 negative, 128 nothing, 255 positive; strong, for units and weights */
  strong: Uint32Array;
  /** the same, pale: a ground on which points are drawn */
  pale: Uint32Array;
  /** 0 nothing, 255 much */
  grey: Uint32Array;
  /** per class: 0 undecided, 255 sure */
  classes: Uint32Array[];
}

let made: Tables | null = null;
onScheme(() => (made = null));

/** Colour tables of the present scheme. */
export function tables(): Tables {
  if (made) return made;
  const ground = dark.matches ? rgb("#1b222a") : rgb("#ffffff");
  const ink = named("ink");
  const [plus, minus] = [named("positive"), named("negative")];
  const deep = (colour: RGB, t: number): RGB => mix(ground, colour, t);
  made = {
    strong: table([mix(minus, ink, 0.18), minus, deep(minus, 0.42), ground, deep(plus, 0.42), plus, mix(plus, ink, 0.18)]),
    pale: table([deep(minus, 0.62), deep(minus, 0.36), deep(minus, 0.15), ground, deep(plus, 0.15), deep(plus, 0.36), deep(plus, 0.62)]),
    grey: table([ground, ink]),
    classes: Array.from({ length: 10 }, (_, k) => table([deep(rgb(classColour(k)), 0.1), deep(rgb(classColour(k)), 0.55)])),
  };
  return made;
}
