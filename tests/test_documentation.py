"""The documentation is run: every example of README.md, CONTRIBUTING.md and docs/ does what it says.

Blocks marked ``python`` and ``sh`` of one page are run in order, in one temporary directory; the Python blocks share their names.
A Python block that begins with ``>>>`` is compared with the answers it shows. Two comments that a reader of the page does not see:

    <!-- run: python examples/bundled_table.py iris iris.csv -->     prepares what the following blocks need
    <!-- not run: it asks for a fresh machine -->                    leaves the next block out, for the reason given

In shell blocks ``python`` and ``glassnet`` are the ones under test, and ``examples/`` is there.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md"))]
RUNNABLE = {"python": "python", "py": "python", "pycon": "python", "sh": "sh", "bash": "sh", "shell": "sh", "console": "sh"}

SHELL = """
set -euo pipefail
python() { "$PYTHON_UNDER_TEST" "$@"; }
glassnet() { "$PYTHON_UNDER_TEST" -c 'import sys; sys.argv[0] = "glassnet"; from glassnet.cli import main; main()' "$@"; }
"""


@dataclass(frozen=True)
class Example:
    """A piece of a page that is run: its language ("python" or "sh"), its text and the line it begins on."""

    language: str
    text: str
    line: int


def examples_of(page: str) -> list[Example]:
    """The runnable pieces of a page, in order. Whatever is neither closed nor understood is an error."""
    found: list[Example] = []
    language, begin, indent, lines, left_out = None, 0, 0, list[str](), False
    for number, line in enumerate(page.splitlines(), start=1):
        if language is not None:
            if line.strip() == "```":
                if language in RUNNABLE and not left_out:
                    found.append(Example(RUNNABLE[language], "\n".join(lines) + "\n", begin + 1))
                language, left_out = None, False
            else:
                lines.append(line[indent:])
        elif fence := re.match(r"( *)```(\S*)", line):
            language, begin, indent, lines = fence[2], number, len(fence[1]), []
        elif comment := re.fullmatch(r"\s*<!-- run: (.+) -->\s*", line):
            found.append(Example("sh", comment[1] + "\n", number))
        elif re.fullmatch(r"\s*<!-- not run: .+ -->\s*", line):
            left_out = True
        elif re.match(r"\s*<!--\s*(not )?run\b", line):
            raise ValueError(f"line {number} must read <!-- run: command --> or <!-- not run: reason -->; got {line!r}")
        elif line.strip() and left_out:
            raise ValueError(f"line {number}: <!-- not run: ... --> must stand directly before a block")
    if language is not None or left_out:
        raise ValueError(f"the block or comment of line {begin or len(page.splitlines())} is not closed or followed by a block")
    return found


def run_python(example: Example, page: str, names: dict[str, Any]) -> None:
    """Run a block; errors show the page's own line numbers."""
    if example.text.lstrip().startswith(">>>"):
        examples = doctest.DocTestParser().get_doctest(example.text, names, page, page, example.line - 1)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        report: list[str] = []
        failed = runner.run(examples, out=report.append, clear_globs=False).failed
        names.update(examples.globs)
        assert not failed, "".join(report)
    else:
        exec(compile("\n" * (example.line - 1) + example.text, page, "exec"), names)


def run_shell(example: Example, page: str, directory: Path) -> None:
    """Run a block of commands; the first that fails, fails."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("the shell examples need bash")
    surroundings = os.environ | {"PYTHON_UNDER_TEST": sys.executable, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
    result = subprocess.run([bash, "-c", SHELL + example.text], cwd=directory, env=surroundings, capture_output=True, text=True)
    assert result.returncode == 0, f"{page}, line {example.line}: exit status {result.returncode}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_the_page_runs(page, tmp_path, monkeypatch):
    examples = examples_of((ROOT / page).read_text(encoding="utf-8"))
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for example in examples:
        if example.language == "python":
            run_python(example, page, names)
        else:
            run_shell(example, page, tmp_path)


PAGE = """
<!-- run: echo 1 > one.txt -->
```python
from pathlib import Path

x = int(Path("one.txt").read_text())
```
1. In a list:
   ```python
   >>> x + 1
   2
   ```

<!-- not run: it would never end -->

```sh
sleep infinity
```
```text
not run either
```
```sh
python -c 'print(3)' > three.txt
```
"""


def test_a_page_is_taken_apart_in_order():
    assert [(example.language, example.line) for example in examples_of(PAGE)] == [("sh", 2), ("python", 4), ("python", 10), ("sh", 23)]


def test_the_pieces_of_a_page_share_directory_and_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for example in examples_of(PAGE):
        if example.language == "python":
            run_python(example, "PAGE", names)
        else:
            run_shell(example, "PAGE", tmp_path)
    assert names["x"] == 1
    assert (tmp_path / "three.txt").read_text().strip() == "3"


@pytest.mark.parametrize(
    "page", ["```python\nx = 1\n", "<!-- run it: x -->\n", "<!-- not run: why -->\nwords\n", "<!-- not run: why -->\n", "<!-- run -->\n"]
)
def test_a_page_that_is_not_understood_is_an_error(page):
    with pytest.raises(ValueError, match="line"):
        examples_of(page)


def test_a_wrong_example_is_noticed(tmp_path):
    with pytest.raises(AssertionError, match="Expected"):
        run_python(Example("python", ">>> 1 + 1\n3\n", 1), "PAGE", {})
    with pytest.raises(ZeroDivisionError):
        run_python(Example("python", "1 / 0\n", 1), "PAGE", {})
    with pytest.raises(AssertionError, match="exit status 3"):
        run_shell(Example("sh", "(exit 3)\ntrue\n", 1), "PAGE", tmp_path)
