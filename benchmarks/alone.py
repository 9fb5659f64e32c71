"""One row in a process of its own: pinned and told its threads before NumPy is loaded. Run by ``python -m benchmarks``, not by hand."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.table import CORES, Settings, measure
from benchmarks.timing import Mark, Result, environment, pin


def measured_alone(row: str, settings: Settings) -> Result | str:
    """The row's result, or the last line of what its process said before it failed."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "result.json")
        question = {
            "row": row,
            **vars(settings),
            "data": None if settings.data is None else str(settings.data.resolve()),
            "answer": str(answer),
        }
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.alone", json.dumps(question)],
            env=environment(CORES[row]),
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if child.returncode or not answer.is_file():
            print(child.stderr, file=sys.stderr)
            return (child.stderr.strip().splitlines() or ["no word"])[-1]
        fields = json.loads(answer.read_text(encoding="utf-8"))
    return Result(**{**fields, "marks": [Mark(**mark) for mark in fields["marks"]]})


def main() -> None:
    """Measure the row that the question on the command line names; leave the answer in its file."""
    question = json.loads(sys.argv[1])
    pinned = pin(CORES[question["row"]])
    data = None if question["data"] is None else Path(question["data"])
    result = measure(question["row"], Settings(question["quick"], question["repeats"], data))
    fields = dataclasses.asdict(dataclasses.replace(result, pinned=pinned))
    Path(question["answer"]).write_text(json.dumps(fields, default=float), encoding="utf-8")


if __name__ == "__main__":
    main()
