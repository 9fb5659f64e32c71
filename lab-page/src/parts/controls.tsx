/** Small parts that every panel is made of: fields, switches, tabs. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

export type Choice = readonly [value: string, label: string];

export function Field({ label, hint, children, wide }: { label: string; hint?: string | undefined; children: (id: string) => JSX.Element; wide?: boolean }) {
  const id = useId();
  return (
    <div class={wide ? "field wide" : "field"}>
      <label for={id} title={hint}>
        {label}
      </label>
      {children(id)}
    </div>
  );
}

export function Select(p: { label: string; value: string; choices: readonly Choice[]; onChange: (value: string) => void; name: string; hint?: string; wide?: boolean }) {
  return (
    <Field label={p.label} hint={p.hint} wide={p.wide ?? false}>
      {(id) => (
        <select id={id} data-control={p.name} value={p.value} onChange={(event) => p.onChange(event.currentTarget.value)}>
          {p.choices.map(([value, label]) => (
            <option key={value} value={value} selected={value === p.value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A number that is sent when it is finished: on Enter or when the field is left. */
export function NumberField(p: {
  label: string;
  value: number;
  onChange: (value: number) => void;
  name: string;
  hint?: string;
  min?: number;
  max?: number;
  whole?: boolean;
}) {
  const [text, setText] = useState(String(p.value));
  const [wrong, setWrong] = useState(false);
  // before the field can be typed into: a later effect would undo what was typed first
  useLayoutEffect(() => {
    setText(String(p.value));
    setWrong(false);
  }, [p.value]);
  const finish = (given: string) => {
    const number = Number(given);
    const fits =
      given.trim() !== "" && Number.isFinite(number) && number >= (p.min ?? -Infinity) && number <= (p.max ?? Infinity) && (!p.whole || Number.isInteger(number));
    setWrong(!fits);
    if (fits && number !== p.value) p.onChange(number);
  };
  const range = `${p.whole ? "a whole number" : "a number"}${p.min !== undefined ? ` from ${p.min}` : ""}${p.max !== undefined ? ` to ${p.max}` : ""}`;
  return (
    <Field label={p.label} hint={p.hint}>
      {(id) => (
        <>
          <input
            id={id}
            type="text"
            inputMode="decimal"
            autocomplete="off"
            data-control={p.name}
            value={text}
            aria-invalid={wrong}
            title={wrong ? `Give ${range}.` : p.hint}
            onInput={(event) => setText(event.currentTarget.value)}
            onBlur={(event) => finish(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") finish(event.currentTarget.value);
              if (event.key === "Escape") setText(String(p.value));
            }}
          />
          {wrong ? (
            <span class="fault" role="alert">
              Give {range}.
            </span>
          ) : null}
        </>
      )}
    </Field>
  );
}

export function Slider(p: {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  name: string;
  text: string;
  onChange: (value: number) => void;
}) {
  const [now, setNow] = useState(p.value);
  useLayoutEffect(() => setNow(p.value), [p.value]);
  const said = now === p.value ? p.text : String(now);
  return (
    <Field label={p.label} wide>
      {(id) => (
        <div class="slider">
          <input
            id={id}
            type="range"
            min={p.min}
            max={p.max}
            step={p.step}
            value={now}
            aria-valuetext={said}
            data-control={p.name}
            onInput={(event) => setNow(Number(event.currentTarget.value))}
            onChange={(event) => p.onChange(Number(event.currentTarget.value))}
          />
          <output for={id}>{said}</output>
        </div>
      )}
    </Field>
  );
}

/** One of a few, side by side; the arrow keys move, as in a group of radio buttons. */
export function Segmented(p: { label: string; value: string; choices: readonly Choice[]; onChange: (value: string) => void; name: string; hints?: Record<string, string> }) {
  const id = useId();
  return (
    <div class="segmented" role="radiogroup" aria-label={p.label}>
      {p.choices.map(([value, label]) => (
        <label key={value} class={value === p.value ? "on" : ""} title={p.hints?.[value]}>
          <input type="radio" name={id} value={value} checked={value === p.value} data-control={`${p.name}-${value}`} onChange={() => p.onChange(value)} />
          <span>{label}</span>
        </label>
      ))}
    </div>
  );
}

export interface Leaf {
  id: string;
  label: string;
  body: () => JSX.Element;
}

export function Tabs({ label, leaves, value, onChange }: { label: string; leaves: Leaf[]; value: string; onChange: (id: string) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const base = useId();
  const at = Math.max(0, leaves.findIndex((leaf) => leaf.id === value));
  const chosen = leaves[at];
  const move = (event: KeyboardEvent) => {
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: leaves.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const to = (next + leaves.length) % leaves.length;
    onChange(leaves[to]!.id);
    (list.current?.children[to] as HTMLElement | undefined)?.focus();
  };
  if (!chosen) return null;
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {leaves.map((leaf) => (
          <button
            key={leaf.id}
            type="button"
            role="tab"
            id={`${base}-${leaf.id}`}
            data-tab={leaf.id}
            aria-selected={leaf === chosen}
            aria-controls={`${base}-panel`}
            tabIndex={leaf === chosen ? 0 : -1}
            onClick={() => onChange(leaf.id)}
          >
            {leaf.label}
          </button>
        ))}
      </div>
      <div class="leaf" role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${chosen.id}`} tabIndex={0} data-leaf={chosen.id}>
        {chosen.body()}
      </div>
    </>
  );
}

export function Card({ title, children, aside, class: name, label }: { title?: string; children: ComponentChildren; aside?: ComponentChildren; class?: string; label?: string }) {
  return (
    <section class={`card ${name ?? ""}`} aria-label={label ?? title}>
      {title ? (
        <header>
          <h2>{title}</h2>
          {aside}
        </header>
      ) : null}
      {children}
    </section>
  );
}

/** The width of an element's content, kept up to date. */
export function useWidth<E extends HTMLElement>(first = 300): [preactRef: { current: E | null }, width: number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const seen = new ResizeObserver(([entry]) => entry && setWidth(Math.max(60, Math.round(entry.contentRect.width))));
    seen.observe(element);
    return () => seen.disconnect();
  }, []);
  return [ref, width];
}
