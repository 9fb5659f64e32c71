/** How it learns: loss, optimiser, rate, batches, penalties, dropout, first weights, seed. */

import { configure, reshape } from "../engine/commands";
import { can, state } from "../engine/store";
import type { Choice as Sent, Config } from "../messages";
import { Card, type Choice, NumberField, Select } from "../parts/controls";

export const choicesOf = (choices: readonly Sent[]): Choice[] => choices.map((choice) => [String(choice.value), choice.label]);
const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];

export function Learning() {
  const now = state.value;
  if (!now) return null;
  const net = now.config.network;
  const set = (network: Partial<Config["network"]>) => configure({ network } as Parameters<typeof configure>[0]);
  return (
    <Card title="Learning" class="learning">
      <div class="fields">
        <Select label="Loss" name="loss" value={net.loss} choices={choicesOf(now.choices.loss)} onChange={(loss) => set({ loss })} wide />
        <Select label="Optimiser" name="optimiser" value={net.optimiser} choices={choicesOf(now.choices.optimiser)} onChange={(optimiser) => set({ optimiser: optimiser as Config["network"]["optimiser"] })} />
        <Rate value={net.learning_rate} onChange={(learning_rate) => set({ learning_rate })} />
        <NumberField label="Batch size" name="batch-size" value={net.batch_size} min={1} max={100000} whole onChange={(batch_size) => set({ batch_size })} />
        {net.optimiser === "sgd" || net.optimiser === "rmsprop" ? (
          <NumberField label={net.optimiser === "sgd" ? "Momentum" : "Decay"} name="momentum" value={net.momentum} min={0} max={1} onChange={(momentum) => set({ momentum })} />
        ) : (
          <Seed value={net.seed} set={(seed) => set({ seed })} />
        )}
        <NumberField label="L2 penalty" name="alpha" value={net.alpha} min={0} onChange={(alpha) => set({ alpha })} />
        <NumberField label="L1 penalty" name="l1" value={net.l1} min={0} onChange={(l1) => set({ l1 })} />
        {net.hidden.map((layer, l) => (
          <NumberField
            key={l}
            label={net.hidden.length > 1 ? `Dropout ${l + 1}` : "Dropout"}
            name={`dropout-${l + 1}`}
            value={layer.dropout}
            min={0}
            max={0.95}
            hint={`Share of the units of hidden layer ${l + 1} switched off at each update`}
            onChange={(dropout) => reshape((all) => all.map((one, k) => (k === l ? { ...one, dropout } : one)))}
          />
        ))}
        {net.optimiser === "sgd" || net.optimiser === "rmsprop" ? <Seed value={net.seed} set={(seed) => set({ seed })} /> : null}
        <Select
          label="First weights"
          name="initialiser"
          value={net.start === "trained" ? "trained" : String(net.initialiser)}
          choices={[...(can.value.has("trained") ? [["trained", "those of the trained run"] as const] : []), ...choicesOf(now.choices.initialiser)]}
          onChange={(value) => set(value === "trained" ? { start: "trained" } : { start: "drawn", initialiser: value === "null" ? null : value })}
          wide
        />
      </div>
    </Card>
  );
}

function Seed({ value, set }: { value: number; set: (seed: number) => void }) {
  return <NumberField label="Seed" name="seed" value={value} min={0} max={4294967295} whole hint="Draws the first weights and the order of the rows" onChange={set} />;
}

function Rate({ value, onChange }: { value: number; onChange: (rate: number) => void }) {
  return (
    <div class="field">
      <label for="rate">Learning rate</label>
      <div class="rate">
        <button type="button" class="round small" aria-label="Smaller learning rate" data-control="rate-less" onClick={() => onChange([...RATES].reverse().find((rate) => rate < value) ?? value)}>
          −
        </button>
        <input
          id="rate"
          type="text"
          inputMode="decimal"
          data-control="rate"
          key={value}
          defaultValue={String(value)}
          onChange={(event) => {
            const rate = Number(event.currentTarget.value);
            if (rate > 0 && Number.isFinite(rate)) onChange(rate);
            else event.currentTarget.value = String(value);
          }}
        />
        <button type="button" class="round small" aria-label="Larger learning rate" data-control="rate-more" onClick={() => onChange(RATES.find((rate) => rate > value) ?? value)}>
          +
        </button>
      </div>
    </div>
  );
}
