/** Places on an axis: round numbers, linear or logarithmic. */

export interface Axis {
  at: (value: number) => number;
  ticks: number[];
}

/** Round numbers between `low` and `high`: about `wanted` of them. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((k) => k * power >= raw) ?? 10) * power;
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** Maps [low, high] to [from, to]. */
export function linear(low: number, high: number, from: number, to: number, wanted = 4): Axis {
  const span = high - low || 1;
  let ticks = roundTicks(low, high, wanted);
  for (let more = wanted + 1; ticks.length < 3 && more <= wanted + 4; more++) ticks = roundTicks(low, high, more);
  return { at: (value) => from + ((value - low) / span) * (to - from), ticks };
}

/** The same for positive numbers, by their logarithm; whole powers of ten where there are enough of them. */
export function logarithmic(low: number, high: number, from: number, to: number): Axis {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const span = b - a || 1;
  let ticks: number[] = [];
  const stride = Math.max(1, Math.ceil(span / 5));
  for (let k = Math.ceil(a - 1e-9); k <= b + 1e-9; k += stride) ticks.push(10 ** k);
  if (ticks.length < 2)
    ticks = [1, 2, 5].flatMap((m) => [Math.floor(a), Math.ceil(b)].map((k) => m * 10 ** k)).filter((v) => v >= low * 0.999 && v <= high * 1.001);
  return { at: (value) => from + ((Math.log10(value) - a) / span) * (to - from), ticks };
}
