/** One example's way forward and back: every line of the arithmetic with its numbers in it, as far as it is revealed. */

import { useEffect, useRef, useState } from "preact/hooks";
import { shown } from "../drawing/numbers";
import { send } from "../engine/link";
import { points, type Selection, selection, state, stepSize, trace } from "../engine/store";
import type { Term, TraceMessage } from "../messages";
import { Formula, plain } from "../parts/formula";
import { unitName } from "../parts/naming";
import { revealed } from "../parts/revealing";
import { WeightField, weightValue } from "./weight_editor";

const PHASES: readonly [Term["phase"], string][] = [
  ["forward", "Forward"],
  ["loss", "Loss"],
  ["backward", "Backward"],
  ["update", "Update"],
];

export function Example() {
  const now = state.value;
  const seen = trace.value;
  if (!now) return null;
  return (
    <div class="example">
      <Chooser />
      {selection.value?.kind === "unit" ? <UnitNumbers /> : null}
      {seen ? <Arithmetic trace={seen} /> : <Nothing />}
    </div>
  );
}

function Nothing() {
  return (
    <p class="note">
      No example is followed. Click a point on the plane, choose a row above, or step by <b>term</b> or <b>example</b>: then every number of its way through the network stands here and in the
      diagram.
    </p>
  );
}

function Chooser() {
  const now = state.value!;
  const seen = trace.value;
  const rows = points.value?.rows ?? 0;
  const [text, setText] = useState<string | null>(null);
  const row = seen?.row ?? now.picked?.row ?? null;
  const pick = (value: number) => void send({ command: "pick", row: Math.max(0, Math.min(Math.max(0, rows - 1), value)) });
  const cursor = now.cursor;
  return (
    <div class="row spread chooser">
      <div class="row">
        <label for="row">Row</label>
        <button type="button" class="round" aria-label="The row before" data-control="row-back" disabled={!rows} onClick={() => pick((row ?? rows) - 1)}>
          ‹
        </button>
        <input
          id="row"
          type="text"
          inputMode="numeric"
          class="weight"
          data-control="row"
          placeholder="none"
          value={text ?? row ?? ""}
          onInput={(event) => setText(event.currentTarget.value)}
          onChange={(event) => {
            const value = Number(event.currentTarget.value);
            setText(null);
            if (event.currentTarget.value.trim() !== "" && Number.isInteger(value)) pick(value);
          }}
        />
        <button type="button" class="round" aria-label="The row after" data-control="row-on" disabled={!rows} onClick={() => pick((row ?? -1) + 1)}>
          ›
        </button>
        {row !== null ? (
          <button type="button" class="small plain" data-control="row-none" onClick={() => void send({ command: "pick", row: null })}>
            follow none
          </button>
        ) : null}
      </div>
      {cursor.example !== null ? (
        <p class="quiet">
          example {cursor.example + 1} of {cursor.batch_rows} in batch {cursor.batch + 1} of {cursor.batches}
        </p>
      ) : null}
    </div>
  );
}

function Arithmetic({ trace: seen }: { trace: TraceMessage }) {
  const known = revealed(seen);
  const stepping = !known.complete;
  return (
    <>
      <dl class="facts" data-row={seen.row}>
        <div>
          <dt>example</dt>
          <dd>{seen.name}</dd>
        </div>
        <div>
          <dt>truth</dt>
          <dd>{seen.truth}</dd>
        </div>
        <div>
          <dt>answer</dt>
          <dd class={known.complete ? (state.value?.classes.length && seen.answer !== seen.truth ? "c-negative" : "") : "quiet"}>{known.complete ? seen.answer : "…"}</dd>
        </div>
        <div>
          <dt>loss</dt>
          <dd data-node="L" data-value={known.complete || known.values.has("L") ? (seen.loss.value ?? "") : undefined}>
            {known.complete || known.values.has("L") ? shown(seen.loss.value, 4) : "…"}
          </dd>
        </div>
        <div>
          <dt>lines</dt>
          <dd data-node="terms" data-value={seen.shown}>
            {seen.shown} of {seen.total}
          </dd>
        </div>
      </dl>
      {stepping && stepSize.value !== "term" ? (
        <button type="button" class="small" data-control="next-line" onClick={() => void send({ command: "step", what: "term" })}>
          Next line
        </button>
      ) : null}
      <Terms seen={seen} />
      {known.complete && seen.update ? <p class="note">{plain(seen.update)}</p> : null}
    </>
  );
}

/** Whether a node of the graph is the chosen weight, or belongs to the chosen unit. */
function isOf(chosen: NonNullable<Selection>, node: string): boolean {
  const at = `${chosen.layer}_${chosen.unit + 1}`;
  if (chosen.kind === "weight") return node === (chosen.source === null ? `b${at}` : `w${chosen.layer}_${chosen.source + 1}_${chosen.unit + 1}`);
  return [`z${at}`, `a${at}`, `b${at}`].includes(node) || (node.startsWith(`w${chosen.layer}_`) && node.endsWith(`_${chosen.unit + 1}`));
}

