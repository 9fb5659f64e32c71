"""Backpropagation held against finite differences, parameter by parameter: which parameters, by which rows, and what was found.

How the differences are taken stands in finite_differences.py. Source: Bishop (1995), Neural Networks for Pattern Recognition, section 4.8.
"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from glassnet.checks import Faults
from glassnet.networks.parameters import Layout
from glassnet.seeing.subject import Subject, subject_of
from glassnet.seeing.trace.finite_differences import compared, cost_and_gradient
from glassnet.seeing.trace.watching import packed

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Array = NDArray[Any]

FEW = 8
"""Parameters that are checked of every layer's weights and of its biases, however many there are elsewhere."""


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """What `gradient_check` found.

    Attributes
    ----------
    nodes, names : tuple of str
        The parameters that were checked: w2_1_3 the weight of layer 2 from unit 1 to unit 3, b2_3; and in words.
    layers : array of int
        The layer of each.
    backprop, numeric, errors : arrays of float
        The gradient by backpropagation and by finite differences (of the mean loss), and their relative error.
    n_parameters, n_rows : int
        Of the network, and of the rows that were used.
    tolerance : float
        The largest error that passes.
    kinks : int
        Parameters that stand on a kink, where any slope between the two sides is right.
    remarks : tuple of str
        What was left out, in sentences.
    """

    nodes: tuple[str, ...]
    names: tuple[str, ...]
    layers: Array
    backprop: Array
    numeric: Array
    errors: Array
    n_parameters: int
    n_rows: int
    tolerance: float
    kinks: int
    remarks: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True where no error is above the tolerance."""
        return bool((self.errors <= self.tolerance).all())

    @property
    def worst(self) -> str:
        """The parameter with the largest error."""
        return self.nodes[int(np.argmax(self.errors))]

    @property
    def verdict(self) -> str:
        """The finding in a sentence."""
        at = int(np.argmax(self.errors))
        where = f"{self.nodes[at]} ({self.names[at]})"
        numbers = f"backpropagation gives {self.backprop[at]:.6g}, finite differences {self.numeric[at]:.6g}"
        if self.passed:
            largest = f"{self.errors[at]:.1e}, at {where}"
            return f"Backpropagation is right: of {len(self.nodes):,} parameters the largest relative error is {largest}."
        wrong = int((self.errors > self.tolerance).sum())
        return (
            f"Backpropagation is wrong at {wrong:,} of {len(self.nodes):,} parameters; worst is {where}: {numbers}, a relative error of "
            f"{self.errors[at]:.1e}. Mend the slope of the activation or of the loss."
        )

    def to_frame(self, backend: str | None = None) -> Any:
        """A row for each parameter: node, name, layer, backprop, numeric, error. ``backend`` as in `Trace.to_frame`."""
        backend = backend or ("pandas" if importlib.util.find_spec("pandas") else "polars")
        columns = {
            "node": list(self.nodes),
            "name": list(self.names),
            "layer": self.layers.tolist(),
            "backprop": self.backprop.tolist(),
            "numeric": self.numeric.tolist(),
            "error": self.errors.tolist(),
        }
        return nw.from_dict(columns, backend=cast(Any, backend)).to_native()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        yield Text(self.verdict, style="bold green" if self.passed else "bold red")
        for remark in self.remarks:
            yield Text(remark, style="dim")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        heads = ("layer", "checked", "worst", "backprop", "numeric", "relative error")
        for i, head in enumerate(heads):
            table.add_column(head, justify="right" if i in (1, 3, 4, 5) else "left")
        for layer in np.unique(self.layers).tolist():
            here = np.flatnonzero(self.layers == layer)
            at = here[int(np.argmax(self.errors[here]))]
            numbers = [f"{self.backprop[at]:.6g}", f"{self.numeric[at]:.6g}", f"{self.errors[at]:.1e}"]
            table.add_row(*map(Text, [str(layer), f"{len(here):,}", self.nodes[at], *numbers]))
        yield Text("")
        yield table

    def __str__(self) -> str:
        from rich.console import Console

        file = io.StringIO()
        Console(file=file, width=100, color_system=None, highlight=False, legacy_windows=False).print(self)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines())

    def __repr__(self) -> str:
        return f"<GradientCheck: {self.verdict}>"


def gradient_check(
    model: Any,
    X: Any,
    y: Any,
    *,
    max_parameters: int = 1000,
    max_rows: int = 200,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> GradientCheck:
    """Compare backpropagation with finite differences, parameter by parameter, in float64.

    Parameters
    ----------
    model : estimator or Pipeline
        As for `trace`.
    X : array, DataFrame, sparse matrix of shape (n_samples, n_features)
        Rows, as the model takes them.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Their truth.
    max_parameters : int, default=1000
        Where there are more, as many are drawn, from every layer.
    max_rows : int, default=200
        Where there are more, as many are drawn.
    tolerance : float, default=1e-5
        The largest relative error that counts as right.
    seed : int, default=0
        Of what is drawn.

    Returns
    -------
    GradientCheck
        Its ``verdict`` is a sentence; ``passed``, ``worst`` and ``to_frame()`` say the rest.

    Raises
    ------
    TypeError
        For a model that is none of glassnet's.
    ValueError
        For numbers out of range.

    Examples
    --------
    >>> from glassnet import MLPClassifier
    >>> net = MLPClassifier.from_weights([[[1.0, -1.0], [0.5, 2.0]], [[1.0], [-2.0]]], [[0.1, 0.2], [0.3]], activation="tanh")
    >>> found = gradient_check(net, [[0.5, -1.0], [1.0, 2.0]], [0, 1])
    >>> found.passed, len(found.nodes)
    (True, 9)
    """
    faults = Faults()
    faults.unless(max_parameters >= 1, f"max_parameters must be 1 or more; got {max_parameters!r}.")
    faults.unless(max_rows >= 1, f"max_rows must be 1 or more; got {max_rows!r}.")
    faults.unless(tolerance > 0, f"tolerance must be above 0; got {tolerance!r}.")
    faults.raise_if_any()
    random, remarks = np.random.default_rng(seed), list[str]()
    subject = subject_of(model).as_learned()
    rows = np.asarray(subject.rows(X), np.float64)
    target = np.ascontiguousarray(subject.targets(y), np.float64)
    if len(rows) != len(target):
        raise ValueError(f"X and y must have as many rows; got {len(rows)} and {len(target)}.")
    if len(rows) > max_rows:
        remarks.append(f"{max_rows:,} of {len(rows):,} rows were drawn (seed {seed}).")
        chosen = np.sort(random.choice(len(rows), max_rows, replace=False))
        rows, target = rows[chosen], np.ascontiguousarray(target[chosen])
    network = subject.network
    theta = packed(network, subject.parameters).astype(np.float64)
    places = _drawn(network.layout, max_parameters, random)
    if len(places) < len(theta):
        remarks.append(f"{len(places):,} of {len(theta):,} parameters were drawn (seed {seed}), some of every layer.")
    if subject.dtype != np.float64:
        remarks.append(f"The weights are {subject.dtype}; they are checked in float64.")
    cost, gradient = cost_and_gradient(network, theta, rows, target)
    numeric, errors, kinks = compared(cost, theta, gradient, places)
    if kinks:
        remarks.append(f"{kinks:,} of them stand on a kink, where any slope between the two sides is right.")
    named = [_named(subject, place) for place in places]
    return GradientCheck(
        tuple(node for node, _, _ in named),
        tuple(name for _, name, _ in named),
        np.array([layer for _, _, layer in named]),
        gradient[places],
        numeric,
        errors,
        len(theta),
        len(rows),
        tolerance,
        kinks,
        tuple(remarks),
    )


def _drawn(layout: Layout, most: int, random: np.random.Generator) -> Array:
    """The places in theta that are checked: all, or a share of each layer's weights and of its biases."""
    if layout.n_parameters <= most:
        return np.arange(layout.n_parameters)
    chosen = []
    for stretch in (part for pair in zip(layout.weights, layout.offsets, strict=True) for part in pair):
        size = stretch.stop - stretch.start
        wanted = min(size, max(FEW, round(most * size / layout.n_parameters)))
        chosen.append(stretch.start + np.sort(random.choice(size, wanted, replace=False)) if size else np.arange(0))
    return np.concatenate(chosen).astype(np.intp)


def _named(subject: Subject, place: int) -> tuple[str, str, int]:
    """(node, name in words, layer) of a place in theta."""
    layout = subject.network.layout
    for l, (weights, offsets) in enumerate(zip(layout.weights, layout.offsets, strict=True)):
        if weights.start <= place < weights.stop:
            i, j = divmod(place - weights.start, layout.sizes[l + 1])
            source = subject.inputs[i] if l == 0 else f"unit {i + 1}"
            return f"w{l + 1}_{i + 1}_{j + 1}", f"{source} to {_unit(subject, l, j)}", l + 1
        if offsets.start <= place < offsets.stop:
            j = place - offsets.start
            return f"b{l + 1}_{j + 1}", f"bias of {_unit(subject, l, j)}", l + 1
    raise IndexError(f"theta has no place {place}")


def _unit(subject: Subject, layer: int, j: int) -> str:
    return subject.outputs_in_words[j] if layer == len(subject.network.layers) - 1 else f"unit {j + 1}"
