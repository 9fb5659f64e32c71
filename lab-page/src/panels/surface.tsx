/** The plane of two columns: what the network says everywhere on it, and the rows that it learns from. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { linear } from "../drawing/axes";
import { note, paint, pixels, sharp } from "../drawing/canvas";
import { css, named, tables } from "../drawing/colours";
import { shown } from "../drawing/numbers";
import { drawMarks } from "../drawing/points";
import { entry, numbers } from "../engine/arrays";
import { configure, newest } from "../engine/commands";
import { send } from "../engine/link";
import { brush, frame, inputs, painting, points, state, trace } from "../engine/store";
import type { FrameMessage, PaintCommand } from "../messages";
import { Card, useWidth } from "../parts/controls";
import { Mark } from "../parts/mark";
import { useScheme } from "../parts/picture";
import { Mistakes } from "./mistakes";

const [LEFT, RIGHT, TOP, BOTTOM] = [34, 6, 6, 22];

let brushed: number[][] = [];

/** Points that were set while the answer to the last ones was on its way go together. */
const paintPoints = newest(async () => {
  const add = brushed;
  brushed = [];
  if (add.length) await send({ command: "paint", keep: true, add });
});
const erase = newest((remove: NonNullable<PaintCommand["remove"]>) => send({ command: "paint", keep: true, remove }));

export function Surface() {
  const now = state.value;
  const [heldOut, setHeldOut] = useState(true);
  const [steps, setSteps] = useState(false);
  if (!now) return null;
  const plane = points.value?.xy;
  const classes = now.classes;
  if (!plane && points.value)
    return (
      <Card title={classes.length ? "What it confuses" : "Predicted and true"} class="decision">
        <Mistakes />
      </Card>
    );
  const curve = frame.value?.surface?.kind === "curve";
  return (
    <Card
      title={now.task === "regression" ? "What it predicts" : "What it decides"}
      class="decision"
      aside={
        <div class="row" hidden={!classes.length}>
          <label class="check" title="Show which side wins instead of how surely">
            <input type="checkbox" checked={steps} data-control="discretise" onChange={(event) => setSteps(event.currentTarget.checked)} /> sides only
          </label>
        </div>
      }
    >
      {plane ? <Plane heldOut={heldOut} steps={steps} /> : null}
      <div class="row spread under">
        <p class="key">
          {classes.map((label, k) => (
            <span key={label}>
              <Mark k={k} of={now.class_colours} />
              {label}
            </span>
          ))}
          {now.task !== "regression" ? null : curve ? (
            <span>
              <i class="swatch b-gradient" /> what it predicts
            </span>
          ) : (
            <Scale />
          )}
        </p>
        {now.rows.held_out ? (
          <label class="check" title="Rows that are watched and never learned from">
            <input type="checkbox" checked={heldOut} data-control="held-out-shown" onChange={(event) => setHeldOut(event.currentTarget.checked)} /> held-out rows ○
          </label>
        ) : null}
      </div>
      {now.columns.length > 2 && now.config.axes !== undefined && plane ? <Axes /> : null}
    </Card>
  );
}

function Axes() {
  const now = state.value!;
  const axes = now.config.axes ?? now.columns.slice(0, 2).map((column) => column.id);
  const set = (at: number, id: string) => {
    const next = [...axes];
    if (next[1 - at] === id) next[1 - at] = next[at]!;
    next[at] = id;
    configure({ axes: next });
  };
  return (
    <div class="fields axes">
      {[0, 1].map((at) => (
        <label key={at} class="field">
          <span class="quiet">{at ? "upwards" : "across"}</span>
          <select data-control={`axis-${at}`} onChange={(event) => set(at, event.currentTarget.value)}>
            {now.columns.map((column) => (
              <option key={column.id} value={column.id} selected={column.id === axes[at]}>
                {column.label}
              </option>
            ))}
          </select>
        </label>
      ))}
      <p class="note wide">The other columns are held at their middle.</p>
    </div>
  );
}

