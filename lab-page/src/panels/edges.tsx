/** Weights and biases as lines and marks: thicker where larger, blue and full or red and dashed by their sign. */

import { shown } from "../drawing/numbers";
import { numbers } from "../engine/arrays";
import { selection } from "../engine/store";
import type { FrameMessage, StateMessage, TraceMessage } from "../messages";
import { along, bow, type Places } from "../parts/places";
import { revealed } from "../parts/revealing";

export function Edges({ plan, state, frame, trace }: { plan: Places; state: StateMessage; frame: FrameMessage | null; trace: TraceMessage | null }) {
  const chosen = selection.value;
  const known = trace ? revealed(trace) : null;
  const choose = (event: MouseEvent) => {
    const target = (event.target as Element).closest<SVGElement>("[data-edge]");
    const match = target?.dataset.edge?.match(/^(?:w(\d+)_(\d+)_(\d+)|b(\d+)_(\d+))$/);
    if (!match) {
      selection.value = null;
    } else if (match[1]) selection.value = { kind: "weight", layer: +match[1], source: +match[2]! - 1, unit: +match[3]! - 1 };
    else selection.value = { kind: "weight", layer: +match[4]!, source: null, unit: +match[5]! - 1 };
  };
  return (
    <svg class="edges" width={plan.width} height={plan.height} onClick={choose} aria-hidden="true">
      {frame?.layers.map((layer, l) => {
        const [from, to] = [plan.columns[l], plan.columns[l + 1]];
        if (!from || !to) return null;
        const biases = numbers(layer.b);
        const W = layer.W ? numbers(layer.W) : null;
        const wide = to.y.length;
        const lines = W
          ? from.y.flatMap((y1, i) =>
              to.y.map((y2, j) => {
                const value = W[i * wide + j]!;
                const id = `w${l + 1}_${from.first + i + 1}_${to.first + j + 1}`;
                const strong = Math.min(1, Math.abs(value) / (layer.largest || 1));
                const picked = chosen?.kind === "weight" && chosen.layer === l + 1 && chosen.source === from.first + i && chosen.unit === to.first + j;
                const into = chosen?.kind === "unit" && chosen.layer === l + 1 && chosen.unit === to.first + j;
                const thick = 0.7 + 4.3 * strong;
                const slope = known?.gradients.has(id) ? trace?.layers[l]?.dW?.[i]?.[j] : undefined;
                return (
                  <Edge
                    key={id}
                    id={id}
                    value={value}
                    slope={slope}
                    d={bow(from.x + from.size / 2 + 1, y1, to.x - to.size / 2 - 1, y2)}
                    thick={thick}
                    strong={strong}
                    chosen={picked || into}
                    dim={chosen !== null && !picked && !into}
                    lit={known?.lit.has(id) ?? false}
                    label={into || picked ? along(from.x + from.size / 2, y1, to.x - to.size / 2, y2, 0.36) : null}
                    wide={plan.gap > 150}
                  />
                );
              }),
            )
          : // a picture is read through as many weights as it has pixels: the unit shows them as a picture of its own
            to.y.map((y2, j) => (
              <path key={`p${j}`} class="edge bundle" d={bow(from.x + from.size / 2 + 2, from.y[0]! + (j - (wide - 1) / 2) * Math.min(10, 110 / wide), to.x - to.size / 2 - 1, y2)} />
            ));
        return (
          <g key={l}>
            {lines}
            {to.y.map((y, j) => {
              const id = `b${l + 1}_${to.first + j + 1}`;
              const value = biases[j]!;
              const picked = chosen?.kind === "weight" && chosen.layer === l + 1 && chosen.source === null && chosen.unit === to.first + j;
              const slope = known?.gradients.has(id) ? trace?.layers[l]?.db?.[j] : undefined;
              return (
                <g key={id} class={`bias ${picked ? "chosen" : ""} ${known?.lit.has(id) ? "lit" : ""}`} data-edge={id} data-value={value} data-gradient={slope ?? undefined}>
                  <rect x={to.x - to.size / 2 - 13} y={y + to.size / 2 - 20} width="22" height="22" class="reach" />
                  <rect
                    x={to.x - to.size / 2 - 6}
                    y={y + to.size / 2 - 14}
                    width="10"
                    height="10"
                    rx={value < 0 ? 1 : 5}
                    class={value < 0 ? "f-negative" : "f-positive"}
                    opacity={0.3 + 0.7 * Math.min(1, Math.abs(value) / (layer.largest || 1))}
                  />
                  <title>{`bias ${shown(value, 4)}`}</title>
                </g>
              );
            })}
          </g>
        );
      })}
      {frame ? null : <text x={plan.width / 2} y={100} text-anchor="middle" class="tick">{state.status === "ready" ? "The first picture is on its way." : state.told}</text>}
    </svg>
  );
}

function Edge(p: {
  id: string;
  value: number;
  slope: number | null | undefined;
  d: string;
  thick: number;
  strong: number;
  chosen: boolean;
  dim: boolean;
  lit: boolean;
  label: [number, number] | null;
  wide: boolean;
}) {
  const minus = p.value < 0;
  return (
    <g class={`edge-group ${p.chosen ? "chosen" : ""} ${p.dim ? "dim" : ""} ${p.lit ? "lit" : ""}`} data-edge={p.id} data-value={p.value} data-gradient={p.slope ?? undefined}>
      <path class="reach" d={p.d} />
      <path
        class={`edge ${minus ? "s-negative" : "s-positive"}`}
        d={p.d}
        stroke-width={p.thick.toFixed(2)}
        stroke-dasharray={minus ? `${Math.max(5, 2.25 * p.thick).toFixed(1)} ${Math.max(3, 1.25 * p.thick).toFixed(1)}` : undefined}
        stroke-opacity={(0.28 + 0.72 * p.strong).toFixed(2)}
      />
      {p.label ? (
        <text class="edge-label" x={p.label[0]} y={p.label[1]} dy="0.35em" text-anchor="middle">
          <tspan>{shown(p.value)}</tspan>
          {p.wide && p.slope !== null && p.slope !== undefined ? <tspan class="f-gradient" dx="5">{`∂ ${shown(p.slope, 2)}`}</tspan> : null}
        </text>
      ) : null}
      <title>{`weight ${shown(p.value, 4)}${p.slope !== null && p.slope !== undefined ? `, ∂L/∂w ${shown(p.slope, 4)}` : ""}`}</title>
    </g>
  );
}
