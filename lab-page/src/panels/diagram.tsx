/** The network as a living diagram: what each unit computes, and every weight between them, blue and full or red and dashed by its sign. */

import { useMemo } from "preact/hooks";
import { counted, shown } from "../drawing/numbers";
import { hides } from "../engine/address";
import { configure, reshape } from "../engine/commands";
import { send } from "../engine/link";
import { frame, inputs, points, state, trace } from "../engine/store";
import type { LayerConfig, StateMessage, TraceMessage } from "../messages";
import { Card, useWidth } from "../parts/controls";
import { Formula, plain } from "../parts/formula";
import { type Column, places } from "../parts/places";
import { revealed } from "../parts/revealing";
import { Edges } from "./edges";
import { InputPicture, Unit } from "./units";
import { WeightEditor } from "./weight_editor";

export function Diagram() {
  const now = state.value;
  if (now && !now.sizes.length)
    return (
      <Card title="The network" class="network">
        <p class="note idle">{now.told}</p>
      </Card>
    );
  return <Drawn />;
}

function Drawn() {
  const [ref, width] = useWidth<HTMLDivElement>(560);
  const now = state.value;
  const seen = trace.value;
  const numbered = seen !== null;
  const plan = useMemo(() => (now ? places(now, width, numbered) : null), [now?.folds, now?.picture, width, numbered]);
  if (!now || !plan) return null;
  const edits = now.config.network.edits.length;
  const hiddenLayers = now.config.network.hidden;
  const fixed = now.config.network.start === "trained";
  return (
    <Card
      title="The network"
      class="network"
      aside={
        <div class="row">
          <span class="quiet" data-node="parameters" data-value={now.parameters}>
            {counted(now.parameters)} {now.parameters === 1 ? "parameter" : "parameters"}
          </span>
          {edits ? (
            <button type="button" class="small" data-control="edits-none" title="First weights set by hand, which a reset keeps. Click to draw them again." disabled={hides("edit")} onClick={() => configure({ network: { edits: [] } })}>
              {edits} set by hand ×
            </button>
          ) : null}
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
      {["diverged", "stopped", "finished"].includes(now.status) ? (
        <p class="ended" data-told={now.status}>
          {now.told}
        </p>
      ) : null}
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

function Heading({ column, state, gap, locked }: { column: Column; state: StateMessage; gap: number; locked: boolean }) {
  const last = state.sizes.length - 1;
  const l = column.layer;
  const of = state.sizes[l] ?? 0;
  const config = state.config.network.hidden[l - 1];
  const change = (part: Partial<LayerConfig>) => reshape((all) => all.map((layer, i) => (i === l - 1 ? { ...layer, ...part } : layer)));
  const title = l === 0 ? (state.picture ? "Picture" : "Inputs") : l === last ? "Output" : `Hidden ${l}`;
  const fold = state.folds[l];
  const onCount = state.inputs.filter((input) => input.on).length;
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
              {config.units}
              {gap < 112 ? null : config.units === 1 ? " unit" : " units"}
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
          {l === 0 ? (state.picture ? `${state.picture.width} × ${state.picture.height}` : `${of === onCount ? "" : `${of}, from `}${onCount} of ${state.inputs.length}`) : `${of} ${of === 1 ? "unit" : "units"}, ${state.link}`}
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
