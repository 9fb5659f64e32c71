"""Files of arrays: NumPy's ``.npz`` and ``.npy``, and the ``idx`` files that MNIST comes in, plain or gzipped.

Which array is what is told by its name (X and y, X_train ... y_test, images and labels, data and target; capitals do not matter), or,
where exactly two arrays have the same number of rows, by their shapes. Nothing in a file is ever unpickled, headers are compared with
the file's own length before memory is asked for, and compressed files may not grow without limit.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.idx import read_idx
from glassnet.data.images import Images
from glassnet.data.neighbours import neighbours

Array = NDArray[Any]

LARGEST_UNPACKED = 4 * 2**30  # bytes that a compressed file may grow to
LEAST_SIDE = 8  # pixels: narrower squares of bytes are taken for plain numbers
NAMES = {
    "X": ("x", "images", "data", "pixels", "features"),
    "y": ("y", "labels", "target", "targets", "label"),
    "X_train": ("x_train", "train_images", "train_x", "train_data"),
    "y_train": ("y_train", "train_labels", "train_y", "train_target"),
    "X_test": ("x_test", "test_images", "test_x", "test_data"),
    "y_test": ("y_test", "test_labels", "test_y", "test_target"),
}
CLASS_NAMES = ("class_names", "classes", "label_names", "target_names", "names")

_IDX_NAME = re.compile(r"(?P<part>.*?)(?P<what>images|labels)(?P<dot>[-.])idx(?P<rank>\d)(?P<rest>-ubyte(\.gz)?)$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Arrays:
    """Rows for training, and the rows the file sets aside for testing, if it does.

    Attributes
    ----------
    X, X_test : arrays of shape (n, features), or None for no test rows
        As the file has them: bytes stay bytes, and a ``.npy`` file stays on disk, memory-mapped.
    y, y_test : arrays of shape (n,), or None
        Numbers or text; class numbers are replaced by names where the file has them.
    size, channels : int or None
        Where the rows are square pictures of bytes.
    shape : tuple of int
        Of the training rows, as the file has them.
    """

    X: Array
    y: Array | None
    X_test: Array | None = None
    y_test: Array | None = None
    size: int | None = None
    channels: int | None = None
    shape: tuple[int, ...] = ()

    def images(self) -> Images | None:
        """The training rows as pictures, or None where they are none."""
        return self._images(self.X, self.y)

    def test_images(self) -> Images | None:
        """The test rows as pictures, or None."""
        return None if self.X_test is None else self._images(self.X_test, self.y_test)

    def _images(self, X: Array, y: Array | None) -> Images | None:
        if self.size is None or self.channels is None:
            return None
        labelling = "The file gives the classes." if y is not None else "The file has no labels."
        return Images(X, y, (), self.size, self.channels, (), labelling)

    @property
    def remark(self) -> str | None:
        """What the user should know where rows that may be meant as pictures are taken as numbers."""
        if self.size is not None or len(self.shape) < 3:
            return None
        return (
            f"X has shape {self.shape} of {self.X.dtype}: each row is taken as {self.X.shape[1]:,} numbers. Pictures are squares of bytes "
            "(uint8, 0 to 255) of shape (n, s, s) or (n, s, s, 3), s at least 8; numpy.moveaxis(X, 1, -1) puts channels last."
        )


def holds_arrays(path: str | os.PathLike[str]) -> bool:
    """Whether the name is that of a file of arrays: ``.npz``, ``.npy`` or idx."""
    name = os.fspath(path).lower()
    return name.endswith((".npz", ".npy", "-ubyte", "-ubyte.gz", ".idx", ".idx.gz"))


def read_arrays(path: str | os.PathLike[str]) -> Arrays:
    """Read a file of arrays.

    Parameters
    ----------
    path : path
        An ``.npz`` file; an ``.npy`` file of rows called X.npy or X_train.npy, with y.npy and so on beside it; or the images of an idx
        pair (``train-images-idx3-ubyte``, also ``.gz``), whose labels and test rows (``t10k-...``) are found by their names.

    Returns
    -------
    Arrays
        ``.images()`` gives the same as pictures, where the rows are square pictures of bytes: shape (n, s, s), (n, s, s, 1),
        (n, s, s, 3), (n, s * s) or (n, s * s * 3), s at least 8.

    Raises
    ------
    DataError
        For a file that is damaged, foreign, ambiguous, holds Python objects, or unpacks to more than 4 GiB.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "digits.npz")
    >>> np.savez(path, X=np.zeros((5, 28, 28), np.uint8), y=[0, 1, 2, 3, 4])
    >>> read_arrays(path).images().pixels.shape
    (5, 784)
    """
    source = os.fspath(path)
    try:
        with open(source, "rb") as file:
            start = file.read(6)
    except OSError as error:
        what = "is a directory" if os.path.isdir(source) else f"cannot be read: {error.strerror or error}"
        raise DataError(f"{source} {what}. Name a file of arrays: .npz, .npy or idx.") from error
    try:
        if start[:4] == b"PK\x03\x04":
            return _of_npz(source)
        if start == b"\x93NUMPY":
            return _of_npy(source)
        if start[:2] in (b"\x1f\x8b", b"\0\0"):
            return _of_idx(source)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{source} is damaged or holds what is no array: {str(error)[:200]}. Save the arrays again.") from error
    except MemoryError as error:
        raise DataError(f"{source} needs more memory than there is. Save X alone as .npy, which stays on disk.") from error
    raise DataError(f"{source} is no file of arrays. Expected .npz or .npy (numpy.savez, numpy.save) or idx, as MNIST comes in.")


def _of_npz(source: str) -> Arrays:
    with zipfile.ZipFile(source) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        unpacked, packed = sum(info.file_size for info in members.values()), os.path.getsize(source)
        if unpacked > max(LARGEST_UNPACKED, packed):
            raise DataError(
                f"{source} unpacks to {unpacked / 2**30:,.1f} GiB, more than {LARGEST_UNPACKED / 2**30:.0f}. Save it uncompressed "
                "(numpy.savez) if you trust it."
            )
        shapes = {name: _member_shape(source, archive, info) for name, info in members.items()}
        names = _roles(source, shapes)
        loaded: dict[str, Any] = {}
        for role, name in names.items():
            with archive.open(members[name]) as file:
                loaded[role] = np.lib.format.read_array(file, allow_pickle=False)
    if "X_train" in loaded:
        loaded["X"], loaded["y"] = loaded.pop("X_train"), loaded.pop("y_train", None)
    test = (loaded["X_test"], loaded.get("y_test")) if "X_test" in loaded else None
    return _arrays(source, loaded["X"], loaded.get("y"), test, loaded.get("class_names"))


def _member_shape(source: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, ...]:
    with archive.open(info) as file:
        return _checked_header(source, info.filename, file, info.file_size)


def _checked_header(source: str, name: str, file: IO[bytes], length: int) -> tuple[int, ...]:
    """The shape that a .npy header claims, once it is known to be honest and of plain values."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise DataError(f"{source}: {name} holds Python objects, which are never unpickled. Save it as numbers or text.")
    if dtype.names is not None:
        raise DataError(f"{source}: {name} holds records. Save each field as an array of its own.")
    if math.prod(shape) * dtype.itemsize > length - file.tell():
        raise DataError(f"{source}: {name} is cut short: its header promises {shape} of {dtype}, which is more than there is.")
    return tuple(int(n) for n in shape)