function Scale() {
  const range = points.value?.y_range;
  return (
    <span class="scale">
      {shown(range?.[0])} <i class="ramp" /> {shown(range?.[1])}
    </span>
  );
}

function drawSurface(canvas: HTMLCanvasElement, surface: NonNullable<FrameMessage["surface"]>, range: readonly number[], steps: boolean, slots: readonly number[]): void {
  const data = surface.data;
  const [, height = 1, width = 1] = data.shape;
  const all = tables();
  const first = entry(data, 0);
  if (surface.kind === "classes") {
    const sure = entry(data, 1);
    const { image, words } = pixels(canvas, width, height);
    for (let i = 0; i < words.length; i++) words[i] = all.classes[(slots[first[i]!] ?? first[i]!) % 10]![steps ? 150 : sure[i]!]!;
    canvas.getContext("2d")!.putImageData(image, 0, 0);
  } else {
    let table = all.pale;
    if (surface.kind === "number") {
      const [low, high] = [range[0] ?? 0, range[1] ?? 1];
      table = Uint32Array.from({ length: 256 }, (_, byte) => {
        const value = data.low[0]! + ((data.high[0]! - data.low[0]!) * byte) / 255;
        return all.pale[Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))))]!;
      });
    }
    if (steps) table = table.map((_, byte) => table[byte < 128 ? 40 : 215]!);
    paint(canvas, first, width, height, table);
  }
  note(canvas, first, data.low[0] ?? 0, data.high[0] ?? 1);
}

