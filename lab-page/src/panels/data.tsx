/** Where the rows come from: made by name, painted, the bundled digits, a file dropped on the page, or what the command line named. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { configure } from "../engine/commands";
import { send, upload } from "../engine/link";
import { brush, busy, can, hello, painting, points, state } from "../engine/store";
import { counted, shown } from "../drawing/numbers";
import { Card, NumberField, Select, Slider } from "../parts/controls";
import { SetIcon } from "../parts/icons";
import { Mark } from "../parts/mark";

const LABELS: Record<string, string> = { xor: "XOR", donut: "donut", moons: "moons", spirals: "spirals", blobs: "blobs", line: "line", plane: "plane", hill: "hill" };

/** The file that was handed in last: it can be gone back to. */
const lastFile = signal("");

export async function takeFile(file: File | undefined): Promise<void> {
  if (!file) return;
  painting.value = false;
  if (await upload(file)) lastFile.value = file.name;
}

export function Data() {
  const now = state.value;
  const picker = useRef<HTMLInputElement>(null);
  if (!now) return null;
  const data = now.config.data;
  const chosen = data.source === "toy" ? data.name : data.source;
  const rbm = now.config.mode === "rbm";
  const sets = [
    ...(rbm ? [] : now.choices.toy.map((choice) => [String(choice.value), LABELS[String(choice.value)] ?? choice.label, choice.hint] as const)),
    ["digits", "digits", "Handwritten digits, 8 × 8 pixels, bundled"] as const,
  ];
  const choose = (id: string) => {
    painting.value = false;
    configure(id === "digits" ? { data: { source: "digits", name: "" } } : { data: { source: "toy", name: id } });
  };
  const file = data.source === "file" ? data.name : lastFile.value;
  const extra = hello.value?.name;
  const ofRun = can.value.has("trained");
  return (
    <Card title="Data" class="data" aside={<span class="quiet">{counted(now.rows.train)} + {counted(now.rows.held_out)} held out</span>}>
      <div class="stack">
        <div class="sets" role="radiogroup" aria-label="Data">
          {sets.map(([id, label, hint]) => (
            <label key={id} title={hint}>
              <input type="radio" name="set" checked={chosen === id} disabled={busy.value} data-control={`data-${id}`} onChange={() => choose(id)} />
              <SetIcon name={id} />
              {label}
            </label>
          ))}
          {extra ? (
            <label title={extra}>
              <input type="radio" name="set" checked={chosen === "given"} data-control="data-given" onChange={() => configure({ data: { source: "given", name: extra } })} />
              <SetIcon name="file" />
              <span class="short">{extra}</span>
            </label>
          ) : null}
          {data.source === "file" || lastFile.value ? (
            <label title={file}>
              <input type="radio" name="set" checked={data.source === "file"} data-control="data-file" onChange={() => configure({ data: { source: "file", name: file } })} />
              <SetIcon name="file" />
              <span class="short">{file}</span>
            </label>
          ) : null}
          {data.source === "painted" ? (
            <label>
              <input type="radio" name="set" checked readOnly data-control="data-painted" />
              <SetIcon name="painted" />
              painted
            </label>
          ) : null}
        </div>
        {now.targets.length ? <Select label="To predict" name="target" value={data.target ?? now.target_name} choices={now.targets.map((target) => [target, target])} onChange={(target) => configure({ data: { target } })} wide /> : null}
        {now.targets.length ? (
          <label class="check" title="Off: the columns are called c1, c2, and so on, and the first line is a row like the others">
            <input type="checkbox" checked={data.header} data-control="header" onChange={(event) => void configure({ data: { header: event.currentTarget.checked, target: null } })} /> first line is names
          </label>
        ) : null}
        {data.source === "toy" ? (
            <Slider label="Noise" name="noise" value={data.noise} min={0} max={1} step={0.05} text={String(data.noise)} onChange={(noise) => configure({ data: { noise } })} />
        ) : null}
        <div class="fields">
          {data.source === "painted" || ofRun ? null : (
            <NumberField label={data.source === "toy" ? "Rows" : "Rows, at most"} name="samples" value={data.samples} min={4} max={100000} whole onChange={(samples) => configure({ data: { samples } })} />
          )}
          {ofRun ? null : <NumberField label="Data seed" name="data-seed" value={data.seed} min={0} max={4294967295} whole hint="Draws the rows, and which of them are held out" onChange={(seed) => configure({ data: { seed } })} />}
          {data.source === "toy" && data.name === "blobs" ? (
            <NumberField label="Classes" name="classes" value={data.classes} min={2} max={10} whole onChange={(classes) => configure({ data: { classes } })} />
          ) : null}
        </div>
        {ofRun ? <p class="note">The run's own rows: those that it learned from, and those that it held out. Its test rows are set aside.</p> : null}
        {ofRun ? null : <Slider
          label="Held out"
          name="held-out"
          value={data.held_out}
          min={0}
          max={0.9}
          step={0.05}
          text={`${Math.round(100 * data.held_out)} %`}
          onChange={(held_out) => configure({ data: { held_out } })}
        />}
        {can.value.has("paint") || data.source === "painted" ? <Brushes /> : null}
        <div class="drop">
          <input
            ref={picker}
            type="file"
            class="sr"
            tabIndex={-1}
            aria-hidden="true"
            data-control="file"
            onChange={(event) => {
              void takeFile(event.currentTarget.files?.[0]);
              event.currentTarget.value = "";
            }}
          />
          <span>Drop a CSV anywhere on this page, or</span>
          <button type="button" class="small" data-control="choose-file" onClick={() => picker.current?.click()}>
            choose a file
          </button>
        </div>
      </div>
    </Card>
  );
}

/** Classes that a brush can have. */
const MOST_CLASSES = 10;

function Brushes() {
  const now = state.value!;
  const on = painting.value;
  const [low = 0, high = 0] = points.value?.y_range ?? [];
  const present = now.class_colours;
  const known = [...new Set([0, 1, ...present])].sort((a, b) => a - b);
  const fresh = Array.from({ length: MOST_CLASSES }, (_, k) => k).find((k) => !known.includes(k));
  const brushes: { value: number; label: string; title: string; of: readonly number[] }[] =
    now.task === "regression"
      ? (low < high ? ([low, high] as const) : ([-1, 1] as const)).map((value, k) => ({ value, label: `${["low", "high"][k]}, ${shown(value, 2)}`, title: `Points whose number is ${shown(value)}`, of: [0, 1] }))
      : known.map((k) => ({ value: k, label: String(k), title: `Points of class ${k}`, of: present.length > 2 ? [] : [0, 1] }));
  if (now.task !== "regression" && fresh !== undefined) brushes.push({ value: fresh, label: `${fresh}, new`, title: "Points of a class that is not there yet", of: [] });
  const lacking = brush.value !== null && !brushes.some((one) => one.value === brush.value);
  useEffect(() => {
    if (lacking) brush.value = brushes[0]!.value;
  }, [lacking]);
  return (
    <div class="brushes">
      <button type="button" class={on ? "small pressed" : "small"} aria-pressed={on} data-control="paint" onClick={() => (painting.value = !on)}>
        {on ? "Painting" : "Paint points"}
      </button>
      {on ? (
        <div class="row" role="radiogroup" aria-label="Brush">
          {brushes.map(({ value, label, title, of }, k) => (
            <label key={k} class="chip" title={title}>
              <input type="radio" name="brush" checked={brush.value === value} data-control={`brush-${k}`} onChange={() => (brush.value = value)} />
              <Mark k={now.task === "regression" ? k : value} of={of} />
              {label}
            </label>
          ))}
          <label class="chip">
            <input type="radio" name="brush" checked={brush.value === null} data-control="brush-erase" onChange={() => (brush.value = null)} />
            erase
          </label>
          <button type="button" class="small plain" data-control="paint-clear" onClick={() => void send({ command: "paint", clear: true })}>
            Clear all
          </button>
        </div>
      ) : null}
      {on ? <p class="note">Draw on the plane; the network begins anew with every point.</p> : null}
    </div>
  );
}
