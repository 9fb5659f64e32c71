"""Pictures become the matrix a network learns from: their pixels, their histograms of oriented gradients, or both.

    feature <- (feature - centre) / scale

``centre`` is one number per feature, its mean over the training pictures; ``scale`` is one number for all pixels and one for all
histograms, the root of their mean variance, so that pixels keep their proportions to each other and the first layer meets numbers
around 1 in size. Pixels stay bytes until they are asked for, block by block or batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from glassnet.checks import DataError, Faults, ModelFileError, unknown_name
from glassnet.data.hog import cell_size, hog, hog_shape
from glassnet.data.schema import Fields
from glassnet.data.wording import count

SCHEMA_VERSION = 1
FEATURES = ("pixels", "hog", "both")
SIZES = (8, 1024)
BLOCK_BYTES = 2**25  # of features made at a time

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float32]


class ImagePreparation(TransformerMixin, BaseEstimator):
    """Turn pictures, rows of bytes, into a float32 matrix of centred and scaled features.

    Parameters
    ----------
    size : int, default=64
        Pixels a side, 8 to 1,024.
    grey : bool, default=False
        Whether the pictures have one channel; three (red, green, blue) otherwise.
    features : {"pixels", "hog", "both"}, default="pixels"
        "pixels" gives every byte; "hog" histograms of oriented gradients (see `glassnet.data.hog`), which say where edges run and
        suit photos; "both" one after the other.

    Attributes
    ----------
    centre_ : float32 array of shape (features,)
        Mean of each feature over the training pictures.
    scales_ : dict of str to float
        What the pixels, and what the histograms, are divided by.
    messages_ : list of str
        What the user should know about the training pictures.
    n_features_in_ : int
        size * size * channels.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).integers(0, 256, (10, 8 * 8), dtype=np.uint8)
    >>> preparation = ImagePreparation(size=8, grey=True).fit(pictures)
    >>> X = preparation.transform(pictures)
    >>> X.shape, X.dtype, bool(abs(X.mean()) < 1e-6), round(float(X.std()), 3)
    ((10, 64), dtype('float32'), True, 1.0)
    >>> ImagePreparation(size=48, grey=True, features="hog").width
    1764
    """

    centre_: Matrix
    scales_: dict[str, float]
    messages_: list[str]

    def __init__(self, *, size: int = 64, grey: bool = False, features: str = "pixels") -> None:
        self.size = size
        self.grey = grey
        self.features = features

    @property
    def channels(self) -> int:
        """1 for grey pictures, 3 for colour."""
        return 1 if self.grey else 3

    @property
    def width(self) -> int:
        """The number of features of a picture."""
        return sum(stop - start for _, start, stop in self._parts())

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, *, rows: NDArray[np.intp] | None = None) -> Self:
        """Learn centre and scales from the training pictures.

        Parameters
        ----------
        X : uint8 array of shape (n, size * size * channels)
            In memory or memory-mapped; (n, size, size) and (n, size, size, channels) are taken as well.
        y : ignored
        rows : array of row numbers, default=None
            The training pictures among those of X, which need not be copied then; None takes all of them.
        """
        self._check_parameters()
        pixels = self._rows(X)
        n = len(pixels) if rows is None else len(rows)
        if not n:
            raise DataError("There are no pictures to learn from; at least 1 is needed.")
        total, squares = np.zeros(self.width), np.zeros(self.width)
        for block in self._blocks(pixels, chosen=rows):
            # Blocks of moderate size and float64 sums: exact for bytes, and good to the last digits of float32 for histograms.
            total += block.sum(axis=0, dtype=np.float64)
            squares += np.einsum("ij,ij->j", block, block, dtype=np.float64)
        centre = total / n
        variance = np.maximum(squares / n - centre**2, 0)
        scales = {}
        for part, start, stop in self._parts():
            scale = float(np.sqrt(variance[start:stop].mean()))
            scales[part] = scale if scale > 1e-6 else 1.0
        self.messages_ = self._messages(pixels, rows, variance)
        self._set(centre.astype(np.float32), scales)
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """The features of each picture, a row each, float32. Raises DataError for anything but bytes of the right width."""
        check_is_fitted(self, "centre_")
        pixels = self._rows(X)
        return self.transform_into(pixels, np.empty((len(pixels), self.width), np.float32))

    def transform_into(self, X: ArrayLike, out: Matrix) -> Matrix:
        """out <- the features of each picture; ``out`` is float32 of shape (n, width), C-contiguous. Needs no memory besides it."""
        check_is_fitted(self, "centre_")
        pixels = self._rows(X)
        for block in self._blocks(pixels, out):
            block -= self.centre_
            for part, start, stop in self._parts():
                block[:, start:stop] *= np.float32(1 / self.scales_[part])
        return out

    def as_intensities(self) -> Self:
        """Leave pixels as intensities in [0, 1], not centred: what units that are 0 or 1 take. Only for features="pixels".

        >>> black_and_white = np.repeat(np.array([[0], [255]], dtype=np.uint8), 64, axis=1)
        >>> ImagePreparation(size=8, grey=True).fit(black_and_white).as_intensities().transform(black_and_white)[:, 0]
        array([0., 1.], dtype=float32)
        """
        check_is_fitted(self, "centre_")
        if self.features != "pixels":
            raise ValueError(f"only pixels have intensities; got features={self.features!r}. Use features='pixels'.")
        self._set(np.zeros(self.width, np.float32), {"pixels": 255.0})
        return self

    @property
    def gives_intensities(self) -> bool:
        """Whether features are intensities in [0, 1]."""
        return self.features == "pixels" and self.scales_["pixels"] == 255.0 and not self.centre_.any()

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names such as ``red y0 x5`` (row 0, column 5), ``grey y3 x1``, and ``hog block y0 x1 cell y1 x0 10 degrees``."""
        names = []
        for part, _, _ in self._parts():
            if part == "pixels":
                colours = ["grey"] if self.grey else ["red", "green", "blue"]
                names += [f"{colour} y{y} x{x}" for y in range(self.size) for x in range(self.size) for colour in colours]
            else:
                names += [
                    f"hog block y{y} x{x} cell y{j} x{i} {20 * part_of_turn + 10} degrees"
                    for y, x, j, i, part_of_turn in np.ndindex(*hog_shape(self.size))
                ]
        return np.array(names, dtype=object)

    def describe(self) -> list[dict[str, Any]]:
        """One row for pixels, one for histograms: part, features, centre (range), scale, treatment (a sentence)."""
        check_is_fitted(self, "centre_")
        rows = []
        for part, start, stop in self._parts():
            centre = self.centre_[start:stop]
            cell = cell_size(self.size)
            how = f"histograms of oriented gradients in cells of {cell} x {cell} pixels, " if part == "hog" else ""
            rows.append(
                {
                    "part": part,
                    "features": stop - start,
                    "centre": f"{centre.min():.4g} to {centre.max():.4g}",
                    "scale": self.scales_[part],
                    "treatment": "intensities in [0, 1]"
                    if self.gives_intensities
                    else f"{how}minus the mean of each feature, divided by {self.scales_[part]:.4g}",
                }
            )
        return rows

    def to_schema(self) -> dict[str, Any]:
        """What a model file keeps as JSON; `to_arrays` gives the rest."""
        check_is_fitted(self, "centre_")
        parameters = {"size": int(self.size), "grey": bool(self.grey), "features": self.features}
        return {"version": SCHEMA_VERSION, "parameters": parameters, "scales": dict(self.scales_)}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a model file keeps as arrays: ``centre``."""
        check_is_fitted(self, "centre_")
        return {"centre": self.centre_}

    @classmethod
    def from_schema(cls, schema: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The preparation that wrote ``schema`` and ``arrays``, both checked to the last field.

        Raises
        ------
        ModelFileError
            For anything `to_schema` and `to_arrays` would not have written.
        """
        given = Fields(schema, "the schema")
        if given.take("version") != SCHEMA_VERSION:
            raise ModelFileError(f"The preparation in the model file has an unknown version; this glassnet reads version {SCHEMA_VERSION}.")
        parameters = Fields(given.take("parameters"), "the parameters")
        preparation = cls(size=parameters.count("size"), grey=parameters.flag("grey"), features=parameters.text("features", *FEATURES))
        parameters.done()
        try:
            preparation._check_parameters()
        except ValueError as error:
            raise ModelFileError(f"The preparation in the model file is damaged: {error}") from error
        scales = Fields(given.take("scales"), "the scales")
        kept = {part: scales.number(part, positive=True) for part, _, _ in preparation._parts()}
        scales.done()
        given.done()
        centre = arrays.get("centre")
        if set(arrays) != {"centre"} or centre is None or centre.shape != (preparation.width,) or centre.dtype != np.float32:
            raise ModelFileError(
                f"The preparation in the model file is damaged: it needs one array, centre, of {preparation.width} float32."
            )
        if not np.isfinite(centre).all():
            raise ModelFileError("The preparation in the model file is damaged: its centre is not finite.")
        preparation.messages_ = []
        preparation._set(np.array(centre), kept)
        return preparation

    def _set(self, centre: Matrix, scales: dict[str, float]) -> None:
        self.centre_, self.scales_ = centre, scales
        self.n_features_in_ = self.size * self.size * self.channels

    def _parts(self) -> Iterator[tuple[str, int, int]]:
        """(name, first feature, one past its last) of pixels and histograms, whichever there are."""
        widths: dict[str, Callable[[], int]] = {
            "pixels": lambda: self.size * self.size * self.channels,
            "hog": lambda: int(np.prod(hog_shape(self.size))),
        }
        start = 0
        for part in ("pixels", "hog") if self.features == "both" else (self.features,):
            stop = start + widths[part]()
            yield part, start, stop
            start = stop

    def _blocks(self, pixels: Pixels, out: Matrix | None = None, chosen: NDArray[np.intp] | None = None) -> Iterator[Matrix]:
        """The raw features of some (``chosen``) rows at a time; in ``out`` itself where it is given."""
        for start, given in _some_at_a_time(pixels, chosen, max(1, BLOCK_BYTES // (4 * self.width))):
            block = np.empty((len(given), self.width), np.float32) if out is None else out[start : start + len(given)]
            for name, first, last in self._parts():
                if name == "pixels":
                    block[:, first:last] = given
                else:
                    block[:, first:last] = hog(given, self.size, self.channels)
            yield block

    def _rows(self, X: ArrayLike) -> Pixels:
        pixels = np.asanyarray(X)
        width = self.size * self.size * self.channels
        if pixels.dtype != np.uint8:
            raise DataError(f"Pictures must be bytes (uint8, 0 to 255); got {pixels.dtype}. Read them with read_images, or convert them.")
        if pixels.ndim < 2 or int(np.prod(pixels.shape[1:])) != width:
            colour = "grey" if self.grey else "colour"
            raise DataError(
                f"Each picture must have {width:,} bytes, for {self.size} x {self.size} pixels in {colour}; got an array of shape "
                f"{pixels.shape}. Read them with size={self.size}, grey={bool(self.grey)}."
            )
        return pixels.reshape(len(pixels), width)

    def _messages(self, pixels: Pixels, rows: NDArray[np.intp] | None, variance: NDArray[np.float64]) -> list[str]:
        """Blank pictures, and pictures that are all the same."""
        if not variance.max() > 1e-12:
            return ["All pictures are the same; there is nothing to learn from."]
        given = _some_at_a_time(pixels, rows, max(1, BLOCK_BYTES // pixels.shape[1]))
        blank = sum(int((np.ptp(part, axis=1) == 0).sum()) for _, part in given)
        if not blank:
            return []
        n = len(pixels) if rows is None else len(rows)
        return [f"{blank:,} of {count(n, 'training picture')} {'is' if blank == 1 else 'are'} blank: one shade throughout."]

    def _check_parameters(self) -> None:
        faults = Faults()
        whole = isinstance(self.size, int | np.integer) and not isinstance(self.size, bool)
        faults.unless(
            whole and SIZES[0] <= self.size <= SIZES[1], f"size must be a whole number from 8 to 1024 (pixels a side); got {self.size!r}."
        )
        faults.unless(isinstance(self.grey, bool | np.bool_), f"grey must be True or False; got {self.grey!r}.")
        faults.unless(isinstance(self.features, str) and self.features in FEATURES, unknown_name("features", self.features, FEATURES))
        faults.raise_if_any()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _some_at_a_time(pixels: Pixels, chosen: NDArray[np.intp] | None, size: int) -> Iterator[tuple[int, Pixels]]:
    """(number of the first, rows), ``size`` of the ``chosen`` rows at a time, or of all."""
    n = len(pixels) if chosen is None else len(chosen)
    for start in range(0, n, size):
        yield start, pixels[start : start + size] if chosen is None else pixels[chosen[start : start + size]]
