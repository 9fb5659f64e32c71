/** The top of the page: what is played, how fast, and where the training stands. */

import { hides } from "../engine/address";
import { configure, playOrPause, reset, step } from "../engine/commands";
import { send } from "../engine/link";
import { can, frame, link, rbm as machine, speed, state, stepSize } from "../engine/store";
import { counted, percent, shown } from "../drawing/numbers";
import { Segmented } from "../parts/controls";
import { Pause, Play, Reset, Step } from "../parts/icons";
import { ShareMenu } from "./share";

const STEPS = [
  ["term", "term"],
  ["example", "example"],
  ["batch", "batch"],
  ["epoch", "epoch"],
] as const;
const HINTS = {
  term: "One term of the chain rule: the next line of the arithmetic",
  example: "One example: its whole way forward and back",
  batch: "One batch, and the update of the weights that it makes",
  epoch: "Every row once",
};
const SPEEDS = [
  ["1", "1 epoch/s"],
  ["5", "5 epochs/s"],
  ["20", "20 epochs/s"],
  ["100", "100 epochs/s"],
  ["", "full speed"],
] as const;

export function Bar() {
  const now = state.value;
  const playing = now?.status === "playing";
  const mode = now?.config.mode ?? "network";
  const rbm = mode === "rbm";
  const size = rbm ? "epoch" : stepSize.value;
  return (
    <header class="bar">
      <h1 class="brand">
        glassnet <b>lab</b>
      </h1>
      {hides("rbm") ? null : (
        <Segmented
          label="What learns"
          name="mode"
          hints={{ network: "A network of layers, learning from labels", rbm: "A restricted Boltzmann machine, learning pictures without labels" }}
          value={mode}
          choices={[
            ["network", "Network"],
            ["rbm", "RBM"],
          ]}
          onChange={(value) => {
            const pictures = now?.picture !== null;
            if (value === "rbm") configure(pictures ? { mode: "rbm" } : { mode: "rbm", data: { source: "digits", name: "" } });
            else configure({ mode: "network" });
          }}
        />
      )}
      {hides("play") ? null : (
        <div class="transport" role="group" aria-label="Training">
          <button type="button" onClick={reset} disabled={!can.value.has("reset")} data-control="reset" aria-label="Back to epoch 0" title="Back to epoch 0, with the same first weights">
            <Reset />
          </button>
          <button type="button" class="primary play" onClick={playOrPause} disabled={!can.value.has(playing ? "pause" : "play")} data-control="play" aria-pressed={playing} title={`${playing ? "Pause" : "Play"} (space)`}>
            {playing ? <Pause /> : <Play />}
            {playing ? "Pause" : "Play"}
          </button>
          {hides("step") ? null : (
            <>
              <button type="button" onClick={step} disabled={!can.value.has(`step.${size}`)} data-control="step" title={`${HINTS[size]} (full stop)`}>
                <Step />
                Step
              </button>
              {rbm ? (
                <span class="quiet">one epoch</span>
              ) : (
                <Segmented label="Size of a step" name="step" value={stepSize.value} choices={STEPS} hints={HINTS} onChange={(value) => (stepSize.value = value as typeof stepSize.value)} />
              )}
            </>
          )}
          <select
            class="speed"
            aria-label="Speed of play"
            data-control="speed"
            onChange={(event) => {
              speed.value = event.currentTarget.value ? Number(event.currentTarget.value) : null;
              void send({ command: "speed", epochs_per_second: speed.value });
            }}
          >
            {SPEEDS.map(([value, label]) => (
              <option key={value} value={value} selected={value === String(speed.value ?? "")}>
                {label}
              </option>
            ))}
          </select>
        </div>
      )}
      <div class="tail">
        <Clock />
        <p class={link.value === "open" ? "state" : "state away"} title={link.value === "open" ? "connected to the engine" : "not connected"} data-link={link.value}>
          <i />
          {link.value === "open" ? <span class="sr">connected</span> : link.value === "opening" ? "connecting" : "not connected"}
        </p>
        {hides("share") ? null : <ShareMenu />}
      </div>
    </header>
  );
}

function Clock() {
  const [now, seen] = [state.value, frame.value];
  const loss = (value: number | null | undefined) => shown(value, 3);
  const score = (value: number | null | undefined) => (seen?.score_name === "R²" ? shown(value, 3) : percent(value));
  const rbm = now?.config.mode === "rbm";
  const epoch = (rbm ? machine.value?.epoch : seen?.epoch) ?? now?.cursor.epoch;
  return (
    <dl class="clock">
      <div>
        <dt>epoch</dt>
        <dd data-node="epoch" data-value={epoch ?? ""}>
          {counted(epoch ?? 0)}
        </dd>
      </div>
      {now && now.cursor.batches > 1 && (now.status === "stepping" || now.cursor.batch > 0) ? (
        <div>
          <dt>batch</dt>
          <dd data-node="batch" data-value={now.cursor.batch}>
            {now.cursor.batch}
            <small> / {now.cursor.batches}</small>
          </dd>
        </div>
      ) : null}
      {rbm ? null : (
        <>
          <div>
            <dt>loss</dt>
            <dd class="c-positive" data-node="loss" data-value={seen?.loss ?? ""}>
              {loss(seen?.loss)}
            </dd>
          </div>
          <div>
            <dt>held out</dt>
            <dd class="c-negative" data-node="val_loss" data-value={seen?.val_loss ?? ""}>
              {loss(seen?.val_loss)}
            </dd>
          </div>
          <div>
            <dt>{seen?.score_name ?? "accuracy"}</dt>
            <dd data-node="score" data-value={seen?.val_score ?? seen?.score ?? ""} title={`On rows learned from: ${score(seen?.score)}. On rows held out: ${score(seen?.val_score)}.`}>
              {score(seen?.val_score ?? seen?.score)}
            </dd>
          </div>
        </>
      )}
    </dl>
  );
}
