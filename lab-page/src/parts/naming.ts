/** Names of units as the state tells them. */

import type { StateMessage } from "../messages";

export function unitName(state: StateMessage, layer: number, unit: number): string {
  if (layer === 0) return state.picture ? `pixel ${unit + 1}` : (state.input_names[unit] ?? `input ${unit + 1}`);
  if (layer === state.sizes.length - 1) return state.outputs[unit] ?? `output ${unit + 1}`;
  return `unit ${unit + 1}`;
}
