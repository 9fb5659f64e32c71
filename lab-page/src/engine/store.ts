/** What the engine said last, kind by kind. Panels read these signals; only link.ts writes them. */

import { computed, signal } from "@preact/signals";
import type {
  CurvesMessage,
  DoctorMessage,
  DrawResult,
  FrameMessage,
  HelloMessage,
  InputsMessage,
  LandscapeMessage,
  NoticeMessage,
  PanelsMessage,
  PointsMessage,
  RbmMessage,
  StateMessage,
  TraceMessage,
} from "../messages";

export const hello = signal<HelloMessage | null>(null);
export const state = signal<StateMessage | null>(null);
export const frame = signal<FrameMessage | null>(null);
export const inputs = signal<InputsMessage | null>(null);
export const points = signal<PointsMessage | null>(null);
export const curves = signal<CurvesMessage | null>(null);
export const panels = signal<PanelsMessage | null>(null);
export const doctor = signal<DoctorMessage | null>(null);
const traced = signal<TraceMessage | null>(null);
/** The example that is followed: none once the engine follows none. */
export const trace = computed(() => (state.value?.picked ? traced.value : null));
export const landscape = signal<LandscapeMessage | null>(null);
export const rbm = signal<RbmMessage | null>(null);

export type Link = "opening" | "open" | "lost" | "refused";
export const link = signal<Link>("opening");
export const notices = signal<{ id: number; level: NoticeMessage["level"]; text: string }[]>([]);

/** The kinds that belong to one run: those of an older one are forgotten. */
export const ofRun = { frame, inputs, points, curves, panels, doctor, trace: traced, landscape, rbm };

// What the page itself remembers: how one looks, never what the engine computed.

export type Selection = { kind: "unit"; layer: number; unit: number } | { kind: "weight"; layer: number; unit: number; source: number | null } | null;
export const selection = signal<Selection>(null);
export const stepSize = signal<"term" | "example" | "batch" | "epoch">("epoch");
/** Epochs per second while playing: slow enough to see by default; null for as fast as it goes. */
export const speed = signal<number | null>(20);
export const painting = signal(false);
/** The class or the number of the points that are painted; null rubs out. */
export const brush = signal<number | null>(0);
export const hidden = signal<ReadonlySet<string>>(new Set());
export const drawn = signal<DrawResult | null>(null);

export const can = computed(() => new Set(state.value?.can ?? []));
export const busy = computed(() => state.value?.status === "starting" || state.value?.status === "compiling");

let counter = 0;

export function say(level: NoticeMessage["level"], text: string): void {
  notices.value = [...notices.value.filter((notice) => notice.text !== text).slice(-2), { id: ++counter, level, text }];
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
