/** The course of learning: cost curves, and what the doctor says of them. */

import { useState } from "preact/hooks";
import { list } from "../engine/arrays";
import { counted } from "../drawing/numbers";
import { curves, doctor, frame, state } from "../engine/store";
import { Card } from "../parts/controls";
import { Curves } from "../parts/curves";

export function CostCurves() {
  const [log, setLog] = useState(false);
  const sent = curves.value;
  const rbm = state.value?.config.mode === "rbm";
  if (rbm) return <RbmCurves />;
  const shownEpoch = frame.value && !frame.value.live ? frame.value.epoch : null;
  return (
    <Card
      title="Cost"
      class="cost"
      aside={
        <label class="check">
          <input type="checkbox" checked={log} data-control="log" onChange={(event) => setLog(event.currentTarget.checked)} /> logarithmic
        </label>
      }
    >
      <Curves
        name="cost"
        label="Cost by epoch"
        x={sent ? list(sent.epoch) : []}
        log={log}
        at={shownEpoch}
        marks={sent?.stages ?? []}
        lines={
          sent
            ? [
                { name: "learned from", role: "positive", values: list(sent.loss) },
                { name: "held out", role: "negative", dashed: true, values: list(sent.val_loss) },
              ]
            : []
        }
      />
      {state.value?.task === "regression" && !["toy", "painted"].includes(state.value.config.data.source) ? <p class="note">Of the target, standardised.</p> : null}
    </Card>
  );
}

function RbmCurves() {
  const sent = curves.value;
  const own = sent?.rbm;
  const x = sent ? list(sent.epoch) : [];
  return (
    <Card title="Course of the machine">
      <div class="stack">
        <Curves name="reconstruction" label="Reconstruction error by epoch" x={x} height={120} lines={own ? [{ name: "reconstruction error", role: "positive", values: list(own.reconstruction_error) }] : []} />
        <Curves
          name="free-energy"
          label="Free energy by epoch"
          x={x}
          height={120}
          free
          lines={
            own
              ? [
                  { name: "free energy", role: "positive", values: list(own.free_energy) },
                  { name: "held out", role: "negative", dashed: true, values: list(own.val_free_energy) },
                ]
              : []
          }
        />
        <Curves name="activity" label="Mean hidden activity by epoch" x={x} height={90} lines={own ? [{ name: "hidden activity", role: "gradient", values: list(own.hidden_activity) }] : []} />
      </div>
    </Card>
  );
}

export function Doctor() {
  const said = doctor.value;
  return (
    <Card title="The doctor" class="doctor" aside={said?.epoch ? <span class="quiet" data-node="doctor" data-value={said.epoch}>as of epoch {counted(said.epoch)}</span> : undefined}>
      {said?.findings.length ? (
        <ul class="findings">
          {said.findings.map((finding) => (
            <li key={finding.name} class={finding.severity} data-finding={finding.name}>
              <b>{finding.severity === "problem" ? "Problem" : "Hint"}</b>
              <p>{finding.sentence}</p>
              <p class="quiet">{finding.action}</p>
            </li>
          ))}
        </ul>
      ) : (
        <p class="note">{said ? (said.epoch ? "Nothing to complain of." : "Train a few epochs, and the doctor looks at them.") : "Looks when training pauses."}</p>
      )}
      {said?.lacking ? <p class="note">{said.lacking}</p> : null}
    </Card>
  );
}
