/** The page: a bar, three columns, and what is said to the user. */

import "./style/base.css";
import "./style/layout.css";
import "./style/panels.css";
import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { hides, lesson, type Panel, watch } from "./engine/address";
import { newest, playOrPause, step } from "./engine/commands";
import { open, send } from "./engine/link";
import { dismiss, frame, link, notices, points, selection, state } from "./engine/store";
import { Bar } from "./panels/bar";
import { Machine, MachineDrawing, MachineSettings, Measures } from "./panels/boltzmann";
import { Code } from "./panels/code";
import { Data, takeFile } from "./panels/data";
import { Diagram } from "./panels/diagram";
import { Draw } from "./panels/draw";
import { Example } from "./panels/example";
import { Gradients } from "./panels/gradients";
import { Inputs } from "./panels/inputs";
import { Landscape } from "./panels/landscape";
import { CostCurves, Doctor } from "./panels/learned";
import { Learning } from "./panels/learning";
import { Mistakes } from "./panels/mistakes";
import { Surface } from "./panels/surface";
import { Card, type Leaf, Tabs } from "./parts/controls";

function App() {
  const now = state.value;
  const dragging = useDropping();
  useShortcuts();
  if (link.value === "refused")
    return (
      <>
        <Bar />
        <div class="waiting">
          <p>This page holds no key to the lab that runs now.</p>
          <p class="quiet">Open the address that the terminal shows; it begins with http://127.0.0.1 and holds a token.</p>
          {lesson() ? (
            <>
              <p class="quiet">To open the lesson of this address, start a lab with it:</p>
              <pre tabIndex={0} aria-label="Command">{`glassnet lab '#${lesson().replace(/'/g, "%27")}'`}</pre>
            </>
          ) : null}
        </div>
      </>
    );
  return (
    <>
      <a class="skip" href="#board" onClick={(event) => (event.preventDefault(), document.getElementById("board")?.focus())}>
        To the network
      </a>
      <Bar />
      {link.value === "lost" ? (
        <p class="away-note" role="status">
          The lab does not answer. Has it ended in the terminal? This page connects again by itself.
        </p>
      ) : null}
      <main id="board" tabIndex={-1} data-query={now?.query} data-status={now?.status} data-run={now?.run}>{now ? now.config.mode === "rbm" ? <RbmBoard /> : <NetworkBoard /> : <p class="waiting">Waiting for the engine …</p>}</main>
      {dragging ? <div class="sheet">Drop it: a CSV of any columns</div> : null}
      <Notices />
      <p class="sr" role="status" aria-live="polite">
        {now && now.status !== "playing" ? now.told : ""}
      </p>
    </>
  );
}

function shownUnless(panel: Panel, body: preact.JSX.Element): preact.JSX.Element | null {
  return hides(panel) ? null : body;
}

function NetworkBoard() {
  const left = [shownUnless("data", <Data key="d" />), shownUnless("inputs", <Inputs key="i" />), shownUnless("learning", <Learning key="l" />)].filter(Boolean);
  const right = [shownUnless("surface", <Surface key="s" />), shownUnless("curves", <CostCurves key="c" />), shownUnless("doctor", <Doctor key="d" />)].filter(Boolean);
  const shape = left.length ? (right.length ? "" : "no-right") : right.length ? "no-left" : "only-middle";
  return (
    <div class={`board net-board ${shape}`}>
      {left.length ? <div class="column left">{left}</div> : null}
      <div class="column middle">
        {shownUnless("diagram", <Diagram />)}
        {shownUnless("scrub", <Scrubber />)}
        <Lower />
      </div>
      {right.length ? <div class="column right">{right}</div> : null}
    </div>
  );
}

function RbmBoard() {
  return (
    <div class="board">
      <div class="column left">
        {shownUnless("data", <Data />)}
        {shownUnless("learning", <MachineSettings />)}
      </div>
      <div class="column middle">
        <Machine />
        {shownUnless("code", <Lower />)}
      </div>
      <div class="column right">
        {shownUnless("curves", <CostCurves />)}
        <Measures />
        {shownUnless("draw", <MachineDrawing />)}
      </div>
    </div>
  );
}

