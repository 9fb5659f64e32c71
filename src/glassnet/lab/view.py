"""Frames: the network as it is drawn, from weights at any epoch. Every number is the network's own forward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.lab.arrays import Plain, bytes_of, number, packed, quantised
from glassnet.lab.lesson import Lesson
from glassnet.lab.window import MAP, Window
from glassnet.networks.network import Pairs, Workspace
from glassnet.seeing.subject import Subject

Array = NDArray[Any]

SHOWN = 12
"""Units of a layer that are drawn; the window over the others can be moved."""
BINS = 16
SAMPLE = 256
"""Learned rows whose activations make a unit's histogram."""


class View:
    """How a network of this lesson is drawn; ``folds`` holds the first unit shown of each layer, inputs first."""

    def __init__(self, lesson: Lesson, subject: Subject, window: Window, folds: list[int] | None = None) -> None:
        self.lesson, self.window = lesson, window
        self.network, self.labels, self.scale = subject.network, subject.labels, subject.target_scale
        self.sizes = self.network.layout.sizes
        given = [*(folds or []), *[0] * len(self.sizes)][: len(self.sizes)]  # those of a network with other layers do not fit
        self.folds = [self._first(layer, first) for layer, first in enumerate(given)]
        self.dtype = subject.dtype
        self.is_picture = lesson.data.picture is not None and np.prod(lesson.data.picture) == self.sizes[0]
        self._work = Workspace(self.network, MAP * (1 if window.is_line else MAP), self.dtype) if window else None
        chosen = lesson.learned[:: max(1, len(lesson.learned) // SAMPLE)][:SAMPLE]
        self._sample = np.ascontiguousarray(lesson.X[chosen], self.dtype)
        self._sampled = Workspace(self.network, len(self._sample), self.dtype)

    def _first(self, layer: int, first: int) -> int:
        return max(0, min(first, self.sizes[layer] - SHOWN))

    def shown(self, layer: int) -> slice:
        """Units of a layer that are drawn; 0 are the inputs."""
        return slice(self.folds[layer], min(self.folds[layer] + SHOWN, self.sizes[layer]))

    @property
    def folded(self) -> list[dict[str, int]]:
        """The schema's ``folds``."""
        parts = [self.shown(layer) for layer in range(len(self.sizes))]
        return [{"first": part.start, "count": part.stop - part.start, "of": n} for part, n in zip(parts, self.sizes, strict=True)]

    @property
    def unit_kinds(self) -> list[str]:
        """What is drawn in the units of each layer after the inputs."""
        if self.window:
            return ["map"] * (len(self.sizes) - 1)
        return ["picture" if self.is_picture and layer == 1 else "histogram" for layer in range(1, len(self.sizes))]

    # Parts of a frame

    def layers(self, parameters: Pairs) -> list[Plain]:
        """Weights between units that are drawn."""
        found = []
        for l, (W, b) in enumerate(parameters, 1):
            here, before = self.shown(l), self.shown(l - 1)
            pictured = l == 1 and self.is_picture
            largest = float(np.abs(W).max(initial=0.0))
            found.append(
                {
                    "W": None if pictured else packed(W[before, here]),
                    "b": packed(b[here]),
                    "largest": number(largest) or 0.0,
                    "picture_largest": number(np.abs(W[:, here]).max(initial=0.0)) if pictured else None,
                }
            )
        return found

    def units(self, parameters: Pairs) -> list[Plain]:
        """What each unit that is drawn computes: maps over the plane, weights as pictures, or histograms of activations."""
        if self._work is not None:
            self.network.forward(parameters, self.window.inputs(MAP), self._work)
            raw = self._work.raw.copy()
            activations = [*self._work.A[:-1], self.predicted(raw)]
            shape = self.window.shape(MAP)
            maps = [A[:, self.shown(l)].T.reshape(-1, *shape) for l, A in enumerate(activations, 1)]
            return [{"kind": "map", "data": quantised(values), "range": []} for values in maps]
        found = [_histograms(A[:, self.shown(l)]) for l, A in enumerate(self.activations(parameters), 1)]
        if self.is_picture:
            found[0] = {"kind": "picture", "data": pictures(parameters[0][0][:, self.shown(1)].T, self.lesson), "range": []}
        return found

    def surface(self, parameters: Pairs, resolution: int) -> Plain | None:
        """The prediction at each point of the plane."""
        if not self.window:
            return None
        side = self.window.resolution(resolution)
        prediction = self.predicted(self.network.raw_prediction(parameters, self.window.inputs(side)))
        shape = self.window.shape(side)
        if self.window.is_line:
            values = prediction[:, :1].T.reshape(1, *shape)
            return {"kind": "curve", "data": quantised(values)}
        if not self.lesson.data.classifies:
            return {"kind": "number", "data": quantised(prediction[:, :1].T.reshape(1, *shape))}
        if prediction.shape[1] == 1:
            return {"kind": "probability", "data": quantised(prediction.T.reshape(1, *shape), [0.0], [1.0])}
        best = prediction.argmax(axis=1)
        sure = np.clip(prediction[np.arange(len(best)), best] * 255 + 0.5, 0, 255)
        both = np.stack([best, sure]).astype(np.uint8).reshape(2, *shape)
        return {"kind": "classes", "data": bytes_of(both, [0.0, 0.0], [255.0, 1.0])}

    def activations(self, parameters: Pairs) -> list[Array]:
        """What each layer makes of the sample of learned rows; the last is the prediction."""
        self.network.forward(parameters, self._sample, self._sampled)
        return [*self._sampled.A[:-1], self.predicted(self._sampled.raw.copy())]

    def predicted(self, raw: Array) -> Array:
        """Probabilities, or numbers in the units of y; ``raw`` is overwritten."""
        self.network.loss.predict(raw, raw)
        if self.scale is not None:
            mean, spread = self.scale
            return raw * spread + mean
        return raw

    def input_maps(self) -> Plain | None:
        """Each input that is drawn, over the plane."""
        if not self.window:
            return None
        shape = self.window.shape(MAP)
        return quantised(self.window.inputs(MAP)[:, self.shown(0)].T.reshape(-1, *shape))


def _histograms(A: Array) -> Plain:
    """The activations (rows, units) of each unit, counted in BINS."""
    values = np.where(np.isfinite(A), A, 0.0)
    low, high = values.min(axis=0), values.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    places = np.minimum(((values - low) / span * BINS).astype(np.int64), BINS - 1) + BINS * np.arange(A.shape[1])
    counts = np.bincount(places.ravel(), minlength=BINS * A.shape[1]).reshape(A.shape[1], BINS)
    top = counts.max(axis=1, initial=1)
    return {
        "kind": "histogram",
        "data": quantised(counts.astype(np.float32), np.zeros(len(counts)), top),
        "range": np.column_stack([low, high]).astype(np.float64).tolist(),
    }


def pictures(rows: Array, lesson: Lesson, low: Any = None, high: Any = None) -> Plain:
    """Rows of pixels as the schema's pictures (n, height, width[, channels])."""
    assert lesson.data.picture is not None
    height, width, channels = lesson.data.picture
    shape = (height, width) if channels == 1 else (height, width, channels)
    return quantised(np.asarray(rows).reshape(len(rows), *shape), low, high)
