/** What was taken for what: the confusion of classes, or predicted against true numbers. */

import { useEffect, useRef, useState } from "preact/hooks";
import { linear } from "../drawing/axes";
import { sharp } from "../drawing/canvas";
import { css, named } from "../drawing/colours";
import { counted, shown } from "../drawing/numbers";
import { list, rowsOf } from "../engine/arrays";
import { panels, state } from "../engine/store";
import type { PanelsMessage } from "../messages";
import { Segmented, useWidth } from "../parts/controls";
import { useScheme } from "../parts/picture";

export function Mistakes() {
  const sent = panels.value;
  if (!sent) return <p class="note">Nothing is measured yet.</p>;
  if (sent.confusion) return <Confusion sent={sent} />;
  if (sent.residuals) return <Residuals sent={sent} />;
  return <p class="note">There is nothing to be right or wrong about.</p>;
}

function Confusion({ sent }: { sent: PanelsMessage }) {
  const [which, setWhich] = useState<"train" | "held_out">("held_out");
  const both = sent.confusion!;
  const chosen = which === "held_out" && both.held_out ? "held_out" : "train";
  const counts = rowsOf(both[chosen]!);
  const classes = state.value?.classes ?? [];
  const most = Math.max(1, ...counts.flat());
  return (
    <div class="stack">
      <div class="row spread">
        <p class="note">Rows are the truth, columns the network's answers.</p>
        <Segmented
          label="Rows counted"
          name="confusion"
          value={chosen}
          choices={[...(both.held_out ? ([["held_out", "held out"]] as const) : []), ["train", "learned from"]]}
          onChange={(value) => setWhich(value as "train")}
        />
      </div>
      <div class="scroll">
        <table class={counts.length > 5 ? "confusion many" : "confusion"} data-table="confusion">
          <thead>
            <tr>
              <td />
              {classes.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.map((line, i) => (
              <tr key={i}>
                <th scope="row">{classes[i]}</th>
                {line.map((count, k) => (
                  <td key={k} class={i === k ? "right" : count ? "wrong" : "none"} data-node={`confusion_${i}_${k}`} data-value={count} style={{ "--share": `${Math.round(count ? 14 + 56 * (count / most) : 0)}%` }}>
                    {count ? counted(count) : "·"}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Room for the numbers and the name of the vertical axis. */
const LEFT = 60;

function Residuals({ sent }: { sent: PanelsMessage }) {
  const [box, width] = useWidth<HTMLDivElement>(420);
  const ref = useRef<HTMLCanvasElement>(null);
  const turn = useScheme();
  const size = Math.min(width, 420);
  useEffect(() => {
    const canvas = ref.current;
    const found = sent.residuals;
    if (!canvas || !found) return;
    const [truth, said, out] = [list(found.truth), list(found.predicted), list(found.held_out)];
    const all = [...truth, ...said].filter(Number.isFinite);
    const [low, high] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
    const x = linear(low, high, LEFT, size - 10, 6);
    const y = linear(low, high, size - 34, 8, 6);
    const context = sharp(canvas, size, size);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = css(named("quiet"));
    context.textAlign = "center";
    x.ticks.forEach((tick) => context.fillText(shown(tick), x.at(tick), size - 19));
    context.fillText("true", (LEFT + size) / 2, size - 4);
    context.save();
    context.translate(11, (size - 34) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText("predicted", 0, 0);
    context.restore();
    context.textAlign = "right";
    context.textBaseline = "middle";
    y.ticks.forEach((tick) => context.fillText(shown(tick), LEFT - 6, y.at(tick)));
    truth.forEach((t, i) => {
      context.beginPath();
      context.arc(x.at(t), y.at(said[i]!), 3, 0, 2 * Math.PI);
      context.strokeStyle = context.fillStyle = css(named(out[i] ? "negative" : "positive"));
      context.globalAlpha = 0.75;
      if (out[i]) context.stroke();
      else context.fill();
      context.globalAlpha = 1;
    });
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    context.strokeStyle = css(named("ink"));
    context.beginPath();
    context.moveTo(x.at(low), y.at(low));
    context.lineTo(x.at(high), y.at(high));
    context.stroke();
    context.setLineDash([]);
    canvas.dataset.points = String(truth.length);
    canvas.dataset.min = String(low);
    canvas.dataset.max = String(high);
  }, [sent, size, turn]);
  return (
    <div ref={box} class="stack">
      <canvas ref={ref} data-canvas="residuals" style={{ width: `${size}px`, height: `${size}px` }} role="img" aria-label="Predicted numbers against true ones" />
      <p class="key">
        <span>
          <i class="dot full" />
          learned from
        </span>
        <span>
          <i class="dot hollow" />
          held out
        </span>
        <span>on the dashed line: predicted is true</span>
      </p>
    </div>
  );
}
