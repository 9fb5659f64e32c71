"""A trace: one example's way through a network and back, as data and in every form it is shown."""

from __future__ import annotations

import importlib.util
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
from numpy.typing import NDArray

from glassnet.files import atomic
from glassnet.files.spreadsheets import harmless_text
from glassnet.seeing.subject import Subject
from glassnet.seeing.trace.record import InputTrace, LayerTrace, LossTrace, UpdateTrace
from glassnet.seeing.trace.table import as_dict, as_records

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Array = NDArray[Any]

PLAIN_WIDTH = 80


@dataclass(frozen=True, eq=False)
class Trace:
    """One example through a network and back, from `glassnet.trace`.

    Print it, or end a notebook's cell with it. Wide layers show what contributes most and fold the rest; the data hold everything.

    Attributes
    ----------
    inputs : tuple of InputTrace
        name, value, original, gradient of each input.
    layers : tuple of LayerTrace
        number, units, read, W, b, z, a, slope, and da, dz, dW, db of each layer.
    link : str
        What turns the last z into the prediction: identity, logistic, softmax, exp, or heads for several columns.
    prediction : array of shape (n_outputs,)
        p(z): probabilities, or numbers as the network speaks them.
    answer : label, number or list
        What ``predict`` says.
    y : label, number or list, or None
        The truth as it was given.
    target : array of shape (n_outputs,) or None
        The truth as the loss reads it.
    loss : LossTrace or None
        name, value, and its parts with their formulas.
    update : UpdateTrace or None
        The optimiser, the learning rate, and every layer's new W and b.
    """

    subject: Subject
    inputs: tuple[InputTrace, ...]
    layers: tuple[LayerTrace, ...]
    link: str
    prediction: Array
    answer: Any
    y: Any
    target: Array | None
    loss: LossTrace | None
    update: UpdateTrace | None

    @property
    def title(self) -> str:
        """``MLPClassifier, 4-5-3``."""
        sizes = "-".join(map(str, self.subject.network.layout.sizes))
        return f"{type(self.subject.estimator).__name__}, {sizes}"

    # As data

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values: dicts, lists, numbers and words; what is not finite as None, so that it is JSON."""
        return as_dict(self)

    def to_json(self, indent: int | None = 2) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def to_frame(self, backend: str | None = None) -> Any:
        """Every number as a row of a DataFrame.

        Parameters
        ----------
        backend : {'pandas', 'polars', 'pyarrow'}, optional
            None takes pandas if it is installed, else Polars.

        Returns
        -------
        DataFrame
            Columns: node (a0_1 an input, z1_2, a1_2 of layer 1, unit 2; w1_3_2 the weight to it from unit 3; b1_2; L the loss), kind,
            layer, unit, name, value, gradient (dL by this number; nan without a truth), new (a parameter after the update, else nan).
        """
        backend = backend or ("pandas" if importlib.util.find_spec("pandas") else "polars")
        return nw.from_dict(as_records(self), backend=cast(Any, backend)).to_native()

    # As pictures and text

    def to_svg(self, *, units: int = 4) -> str:
        """The computation graph as SVG, value over gradient in every node; of each layer the ``units`` that contribute most."""
        from glassnet.seeing.trace.graph import graph

        return graph(self, units)

    def to_html(self, *, units: int = 4, terms: int = 4, digits: int = 4) -> str:
        """A page of its own, without any other file: the graph, and all the arithmetic below it."""
        from glassnet.seeing.trace.page import page

        return page(self, units=units, terms=terms, digits=digits)

    def to_latex(self, *, units: int = 4, terms: int = 4, digits: int = 4) -> str:
        """The arithmetic as ``align*`` environments, for a document that loads amsmath."""
        from glassnet.seeing.trace.latex import latex

        return latex(self, units=units, terms=terms, digits=digits)

    def save(self, path: str | Path) -> None:
        """Write to ``path`` what its ending asks for: .html, .svg, .tex, .json, .txt or .csv.

        In .csv, names that a spreadsheet would run as a formula get an apostrophe. Raises ValueError for another ending, OSError where
        the file cannot be written.
        """
        path = Path(path)
        forms = {".html": self.to_html, ".svg": self.to_svg, ".tex": self.to_latex, ".json": self.to_json, ".txt": self.__str__}
        if path.suffix.lower() == ".csv":
            records = as_records(self)
            records["name"] = [harmless_text(name) for name in records["name"]]
            text = nw.from_dict(records, backend="polars").write_csv()
        elif path.suffix.lower() in forms:
            text = forms[path.suffix.lower()]()
        else:
            raise ValueError(f"the name must end in {', '.join(forms)} or .csv; got {str(path)!r}.")
        atomic.write_bytes(path, text.encode())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from glassnet.seeing.trace.terminal import terminal_view

        yield from terminal_view(self)

    def __str__(self) -> str:
        from rich.console import Console

        file = io.StringIO()
        Console(file=file, width=PLAIN_WIDTH, color_system=None, highlight=False, legacy_windows=False).print(self)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines())

    def __repr__(self) -> str:
        truth = "" if self.y is None else f", y={self.y!r}"
        loss = "" if self.loss is None else f", loss {self.loss.value:.6g}"
        return f"<Trace of {self.title}: predicts {self.answer!r}{truth}{loss}>"

    def _repr_html_(self) -> str:
        from glassnet.seeing.trace.page import fragment

        return fragment(self)
