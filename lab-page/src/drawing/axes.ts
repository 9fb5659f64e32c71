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

/** The same for positive numbers, by their logarithm: powers of ten, and 2 and 5 times them where there is room. */
export function logarithmic(low: number, high: number, from: number, to: number): Axis {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const span = b - a || 1;
  const within = (factors: number[], stride: number) => {
    const found: number[] = [];
    for (let k = Math.floor(a); k <= b; k += stride) for (const factor of factors) found.push(Number(`${factor}e${k}`));
    return found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  };
  const choices = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]].map((factors) => within(factors, Math.max(1, Math.ceil(span / 5))));
  const ticks = choices.find((found) => found.length > 2) ?? choices[choices.length - 1]!;
  return { at: (value) => from + ((Math.log10(value) - a) / span) * (to - from), ticks };
}
