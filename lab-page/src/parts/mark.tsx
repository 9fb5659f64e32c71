/** The mark of a class: its shape and its colour, on the plane and wherever the class is named. */

import { markColour } from "../drawing/points";

export function Mark({ k, of }: { k: number; of: readonly number[] }) {
  const shape = ["circle", "square", "triangle", "diamond", "cross", "star"][(of[k] ?? k) % 6];
  return (
    <svg class="mark" width="11" height="11" viewBox="-6 -6 12 12" aria-hidden="true" style={{ color: markColour(k, of) }}>
      {shape === "square" ? <rect x="-4.4" y="-4.4" width="8.8" height="8.8" fill="currentColor" /> : null}
      {shape === "circle" ? <circle r="4.8" fill="currentColor" /> : null}
      {shape === "triangle" ? <path d="M0-5.4L5.4 4.4H-5.4Z" fill="currentColor" /> : null}
      {shape === "diamond" ? <path d="M0-5.6L5.2 0 0 5.6-5.2 0Z" fill="currentColor" /> : null}
      {shape === "cross" ? <path d="M-2-5h4v3h3v4H2v3h-4V2h-3v-4h3z" fill="currentColor" /> : null}
      {shape === "star" ? <path d="M0-6l1.8 3.6 4 .6-2.9 2.8.7 4L0 3.2-3.6 5l.7-4-2.9-2.8 4-.6z" fill="currentColor" /> : null}
    </svg>
  );
}
