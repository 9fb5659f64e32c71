/** One weight or bias under the hand: its value, the slope of the loss along it, and a field to change it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { hides } from "../engine/address";
import { numbers } from "../engine/arrays";
import { send } from "../engine/link";
import { can, frame, selection, state, trace } from "../engine/store";
import { shown } from "../drawing/numbers";
import { revealed } from "../parts/revealing";
import type { Places } from "../parts/places";
import { unitName } from "../parts/naming";

/** The stored value of a weight that is shown, or undefined. */
export function weightValue(layer: number, source: number | null, unit: number): number | undefined {
  const [sent, folds] = [frame.value?.layers[layer - 1], state.value?.folds];
  if (!sent || !folds) return undefined;
  const j = unit - folds[layer]!.first;
  if (j < 0 || j >= folds[layer]!.count) return undefined;
  if (source === null) return numbers(sent.b)[j];
  const i = source - folds[layer - 1]!.first;
  if (!sent.W || i < 0 || i >= folds[layer - 1]!.count) return undefined;
  return numbers(sent.W)[i * folds[layer]!.count + j];
}

export function WeightEditor({ plan }: { plan: Places }) {
  const chosen = selection.value;
  const now = state.value;
  if (chosen?.kind !== "weight" || !now) return null;
  const { layer, unit, source } = chosen;
  const value = weightValue(layer, source, unit);
  if (value === undefined) return null;
  const [from, to] = [plan.columns[layer - 1]!, plan.columns[layer]!];
  const j = unit - to.first;
  const x = source === null ? to.x : (from.x + to.x) / 2;
  const y = source === null ? to.y[j]! + to.size / 2 + 8 : (from.y[source - from.first]! + to.y[j]!) / 2;
  const seen = trace.value;
  const id = source === null ? `b${layer}_${unit + 1}` : `w${layer}_${source + 1}_${unit + 1}`;
  const there = seen && revealed(seen).gradients.has(id);
  const slope = there ? (source === null ? seen.layers[layer - 1]?.db[j] : seen.layers[layer - 1]?.dW?.[source - from.first]?.[j]) : undefined;
  const title = source === null ? `bias of ${unitName(now, layer, unit)}` : `${unitName(now, layer - 1, source)} → ${unitName(now, layer, unit)}`;
  return (
    <div
      class="editor"
      role="dialog"
      aria-label={`Weight: ${title}`}
      style={{ left: `${Math.min(Math.max(x, 110), plan.width - 110)}px`, top: `${Math.min(y + 10, plan.height - 108)}px` }}
      onKeyDown={(event) => {
        if (event.key === "Escape") selection.value = null;
      }}
    >
      <p class="row spread">
        <b>{title}</b>
        <button type="button" class="plain small" aria-label="Close" onClick={() => (selection.value = null)}>
          ×
        </button>
      </p>
      <WeightField layer={layer} unit={unit} source={source} value={value} focus />
      {slope !== undefined && slope !== null ? <p class="gradient">∂L/∂{source === null ? "b" : "w"} = {shown(slope, 4)}</p> : null}
    </div>
  );
}

export function WeightField(p: { layer: number; unit: number; source: number | null; value: number; focus?: boolean; label?: string }) {
  const [text, setText] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (p.focus) field.current?.select();
    setText(null);
  }, [p.layer, p.unit, p.source]);
  const give = async (typed: string) => {
    if (typed === shown(p.value, 4)) return;
    const value = Number(typed.replace("−", "-"));
    if (typed.trim() === "" || !Number.isFinite(value)) return setText(null);
    await send({ command: "edit", layer: p.layer, unit: p.unit, source: p.source, value });
    setText(null);
  };
  const locked = !can.value.has("edit") || hides("edit");
  return (
    <input
      ref={field}
      type="text"
      inputMode="decimal"
      class="weight"
      disabled={locked}
      aria-label={p.label ?? "Value of the weight"}
      data-control="weight"
      data-weight={p.source === null ? `b${p.layer}_${p.unit + 1}` : `w${p.layer}_${p.source + 1}_${p.unit + 1}`}
      data-value={p.value}
      value={text ?? shown(p.value, 4)}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={(event) => void give(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") void give(event.currentTarget.value);
        if (event.key === "Escape") setText(null);
        const step = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
        if (step) {
          event.preventDefault();
          setText(String(Number(((text === null ? p.value : Number(text)) + step).toFixed(4))));
        }
      }}
    />
  );
}
