"""Folders of pictures as rows of bytes, one picture a row: what a network learns from, at an eighth of the memory of numbers.

    from glassnet import read_images
    images = read_images("photos", size=64)       # photos/cat/*.jpg, photos/dog/*.jpg
    images.pixels.shape, images.labels            # (n, 64 * 64 * 3) uint8, class of each

A file that is no picture, or a damaged one, is never fatal: it is listed in ``images.problems`` with the reason.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from glassnet.checks import DataError, Faults
from glassnet.data.image_cache import ImageCache, Kept
from glassnet.data.image_decoding import CHUNK, decode, decode_all
from glassnet.data.image_files import SUFFIXES, Found, ImageFile, Problem, find_images, natural_key
from glassnet.data.wording import count

Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], object]

SIZES = (8, 1024)  # pixels
PROBLEMS_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures of one size, a row each.

    Attributes
    ----------
    pixels : uint8 array of shape (n, size * size * channels), C-contiguous
        Row by row from the top left, red, green and blue in turn; in memory, or memory-mapped from a cache or a file.
    labels : array of shape (n,) or None
        The class of each picture: text for pictures from folders.
    names : tuple of str
        The file of each picture, relative to the folder, with ``/``; empty for pictures from arrays.
    size, channels : int
        Pixels a side; 1 for grey, 3 for colour.
    problems : tuple of (name, reason)
        Files that could not be used, in natural order.
    labelling : str
        How the labels were found, or why there are none, in a sentence.
    """

    pixels: Pixels
    labels: NDArray[Any] | None
    names: tuple[str, ...]
    size: int
    channels: int
    problems: tuple[Problem, ...] = ()
    labelling: str = ""

    def __len__(self) -> int:
        return len(self.pixels)

    def picture(self, row: int) -> Pixels:
        """One picture as (size, size) or (size, size, 3), to be shown."""
        shape = (self.size, self.size) if self.channels == 1 else (self.size, self.size, self.channels)
        return self.pixels[row].reshape(shape)

    def resized(self, size: int) -> Self:
        """The same pictures brought to ``size`` pixels a side, as files are: by a triangle filter as wide as the reduction."""
        if size == self.size:
            return self
        pixels = np.empty((len(self), size * size * self.channels), np.uint8)
        for row in range(len(self)):
            picture = Image.fromarray(np.ascontiguousarray(self.picture(row)))
            pixels[row] = np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)).reshape(-1)
        return replace(self, pixels=pixels, size=size)

    def take(self, rows: ArrayLike) -> Self:
        """These rows, in this order, copied."""
        chosen = np.asarray(rows)
        labels = None if self.labels is None else self.labels[chosen]
        names = tuple(self.names[row] for row in np.arange(len(self))[chosen]) if self.names else ()
        return type(self)(self.pixels[chosen], labels, names, self.size, self.channels, self.problems, self.labelling)


