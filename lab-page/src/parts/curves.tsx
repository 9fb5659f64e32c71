/** Lines over epochs, with axes; the number under the pointer is read out. */

import { useState } from "preact/hooks";
import { linear, logarithmic } from "../drawing/axes";
import { shown } from "../drawing/numbers";
import { useWidth } from "./controls";

export interface Line {
  name: string;
  role: string;
  values: readonly (number | null)[];
  dashed?: boolean;
}

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 10, 8, 22];

export function Curves(p: { x: readonly number[]; lines: Line[]; height?: number; log?: boolean; label: string; name: string; at?: number | null; marks?: readonly number[]; free?: boolean; xName?: string }) {
  const [ref, width] = useWidth<HTMLDivElement>(320);
  const [pointed, setPointed] = useState<number | null>(null);
  const height = p.height ?? 150;
  const lines = p.lines.filter((line) => line.values.some((value) => value !== null && Number.isFinite(value)));
  const all = lines.flatMap((line) => line.values).filter((value): value is number => value !== null && Number.isFinite(value));
  const positive = all.filter((value) => value > 0);
  const useLog = Boolean(p.log) && positive.length > 1;
  const used = useLog ? positive : all;
  let [low, high] = used.length ? [Math.min(...used), Math.max(...used)] : [0, 1];
  if (!useLog && !p.free && low >= 0) low = 0;
  if (low === high) high = low === 0 ? 1 : useLog ? low * 10 : low + Math.abs(low) * 0.1;
  if (!useLog) high += (high - low) * 0.04;
  const first = p.x[0] ?? 0;
  const last = Math.max(p.x[p.x.length - 1] ?? 1, first + 1);
  const xAxis = linear(first, last, LEFT, width - RIGHT, Math.max(3, Math.floor(width / 64)));
  const yAxis = (useLog ? logarithmic : linear)(low, high, height - BOTTOM, TOP);
  // a screen has no room for more points than it has columns
  const stride = Math.max(1, Math.floor(p.x.length / Math.max(1, width)));
  const path = (line: Line) => {
    let pen = "M";
    let d = "";
    for (let i = 0; i < p.x.length; i++) {
      if (i % stride && i !== p.x.length - 1) continue;
      const value = line.values[i];
      if (value === null || value === undefined || !Number.isFinite(value) || (useLog && value <= 0)) {
        pen = "M";
        continue;
      }
      d += `${pen}${xAxis.at(p.x[i]!).toFixed(1)} ${yAxis.at(value).toFixed(1)}`;
      pen = "L";
    }
    return d;
  };
  const chosen = pointed !== null && pointed < p.x.length ? pointed : p.x.length - 1;
  const mark = p.x[chosen];
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(1, width - LEFT - RIGHT);
    const value = first + share * (last - first);
    let best = 0;
    for (let i = 1; i < p.x.length; i++) if (Math.abs(p.x[i]! - value) < Math.abs(p.x[best]! - value)) best = i;
    setPointed(p.x.length ? best : null);
  };
  return (
    <div class="curves" ref={ref} data-chart={p.name}>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${p.label}: ${lines.map((line) => `${line.name} ${shown(line.values[p.x.length - 1])}`).join(", ") || "nothing yet"}`}
        onPointerMove={move}
        onPointerLeave={() => setPointed(null)}
      >
        {yAxis.ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={width - RIGHT} y1={yAxis.at(tick)} y2={yAxis.at(tick)} />
            <text class="tick" x={LEFT - 6} y={yAxis.at(tick)} dy="0.35em" text-anchor="end">
              {shown(tick, 3)}
            </text>
          </g>
        ))}
        {xAxis.ticks
          .filter((tick) => Number.isInteger(tick))
          .map((tick) => (
            <text key={tick} class="tick" x={xAxis.at(tick)} y={height - 6} text-anchor="middle">
              {tick}
            </text>
          ))}
        {p.marks
          ?.filter((epoch) => epoch > first && epoch <= last)
          .map((epoch) => (
            <line key={`m${epoch}`} class="stage" x1={xAxis.at(epoch)} x2={xAxis.at(epoch)} y1={TOP} y2={height - BOTTOM}>
              <title>{`changed by hand at epoch ${epoch}`}</title>
            </line>
          ))}
        {lines.map((line) => (
          <path key={line.name} class={`line s-${line.role} ${line.dashed ? "dashed" : ""}`} d={path(line)} />
        ))}
        {p.x.length === 1
          ? lines.map((line) => <circle key={line.name} class={`f-${line.role}`} r="3" cx={xAxis.at(first)} cy={yAxis.at(line.values[0]!)} />)
          : null}
        {mark !== undefined && p.x.length > 1 && pointed !== null ? <line class="cursor" x1={xAxis.at(mark)} x2={xAxis.at(mark)} y1={TOP} y2={height - BOTTOM} /> : null}
        {p.at !== undefined && p.at !== null && p.at >= first && p.at <= last ? (
          <line class="here" x1={xAxis.at(p.at)} x2={xAxis.at(p.at)} y1={TOP} y2={height - BOTTOM} />
        ) : null}
      </svg>
      <p class="key">
        {lines.map((line) => (
          <span key={line.name}>
            <i class={`swatch b-${line.role} ${line.dashed ? "dashed" : ""}`} />
            {line.name}{" "}
            <b data-value={line.values[chosen] ?? ""} data-node={`${p.name}:${line.name}`}>
              {shown(line.values[chosen])}
            </b>
          </span>
        ))}
        {mark !== undefined && pointed !== null ? <span class="quiet">{`${p.xName ?? "epoch"} ${mark}`}</span> : null}
      </p>
    </div>
  );
}
