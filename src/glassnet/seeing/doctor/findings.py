"""What a diagnosis is made of, and how it is shown: as text, on a terminal, in a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

WIDTH = 100
"""Characters of a line of text."""
HEALTHY = "Nothing stands out."
STYLES = {"problem": "bold red", "hint": "bold yellow"}


@dataclass(frozen=True)
class Finding:
    """One thing that stands out.

    Attributes
    ----------
    name : str
        What kind of finding, for programs: ``'learning_rate_too_high'``.
    severity : {'problem', 'hint'}
        A problem spoils the result or its meaning; a hint says what would probably be better.
    sentence : str
        What was seen, with its numbers.
    evidence : dict
        The same numbers, for programs; JSON can hold them.
    action : str
        The one thing to try first.
    """

    name: str
    severity: str
    sentence: str
    evidence: Mapping[str, Any]
    action: str

    def to_dict(self) -> dict[str, Any]:
        """The five as plain values."""
        return {**asdict(self), "evidence": dict(self.evidence)}

    def __str__(self) -> str:
        return f"{self.sentence} {self.action}"


@dataclass(frozen=True)
class Diagnosis:
    """The findings, the gravest first; iterate over it, or print it.

    Attributes
    ----------
    findings : tuple of Finding
    examined : tuple of str
        The names of everything that was looked for.
    lacking : str
        What could not be looked at, in a sentence; empty where nothing was.
    """

    findings: tuple[Finding, ...]
    examined: tuple[str, ...]
    lacking: str = ""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __contains__(self, name: object) -> bool:
        return any(name in (finding.name, finding) for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "examined": list(self.examined),
            "lacking": self.lacking,
        }

    def __str__(self) -> str:
        lines = [] if self.findings else [f"{HEALTHY} Looked for: {', '.join(map(spoken, self.examined))}."]
        for finding in self.findings:
            lines.append(f"{finding.severity.capitalize()}: {finding.sentence}")
            lines.append(f"  What to do: {finding.action}")
        lines += [self.lacking] if self.lacking else []
        return "\n".join(part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent="  " if self.findings else ""))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.padding import Padding
        from rich.text import Text

        if not self.findings:
            yield Text(f"{HEALTHY} Looked for: {', '.join(map(spoken, self.examined))}.")
        for finding in self.findings:
            yield Text.assemble((finding.severity.capitalize(), STYLES[finding.severity]), "  ", finding.sentence)
            yield Padding(Text.assemble(("What to do: ", "dim"), finding.action), (0, 0, 0, 2))
        if self.lacking:
            yield Text(self.lacking, style="dim")

    def _repr_html_(self) -> str:
        items = [
            f"<li><strong>{finding.severity.capitalize()}:</strong> {html.escape(finding.sentence)}<br>"
            f"<em>What to do:</em> {html.escape(finding.action)}</li>"
            for finding in self.findings
        ]
        body = f"<ul>{''.join(items)}</ul>" if items else f"<p>{HEALTHY} Looked for: {', '.join(map(spoken, self.examined))}.</p>"
        return f'<div class="glassnet-diagnosis">{body}{f"<p>{html.escape(self.lacking)}</p>" if self.lacking else ""}</div>'


def spoken(name: str) -> str:
    """A finding's name as words."""
    return name.replace("_", " ")
