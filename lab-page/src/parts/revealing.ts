/** Which numbers of a trace are revealed while one steps term by term, and which are the subject of the newest term. */

import type { TraceMessage } from "../messages";

export interface Revealed {
  complete: boolean;
  values: { has(node: string): boolean };
  gradients: { has(node: string): boolean };
  lit: ReadonlySet<string>;
}

const ALL = { has: () => true };
const known = new WeakMap<TraceMessage, Revealed>();

export function revealed(trace: TraceMessage): Revealed {
  let found = known.get(trace);
  if (!found) known.set(trace, (found = read(trace)));
  return found;
}

function read(trace: TraceMessage): Revealed {
  if (trace.shown >= trace.total) return { complete: true, values: ALL, gradients: ALL, lit: new Set() };
  const terms = trace.terms.slice(0, trace.shown);
  const values = new Set<string>();
  const gradients = new Set<string>();
  trace.inputs.x.forEach((_, i) => values.add(`a0_${trace.inputs.first + i + 1}`));
  for (const term of terms) for (const node of term.nodes) (term.phase === "forward" || term.phase === "loss" ? values : gradients).add(node);
  return { complete: false, values, gradients, lit: new Set(terms[terms.length - 1]?.nodes ?? []) };
}
