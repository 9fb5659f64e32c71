"""Pictures of a run: a folder, or a file of arrays; what is refused, what is said, and where decoded pictures are kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.checks import DataError
from glassnet.data.arrays import holds_arrays, read_arrays
from glassnet.data.images import Images, is_image_file, read_image, read_images
from glassnet.data.targets import Task, decide_task, target_values
from glassnet.data.wording import count
from glassnet.runs.choices import SIZE
from glassnet.runs.config import RunConfig
from glassnet.runs.directory import holds_a_run
from glassnet.runs.reading import Examples, Say, frame_of, read_training_table, table_of_arrays

Stage = Callable[[str, int, int], object]
"""Called with what is being done, how much of it is done, and how much there is in all."""

TARGET = "class"
CACHE = ".glassnet-pictures"
"""The directory beside a run in which decoded pictures are kept."""

OF_PICTURES = ("size", "grey", "features", "augment")
OF_TABLES = ("add", "text", "drop", "missing", "delimiter")
SHOWN = 10  # files that could not be used


def read_examples(config: RunConfig, say: Say, stage: Stage | None = None, beside: Path | None = None) -> Examples:
    """What a run learns from: a table, pictures, or arrays; decoded pictures are kept ``beside`` a run, if that is given.

    Raises DataError for what cannot be read or learned.
    """
    if holds_a_run(config.data):
        raise DataError(f"{config.data} is a trained run, not data to learn from. To use it: glassnet predict {config.data} NEW")
    if os.path.isdir(config.data):
        _refuse(config, OF_TABLES, "pictures")
        cache = None if beside is None else _cache(config, beside, say)
        images = read_images(
            config.data,
            size=config.size or SIZE,
            grey=bool(config.grey),
            cache=cache,
            progress=None if stage is None else lambda done, of: stage("reading pictures", done, of),
        )
        _tell(images.problems, config.data, say)
        return _pictures(config, images, None)
    if holds_arrays(config.data):
        arrays = read_arrays(config.data)
        images_or_none = arrays.images()
        if images_or_none is not None:
            _refuse(config, OF_TABLES, "pictures")
            return _pictures(config, images_or_none, arrays.test_images())
        if arrays.remark is not None:
            say(arrays.remark)
        _refuse(config, OF_PICTURES, "rows of numbers")
        return table_of_arrays(config, arrays, say)
    if is_image_file(config.data):
        raise DataError(f"{config.data} is one picture. Name the folder that holds the pictures, with a sub-folder for each class.")
    _refuse(config, OF_PICTURES, "a table")
    return read_training_table(config, say)


def read_new_pictures(config: RunConfig, path: str, say: Say) -> Images | pl.DataFrame:
    """Pictures, one picture, or rows of arrays, for a run of this decided configuration; of a file with test rows, these."""
    if os.path.isdir(path) and not holds_a_run(path):
        images = read_images(path, size=config.size or SIZE, grey=bool(config.grey))
        _tell(images.problems, path, say)
        return images
    if config.size is not None and is_image_file(path):
        return read_image(path, size=config.size, grey=bool(config.grey))
    if not os.path.exists(path):
        raise DataError(f"{path} does not exist. Check the path; relative ones start at {os.getcwd()}.")
    if not holds_arrays(path):
        raise DataError(
            f"{path} is neither pictures nor a file of arrays, as this run was trained on. Name a folder, a picture, or .npz, .npy or idx."
        )
    arrays = read_arrays(path)
    pictures = arrays.images() if arrays.X_test is None else arrays.test_images()
    if arrays.X_test is not None:
        say(f"{path} has test rows; they are taken: {len(arrays.X_test):,} of {len(arrays.X) + len(arrays.X_test):,}.")
    if config.size is not None:
        if pictures is None:
            raise DataError(f"{path} holds no square pictures of bytes, as this run was trained on.")
        return pictures.resized(config.size)
    return frame_of(*((arrays.X, arrays.y) if arrays.X_test is None else (arrays.X_test, arrays.y_test)))


def fingerprint(config: RunConfig, data: Examples) -> str | None:
    """SHA-256 of the file, or of the pixels and classes of a folder; None for a stream, which is read only once."""
    if Path(config.data).is_file():
        with open(config.data, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not data.are_pictures:
        return None
    digest = hashlib.sha256("\n".join(map(str, data.y)).encode())
    digest.update(np.ascontiguousarray(data.X).data)
    return digest.hexdigest()


def _pictures(config: RunConfig, images: Images, aside: Images | None) -> Examples:
    """The pictures with their task; DataError where they have no classes or are not as the configuration asks."""
    if images.labels is None:
        remedy = "Put the pictures of each class into a folder of its own." if images.names else "Save them as y, beside X."
        raise DataError(f"{config.data} cannot be learned from. {images.labelling} {remedy}")
    if images.names and len(set(images.labels)) == 1:
        raise DataError(_one_class(config.data, images))
    if config.target not in ("-1", TARGET):
        raise DataError(f"Pictures have their class for a target; got --target {config.target}. Leave it out.")
    if config.grey not in (None, images.channels == 1):
        found = "grey" if images.channels == 1 else "in colour"
        raise DataError(f"The pictures in {config.data} are {found}, and those of arrays stay so. Leave out --grey or --colour.")
    if config.size is not None:
        images, aside = images.resized(config.size), None if aside is None else aside.resized(config.size)
    assert images.labels is not None  # resized pictures keep them
    task = decide_task(pl.Series(TARGET, images.labels), config.task)
    given = _given(images, images.labels, task)
    if aside is None or aside.labels is None:
        return given
    return Examples(**{**vars(given), "aside": _given(aside, aside.labels, task)})


def _one_class(folder: str, images: Images) -> str:
    """What is said of a folder whose pictures are all of one class: what it holds may be the classes."""
    assert images.labels is not None
    only = str(images.labels[0])
    inner = sorted({parts[1] for name in images.names if len(parts := name.split("/")) > 2})
    said = f"All pictures of {folder} are of one class, {only!r}: there is nothing to tell apart."
    if len(inner) > 1:
        some = ", ".join(map(repr, inner[:3])) + (", ..." if len(inner) > 3 else "")
        return f"{said} If {some} are the classes, give {os.path.join(folder, only)}."
    return f"{said} Put the pictures of each class into a folder of its own."


def _given(images: Images, labels: NDArray[Any], task: Task) -> Examples:
    y = target_values(pl.Series(TARGET, labels), task)
    return Examples(images.pixels, y, TARGET, task, names=images.names, size=images.size, channels=images.channels)


def _tell(problems: tuple[tuple[str, str], ...], folder: str, say: Say) -> None:
    """Name the files that could not be used, the first few of them, and where the others are named."""
    if not problems:
        return
    say(f"{count(len(problems), 'file')} could not be used:")
    for name, reason in problems[:SHOWN]:
        say(f"  {name}: {reason}")
    if len(problems) > SHOWN:
        say(f"  and {len(problems) - SHOWN:,} more; glassnet inspect {folder} names them all")


def _cache(config: RunConfig, beside: Path, say: Say) -> Path | None:
    """Where the decoded pictures of this folder and this size are kept, or None where nothing can be written."""
    folder = Path(config.data).resolve()
    where = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    name = f"{folder.name}-{config.size or SIZE}{'-grey' if config.grey else ''}-{where}"
    try:
        (beside / CACHE).mkdir(parents=True, exist_ok=True)
        (beside / CACHE / f".{os.getpid()}").touch()
        (beside / CACHE / f".{os.getpid()}").unlink()
    except OSError as error:
        say(f"Decoded pictures cannot be kept in {beside / CACHE} ({error.strerror or error}); the next start decodes them again.")
        return None
    return beside / CACHE / name


def _refuse(config: RunConfig, fields: tuple[str, ...], what: str) -> None:
    given = [name for name in fields if getattr(config, name) not in (None, ())]
    if given:
        raise DataError(f"--{given[0]} has no meaning for {what}. Leave it out.")
