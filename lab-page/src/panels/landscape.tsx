/** The error surface over a plane through the weights, and the path that training took across it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { linear } from "../drawing/axes";
import { hash, pixels, sharp } from "../drawing/canvas";
import { css, mix, named, onScheme, rgb, type RGB } from "../drawing/colours";
import { shown } from "../drawing/numbers";
import { numbers } from "../engine/arrays";
import { send } from "../engine/link";
import { can, landscape, state } from "../engine/store";
import type { LandscapeMessage } from "../messages";
import { Segmented, useWidth } from "../parts/controls";
import { useScheme } from "../parts/picture";
import { unitName } from "../parts/naming";

export function Landscape() {
  const now = state.value;
  const sent = landscape.value;
  const [how, setHow] = useState<"path" | "random" | "weights">("path");
  const [pair, setPair] = useState<[string, string]>(["", ""]);
  const [waiting, setWaiting] = useState(false);
  if (!now) return null;
  const weights = choices();
  const chosen: [string, string] = [weights.some(([id]) => id === pair[0]) ? pair[0] : (weights[0]?.[0] ?? ""), weights.some(([id]) => id === pair[1]) ? pair[1] : (weights[1]?.[0] ?? "")];
  const ask = async () => {
    setWaiting(true);
    await send(how === "weights" ? { command: "landscape", weights: chosen, resolution: 41 } : { command: "landscape", directions: how, resolution: 41 });
    setWaiting(false);
  };
  return (
    <div class="stack">
      <div class="row">
        <Segmented
          label="Plane through the weights"
          name="landscape"
          value={how}
          choices={[
            ["path", "along the path"],
            ["random", "random"],
            ...(weights.length > 1 ? ([["weights", "two weights"]] as const) : []),
          ]}
          onChange={(value) => setHow(value as "path")}
        />
        {how === "weights"
          ? ([0, 1] as const).map((at) => (
              <select key={at} class="tiny" aria-label={at ? "Second weight" : "First weight"} data-control={`landscape-weight-${at}`} onChange={(event) => setPair(at ? [chosen[0], event.currentTarget.value] : [event.currentTarget.value, chosen[1]])}>
                {weights.map(([id, label]) => (
                  <option key={id} value={id} selected={id === chosen[at]} disabled={id === chosen[1 - at]}>
                    {label}
                  </option>
                ))}
              </select>
            ))
          : null}
        <button type="button" class="primary" data-control="landscape" disabled={!can.value.has("landscape") || waiting} onClick={() => void ask()}>
          {waiting ? "Measuring …" : sent ? "Measure again" : "Measure the loss around here"}
        </button>
      </div>
      {sent ? <Relief sent={sent} /> : <p class="note">The engine measures the loss on a grid of weights around those it has now, and draws the way it came.</p>}
    </div>
  );
}

function choices(): [string, string][] {
  const now = state.value!;
  const found: [string, string][] = [];
  now.folds.slice(1).forEach((fold, l) => {
    const before = now.folds[l]!;
    for (let j = fold.first; j < fold.first + fold.count; j++) {
      if (!(l === 0 && now.picture)) for (let i = before.first; i < before.first + before.count; i++) found.push([`w${l + 1}_${i + 1}_${j + 1}`, `${l + 1}: ${unitName(now, l, i)} → ${unitName(now, l + 1, j)}`]);
      found.push([`b${l + 1}_${j + 1}`, `${l + 1}: bias of ${unitName(now, l + 1, j)}`]);
    }
  });
  return found.slice(0, 200);
}

/** From low (pale) to high (deep), evenly by rank: the loss is flat in most places and steep in few. */
let shades: RGB[] | null = null;
onScheme(() => (shades = null));
function shadesOf(): RGB[] {
  if (shades) return shades;
  const [paper, plus] = [named("paper"), named("positive")];
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const end = dark ? rgb("#cfe3f8") : rgb("#123a6b");
  shades = Array.from({ length: 24 }, (_, i) => {
    const t = i / 23;
    return t < 0.6 ? mix(mix(paper, plus, 0.06), plus, t / 0.6) : mix(plus, end, (t - 0.6) / 0.4);
  });
  return shades;
}

const [LEFT, RIGHT, TOP, BOTTOM] = [46, 8, 8, 34];

