/** The restricted Boltzmann machine: its filters as they form, pictures and what it makes of them, a Gibbs chain, a drawn digit. */

import { shown } from "../drawing/numbers";
import { configure } from "../engine/commands";
import { send } from "../engine/link";
import { can, drawn, rbm, state } from "../engine/store";
import { Card, NumberField, Select } from "../parts/controls";
import { Cells, Picture } from "../parts/picture";
import { Pad } from "./draw";
import { choicesOf } from "./learning";

const MEASURES: readonly [keyof NonNullable<typeof rbm.value>["measures"], string][] = [
  ["reconstruction_error", "reconstruction error"],
  ["free_energy", "free energy"],
  ["val_free_energy", "free energy, held out"],
  ["pseudo_likelihood", "pseudo-likelihood"],
  ["hidden_activity", "hidden activity"],
  ["weight_norm", "size of the weights"],
];

export function Machine() {
  const now = state.value;
  const sent = rbm.value;
  if (!now) return null;
  const of = (data: { shape: number[] }) => Array.from({ length: data.shape[0] ?? 0 }, (_, k) => k);
  const sheet = sent?.hidden.shape[1] ?? 0;
  const columns = Math.min(sheet, 16);
  return (
    <>
      <Card title="Filters" aside={<span class="quiet">{sent ? `${sent.filters.shape[0]} of ${sent.units} hidden units; blue adds, red takes away` : now.told}</span>}>
        <div class="tiles filters" data-list="filters">
          {sent ? of(sent.filters).map((k) => <Picture key={k} data={sent.filters} k={k} name={`filter_${k + 1}`} label={`Filter of hidden unit ${k + 1}`} />) : null}
        </div>
      </Card>
      <Card title="Reconstruction" aside={<span class="quiet">one pass up and down</span>}>
        <div class="tiles pairs" data-list="reconstructions">
          {sent
            ? of(sent.originals).map((k) => (
                <figure key={k}>
                  <Picture data={sent.originals} k={k} look="grey" name={`original_${k + 1}`} label={`Picture ${k + 1}`} />
                  <Cells data={sent.hidden} k={k} columns={columns} rows={Math.ceil(sheet / Math.max(1, columns))} cell={3} label={`Hidden probabilities of picture ${k + 1}`} />
                  <Picture data={sent.reconstructions} k={k} look="grey" name={`reconstruction_${k + 1}`} label={`What the machine makes of picture ${k + 1}`} />
                </figure>
              ))
            : null}
        </div>
        <p class="note">Top: a picture. Middle: how probably each hidden unit is on. Bottom: what the machine makes of them.</p>
      </Card>
      <Card
        title="A Gibbs chain"
        aside={
          sent?.chain ? (
            <span class="quiet" data-node="sweeps" data-value={sent.chain.sweeps}>
              {sent.chain.sweeps} sweeps
            </span>
          ) : undefined
        }
      >
        <div class="stack">
          <div class="row">
            {(
              [
                ["noise", "from noise"],
                ["examples", "from the pictures"],
                ["drawing", "from your drawing"],
              ] as const
            ).map(([begin, label]) => (
              <button key={begin} type="button" class="small" data-control={`gibbs-${begin}`} disabled={!can.value.has("gibbs") || (begin === "drawing" && !drawn.value)} onClick={() => void send({ command: "gibbs", action: "start", begin })}>
                Start {label}
              </button>
            ))}
            <button type="button" class="small" data-control="gibbs-step" disabled={!sent?.chain} onClick={() => void send({ command: "gibbs", action: "step" })}>
              One sweep
            </button>
            <button type="button" class="small" data-control="gibbs-stop" disabled={!sent?.chain?.running} onClick={() => void send({ command: "gibbs", action: "stop" })}>
              Stop
            </button>
            <button type="button" class="small plain" data-control="gibbs-clear" disabled={!sent?.chain} onClick={() => void send({ command: "gibbs", action: "clear" })}>
              Clear
            </button>
          </div>
          {sent?.chain ? (
            <div class="tiles chains" data-list="chains">
              {of(sent.chain.visible).map((k) => (
                <Picture key={k} data={sent.chain!.visible} k={k} look="grey" name={`chain_${k + 1}`} label={`Chain ${k + 1}`} />
              ))}
            </div>
          ) : (
            <p class="note">Hidden units are drawn given the picture, the picture given the hidden units, and so on: what the machine dreams of.</p>
          )}
        </div>
      </Card>
    </>
  );
}

export function MachineDrawing() {
  const answer = drawn.value;
  return (
    <Card title="Draw a digit">
      <div class="drawing narrow">
        <Pad />
        {answer ? (
          <div class="answers">
            <figure>
              <figcaption class="quiet">read</figcaption>
              <Picture data={answer.picture} look="grey" class="read" name="drawn" label="The drawing as the machine reads it" />
            </figure>
            {answer.reconstruction ? (
              <figure>
                <figcaption class="quiet">made of it</figcaption>
                <Picture data={answer.reconstruction} look="grey" class="read" name="drawn-reconstruction" label="What the machine makes of the drawing" />
              </figure>
            ) : null}
          </div>
        ) : (
          <p class="note">Draw with the mouse; the machine answers with what it takes it for.</p>
        )}
      </div>
    </Card>
  );
}

export function MachineSettings() {
  const now = state.value;
  if (!now) return null;
  const own = now.config.rbm;
  const set = (part: Partial<typeof own>) => configure({ rbm: part } as Parameters<typeof configure>[0]);
  return (
    <Card title="Learning">
      <div class="fields">
        <NumberField label="Hidden units" name="rbm-units" value={own.units} min={1} max={1024} whole onChange={(units) => set({ units })} />
        <Select label="Method" name="rbm-method" value={own.method} choices={choicesOf(now.choices.method)} onChange={(method) => set({ method: method as "cd" })} wide />
        <NumberField label="Sweeps per update" name="rbm-k" value={own.k} min={1} max={100} whole onChange={(k) => set({ k })} />
        <NumberField label="Learning rate" name="rbm-rate" value={own.learning_rate} min={0} onChange={(learning_rate) => set({ learning_rate })} />
        <NumberField label="Batch size" name="rbm-batch" value={own.batch_size} min={1} max={10000} whole onChange={(batch_size) => set({ batch_size })} />
        <NumberField label="Seed" name="rbm-seed" value={own.seed} min={0} max={4294967295} whole onChange={(seed) => set({ seed })} />
      </div>
    </Card>
  );
}

export function Measures() {
  const measures = rbm.value?.measures;
  return (
    <Card title="Measures">
      <dl class="facts upright">
        {MEASURES.map(([name, label]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd data-node={name} data-value={measures?.[name] ?? ""}>
              {shown(measures?.[name], 4)}
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