const OPEN_AT_MOST = 60;

function Terms({ seen }: { seen: TraceMessage }) {
  const chosen = selection.value;
  const terms = seen.terms.slice(0, seen.shown);
  const newest = useRef<HTMLLIElement>(null);
  const stepping = seen.shown < seen.total;
  useEffect(() => {
    const [line, box] = [newest.current, newest.current?.closest<HTMLElement>(".terms")];
    if (stepping && line && box) box.scrollTop = line.offsetTop - box.clientHeight / 2;
  }, [seen.shown, stepping]);
  const about = chosen && !stepping ? terms.filter((term) => term.nodes.some((node) => isOf(chosen, node))) : [];
  const wanted = about.length ? about : terms;
  return (
    <div class="terms" tabIndex={0} aria-label="The arithmetic">
      {about.length ? (
        <p class="row spread">
          <span class="quiet">
            {about.length} of {terms.length} lines: those that the chosen {chosen!.kind} is in
          </span>
          <button type="button" class="small plain" onClick={() => (selection.value = null)}>
            show all
          </button>
        </p>
      ) : null}
      {PHASES.map(([phase, title]) => {
        const lines = wanted.filter((term) => term.phase === phase);
        if (!lines.length) return null;
        const groups = [...new Set(lines.map((term) => term.group))];
        return (
          <details key={phase} open={lines.length <= OPEN_AT_MOST || stepping} class={`phase ${phase}`}>
            <summary>
              {title} <span class="quiet">{lines.length}</span>
            </summary>
            {groups.map((group) => (
              <div key={group} class="group">
                <h3>{group}</h3>
                <ol>
                  {lines
                    .filter((term) => term.group === group)
                    .map((term, i) => {
                      const last = stepping && term === terms[terms.length - 1];
                      return (
                        <li key={i} ref={last ? newest : null} class={last ? "term newest" : "term"} aria-current={last ? "step" : undefined}>
                          <span class="symbol">
                            <Formula text={term.symbol} />
                          </span>
                          <span class="calculation">
                            {term.rule ? <span class="rule symbol-line">= <Formula text={term.rule} /></span> : null}
                            {term.numbers ? <span>= {plain(term.numbers)}</span> : null}
                          </span>
                          <b data-term={term.symbol} data-value={term.value ?? ""}>
                            {shown(term.value, 4)}
                          </b>
                        </li>
                      );
                    })}
                </ol>
              </div>
            ))}
          </details>
        );
      })}
    </div>
  );
}

/** The chosen unit: its numbers, and each of its weights in a field of its own, so that the keyboard reaches them. */
function UnitNumbers() {
  const now = state.value!;
  const chosen = selection.value;
  const seen = trace.value;
  if (chosen?.kind !== "unit" || chosen.layer === 0) return null;
  const { layer, unit } = chosen;
  const [before, own] = [now.folds[layer - 1], now.folds[layer]];
  if (!before || !own) return null;
  const j = unit - own.first;
  const numbersOf = seen?.layers[layer - 1];
  const pictured = layer === 1 && now.picture !== null;
  const sources: (number | null)[] = [...(pictured ? [] : Array.from({ length: before.count }, (_, i) => before.first + i)), null];
  return (
    <section class="unit-numbers" aria-label={`Unit ${unitName(now, layer, unit)}`}>
      <p class="row spread">
        <b>
          {unitName(now, layer, unit)} <span class="quiet">{layer === now.sizes.length - 1 ? "output" : `hidden layer ${layer}`}</span>
        </b>
        {numbersOf ? (
          <span class="quiet">
            z {shown(numbersOf.z[j], 4)} · a {shown(numbersOf.a[j], 4)} · da/dz {shown(numbersOf.slope[j], 4)}
          </span>
        ) : null}
        <button type="button" class="plain small" aria-label="Close" onClick={() => (selection.value = null)}>
          ×
        </button>
      </p>
      {pictured ? <p class="note">It reads every pixel; its tile shows the weights as a picture.</p> : null}
      <ul class="weights">
        {sources.map((source) => {
          const value = weightValue(layer, source, unit);
          if (value === undefined) return null;
          const slope = source === null ? numbersOf?.db[j] : numbersOf?.dW?.[source - before.first]?.[j];
          const label = source === null ? "bias" : unitName(now, layer - 1, source);
          return (
            <li key={String(source)}>
              <span class={value < 0 ? "sign minus" : "sign plus"} aria-hidden="true" />
              <span class="short">{label}</span>
              <WeightField layer={layer} unit={unit} source={source} value={value} label={`Weight from ${label}`} />
              <small class="gradient">{slope !== undefined && slope !== null && seen && revealed(seen).complete ? `∂ ${shown(slope, 3)}` : ""}</small>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
