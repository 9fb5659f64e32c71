"""The page: one HTML file without any other, escaped by Jinja, closed to the network by its own policy.

default-src 'none'                 nothing is loaded from anywhere
script-src 'sha256-...'            no script runs but the one written here
style-src 'unsafe-inline'          SVG carries its style within
img-src data:                      pictures are in the page
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from glassnet.files.atomic import write_bytes
from glassnet.seeing.palette import html_rules
from glassnet.seeing.report.classification import classification
from glassnet.seeing.report.curves import learning
from glassnet.seeing.report.examples import mistakes, passages
from glassnet.seeing.report.machines import machines
from glassnet.seeing.report.material import Material
from glassnet.seeing.report.regression import regression
from glassnet.seeing.report.rows import data
from glassnet.seeing.report.verdict import verdict
from glassnet.seeing.report.weights import weights

LARGEST = 10 * 2**20
"""Bytes of a page. vitest-dev/vitest#10235 and ydata-profiling#1579 tell how browsers take larger ones."""
USUAL = 2 * 2**20
POLICY = ("default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'")
EXAMPLES = ((6, 6), (4, 3), (2, 1), (0, 0))
"""(rows drawn in the network, errors with their arithmetic): as many as the page has room for."""


class Report:
    """A finished page. `save` writes it; a notebook shows it in a frame."""

    def __init__(self, text: str) -> None:
        self.html = text

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to ``path``.

        Raises OSError where the file cannot be written; an older one is then left as it was.
        """
        write_bytes(Path(path), self.html.encode())
        return Path(path)

    def __repr__(self) -> str:
        return f"<Report: {len(self.html.encode()) / 2**20:.1f} MB of HTML; save it with .save('report.html')>"

    def _repr_html_(self) -> str:
        frame = 'sandbox="allow-scripts" style="width:100%;height:40rem;border:1px solid #ccc" title="Report"'
        return f'<iframe srcdoc="{html.escape(self.html)}" {frame}></iframe>'


def page(material: Material) -> Report:
    """The report of all that ``material`` holds; single examples are left out until it is small enough."""
    fixed = {
        "m": material,
        "verdict": verdict(material),
        "data": data(material),
        "learning": learning(material),
        "performance": None if material.metrics is None else (classification if material.classifies else regression)(material),
        "machines": machines(material),
        "weights": weights(material),
    }
    text = ""
    usual = USUAL
    for drawn, told in EXAMPLES:
        text = _rendered({**fixed, "passages": passages(material, drawn), "mistakes": mistakes(material, told)})
        if len(text.encode()) <= usual or drawn == 0:
            break
        usual = LARGEST if drawn == EXAMPLES[-2][0] else 2 * USUAL
    return Report(text)


def _rendered(parts: dict[str, Any]) -> str:
    script = _file("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    performance = parts["performance"] or {}
    threshold = performance.get("threshold")
    return _template().render(
        **parts,
        style=Markup(html_rules() + _file("report.css")),
        script=Markup(script),
        policy="; ".join((*POLICY, f"script-src 'sha256-{digest}'")),
        command=re.split(r" (?=--)", parts["m"].repeat.command),
        threshold_data=Markup(_as_json(None if threshold is None else threshold["table"])),
    )


def _as_json(value: Any) -> str:
    """JSON that cannot end its own script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")


@functools.cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["svg"] = Markup
    return environment.from_string(_file("report.html.jinja"))


@functools.cache
def _file(name: str) -> str:
    return resources.files("glassnet.seeing.report").joinpath(name).read_text(encoding="utf-8")
