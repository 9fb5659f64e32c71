"""The activations of each hidden layer as histograms: how much of a layer is flat, and which of its units are dead.

flat   the slope f'(z) is below 1/20 of the steepest: hardly anything is learned through this unit from this row
dead   a unit that is flat on every row

Activations and slopes are read from the engine's buffers: a forward pass, and a backward pass of ones through the activation alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from glassnet.data.wording import count
from glassnet.networks.network import Workspace
from glassnet.seeing.figures.display import Display
from glassnet.seeing.figures.style import BLUE, GREY, INK, ORANGE, percent, plain_numbers
from glassnet.seeing.subject import subject_of

Array = NDArray[Any]

FLAT = 0.05
"""Share of the steepest slope below which a unit counts as flat."""
RANGES = {"logistic": (0.0, 1.0), "tanh": (-1.0, 1.0)}
STEEPEST = {"logistic": 0.25}
ACROSS = 3


@dataclass(frozen=True)
class LayerActivations:
    """What a hidden layer answers: ``A`` (n, units), where its units are ``flat`` (n, units), and its activation's name."""

    A: Array
    flat: NDArray[np.bool_]
    activation: str

    @property
    def flat_share(self) -> float:
        """Share of all activations that are flat, in [0, 1]."""
        return float(self.flat.mean())

    @property
    def dead(self) -> NDArray[np.intp]:
        """The numbers of the units that are flat on every row, from 0."""
        return np.flatnonzero(self.flat.all(axis=0))


class ActivationDisplay(Display):
    """A histogram of each hidden layer's activations over rows and units; what is flat is hatched.

    Parameters
    ----------
    layers : list of LayerActivations

    Attributes
    ----------
    bars_ : list of (bars, bars) per layer
        matplotlib BarContainers of what is not flat and of what is; heights are shares of all activations of the layer, in percent.
    ax_, axes_, figure_, title_, remark_ :
        As of every display.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from glassnet import ActivationDisplay, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier(5, activation="logistic", solver="lbfgs", max_iter=500, random_state=0).fit(X, y)
    >>> display = ActivationDisplay.from_estimator(net, X)
    >>> display.layers[0].A.shape
    (150, 5)
    """

    def __init__(self, layers: list[LayerActivations]) -> None:
        self.layers = layers

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, bins: int = 40, ax: Any = None) -> Self:
        """Send rows through a network and draw what its hidden layers answer.

        Parameters
        ----------
        estimator : fitted estimator or Pipeline that ends in one
        X : rows as the model takes them
        bins : int, default=40
            Bars of each histogram.
        ax : matplotlib.axes.Axes, or one per hidden layer, default=None

        Returns
        -------
        ActivationDisplay

        Raises
        ------
        ValueError
            For a network without hidden layers.
        """
        subject = subject_of(estimator)
        network = subject.network
        if len(network.layers) == 1:
            raise ValueError("this network has no hidden layer, so no activations to show. SigmoidDisplay shows a single neuron.")
        rows = subject.rows(X)
        work = Workspace(network, len(rows), subject.dtype)
        network.forward(subject.parameters, rows, work)
        found, read = [], rows
        for layer, (W, b), Z, A, D in zip(network.layers[:-1], subject.parameters, work.Z, work.A, work.D, strict=False):
            D[...] = 1
            layer.backward(read, W, Z, A, D, np.empty_like(W), np.empty_like(b), None)  # leaves f'(Z) in D
            steepest = STEEPEST.get(layer.activation.name, 1.0)
            found.append(LayerActivations(A, np.abs(D) < FLAT * steepest, layer.activation.name))
            read = A
        return cls(found).plot(ax, bins=bins)

    def plot(self, ax: Any = None, *, bins: int = 40) -> Self:
        """Draw, into ``ax`` or on a page of its own."""
        n = len(self.layers)
        columns = min(n, ACROSS)
        down = -(-n // columns)
        if ax is None:
            axes = self._axes(None, max(3.6 * columns + 0.3, 6.4), 3.1 * down + 0.9, rows=down, columns=columns)
            for spare in axes[n:]:
                spare.remove()
            self.axes_ = axes = axes[:n]
        else:
            axes = self._axes(ax, 0, 0, columns=n)
        self.bars_ = [
            _histogram(one, layer, number, bins, n_layers=n)
            for number, (one, layer) in enumerate(zip(axes, self.layers, strict=True), 1)
        ]  # fmt: skip
        for one in axes[::columns] if self._own else axes[:1]:
            one.set_ylabel("% of the layer's activations")
        worst = max(range(n), key=lambda l: self.layers[l].flat_share)
        share, dead = self.layers[worst].flat_share, sum(len(layer.dead) for layer in self.layers)
        if share == 0:
            title = "No activation of the hidden layers is flat"
        elif n == 1:
            title = f"{percent(share)} of the hidden layer's activations are flat"
        else:
            title = f"Layer {worst + 1} is the flattest: {percent(share)} of its activations"
        units = sum(layer.A.shape[1] for layer in self.layers)
        dying = f"{dead:,} of {count(units, 'hidden unit')} {'is' if dead == 1 else 'are'} flat on every row: dead."
        remark = f"Flat, hatched: the slope is below {percent(FLAT)} of the steepest. {dying if dead else 'No unit is flat on every row.'}"
        self._headed(title, f"{remark} {count(len(self.layers[0].A), 'row')}.")
        return self


def _histogram(axes: Axes, layer: LayerActivations, number: int, bins: int, *, n_layers: int) -> tuple[Any, Any]:
    """Bars of one layer; activations that are exactly 0 (a relu that is off) have a bar of their own, left of the others."""
    values, flat = layer.A.ravel().astype(float), layer.flat.ravel()
    low, high = RANGES.get(layer.activation, (float(values.min()), float(values.max())))
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    width = edges[1] - edges[0]
    off = (values == 0) & flat
    lively = np.histogram(values[~flat], edges)[0]
    idle = np.histogram(values[flat & ~off], edges)[0]
    places = edges[:-1] + width / 2
    if off.any():
        places = np.append(places, low - 1.5 * width)
        lively, idle = np.append(lively, 0), np.append(idle, int(off.sum()))
    scale = 100 / len(values)
    above = axes.bar(places, lively * scale, width, color=BLUE, edgecolor="white", lw=0.3)
    below = axes.bar(places, idle * scale, width, bottom=lively * scale, color="#f0c3ad", edgecolor=ORANGE, hatch="/////", lw=0.3)
    if off.any():
        share = int(off.sum()) * scale
        axes.annotate(
            f"0: {percent(share / 100)}", (places[-1] + width / 2, share), xytext=(4, -2), textcoords="offset points", va="top",
            size=9, color=INK,
        )  # fmt: skip
    units = layer.A.shape[1]
    dead = f", {len(layer.dead)} dead" if len(layer.dead) else ""
    name = "" if n_layers == 1 else f"layer {number}: "
    axes.set_title(f"{name}{units} {layer.activation} units, {percent(layer.flat_share)} flat{dead}", loc="left", size=10, color=GREY)
    axes.set_xlabel("activation a")
    axes.grid(False, axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    plain_numbers(axes.xaxis, axes.yaxis)
    return above, below
