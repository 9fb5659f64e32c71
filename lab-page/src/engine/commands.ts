/** What panels ask of the engine, in their words. */

import type { Config } from "../messages";
import { send } from "./link";
import { state, stepSize } from "./store";

type Part<T> = { [K in keyof T]?: T[K] extends unknown[] | null ? T[K] : T[K] extends object ? Part<T[K]> : T[K] };

/** Change part of the lesson. */
export async function configure(config: Part<Config>): Promise<void> {
  const taken = await send({ command: "configure", config });
  if (!taken && state.value) state.value = { ...state.value }; // what was refused is drawn as it still is
}

/** The hidden layers with one change. */
export function reshape(change: (hidden: Config["network"]["hidden"]) => Config["network"]["hidden"]): void {
  const now = state.value;
  if (now) void configure({ network: { hidden: change(now.config.network.hidden.map((layer) => ({ ...layer }))) } });
}

export function playOrPause(): void {
  const playing = state.value?.status === "playing";
  void send(playing ? { command: "pause" } : { command: "play" });
}

export function step(): void {
  void send({ command: "step", what: state.value?.config.mode === "rbm" ? "epoch" : stepSize.value });
}

export function reset(): void {
  void send({ command: "reset" });
}

/** Calls `job` with the newest argument, one at a time and never twice at once: for sliders and pens, which ask faster than answers come. */
export function newest<A>(job: (argument: A) => Promise<unknown>): (argument: A) => void {
  let running = false;
  let next: { argument: A } | null = null;
  const run = async (): Promise<void> => {
    while (next) {
      const { argument } = next;
      next = null;
      await job(argument);
    }
    running = false;
  };
  return (argument) => {
    next = { argument };
    if (!running) {
      running = true;
      void run();
    }
  };
}
