/** The ways out: the lesson's address, the Python, the model, the report. */

import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../engine/address";
import { download } from "../engine/link";
import { can, say } from "../engine/store";
import { Share } from "../parts/icons";

export async function copy(text: string, told: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("info", told);
  } catch {
    say("warning", `The browser did not let the page copy. Here it is: ${text}`);
  }
}

export function ShareMenu() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  const link = (what: string, name: "model.safetensors" | "report.html" | "code.py", title: string, note: string) =>
    can.value.has(what) ? (
      <a href={download(name)} download data-control={`download-${what}`}>
        <b>{title}</b>
        <small>{note}</small>
      </a>
    ) : (
      <span class="off" aria-disabled="true">
        <b>{title}</b>
        <small>There is none yet: train first, and pause.</small>
      </span>
    );
  return (
    <div
      class="menu"
      ref={box}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          setOpen(false);
          box.current?.querySelector("button")?.focus();
        }
      }}
    >
      <button type="button" aria-expanded={open} aria-controls="share" data-control="share" onClick={() => setOpen(!open)}>
        <Share />
        Share
      </button>
      <div class="sheet-menu" id="share" hidden={!open}>
        <button type="button" data-control="copy-address" onClick={() => void copy(address(), "The lesson's address is copied. It holds everything on the screen except the trained weights.")}>
          <b>Copy the lesson's address</b>
          <small>data, inputs, network and seed; add &hide=data,learning for a class</small>
        </button>
        {link("code", "code.py", "Python", "the program that does what is on the screen")}
        {link("model", "model.safetensors", "Model", "for glassnet.load and glassnet predict")}
        {link("report", "report.html", "Report", "a page of its own: verdict, curves, mistakes, arithmetic")}
      </div>
    </div>
  );
}
