/** The ways out: the lesson's address, the Python, the model, the report. */

import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../engine/address";
import { download } from "../engine/link";
import { can, say, state } from "../engine/store";
import { Share } from "../parts/icons";

export async function copy(text: string, told: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say("info", told);
  } catch {
    say("warning", `The browser did not let the page copy. Here it is: ${text}`);
  }
}

/** What an address holds, and what it does not. */
function told(): string {
  const now = state.value;
  const source = now?.config.data.source;
  const table = source === "file" || source === "given" ? " The rows themselves are not in it." : "";
  const many = source === "painted" && !now?.query.includes("points=") && now?.rows.train ? " There are too many painted points for an address." : "";
  return `Copied: data, inputs, network, seeds and first weights set by hand; not what was trained since.${table}${many} It opens here, or anywhere by: glassnet lab 'the address'`;
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
        <button type="button" data-control="copy-address" onClick={() => void copy(address(), told())}>
          <b>Copy the lesson's address</b>
          <small>opens here, and elsewhere by: glassnet lab 'the address'. Add &hide=data,learning for a class.</small>
        </button>
        {link("code", "code.py", "Python", "the program that does what is on the screen")}
        {link("model", "model.safetensors", "Model", "for glassnet.load and glassnet predict")}
        {link("report", "report.html", "Report", "a page of its own: verdict, curves, mistakes, arithmetic")}
      </div>
    </div>
  );
}
