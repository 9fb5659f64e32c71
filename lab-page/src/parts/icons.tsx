/** Pictograms, drawn here: the transport's, and one per set of data. They stand for a shape and show no data. */

const svg = (d: string, size = 14) => (
  <svg width={size} height={size} viewBox="0 0 14 14" aria-hidden="true">
    <path d={d} fill="currentColor" />
  </svg>
);

export const Play = () => svg("M3 1.6v10.8a.6.6 0 0 0 .92.5l8.3-5.4a.6.6 0 0 0 0-1L3.92 1.1A.6.6 0 0 0 3 1.6z");
export const Pause = () => svg("M3 1.5h3v11H3zM8 1.5h3v11H8z");
export const Step = () => svg("M2 1.6v10.8a.6.6 0 0 0 .92.5l6.3-4.6V12.5H12v-11H9.2v4.2L2.92 1.1A.6.6 0 0 0 2 1.6z");
export const Reset = () => svg("M7 2.2V0L3.2 3.2 7 6.4V4a4 4 0 1 1-4 4H1.3A5.7 5.7 0 1 0 7 2.2z");
export const Share = () => svg("M7 0 3.6 3.4l1.1 1.1L6.2 3v6h1.6V3l1.5 1.5 1.1-1.1zM1 8v4.4c0 .9.7 1.6 1.6 1.6h8.8c.9 0 1.6-.7 1.6-1.6V8h-1.6v4.4H2.6V8z");

type Dot = readonly [x: number, y: number, which: 0 | 1 | 2 | 3];

const ring = (n: number, r: number, which: 0 | 1 | 2, turn = 0): Dot[] =>
  Array.from({ length: n }, (_, i) => [21 + r * Math.cos(turn + (2 * Math.PI * i) / n), 21 + r * Math.sin(turn + (2 * Math.PI * i) / n), which]);
const cloud = (x: number, y: number, which: 0 | 1 | 2): Dot[] => [
  [x, y, which],
  [x + 5, y + 2, which],
  [x - 4, y + 4, which],
  [x + 1, y - 5, which],
  [x - 5, y - 3, which],
  [x + 4, y + 7, which],
];
const arm = (turn: number, which: 0 | 1 | 2): Dot[] =>
  Array.from({ length: 12 }, (_, i) => {
    const t = 0.6 + i * 0.42;
    return [21 + 3.1 * t * Math.cos(t + turn), 21 + 3.1 * t * Math.sin(t + turn), which];
  });

const DOTS: Record<string, Dot[]> = {
  xor: [...cloud(11, 11, 0), ...cloud(31, 31, 0), ...cloud(31, 11, 1), ...cloud(11, 31, 1)],
  donut: [...ring(16, 15, 1), ...ring(5, 4, 0), [21, 21, 0]],
  moons: [
    ...Array.from({ length: 9 }, (_, i): Dot => [16 + 12 * Math.cos((Math.PI * i) / 8), 24 - 12 * Math.sin((Math.PI * i) / 8), 0]),
    ...Array.from({ length: 9 }, (_, i): Dot => [27 - 12 * Math.cos((Math.PI * i) / 8), 19 + 12 * Math.sin((Math.PI * i) / 8), 1]),
  ],
  spirals: [...arm(0, 0), ...arm(Math.PI, 1)],
  blobs: [...cloud(12, 13, 0), ...cloud(30, 15, 1), ...cloud(19, 31, 2)],
  line: Array.from({ length: 11 }, (_, i): Dot => [6 + 3 * i, 33 - 2.3 * i + [2, -3, 1, 4, -2, 3, -4, 1, 2, -3, 0][i]!, 0]),
  plane: Array.from({ length: 25 }, (_, i): Dot => [7 + 7 * (i % 5), 7 + 7 * Math.floor(i / 5), (i % 5) + Math.floor(i / 5) > 4 ? 0 : 1]),
  hill: Array.from({ length: 25 }, (_, i): Dot => [7 + 7 * (i % 5), 7 + 7 * Math.floor(i / 5), Math.hypot((i % 5) - 1.2, Math.floor(i / 5) - 1.2) < 1.8 ? 0 : Math.hypot((i % 5) - 2.9, Math.floor(i / 5) - 2.9) < 1.9 ? 1 : 3]),
  painted: [...cloud(14, 27, 0), ...cloud(29, 14, 1)],
};
const DIGIT = ["..###..", ".#...#.", ".....#.", "...##..", ".....#.", ".#...#.", "..###.."];

const ROLE = ["positive", "negative", "third", "faint"];

export function SetIcon({ name }: { name: string }) {
  const dots = DOTS[name];
  return (
    <svg viewBox="0 0 42 42" aria-hidden="true">
      {dots?.map(([x, y, which], i) => <circle key={i} cx={x} cy={y} r={1.9} class={`f-${ROLE[which]}`} />)}
      {name === "painted" ? <path d="M31 33l6-6 2 2-6 6-3 1z" class="f-ink" /> : null}
      {name === "digits" ? DIGIT.flatMap((row, y) => [...row].map((c, x) => (c === "#" ? <rect key={`${x}-${y}`} x={4 + 5 * x} y={4 + 5 * y} width="4.6" height="4.6" class="f-ink" /> : null))) : null}
      {name === "file" ? [0, 1, 2, 3].map((y) => [0, 1, 2].map((x) => <rect key={`${x}${y}`} x={6 + 10.5 * x} y={8 + 7 * y} width="9" height="5" class={y ? "f-faint" : "f-quiet"} />)) : null}
    </svg>
  );
}
