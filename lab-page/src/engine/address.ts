/** The address holds the lesson: its query as the engine writes it, behind #, and `hide` with the panels that a teacher leaves out. */

import { hidden } from "./store";

/** What can be left out by `hide`. */
export const PANELS = [
  "data",
  "inputs",
  "learning",
  "diagram",
  "play",
  "step",
  "scrub",
  "surface",
  "curves",
  "doctor",
  "example",
  "confusion",
  "gradients",
  "landscape",
  "draw",
  "code",
  "share",
  "rbm",
  "layers",
  "edit",
] as const;
export type Panel = (typeof PANELS)[number];

function parts(): string[] {
  return location.hash.replace(/^#/, "").split("&").filter(Boolean);
}

let own = "";

/** The lesson in the address, without what concerns the page alone; "" for none. */
export function lesson(): string {
  return parts()
    .filter((part) => !part.startsWith("hide="))
    .join("&");
}

function readHidden(): void {
  // ?hide= works too: it is what one types first
  const given = [...parts(), ...location.search.replace(/^\?/, "").split("&")].find((part) => part.startsWith("hide="));
  const names = given ? decodeURIComponent(given.slice(5)).split(",") : [];
  hidden.value = new Set(names.map((name) => name.trim()).filter(Boolean));
}

/** Put the engine's lesson into the address. */
export function adopt(query: string): void {
  own = fragment(query);
  if (location.hash.replace(/^#/, "") !== own) history.replaceState(null, "", `${location.pathname}#${own}`);
}

function fragment(query: string): string {
  const hide = [...hidden.value].join(",");
  return query + (hide ? `${query ? "&" : ""}hide=${hide}` : "");
}

/** The whole address of what is on the screen. */
export function address(): string {
  return `${location.origin}${location.pathname}#${own}`;
}

/** Calls `load` when someone puts another lesson into the address of an open page. */
export function watch(load: (query: string) => void): void {
  readHidden();
  addEventListener("hashchange", () => {
    if (location.hash.replace(/^#/, "") === own) return;
    readHidden();
    load(lesson());
  });
}

export function hides(panel: Panel): boolean {
  return hidden.value.has(panel);
}