function Lower() {
  const [leaf, setLeaf] = useState("example");
  const now = state.value;
  const chosen = selection.value;
  // a unit or a weight that is clicked is looked at in the arithmetic
  useEffect(() => {
    if (chosen?.kind === "unit") setLeaf("example");
  }, [chosen]);
  const rbm = now?.config.mode === "rbm";
  const all: [Panel, Leaf][] = [
    ["example", { id: "example", label: "Step by step", body: () => <Example /> }],
    ["confusion", { id: "mistakes", label: "Mistakes", body: () => <Mistakes /> }],
    ["gradients", { id: "gradients", label: "Layers", body: () => <Gradients /> }],
    ["landscape", { id: "landscape", label: "Error surface", body: () => <Landscape /> }],
    ["draw", { id: "draw", label: "Draw a digit", body: () => <Draw /> }],
    ["code", { id: "code", label: "Python", body: () => <Code /> }],
  ];
  const leaves = all.filter(([panel, one]) => !hides(panel) && (!rbm || one.id === "code") && (one.id !== "mistakes" || hides("surface") || points.value?.xy) && (one.id !== "draw" || now?.picture)).map(([, one]) => one);
  if (!leaves.length) return null;
  return (
    <Card class="lower" label="A closer look">
      <Tabs label="A closer look" leaves={leaves} value={leaf} onChange={setLeaf} />
    </Card>
  );
}

const scrubTo = newest((epoch: number | null) => send({ command: "scrub", epoch }));

function Scrubber() {
  const now = state.value;
  const [held, setHeld] = useState<number | null>(null);
  useLayoutEffect(() => setHeld(null), [now?.recorded.shown, now?.run]);
  if (!now) return null;
  const { first, last, shown: past } = now.recorded;
  const value = held ?? past ?? last;
  const empty = last <= first;
  return (
    <Card class="scrubber" label="The recorded run">
      <label for="scrub">Recorded run</label>
      <input
        id="scrub"
        type="range"
        min={first}
        max={Math.max(last, first + 1)}
        value={empty ? first : value}
        disabled={empty}
        data-control="scrub"
        aria-valuetext={`epoch ${value}`}
        onInput={(event) => {
          const epoch = Number(event.currentTarget.value);
          setHeld(epoch);
          scrubTo(epoch);
        }}
      />
      <output for="scrub">{past === null ? (empty ? "none yet" : `epoch ${last}, the newest`) : `epoch ${frame.value?.epoch ?? value} of ${last}`}</output>
      <button type="button" class="small" data-control="scrub-newest" disabled={past === null} onClick={() => scrubTo(null)}>
        To the newest
      </button>
    </Card>
  );
}

function Notices() {
  const newestOne = notices.value[notices.value.length - 1];
  const id = newestOne?.id;
  const stays = newestOne?.level === "error";
  useEffect(() => {
    if (id === undefined || stays) return;
    const timer = setTimeout(() => dismiss(id), 7000);
    return () => clearTimeout(timer);
  }, [id, stays]);
  if (!newestOne) return null;
  return (
    <div class={`toast ${newestOne.level}`} role={newestOne.level === "error" ? "alert" : "status"} data-notice={newestOne.level}>
      <span>{newestOne.text}</span>
      <button type="button" class="small" data-control="dismiss" onClick={() => dismiss(newestOne.id)} aria-label="Dismiss">
        ×
      </button>
    </div>
  );
}

/** A file may be dropped anywhere on the page. */
function useDropping(): boolean {
  const [dragging, setDragging] = useState(false);
  useEffect(() => {
    const files = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => {
      if (!files(event)) return;
      event.preventDefault();
      setDragging(true);
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) setDragging(false);
    };
    const drop = (event: DragEvent) => {
      if (!files(event)) return;
      event.preventDefault();
      setDragging(false);
      void takeFile(event.dataTransfer?.files[0]);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return dragging;
}

/** Space plays and pauses, the full stop steps, wherever no field or button has the keyboard. */
function useShortcuts(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as Element;
      if (target.closest("input, select, textarea, button, a, summary, [role=tab], [role=dialog]")) return;
      if (event.key === " " && !hides("play")) playOrPause();
      else if (event.key === "." && !hides("play") && !hides("step")) step();
      else if (event.key === "Escape") selection.value = null;
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

watch((query) => void send({ command: "load_state", query }));
const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
open();
