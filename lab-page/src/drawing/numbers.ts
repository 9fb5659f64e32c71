/** Numbers as text: as few digits as tell them apart, a real minus sign, never a unit that was not sent. */

const MINUS = "\u2212";

/** `digits` significant digits in the plainest spelling. */
export function shown(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text: string;
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = size.toExponential(Math.max(0, digits - 2)).split("e");
    text = `${Number(mantissa)}e${exponent!.replace("+", "").replace("-", MINUS)}`;
  } else {
    text = size.toPrecision(digits);
    text = text.includes("e") ? String(Math.round(size)) : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }
  return value < 0 ? MINUS + text : text;
}

/** The number with its sign, for sums. */
export function signed(value: number, digits = 3): string {
  return value < 0 ? shown(value, digits) : `+${shown(value, digits)}`;
}

/** In brackets where a sign would meet an operator. */
export function factor(value: number, digits = 3): string {
  return value < 0 ? `(${shown(value, digits)})` : shown(value, digits);
}

export function counted(n: number): string {
  return n.toLocaleString("en-GB");
}

export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || Number.isNaN(share)) return "–";
  if (share > 0.999 && share < 1) return "> 99.9 %";
  if (share > 0 && share < 0.001) return "< 0.1 %";
  return `${(100 * share).toFixed(1).replace(/\.0$/, "")} %`;
}
