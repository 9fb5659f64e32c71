"""Pictures that become features only when a batch is built: at any moment a few thousand rows are numbers, the rest are bytes.

    X = PreparedRows(pixels, preparation)      X.shape, X.dtype    as of the matrix that is never made
    X[10:20], X[[3, 1, 4]]                     float32 features of these rows

Networks take it in place of a matrix. With an augmentation, each row that is handed out to learn from is changed by chance; rows that are
looked at (held-out rows, predictions) never are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.augment import Augmentation
from glassnet.data.pixels import ImagePreparation

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float32]
Index = NDArray[np.intp]


class PreparedRows:
    """Rows of bytes that look like a float32 matrix (n, features) wherever rows are sliced or picked.

    Parameters
    ----------
    pixels : uint8 array of shape (n_pictures, bytes)
        In memory or memory-mapped; never copied.
    preparation : fitted ImagePreparation
    rows : array of row numbers, optional
        Which pictures; None takes all of them.
    augmentation : Augmentation, optional
        Changes the rows that are learned from.
    seed : int
        Of the augmentation.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).integers(0, 256, (10, 8 * 8), dtype=np.uint8)
    >>> preparation = ImagePreparation(size=8, grey=True).fit(pictures)
    >>> X = PreparedRows(pictures, preparation, rows=np.array([7, 8, 9]))
    >>> X.shape, bool((X[1:] == preparation.transform(pictures[8:])).all())
    ((3, 64), True)
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(
        self,
        pixels: Pixels,
        preparation: ImagePreparation,
        rows: Index | None = None,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        self.pixels, self.preparation, self.rows = pixels, preparation, rows
        self.augmentation, self.seed = augmentation, seed
        self._random = np.random.default_rng(seed)
        self.shape = (len(pixels) if rows is None else len(rows), preparation.width)

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, chosen: Index, *, augmented: bool = False) -> PreparedRows:
        """These rows, nothing copied; with ``augmented`` they go on being changed when they are learned from."""
        rows = chosen if self.rows is None else self.rows[chosen]
        return PreparedRows(self.pixels, self.preparation, rows, self.augmentation if augmented else None, self.seed)

    def __getitem__(self, chosen: Any) -> Matrix:
        """The features of the chosen rows (a slice or row numbers), as they are."""
        return self.preparation.transform(self._bytes(chosen))

    def gather_into(self, chosen: Index, out: Matrix) -> None:
        """out <- the features of the chosen rows, to learn from."""
        pixels = self._bytes(chosen)
        if self.augmentation is not None:
            pixels = self.augmentation(pixels, self._random)
        self.preparation.transform_into(pixels, out)

    def _bytes(self, chosen: Any) -> Pixels:
        return np.asarray(self.pixels[chosen if self.rows is None else self.rows[chosen]])


def rows_of(X: Any, chosen: Index, *, augmented: bool = False) -> Any:
    """The chosen rows of a matrix or of prepared rows; the latter are not copied."""
    return X.take(chosen, augmented=augmented) if isinstance(X, PreparedRows) else X[chosen]