function Relief({ sent }: { sent: LandscapeMessage }) {
  const [box, width] = useWidth<HTMLDivElement>(460);
  const ground = useRef<HTMLCanvasElement>(null);
  const front = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<{ s: number; t: number; loss: number } | null>(null);
  const turn = useScheme();
  const size = Math.min(width, 460);
  const [w, h] = [size - LEFT - RIGHT, size - LEFT - RIGHT];
  const [s, t, losses] = [numbers(sent.s), numbers(sent.t), numbers(sent.losses)];
  const [ns, nt] = [s.length, t.length];
  const x = linear(s[0]!, s[ns - 1]!, LEFT, LEFT + w, 5);
  const y = linear(t[0]!, t[nt - 1]!, TOP + h, TOP, 5);
  const finite = Array.from(losses).filter(Number.isFinite);
  const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];

  useEffect(() => {
    const canvas = ground.current;
    if (!canvas) return;
    const order = [...finite].sort((a, b) => a - b);
    const colours = shadesOf();
    const level = (value: number) => {
      let [a, b] = [0, order.length];
      while (a < b) {
        const m = (a + b) >> 1;
        if (order[m]! < value) a = m + 1;
        else b = m;
      }
      return Math.min(colours.length - 1, Math.floor((a / Math.max(1, order.length)) * colours.length));
    };
    const { image } = pixels(canvas, ns, nt);
    const levels = new Uint8Array(ns * nt);
    for (let j = 0; j < nt; j++)
      for (let i = 0; i < ns; i++) {
        const k = (nt - 1 - j) * ns + i;
        const value = losses[j * ns + i]!;
        levels[k] = Number.isFinite(value) ? level(value) : colours.length - 1;
        const colour = colours[levels[k]!]!;
        image.data.set([colour[0], colour[1], colour[2], 255], 4 * k);
      }
    canvas.getContext("2d")!.putImageData(image, 0, 0);
    canvas.dataset.min = String(low);
    canvas.dataset.max = String(high);
    canvas.dataset.hash = hash(levels);
  }, [sent, turn]);

  useEffect(() => {
    const canvas = front.current;
    if (!canvas) return;
    const context = sharp(canvas, size, TOP + h + BOTTOM);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = css(named("quiet"));
    context.textAlign = "center";
    x.ticks.forEach((tick) => context.fillText(shown(tick), x.at(tick), TOP + h + 14));
    context.fillText(sent.names[0] ?? "", LEFT + w / 2, TOP + h + 29);
    context.textAlign = "right";
    context.textBaseline = "middle";
    y.ticks.forEach((tick) => context.fillText(shown(tick), LEFT - 6, y.at(tick)));
    context.save();
    context.translate(9, TOP + h / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(sent.names[1] ?? "", 0, 0);
    context.restore();
    const path = numbers(sent.path);
    const n = path.length / 2;
    context.lineJoin = "round";
    const draw = (colour: string, thick: number) => {
      context.beginPath();
      for (let i = 0; i < n; i++) context.lineTo(x.at(path[2 * i]!), y.at(path[2 * i + 1]!));
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.stroke();
    };
    if (n) {
      draw(css(named("paper")), 4);
      draw(css(named("negative")), 2);
      for (const [i, r] of [
        [0, 4],
        [n - 1, 5.5],
      ] as const) {
        context.beginPath();
        context.arc(x.at(path[2 * i]!), y.at(path[2 * i + 1]!), r, 0, 2 * Math.PI);
        context.fillStyle = css(named(i ? "negative" : "paper"));
        context.strokeStyle = css(named(i ? "paper" : "negative"));
        context.lineWidth = 2;
        context.fill();
        context.stroke();
      }
    }
    canvas.dataset.points = String(n);
  }, [sent, size, turn]);

  const look = (event: PointerEvent) => {
    const bounds = front.current!.getBoundingClientRect();
    const i = Math.round(((event.clientX - bounds.left - LEFT) / w) * (ns - 1));
    const j = Math.round(((TOP + h - (event.clientY - bounds.top)) / h) * (nt - 1));
    setAt(i >= 0 && i < ns && j >= 0 && j < nt ? { s: s[i]!, t: t[j]!, loss: losses[j * ns + i]! } : null);
  };
  const epochs = numbers(sent.path_epochs);
  const pathLosses = numbers(sent.path_losses);
  return (
    <div class="relief">
      <div class="plane" ref={box}>
        <div class="plane-box" style={{ width: `${size}px`, height: `${TOP + h + BOTTOM}px` }}>
          <canvas ref={ground} class="ground" data-canvas="landscape" style={{ left: `${LEFT}px`, top: `${TOP}px`, width: `${w}px`, height: `${h}px` }} role="img" aria-label={`The loss over ${sent.names.join(" and ")}: from ${shown(low)} to ${shown(high)}`} />
          <canvas ref={front} class="front" data-canvas="path" style={{ width: `${size}px`, height: `${TOP + h + BOTTOM}px` }} aria-hidden="true" onPointerMove={look} onPointerLeave={() => setAt(null)} />
        </div>
      </div>
      <div class="stack">
        <dl class="facts upright">
          <div>
            <dt>{at ? "loss here" : "lowest loss on the plane"}</dt>
            <dd data-node="landscape_loss" data-value={at ? at.loss : low}>
              {shown(at ? at.loss : low, 4)}
            </dd>
          </div>
          <div>
            <dt>highest</dt>
            <dd>{shown(high, 4)}</dd>
          </div>
          <div>
            <dt>start of the path, epoch {epochs[0] ?? "–"}</dt>
            <dd>{shown(pathLosses[0], 4)}</dd>
          </div>
          <div>
            <dt>end, epoch {epochs[epochs.length - 1] ?? "–"}</dt>
            <dd>{shown(pathLosses[pathLosses.length - 1], 4)}</dd>
          </div>
        </dl>
        <p class="note">{sent.told}</p>
        <p class="note">Deeper colour is higher loss, by rank: each shade covers as much of the plane as the next. Measured on {sent.rows} rows.</p>
      </div>
    </div>
  );
}
