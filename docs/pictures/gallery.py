"""Builds the pictures of docs/gallery.md and docs/diagram.md from the code on those pages, and writes what each shows into its description.

python docs/pictures/gallery.py

A block of Python that is followed by a picture leaves a ``display``; its figure is the picture, its title the picture's text.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from glassnet.seeing.figures.style import png

PAGE = Path(__file__).parents[1] / "gallery.md"
STEP = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:!\[(?P<text>[^\]]*)\]\((?P<picture>[^)]+)\)\n)?", re.MULTILINE | re.DOTALL)
DPI = 90


def build(page: Path) -> None:
    """Run the page from top to bottom; every picture on it is drawn anew."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "gallery"}
    total = 0

    def drawn(step: re.Match[str]) -> str:
        nonlocal total
        exec(compile(step["code"], str(page), "exec"), names)  # noqa: S102 (the page's own code)
        if step["picture"] is None:
            return step[0]
        display, path = names["display"], page.parent / step["picture"]
        total += written(display.figure_, path)
        described = display.title_.replace("\\$", "$").replace("[", "(").replace("]", ")")
        return step[0].replace(f"![{step['text']}]", f"![{described}]")

    page.write_text(STEP.sub(drawn, text), encoding="utf-8")
    print(f"{total / 1000:,.0f} kB in all")  # noqa: T201


def build_diagram(page: Path) -> None:
    """Run the first block of the page, which saves iris.svg, and keep that as its picture."""
    code = re.search(r"^```python\n(.*?)^```\n", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert code is not None
    with tempfile.TemporaryDirectory() as there, contextlib.chdir(there):
        exec(compile(code[1], str(page), "exec"), {"__name__": "diagram"})  # noqa: S102 (the page's own code)
        shutil.copy("iris.svg", page.parent / "pictures" / "diagram.svg")


def written(figure: Any, path: Path) -> int:
    """Write the figure with a palette of its own, which takes half the room; return the bytes it takes."""
    picture = Image.open(io.BytesIO(png(figure, dpi=DPI))).convert("RGB")
    picture.quantize(128, method=Image.Quantize.MEDIANCUT, kmeans=4, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {picture.width} x {picture.height}, {size / 1000:.0f} kB", file=sys.stderr)  # noqa: T201
    return size


if __name__ == "__main__":
    build(PAGE)
    build_diagram(PAGE.with_name("diagram.md"))
