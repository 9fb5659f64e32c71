/** The wire to the engine: server-sent events down, POST up.
 *
 * Messages are kept by kind and handed to the panels once per painted frame, so that a slow screen drops pictures and never falls behind.
 */

import { batch, type Signal } from "@preact/signals";
import type { Command, HelloMessage, Message, Refusal } from "../messages";
import * as store from "./store";
import { adopt, lesson } from "./address";

const TOKEN = "glassnet-lab-token";

function tokenOfAddress(): string {
  const query = new URLSearchParams(location.search);
  const given = query.get("token");
  if (given !== null) {
    localStorage.setItem(TOKEN, given); // for other tabs of this browser: the origin is this port alone
    query.delete("token"); // a shared address holds none
    history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : "") + location.hash);
    return given;
  }
  return localStorage.getItem(TOKEN) ?? "";
}

const token = tokenOfAddress();
let source: EventSource | null = null;
let waiting = new Map<string, Message>();
let scheduled = false;
let started = "";
let asked = false;

const signals: Partial<Record<Message["kind"], Signal>> = { ...store.ofRun, state: store.state };

function forget(): void {
  for (const kept of Object.values(store.ofRun)) (kept as Signal).value = null;
  store.drawn.value = null;
  store.selection.value = null;
}

/** How long the state of a new run waits for its first picture, so that the page changes at once and does not blink. */
const PATIENCE = 400;
let since = 0;

function held(): boolean {
  const state = waiting.get("state");
  if (state?.kind !== "state" || !store.state.value || state.run === store.state.value.run) {
    since = 0;
    return false;
  }
  since ||= performance.now();
  const picture = waiting.get(state.config.mode === "rbm" ? "rbm" : "frame");
  const there = picture !== undefined && "run" in picture && picture.run === state.run;
  return !there && performance.now() - since < PATIENCE;
}

function flush(): void {
  if (held()) {
    requestAnimationFrame(flush);
    return;
  }
  scheduled = false;
  since = 0;
  const newest = waiting;
  waiting = new Map();
  batch(() => {
    const state = newest.get("state");
    if (state?.kind === "state") {
      if (store.state.value && store.state.value.run !== state.run) forget();
      store.state.value = state;
      adopt(state.query);
    }
    const run = store.state.value?.run;
    for (const [kind, message] of newest) {
      if (kind === "state") continue;
      if ("run" in message && message.run !== run) {
        // of a run whose state is still on its way
        if (run === undefined || message.run > run) waiting.set(kind, message);
        continue;
      }
      const kept = signals[message.kind];
      if (kept) kept.value = message;
    }
  });
  frames++;
}

/** How many pictures were painted so far; benchmarks read it. */
let frames = 0;
Object.defineProperty(window, "glassnetFrames", { get: () => frames });

/** Browsers and the engine do not escape quite the same letters. */
function decoded(query: string): string {
  try {
    return decodeURIComponent(query);
  } catch {
    return query;
  }
}

function receive(message: Message): void {
  if (message.kind === "notice") return store.say(message.level, message.text);
  if (message.kind === "hello") return greet(message);
  waiting.set(message.kind, message);
  if (message.kind === "state" && !asked) {
    asked = true;
    // the lesson that stands in the address comes before the one that the engine starts with
    const wanted = lesson();
    if (wanted && decoded(wanted) !== decoded(message.query)) void send({ command: "load_state", query: wanted });
  }
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(flush);
  }
}

function greet(message: HelloMessage): void {
  if (started && started !== message.started) {
    waiting.clear();
    asked = false; // the engine that came back is handed the lesson again
    forget();
    store.state.value = null;
  }
  started = message.started;
  store.hello.value = message;
  void send({ command: "speed", epochs_per_second: store.speed.value }, true);
}

const KINDS: Message["kind"][] = ["hello", "state", "frame", "inputs", "points", "curves", "panels", "doctor", "trace", "landscape", "rbm", "notice"];

/** Open the stream, and open it again whenever it ends. A page that nobody sees holds none: a browser gives a server six at most. */
export function open(): void {
  source?.close();
  if (document.visibilityState === "hidden") return;
  source = new EventSource(`/api/events?token=${encodeURIComponent(token)}`);
  for (const kind of KINDS) source.addEventListener(kind, (event) => receive(JSON.parse((event as MessageEvent<string>).data) as Message));
  source.onopen = () => {
    store.link.value = "open";
  };
  source.onerror = () => {
    store.link.value = "lost";
    if (source?.readyState === EventSource.CLOSED) void why();
  };
}

document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? source?.close() : open()));

/** The browser gives up on an answer other than 200; a token of an earlier start is the usual reason. */
async function why(): Promise<void> {
  try {
    const answer = await fetch(`/api/events?token=${encodeURIComponent(token)}`, { signal: AbortSignal.timeout(4000) });
    await answer.body?.cancel();
    if (answer.status === 401) {
      store.link.value = "refused";
      return;
    }
  } catch {
    // not there yet
  }
  setTimeout(open, 1000);
}

/** Hand a command to the engine; its result, or null where it was refused (which is then said). */
export async function send<Result = Record<string, unknown>>(command: Command, quietly = false): Promise<Result | null> {
  return deliver<Result>("/api/command", "application/json", JSON.stringify(command), quietly);
}

export async function upload(file: File): Promise<Record<string, unknown> | null> {
  const limit = store.hello.value?.limits.upload_bytes;
  if (limit !== undefined && file.size > limit) {
    store.say("error", `${file.name} has ${(file.size / 1e6).toFixed(1)} MB; the lab takes ${(limit / 1e6).toFixed(0)} MB. Name the file on the command line instead: glassnet lab ${file.name}`);
    return null;
  }
  return deliver(`/api/upload?name=${encodeURIComponent(file.name)}`, "application/octet-stream", file);
}

async function deliver<Result>(address: string, type: string, body: BodyInit, quietly = false): Promise<Result | null> {
  let answer: Response;
  try {
    answer = await fetch(address, { method: "POST", headers: { "Content-Type": type, "X-Glassnet-Token": token }, body });
  } catch {
    store.say("error", "The lab does not answer. Is it still running in the terminal? The page connects again by itself.");
    return null;
  }
  const said = (await answer.json().catch(() => null)) as { ok?: true; result?: Result } | Refusal | null;
  if (answer.ok && said && "ok" in said) return said.result ?? ({} as Result);
  if (answer.status === 401) store.link.value = "refused";
  if (!quietly) store.say("error", said && "error" in said ? said.error.message : `The lab answered with status ${answer.status}.`);
  return null;
}

/** The address of a download. */
export function download(name: "model.safetensors" | "report.html" | "code.py"): string {
  return `/api/${name}?token=${encodeURIComponent(token)}`;
}
