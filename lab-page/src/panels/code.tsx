/** The Python that does what is on the screen. */

import { useEffect, useState } from "preact/hooks";
import { download, send } from "../engine/link";
import { can, state } from "../engine/store";
import { copy } from "./share";

interface Written {
  code: string;
  exact: boolean;
  told: string;
}

export function Code() {
  const [written, setWritten] = useState<Written | null>(null);
  const now = state.value;
  const asked = `${now?.run} ${now?.query} ${now?.cursor.epoch} ${now?.stages.length}`;
  const playing = now?.status === "playing";
  useEffect(() => {
    if (playing || !can.value.has("code")) return;
    let wanted = true;
    void send<Written>({ command: "code" }).then((answer) => {
      if (wanted && answer) setWritten(answer);
    });
    return () => {
      wanted = false;
    };
  }, [asked, playing]);
  if (!written) return <p class="note">{playing ? "Pause, and the program that leads here is written." : "There is no program to write yet."}</p>;
  return (
    <div class="stack">
      <div class="row spread">
        <p class="note">{written.told}</p>
        <div class="row">
          <button type="button" class="small" data-control="copy-code" onClick={() => void copy(written.code, "The program is copied.")}>
            Copy
          </button>
          <a class="button small" href={download("code.py")} download data-control="save-code">
            Save
          </a>
        </div>
      </div>
      <pre tabIndex={0} aria-label="Python" data-code data-exact={written.exact}>
        {written.code}
      </pre>
    </div>
  );
}
