/** The network as a living diagram: what each unit computes, and every weight between them, blue and full or red and dashed by its sign. */

import { useMemo } from "preact/hooks";
import { numbers } from "../engine/arrays";
import { hides } from "../engine/address";
import { reshape } from "../engine/commands";
import { send } from "../engine/link";
import { frame, inputs, points, selection, state, trace } from "../engine/store";
import { percent, shown } from "../drawing/numbers";
import type { FrameMessage, InputsMessage, LayerConfig, PointsMessage, StateMessage, TraceMessage } from "../messages";
import { Card, useWidth } from "../parts/controls";
import { Bars, Picture } from "../parts/picture";
import { along, bow, WIDE_GAP, type Column, type Places, places } from "../parts/places";
import { Formula, plain } from "../parts/formula";
import { unitName } from "../parts/naming";
import { revealed, type Revealed } from "../parts/revealing";
import { WeightEditor } from "./weight_editor";

export function Diagram() {
  const [ref, width] = useWidth<HTMLDivElement>(560);
  const now = state.value;
  const seen = trace.value;
  const numbered = seen !== null;
  const plan = useMemo(() => (now ? places(now, width, numbered) : null), [now?.folds, now?.picture, width, numbered]);
  if (!now || !plan) return null;
  const hiddenLayers = now.config.network.hidden;
  const fixed = now.config.network.start === "trained";
  return (
    <Card
      title="The network"
      class="network"
      aside={
        <div class="row">
          <span class="quiet" data-node="parameters" data-value={now.parameters}>
            {now.parameters} parameters
          </span>
          {hides("layers") || fixed ? null : (
            <div class="row counter" role="group" aria-label="Hidden layers">
              <button type="button" class="round" aria-label="Remove the last hidden layer" data-control="layers-less" disabled={!hiddenLayers.length} onClick={() => reshape((all) => all.slice(0, -1))}>
                −
              </button>
              <span>
                {hiddenLayers.length} hidden {hiddenLayers.length === 1 ? "layer" : "layers"}
              </span>
              <button
                type="button"
                class="round"
                aria-label="Add a hidden layer"
                data-control="layers-more"
                disabled={hiddenLayers.length >= 8}
                onClick={() => reshape((all) => [...all, { ...(all[all.length - 1] ?? { units: 4, activation: "tanh", dropout: 0 }), units: Math.min(4, all[all.length - 1]?.units ?? 4) }])}
              >
                +
              </button>
            </div>
          )}
        </div>
      }
    >
      <div class="net-scroll" ref={ref}>
        <div class="net" style={{ width: `${plan.width}px`, height: `${plan.height}px` }}>
          <Edges plan={plan} state={now} frame={frame.value} trace={seen} />
          {plan.columns.map((column) => (
            <Heading key={`h${column.layer}`} column={column} state={now} gap={plan.gap} locked={fixed} />
          ))}
          {plan.columns.map((column) =>
            column.picture ? (
              <InputPicture key="picture" column={column} trace={seen} points={points.value} />
            ) : (
              column.y.map((y, k) => <Unit key={`${column.layer}-${column.first + k}`} column={column} k={k} y={y} state={now} frame={frame.value} inputs={inputs.value} trace={seen} plan={plan} />)
            ),
          )}
          <WeightEditor plan={plan} />
        </div>
      </div>
      {seen && !revealed(seen).complete ? <Line trace={seen} /> : null}
      <Legend numbered={numbered} />
    </Card>
  );
}

/** The newest line of the arithmetic, beside the graph that it lights. */
function Line({ trace }: { trace: TraceMessage }) {
  const term = trace.terms[trace.shown - 1];
  return (
    <div class="line-now" aria-live="polite" data-line={trace.shown}>
      {term ? (
        <>
          <p class="quiet">
            {term.phase}, {term.group}
          </p>
          <p>
            <b>
              <Formula text={term.symbol} />
            </b>
            {term.rule ? <span class="quiet">
                {" "}
                = <Formula text={term.rule} />
              </span> : null}
            {term.numbers ? <span> = {plain(term.numbers)}</span> : null}
            {term.value !== null && term.numbers !== shown(term.value, 4) ? <b> = {shown(term.value, 4)}</b> : null}
          </p>
        </>
      ) : (
        <p class="quiet">{trace.name} stands at the inputs. Step on for the first line.</p>
      )}
    </div>
  );
}

function Legend({ numbered }: { numbered: boolean }) {
  return (
    <p class="key legend">
      <span>
        <i class="swatch b-positive" />
        positive weight
      </span>
      <span>
        <i class="swatch b-negative dashed" />
        negative weight
      </span>
      {numbered ? (
        <span class="gradient">∂ is the loss's slope: ∂L/∂z, ∂L/∂a</span>
      ) : (
        <span>Click a weight to change it, a unit to look inside{points.value?.xy ? ", a point to follow it through" : ""}.</span>
      )}
    </p>
  );
}

