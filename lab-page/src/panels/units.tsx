/** Units as tiles that show what each computes, with the numbers of the example that is followed. */

import { percent, shown } from "../drawing/numbers";
import { selection } from "../engine/store";
import type { FrameMessage, InputsMessage, PointsMessage, StateMessage, TraceMessage } from "../messages";
import { unitName } from "../parts/naming";
import { Bars, Picture } from "../parts/picture";
import { type Column, type Places, WIDE_GAP } from "../parts/places";
import { revealed, type Revealed } from "../parts/revealing";
import { Mark } from "../parts/mark";

export function InputPicture({ column, trace, points }: { column: Column; trace: TraceMessage | null; points: PointsMessage | null }) {
  const data = trace?.picture ?? points?.thumbnails;
  return (
    <div class="input-picture" style={{ left: `${column.x}px`, top: `${column.y[0]}px`, width: `${column.size}px` }}>
      {data ? <Picture data={data} k={0} look="grey" name="input" label={trace ? `The picture of ${trace.name}` : "The first picture of the data"} /> : null}
      <p class="quiet">{trace ? trace.name : "the first example"}</p>
    </div>
  );
}

export function Unit(p: {
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
          <b>
            {state.classes.length && !state.picture ? <Mark k={state.classes.indexOf(label)} of={state.class_colours} /> : null}
            {label}
          </b>
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
