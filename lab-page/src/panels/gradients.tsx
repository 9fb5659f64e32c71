/** Layer by layer: how large the gradients are, how far the weights move, and how weights and activations are spread. */

import { rowsOf, list } from "../engine/arrays";
import { curves, panels, state } from "../engine/store";
import { shown } from "../drawing/numbers";
import { Curves } from "../parts/curves";

const ROLES = ["positive", "gradient", "negative", "third", "fourth", "ink", "quiet", "faint", "positive"];

export function Gradients() {
  const [course, now, current] = [curves.value, panels.value, state.value];
  if (!current) return null;
  const names = current.sizes.slice(1).map((_, l) => (l === current.sizes.length - 2 ? "output" : `hidden ${l + 1}`));
  const x = course ? list(course.epoch) : [];
  const norms = course ? rowsOf(course.gradient_norms) : [];
  const ratios = course ? rowsOf(course.update_ratios) : [];
  const lines = (values: number[][]) => values.map((line, l) => ({ name: names[l] ?? `layer ${l + 1}`, role: ROLES[l % ROLES.length]!, dashed: l % 2 === 1, values: line }));
  return (
    <div class="two">
      <figure>
        <figcaption>
          <h3>Size of the gradients</h3>
        </figcaption>
        <Curves name="gradient" label="Gradient norm of each layer by epoch" x={x} log lines={lines(norms)} />
      </figure>
      <figure>
        <figcaption>
          <h3>Size of an update beside the weights</h3>
        </figcaption>
        <Curves name="update" label="Update ratio of each layer by epoch" x={x} log lines={lines(ratios)} />
      </figure>
      <figure>
        <figcaption>
          <h3>Weights</h3>
        </figcaption>
        {now?.weights.map((histogram, l) => <Histogram key={l} label={names[l] ?? ""} {...histogram} />)}
      </figure>
      <figure>
        <figcaption>
          <h3>Activations</h3>
        </figcaption>
        {now?.activations.map((histogram, l) => <Histogram key={l} label={names[l] ?? ""} {...histogram} />)}
      </figure>
    </div>
  );
}

function Histogram({ label, edges, counts }: { label: string; edges: number[]; counts: number[] }) {
  const most = Math.max(1, ...counts);
  const [low, high] = [edges[0] ?? 0, edges[edges.length - 1] ?? 1];
  const at = (value: number) => (200 * (value - low)) / (high - low || 1);
  return (
    <div class="histogram" data-histogram={label} data-min={low} data-max={high}>
      <span>{label}</span>
      <svg viewBox="0 0 200 30" preserveAspectRatio="none" role="img" aria-label={`${label}: from ${shown(low)} to ${shown(high)}`}>
        {counts.map((count, i) => (
          <rect key={i} x={at(edges[i]!)} width={Math.max(0.5, at(edges[i + 1]!) - at(edges[i]!) - 0.6)} y={30 - (29 * count) / most} height={(29 * count) / most} class={(edges[i]! + edges[i + 1]!) / 2 < 0 ? "f-negative" : "f-positive"} />
        ))}
        {low < 0 && high > 0 ? <line x1={at(0)} x2={at(0)} y1="0" y2="30" class="zero" /> : null}
      </svg>
      <small class="quiet">
        <span>{shown(low, 2)}</span>
        <span>{shown(high, 2)}</span>
      </small>
    </div>
  );
}
