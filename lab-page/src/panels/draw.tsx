/** A digit drawn with the mouse, and what every layer answers. */

import { useEffect, useRef } from "preact/hooks";
import { named } from "../drawing/colours";
import { percent, shown } from "../drawing/numbers";
import { newest } from "../engine/commands";
import { send } from "../engine/link";
import { can, drawn, frame, state } from "../engine/store";
import type { DrawResult } from "../messages";
import { Cells, Picture, useScheme } from "../parts/picture";

/** The pad holds so many pixels; the engine makes of them what its network reads. */
const PAD = 84;
let ink: Uint8Array<ArrayBuffer> = new Uint8Array(PAD * PAD);

const ask = newest(async () => {
  const b64 = btoa(String.fromCharCode(...ink));
  const answer = await send<DrawResult>({ command: "draw", pixels: { dtype: "u1", shape: [PAD, PAD], b64 } }, true);
  if (answer) drawn.value = answer;
});

/** A round pen, softer at its rim. */
function dab(x: number, y: number, erase: boolean): void {
  const r = 3.6;
  for (let j = Math.max(0, Math.floor(y - r - 1)); j <= Math.min(PAD - 1, Math.ceil(y + r + 1)); j++)
    for (let i = Math.max(0, Math.floor(x - r - 1)); i <= Math.min(PAD - 1, Math.ceil(x + r + 1)); i++) {
      const value = Math.round(255 * Math.min(1, Math.max(0, r + 0.5 - Math.hypot(i - x, j - y))));
      const k = j * PAD + i;
      ink[k] = erase ? Math.min(ink[k]!, 255 - value) : Math.max(ink[k]!, value);
    }
}

function show(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(PAD, PAD);
  const colour = named("ink");
  for (let i = 0; i < ink.length; i++) image.data.set([colour[0], colour[1], colour[2], ink[i]!], 4 * i);
  context.putImageData(image, 0, 0);
}

export function Pad() {
  const ref = useRef<HTMLCanvasElement>(null);
  const turn = useScheme();
  const last = useRef<[number, number] | null>(null);
  useEffect(() => {
    if (ref.current) show(ref.current);
  }, [turn]);
  const run = state.value?.run;
  const ready = can.value.has("draw");
  // what stands on the pad is answered by whatever learns now
  useEffect(() => {
    if (ready && !drawn.value && ink.some(Boolean)) ask(undefined);
  }, [run, ready]);
  const at = (event: PointerEvent): [number, number] => {
    const bounds = ref.current!.getBoundingClientRect();
    return [((event.clientX - bounds.left) / bounds.width) * PAD, ((event.clientY - bounds.top) / bounds.height) * PAD];
  };
  const stroke = (event: PointerEvent) => {
    const [x, y] = at(event);
    const [x0, y0] = last.current ?? [x, y];
    const n = Math.max(1, Math.ceil(Math.hypot(x - x0, y - y0)));
    for (let i = 1; i <= n; i++) dab(x0 + ((x - x0) * i) / n, y0 + ((y - y0) * i) / n, event.shiftKey);
    last.current = [x, y];
    show(ref.current!);
    ask(undefined);
  };
  return (
    <div class="pad">
      <canvas
        ref={ref}
        width={PAD}
        height={PAD}
        data-canvas="pad"
        role="img"
        aria-label="Pad: draw a digit with the mouse or a finger"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          last.current = null;
          stroke(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) stroke(event);
        }}
      />
      <button
        type="button"
        class="small"
        data-control="pad-clear"
        onClick={() => {
          ink = new Uint8Array(PAD * PAD);
          if (ref.current) show(ref.current);
          drawn.value = null;
        }}
      >
        Clear
      </button>
    </div>
  );
}

export function Draw() {
  const now = state.value;
  const answer = drawn.value;
  const epoch = frame.value?.epoch;
  // a network that has learned on answers anew
  useEffect(() => {
    if (drawn.value && ink.some(Boolean) && can.value.has("draw")) ask(undefined);
  }, [epoch]);
  if (!now) return null;
  if (!now.picture) return <p class="note">This network reads columns, not pictures. Choose the digits at the left, or start the lab with a folder of pictures.</p>;
  return (
    <div class="drawing">
      <Pad />
      {answer ? (
        <Answers answer={answer} />
      ) : (
        <p class="note">
          Draw a digit in the square. It is moved to the middle and scaled as the data's pictures are; then every layer answers. With <kbd>shift</kbd> the pen rubs out.
        </p>
      )}
    </div>
  );
}

function Answers({ answer }: { answer: DrawResult }) {
  const now = state.value!;
  const labels = now.classes.length ? now.classes : now.outputs;
  return (
    <div class="answers" aria-live="polite">
      <figure>
        <figcaption class="quiet">what the network reads</figcaption>
        <Picture data={answer.picture} look="grey" name="drawn" class="read" label="The drawing as the network reads it" />
      </figure>
      {answer.layers.slice(0, -1).map((layer, l) => (
        <figure key={l}>
          <figcaption class="quiet">
            {layer.name}, {layer.units} {layer.units === 1 ? "unit" : "units"}
          </figcaption>
          <Strip layer={layer} />
        </figure>
      ))}
      <figure class="verdicts">
        <figcaption class="quiet">
          answer <b class="said">{answer.answer}</b>
        </figcaption>
        <ul>
          {answer.prediction.map((p, k) => (
            <li key={k} class={labels[k] === answer.answer ? "best" : ""}>
              <span class="short">{labels[k] ?? k}</span>
              <span class="meter">
                <i style={{ width: `${now.classes.length ? 100 * (p ?? 0) : 0}%` }} />
              </span>
              <b data-node={`drawn_${k + 1}`} data-value={p ?? ""}>
                {now.classes.length ? percent(p) : shown(p)}
              </b>
            </li>
          ))}
        </ul>
      </figure>
    </div>
  );
}

/** A layer's activations as cells, ten or more to a line. */
function Strip({ layer }: { layer: DrawResult["layers"][number] }) {
  const columns = Math.min(layer.units, layer.units > 60 ? 30 : 16);
  const rows = Math.ceil(layer.units / columns);
  const cell = layer.units > 60 ? 8 : 15;
  return <Cells data={layer.activations} columns={columns} rows={rows} cell={cell} label={`Activations of ${layer.name}`} />;
}