function Plane({ heldOut, steps }: { heldOut: boolean; steps: boolean }) {
  const [box, width] = useWidth<HTMLDivElement>(300);
  const ground = useRef<HTMLCanvasElement>(null);
  const front = useRef<HTMLCanvasElement>(null);
  const turn = useScheme();
  const sent = points.value;
  const frame_ = frame.value;
  const window_ = inputs.value?.window ?? null;
  const now = state.value!;
  const size = Math.min(width, 460);
  const [w, h] = [size - LEFT - RIGHT, size - LEFT - RIGHT];
  const scale = useMemo(() => {
    const [left = -1, right = 1, bottom = -1, top = 1] = window_ ?? [];
    return { x: linear(left, right, LEFT, LEFT + w, 5), y: linear(bottom, top, TOP + h, TOP, 5), left, right, bottom, top };
  }, [window_, w, h]);
  const surface = frame_?.surface;

  const curve = surface?.kind === "curve" ? surface : null;
  useEffect(() => {
    if (ground.current && (!surface || curve)) ground.current.width = ground.current.width; // nothing learns: no answer is left standing
    if (ground.current && surface && !curve) drawSurface(ground.current, surface, sent?.y_range ?? [0, 1], steps, now.class_colours);
  }, [surface, steps, turn, sent?.y_range]);

  const picked = trace.value?.row ?? now.picked?.row ?? null;
  useEffect(() => {
    const canvas = front.current;
    if (!canvas || !sent?.xy) return;
    const context = sharp(canvas, size, TOP + h + BOTTOM);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = css(named("quiet"));
    context.textAlign = "center";
    for (const tick of scale.x.ticks) context.fillText(shown(tick), scale.x.at(tick), TOP + h + 15);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of scale.y.ticks) context.fillText(shown(tick), LEFT - 6, scale.y.at(tick));
    const [xy, y, out, row] = [numbers(sent.xy), numbers(sent.y), numbers(sent.held_out), numbers(sent.row)];
    context.save();
    context.beginPath();
    context.rect(LEFT, TOP, w, h);
    context.clip();
    const place = (a: number, b: number) => [scale.x.at(a), scale.y.at(b)] as const;
    drawMarks(context, { xy, y, heldOut: out, n: row.length }, place, now.class_colours, sent.y_range, heldOut, curve && !now.class_colours.length ? css(named("positive")) : undefined);
    if (curve) {
      const bytes = entry(curve.data, 0);
      const [low, high] = [curve.data.low[0] ?? 0, curve.data.high[0] ?? 1];
      const line = () => {
        context.beginPath();
        for (let i = 0; i < bytes.length; i++)
          context.lineTo(LEFT + (w * i) / (bytes.length - 1), scale.y.at(low + ((high - low) * bytes[i]!) / 255));
        context.stroke();
      };
      context.lineJoin = "round";
      context.strokeStyle = css(named("paper"));
      context.lineWidth = 5;
      line();
      context.strokeStyle = css(named("gradient"));
      context.lineWidth = 2.5;
      line();
      note(canvas, bytes, low, high);
    }
    if (picked !== null) {
      for (let i = 0; i < row.length; i++) {
        if (row[i] !== picked) continue;
        const [a, b] = place(xy[2 * i]!, xy[2 * i + 1]!);
        context.lineWidth = 4.5;
        context.strokeStyle = css(named("paper"));
        context.beginPath();
        context.arc(a, b, 8.5, 0, 2 * Math.PI);
        context.stroke();
        context.lineWidth = 2.2;
        context.strokeStyle = css(named("gradient"));
        context.stroke();
      }
    }
    context.restore();
    canvas.dataset.points = String(row.length);
  }, [sent, scale, size, picked, heldOut, turn, now.class_colours.join(), curve]);

  const at = (event: PointerEvent): [number, number, number, number] => {
    const bounds = front.current!.getBoundingClientRect();
    const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const x = scale.left + ((px - LEFT) / w) * (scale.right - scale.left);
    const y = scale.bottom + ((TOP + h - py) / h) * (scale.top - scale.bottom);
    return [px, py, x, y];
  };
  const stroke = (event: PointerEvent) => {
    const [px, py, x, y] = at(event);
    if (px < LEFT || px > LEFT + w || py < TOP || py > TOP + h) return;
    if (brush.value === null) {
      const reach = (scale.right - scale.left) * 0.05;
      erase({ x, y, radius: reach });
      return;
    }
    brushed.push([x, y, brush.value]);
    paintPoints(undefined);
  };
  const last = useRef(0);
  const down = (event: PointerEvent) => {
    if (painting.value) {
      front.current!.setPointerCapture(event.pointerId);
      stroke(event);
      return;
    }
    if (!sent?.xy) return;
    const [px, py] = at(event);
    const [xy, row] = [numbers(sent.xy), numbers(sent.row)];
    let best = -1;
    let least = 14 * 14;
    for (let i = 0; i < row.length; i++) {
      const d = (scale.x.at(xy[2 * i]!) - px) ** 2 + (scale.y.at(xy[2 * i + 1]!) - py) ** 2;
      if (d < least) [best, least] = [i, d];
    }
    void send({ command: "pick", row: best < 0 ? null : row[best]! });
  };
  const move = (event: PointerEvent) => {
    if (!painting.value || event.buttons !== 1 || event.timeStamp - last.current < 60) return;
    last.current = event.timeStamp;
    stroke(event);
  };
  const says = painting.value ? "Paint points with the mouse." : "Click a point to follow it through the network.";
  const label = curve ? [now.columns[0]?.label ?? "", now.target_name] : (now.config.axes ?? now.columns.slice(0, 2).map((column) => column.id));
  return (
    <div class="plane" ref={box}>
      <div class="plane-box" style={{ width: `${size}px`, height: `${TOP + h + BOTTOM}px` }}>
        <canvas ref={ground} class="ground" data-canvas="surface" style={{ left: `${LEFT}px`, top: `${TOP}px`, width: `${w}px`, height: `${h}px` }} role="img" aria-label={`The decision surface over ${label.join(" and ")}`} />
        <canvas
          ref={front}
          class={painting.value ? "front painting" : "front"}
          data-canvas="points"
          style={{ width: `${size}px`, height: `${TOP + h + BOTTOM}px` }}
          role="img"
          aria-label={`${sent?.rows ?? 0} rows. ${says}`}
          title={says}
          onPointerDown={down}
          onPointerMove={move}
        />
      </div>
    </div>
  );
}