function Edges({ plan, state, frame, trace }: { plan: Places; state: StateMessage; frame: FrameMessage | null; trace: TraceMessage | null }) {
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
      {frame ? null : <text x={plan.width / 2} y={plan.height / 2} text-anchor="middle" class="tick">{state.told}</text>}
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

function Heading({ column, state, gap, locked }: { column: Column; state: StateMessage; gap: number; locked: boolean }) {
  const last = state.sizes.length - 1;
  const l = column.layer;
  const of = state.sizes[l] ?? 0;
  const config = state.config.network.hidden[l - 1];
  const change = (part: Partial<LayerConfig>) => reshape((all) => all.map((layer, i) => (i === l - 1 ? { ...layer, ...part } : layer)));
  const title = l === 0 ? (state.picture ? "Picture" : "Inputs") : l === last ? "Output" : `Hidden ${l}`;
  const fold = state.folds[l];
  return (
    <div class="heading" style={{ left: `${column.x}px`, width: `${Math.min(gap - 8, 132)}px` }}>
      <h3>{title}</h3>
      {l > 0 && l < last && config ? (
        <>
          <div class="row counter" role="group" aria-label={`Units of hidden layer ${l}`}>
            {hides("layers") || locked ? null : (
              <button type="button" class="round small" aria-label={`Remove a unit of hidden layer ${l}`} data-control={`units-less-${l}`} disabled={config.units <= 1} onClick={() => change({ units: config.units - 1 })}>
                −
              </button>
            )}
            <span data-node={`units_${l}`} data-value={config.units}>
              {config.units} {config.units === 1 ? "unit" : "units"}
            </span>
            {hides("layers") || locked ? null : (
              <button type="button" class="round small" aria-label={`Add a unit to hidden layer ${l}`} data-control={`units-more-${l}`} onClick={() => change({ units: config.units + 1 })}>
                +
              </button>
            )}
          </div>
          <select
            class="tiny"
            aria-label={`Activation of hidden layer ${l}`}
            data-control={`activation-${l}`}
            disabled={locked || hides("layers")}
            onChange={(event) => change({ activation: event.currentTarget.value as LayerConfig["activation"] })}
          >
            {state.choices.activation.map((choice) => (
              <option key={String(choice.value)} value={String(choice.value)} selected={choice.value === config.activation} title={choice.hint}>
                {choice.label}
              </option>
            ))}
          </select>
        </>
      ) : (
        <p class="quiet">
          {l === 0 ? (state.picture ? `${state.picture.width} × ${state.picture.height}` : `${of} of ${state.inputs.length}`) : `${of} ${of === 1 ? "unit" : "units"}, ${state.link}`}
        </p>
      )}
      {fold && fold.count < fold.of && !(l === 0 && state.picture) ? (
        <div class="row counter fold" role="group" aria-label={`Units shown of ${title}`}>
          <button type="button" class="round small" aria-label="Earlier units" data-control={`fold-back-${l}`} disabled={fold.first === 0} onClick={() => void send({ command: "fold", layer: l, first: Math.max(0, fold.first - fold.count) })}>
            ‹
          </button>
          <span class="quiet">
            {fold.first + 1}–{fold.first + fold.count} of {fold.of}
          </span>
          <button
            type="button"
            class="round small"
            aria-label="Further units"
            data-control={`fold-on-${l}`}
            disabled={fold.first + fold.count >= fold.of}
            onClick={() => void send({ command: "fold", layer: l, first: Math.min(fold.of - fold.count, fold.first + fold.count) })}
          >
            ›
          </button>
        </div>
      ) : null}
    </div>
  );
}

function InputPicture({ column, trace, points }: { column: Column; trace: TraceMessage | null; points: PointsMessage | null }) {
  const data = trace?.picture ?? points?.thumbnails;
  return (
    <div class="input-picture" style={{ left: `${column.x}px`, top: `${column.y[0]}px`, width: `${column.size}px` }}>
      {data ? <Picture data={data} k={0} look="grey" name="input" label={trace ? `The picture of ${trace.name}` : "The first picture of the data"} /> : null}
      <p class="quiet">{trace ? trace.name : "the first example"}</p>
    </div>
  );
}

function Unit(p: {
  column: Column;
  k: number;
  y: number;
  state: StateMessage;
  frame: FrameMessage | null;
  inputs: InputsMessage | null;
  trace: TraceMessage | null;
  plan: Places;
}) {
  const { column, k, state, trace } = p;
  const l = column.layer;
  const unit = column.first + k;
  const last = state.sizes.length - 1;
  const size = column.size;
  const label = unitName(state, l, unit);
  const chosen = selection.value?.kind === "unit" && selection.value.layer === l && selection.value.unit === unit;
  const content = l > 0 ? p.frame?.units?.[l - 1] : null;
  const known: Revealed | null = trace ? revealed(trace) : null;
  const layer = l > 0 ? trace?.layers[l - 1] : undefined;
  const node = `a${l}_${unit + 1}`;
  const has = (kind: "values" | "gradients", id: string) => known?.[kind].has(id) ?? false;
  const z = has("values", `z${l}_${unit + 1}`) ? layer?.z[k] : undefined;
  const a = has("values", node) ? (l === 0 ? trace?.inputs.x[k] : layer?.a[k]) : undefined;
  const da = has("gradients", node) ? (l === 0 ? trace?.inputs.dx[k] : layer?.da[k]) : undefined;
  const dz = has("gradients", `z${l}_${unit + 1}`) ? layer?.dz[k] : undefined;
  const lit = known && (known.lit.has(node) || known.lit.has(`z${l}_${unit + 1}`));
  const said = [label, l === 0 ? "input" : l === last ? "output" : `hidden layer ${l}`, a != null ? `a ${shown(a)}` : "", da != null ? `slope ${shown(da)}` : ""].filter(Boolean).join(", ");
  const wide = p.plan.gap > WIDE_GAP;
  const brief = p.plan.brief;
  return (
    <div class={`unit ${lit ? "lit" : ""}`} style={{ left: `${column.x}px`, top: `${p.y}px` }}>
      <button
        type="button"
        class={chosen ? "tile chosen" : "tile"}
        style={{ width: `${size}px`, height: `${size}px`, minHeight: 0 }}
        aria-label={said}
        aria-pressed={chosen}
        data-unit={node}
        onClick={() => (selection.value = chosen ? null : { kind: "unit", layer: l, unit })}
      >
        {content?.kind === "histogram" ? (
          <Bars data={content.data} k={k} range={content.range[k]} size={size - 2} />
        ) : content ? (
          <Picture data={content.data} k={k} name={node} look={l === last && state.link === "logistic" && content.kind === "map" ? "share" : "signed"} />
        ) : l === 0 && p.inputs?.maps ? (
          <Picture data={p.inputs.maps} k={k} name={node} />
        ) : (
          <span class="blank">{l === 0 ? "x" : "·"}</span>
        )}
      </button>
      {l === 0 ? (
        <span class="unit-name left" title={label}>
          {label}
        </span>
      ) : null}
      {l === last ? (
        <span class="unit-name right" title={label}>
          <b>{label}</b>
          {trace && known?.complete && trace.prediction[k] != null ? (
            <small data-node={`p_${unit + 1}`} data-value={trace.prediction[k]}>
              {state.task === "regression" ? `ŷ = ${shown(trace.prediction[k], 3)}` : `p ${percent(trace.prediction[k]).replace(/^(?![<>])/, "= ")}`}
            </small>
          ) : null}
        </span>
      ) : null}
      {trace ? (
        <span class="caption" style={{ top: `${size / 2 + 2}px` }}>
          <span>
            {l > 0 && wide && !brief ? <Value letter="z" node={`z${l}_${unit + 1}`} value={z} gradient={dz} /> : null}
            <Value letter={l === 0 ? "x" : "a"} node={node} value={a} gradient={da} />
            {brief && l > 0 ? <Value letter="∂z" node={`dz${l}_${unit + 1}`} value={dz} slope digits={1} /> : null}
            {brief && l === 0 ? <Value letter="∂x" node={`da${l}_${unit + 1}`} value={da} slope digits={1} /> : null}
          </span>
          {brief ? null : (
            <span>
              {l > 0 ? <Value letter="∂z" node={`dz${l}_${unit + 1}`} value={dz} slope /> : null}
              {wide || l === 0 ? <Value letter={l === 0 ? "∂x" : "∂a"} node={`da${l}_${unit + 1}`} value={da} slope /> : null}
            </span>
          )}
        </span>
      ) : null}
    </div>
  );
}

function Value({ letter, node, value, gradient, slope, digits }: { letter: string; node: string; value: number | null | undefined; gradient?: number | null | undefined; slope?: boolean; digits?: number }) {
  const there = value !== undefined;
  return (
    <span class={slope ? "value gradient" : "value"} data-node={node} data-value={there ? (value ?? "") : undefined} data-gradient={gradient ?? undefined}>
      <i>{letter}</i>
      {there ? shown(value, digits ?? 2) : "·"}
    </span>
  );
}
