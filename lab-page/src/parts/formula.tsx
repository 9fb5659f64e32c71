/** Names of numbers as they are written by hand: dL/dw1_3_2 becomes a slope by the weight from unit 3 to unit 2 of layer 1. */

import type { JSX } from "preact";

const NAME = /(?<![A-Za-ce-z])([zawbhv])(\d+)(?:_(\d+)(?:_(\d+))?)?/g;

/** Minus signs for hyphens, and signs of slopes. */
export function plain(text: string): string {
  return text
    .replace(/-/g, "\u2212")
    .replace(/\bdL\/d/g, "\u2202L/\u2202")
    .replace(/\bda\/dz/g, "\u2202a/\u2202z")
    .replace(/\bbeta([12])\b/g, (_, k: string) => `\u03b2${k === "1" ? "\u2081" : "\u2082"}`)
    .replace(/\bsqrt\(/g, "\u221a(")
    .replace(/\beps\b/g, "\u03b5")
    .replace(/\br_t\b/g, "r\u209c");
}

/** A line of letters, with layers above and units below them. */
export function Formula({ text }: { text: string }): JSX.Element {
  const parts: (string | JSX.Element)[] = [];
  let last = 0;
  for (const match of text.matchAll(NAME)) {
    parts.push(plain(text.slice(last, match.index)));
    const [, letter, layer, unit, to] = match;
    parts.push(
      <>
        {letter}
        <sup>({layer})</sup>
        {unit ? <sub>{to ? `${unit}→${to}` : unit}</sub> : null}
      </>,
    );
    last = match.index + match[0].length;
  }
  parts.push(plain(text.slice(last)));
  return <>{parts}</>;
}