def read_images(
    folder: str | os.PathLike[str],
    *,
    size: int = 64,
    grey: bool = False,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Images:
    """Read the pictures in a folder, each resized to ``size`` x ``size``.

    Parameters
    ----------
    folder : path
        With one sub-folder per class; or with files called ``cat.12.jpg``, ``dog_7.jpg``, whose class stands before the first dot,
        underscore or digit; or with pictures without classes. JPEG, PNG, WebP, GIF, BMP, TIFF and their relatives.
    size : int, default=64
        Pixels a side, 8 to 1,024. The whole picture is squashed to a square, whatever its sides.
    grey : bool, default=False
        One channel of brightness in place of red, green and blue.
    cache : path, optional
        Where to keep the decoded pictures (a ``.npy`` and a ``.json`` file of this name): read again, they are there at once and
        stay on disk, memory-mapped. A file that has changed since is decoded anew.
    progress : callable, optional
        Called with (pictures done, pictures in all) now and then.

    Returns
    -------
    Images
        In natural order of the names (9.jpg before 10.jpg).

    Raises
    ------
    DataError
        Where there is no folder, or no picture in it that can be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name, colour in {"red_1.png": "red", "blue_1.png": "blue"}.items():
    ...     Image.new("RGB", (30, 20), colour).save(folder / name)
    >>> images = read_images(folder, size=8)
    >>> images.names, images.labels.tolist(), images.pixels.shape
    (('blue_1.png', 'red_1.png'), ['blue', 'red'], (2, 192))
    """
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    faults = Faults()
    faults.unless(whole and SIZES[0] <= size <= SIZES[1], f"size must be a whole number from 8 to 1024 (pixels a side); got {size!r}.")
    faults.unless(isinstance(grey, bool | np.bool_), f"grey must be True or False; got {grey!r}.")
    faults.raise_if_any()
    size, grey = int(size), bool(grey)
    found = find_images(folder)
    store = None if cache is None else ImageCache(cache, size, grey)
    pixels, answers = _read(found.files, size, grey, store, progress)
    if progress is not None:
        progress(len(found.files), len(found.files))
    return _images(os.fspath(folder), pixels, answers, found, size, grey)


def is_image_file(path: str | os.PathLike[str]) -> bool:
    """Whether it is a file with the name of a picture, such as ``cat.jpg``."""
    return os.path.splitext(path)[1].lower() in SUFFIXES and os.path.isfile(path)


def read_image(path: str | os.PathLike[str], *, size: int = 64, grey: bool = False) -> Images:
    """The picture in one file, without a class. Raises DataError where it cannot be read."""
    decoded = decode(os.fspath(path), size, grey)
    if isinstance(decoded, str):
        raise DataError(f"{os.fspath(path)} cannot be used: {decoded}.")
    labelling = "A picture by itself has no class."
    return Images(decoded[np.newaxis], None, (os.path.basename(path),), size, 1 if grey else 3, (), labelling)


def _all_in_place(kept: Kept, files: list[ImageFile]) -> bool:
    """Whether the cache holds exactly these pictures, unchanged and in this order."""
    answers = [kept.find(file) for file in files]
    return None not in answers and [answer for answer in answers if isinstance(answer, int)] == list(range(len(kept.pixels)))


def _read(
    files: list[ImageFile], size: int, grey: bool, store: ImageCache | None, progress: Progress | None
) -> tuple[Pixels, list[int | str]]:
    """(rows of pixels, for each file the number of its row or why it has none); from ``store`` and put into it, if there is one."""
    kept = None if store is None else store.read()
    if kept is not None and _all_in_place(kept, files):
        return kept.pixels, [kept.entries[file.name][2] for file in files]
    width = size * size * (1 if grey else 3)
    rows: AbstractContextManager[Any] = nullcontext(_MemoryRows(len(files), width)) if store is None else store.rows()
    answers: list[int | str] = []
    with rows as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about oddities of files that are read all the same
        for answer in _decoded(files, size, grey, kept):
            answers.append(answer if isinstance(answer, str) else place.add(answer))
            if progress is not None and len(answers) % CHUNK == 0:
                progress(len(answers), len(files))
        if store is None:
            return place.pixels(), answers
        kept = None  # some systems do not replace a file that is open
        return store.replace(place, files, answers), answers


def _decoded(files: list[ImageFile], size: int, grey: bool, kept: Kept | None) -> Iterator[Pixels | str]:
    """The pixels of each file, or why there are none: from the cache where it has them."""
    known = [None if kept is None else kept.find(file) for file in files]
    parts = [slice(start, start + CHUNK) for start in range(0, len(files), CHUNK)]
    unknown = [[file.path for file, answer in zip(files[part], known[part], strict=True) if answer is None] for part in parts]
    for part, decoded in zip(parts, decode_all(unknown, size, grey), strict=True):
        fresh = iter(decoded)
        for answer in known[part]:
            if answer is None:
                yield next(fresh)
            elif isinstance(answer, str):
                yield answer
            else:
                assert kept is not None
                yield kept.pixels[answer]


class _MemoryRows:
    """Room for ``most`` rows; what is not filled is not paid for."""

    def __init__(self, most: int, width: int) -> None:
        self._pixels: Pixels = np.empty((most, width), np.uint8)
        self.n_rows = 0

    def add(self, row: Pixels) -> int:
        """Append one row; its number."""
        self._pixels[self.n_rows] = row
        self.n_rows += 1
        return self.n_rows - 1

    def pixels(self) -> Pixels:
        """The rows that were added."""
        return self._pixels[: self.n_rows]


def _images(folder: str, pixels: Pixels, answers: list[int | str], found: Found, size: int, grey: bool) -> Images:
    """The pictures that could be read, with their labels; the others become problems."""
    good = [i for i, answer in enumerate(answers) if not isinstance(answer, str)]
    bad = [(file.name, answer) for file, answer in zip(found.files, answers, strict=True) if isinstance(answer, str)]
    problems = sorted([*found.problems, *bad], key=lambda problem: natural_key(problem[0]))
    if not good:
        listed = "".join(f"\n  {name}: {reason}" for name, reason in problems[:PROBLEMS_SHOWN])
        more = f"\n  and {count(len(problems) - PROBLEMS_SHOWN, 'more file')}" if len(problems) > PROBLEMS_SHOWN else ""
        raise DataError(f"{folder} holds no picture that can be read; expected JPEG, PNG, WebP or the like.{listed}{more}")
    labels = None if found.labels is None else np.array([found.labels[i] for i in good])
    names = tuple(found.files[i].name for i in good)
    return Images(pixels, labels, names, size, 1 if grey else 3, tuple(problems), found.labelling)
