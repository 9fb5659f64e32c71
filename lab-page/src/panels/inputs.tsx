/** The inputs: raw columns, and numbers made of them, each switched on and off. */

import { configure } from "../engine/commands";
import { state } from "../engine/store";
import type { Input } from "../messages";
import { Card } from "../parts/controls";

const GROUPS: readonly [Input["group"], string][] = [
  ["column", "Columns"],
  ["square", "Squares"],
  ["product", "Products"],
  ["sine", "Sines"],
  ["logarithm", "Logarithms"],
  ["category", "Categories"],
];
const MOST = 40;

export function Inputs() {
  const now = state.value;
  if (!now || now.picture || now.inputs.length === 0) return null;
  const on = now.inputs.filter((input) => input.on);
  const toggle = (id: string) => {
    const wanted = now.inputs.filter((input) => (input.id === id ? !input.on : input.on)).map((input) => input.id);
    if (wanted.length) configure({ inputs: wanted });
  };
  return (
    <Card title="Inputs" class="inputs" aside={<span class="quiet">{on.length} of {now.inputs.length}</span>}>
      <div class="stack">
        {GROUPS.map(([group, label]) => {
          const members = now.inputs.filter((input) => input.group === group);
          if (!members.length) return null;
          return (
            <fieldset key={group}>
              <legend class="quiet">{label}</legend>
              <div class="chips">
                {members.slice(0, MOST).map((input) => (
                  <label key={input.id} class="chip" title={input.id}>
                    <input type="checkbox" checked={input.on} disabled={input.fixed || (input.on && on.length === 1)} data-control={`input-${input.id}`} onChange={() => toggle(input.id)} />
                    <span class="short">{input.label}</span>
                  </label>
                ))}
                {members.length > MOST ? <span class="quiet">and {members.length - MOST} more</span> : null}
              </div>
            </fieldset>
          );
        })}
      </div>
    </Card>
  );
}