def _roles(source: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Which array is X, y and so on: by name, or by shape."""
    lower = {name.lower(): name for name in shapes}
    roles = {role: lower[name] for role, names in NAMES.items() for name in names[::-1] if name in lower}
    given = next((lower[word] for word in CLASS_NAMES if word in lower), None)
    extra = {} if given is None else {"class_names": given}
    if "X_train" in roles:
        return {role: name for role, name in roles.items() if role not in ("X", "y")} | extra
    if "X" in roles and ("y" in roles or len(shapes) == 1):
        return {role: name for role, name in roles.items() if role in ("X", "y", "X_test", "y_test")} | extra
    tables = [name for name, shape in shapes.items() if len(shape) > 1]
    vectors = [name for name, shape in shapes.items() if len(shape) == 1 and len(tables) == 1 and shape[0] == shapes[tables[0]][0]]
    if len(tables) == 1 and len(vectors) == 1:
        return {"X": tables[0], "y": vectors[0]} | extra
    if len(shapes) == 1 and tables:
        return {"X": tables[0]}
    listed = ", ".join(f"{name} {shape}" for name, shape in list(shapes.items())[:8])
    raise DataError(
        f"{source} does not say which array is which; it has {listed or 'none'}. Call them X and y, or X_train, y_train, X_test, y_test."
    )


def _of_npy(source: str) -> Arrays:
    """Rows that stay on disk, with the labels and the test rows in the files beside them."""
    beside = {role: _map_npy(str(path)) for role, path in neighbours(source, NAMES).items()}
    y = next((np.asarray(beside[role]) for role in ("y", "y_train") if role in beside), None)
    y_test = np.asarray(beside["y_test"]) if "y_test" in beside else None
    return _arrays(source, _map_npy(source), y, (beside["X_test"], y_test) if "X_test" in beside else None)


def _map_npy(source: str) -> Array:
    with open(source, "rb") as file:
        _checked_header(source, os.path.basename(source), file, os.path.getsize(source))
    loaded: Array = np.load(source, mmap_mode="r", allow_pickle=False)
    return loaded


def _of_idx(source: str) -> Arrays:
    X = read_idx(source)
    if X.ndim == 1:
        raise DataError(f"{source} holds labels, not rows. Name the file of images beside it.")
    labels = _neighbour(source, "labels", X.ndim)
    test = None
    if (name := _IDX_NAME.match(os.path.basename(source))) and "train" in name["part"].lower():
        for other in ("t10k", "test"):
            twin = Path(source).with_name(re.sub("train", other, os.path.basename(source), flags=re.IGNORECASE))
            if twin.exists():
                theirs = _neighbour(str(twin), "labels", X.ndim)
                test = (read_idx(str(twin)), None if theirs is None else read_idx(theirs))
                break
    return _arrays(source, X, None if labels is None else read_idx(labels), test)


def _neighbour(source: str, what: str, rank: int) -> str | None:
    """The file of labels that belongs to a file of images, if it is there; gzipped or not."""
    name = _IDX_NAME.match(os.path.basename(source))
    if not name:
        return None
    stem = f"{name['part']}{what}{name['dot']}idx1-ubyte"
    return next((str(path) for path in (Path(source).with_name(stem + end) for end in ("", ".gz")) if path.exists()), None)


def _arrays(source: str, X: Array, y: Array | None, test: tuple[Array, Array | None] | None = None, classes: Array | None = None) -> Arrays:
    """Checked and flattened rows."""
    (size, channels), shape = _picture(X), X.shape
    X, y = _rows(source, X, y, classes)
    if test is None:
        return Arrays(X, y, size=size, channels=channels, shape=shape)
    X_test, y_test = _rows(source, *test, classes)
    if X_test.shape[1] != X.shape[1]:
        raise DataError(f"{source}: test rows have {X_test.shape[1]} numbers, training rows {X.shape[1]}. They must agree.")
    return Arrays(X, y, X_test, y_test, size, channels, shape)


def _rows(source: str, X: Array, y: Array | None, classes: Array | None) -> tuple[Array, Array | None]:
    if X.dtype.kind not in "buif" or X.ndim < 2 or not X.size:
        raise DataError(f"{source}: the rows must be numbers in two or more dimensions; got shape {X.shape} of {X.dtype}.")
    X = np.ascontiguousarray(X.reshape(len(X), -1)) if not isinstance(X, np.memmap) else X.reshape(len(X), -1)
    if y is None:
        return X, None
    y = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
    if y.shape != (len(X),) or y.dtype.kind not in "buifUS":
        columns = " Of columns of 0 and 1, save y.argmax(axis=1)." if y.ndim == 2 and len(y) == len(X) and y.dtype.kind in "buif" else ""
        raise DataError(f"{source}: there must be one label for each of the {len(X):,} rows; got shape {y.shape} of {y.dtype}.{columns}")
    y = y.astype(str) if y.dtype.kind == "S" else y
    if (
        classes is not None
        and classes.ndim == 1
        and classes.dtype.kind == "U"
        and y.dtype.kind in "ui"
        and 0 <= y.min() <= y.max() < len(classes)
    ):
        y = classes[y]
    return X, y


def _picture(X: Array) -> tuple[int | None, int | None]:
    """(pixels a side, channels) where the rows are square pictures of bytes."""
    if X.dtype != np.uint8:
        return None, None
    if X.ndim == 2:
        sides = [(math.isqrt(X.shape[1] // channels), channels) for channels in (1, 3)]
        shape: tuple[int, ...] = next(((s, s, channels) for s, channels in sides if s * s * channels == X.shape[1]), ())
    else:
        shape = (*X.shape[1:], 1) if X.ndim == 3 else X.shape[1:]
    if len(shape) == 3 and shape[0] == shape[1] >= LEAST_SIDE and shape[2] in (1, 3):
        return int(shape[0]), int(shape[2])
    return None, None
