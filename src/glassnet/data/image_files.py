"""Which files of a folder are pictures, in which order, and what class each belongs to.

    photos/cat/1.jpg   photos/dog/7.jpg     one sub-folder per class (and whatever folders are inside it)
    photos/cat.12.jpg  photos/dog_7.jpg     one folder: the class is what stands before the first dot, underscore or digit
    photos/beach.jpg   photos/sunset.jpg    one folder, no classes

Links are followed, and each folder is read once, so that a loop of links ends. Hidden files and those that systems leave in folders
are passed over in silence; everything else that is no picture is named with a reason.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from dataclasses import dataclass

from glassnet.checks import DataError
from glassnet.data.wording import count

SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "gif", "bmp", "dib"),
        *("tif", "tiff", "ppm", "pgm", "pbm", "pnm", "avif", "jp2", "j2k"),
    )
)
"""How names of pictures end; a file without any ending is tried too."""

LEFT_BY_SYSTEMS = frozenset(["thumbs.db", "desktop.ini", "__macosx", "@eadir"])
PARTS = frozenset(["train", "training", "test", "testing", "val", "valid", "validation"])

_DIGITS = re.compile(r"([0-9]+)")
_PREFIX = re.compile(r"([^\d._]*[^\d._\s(\-])[\s(\-]*[\d._]")

Problem = tuple[str, str]
"""(name of the file, why it is not used)."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """Where a picture is, what it is called (below the folder, with ``/``), and how to tell whether it has changed."""

    path: str
    name: str
    size: int  # bytes
    changed: int  # nanoseconds

    @property
    def folder(self) -> str:
        """The sub-folder it is in; empty for none."""
        return self.name.split("/", 1)[0] if "/" in self.name else ""


@dataclass(frozen=True)
class Found:
    """Files in natural order, the label of each (or None), how labels were found in one sentence, and what was passed over."""

    files: list[ImageFile]
    labels: list[str] | None
    labelling: str
    problems: list[Problem]


def find_images(folder: str | os.PathLike[str]) -> Found:
    """The pictures in ``folder`` and their labels. Raises DataError where it is no folder, or holds parts instead of classes."""
    root = os.fspath(folder)
    if not os.path.isdir(root):
        what = "is a file, not a folder" if os.path.exists(root) else f"does not exist. Relative paths start at {os.getcwd()}"
        raise DataError(f"{root} {what}. Give the folder that holds the pictures, or one sub-folder per class.")
    files, problems = _walk(root)
    files.sort(key=lambda file: (natural_key(file.name), file.name))
    loose = [file for file in files if not file.folder]
    classes = list(dict.fromkeys(file.folder for file in files if file.folder))
    if classes and all(name.casefold() in PARTS for name in classes):
        first = min(classes, key=lambda name: not name.casefold().startswith("train"))
        raise DataError(
            f"The sub-folders of {root} are called {', '.join(map(repr, classes))}: parts of a collection, not classes. Give one of them, "
            f"such as {os.path.join(root, first)}."
        )
    if len(classes) > 1 or (classes and not loose):
        problems += [(file.name, "it stands beside the sub-folders, so it has no class; move it into one") for file in loose]
        files = [file for file in files if file.folder]
        labels: list[str] | None = [file.folder for file in files]
        labelling = f"The {count(len(classes), 'sub-folder')} of {root} give the classes."
    else:
        problems += [(file.name, "it is in a sub-folder, while the pictures are beside it") for file in files if file.folder]
        files = loose
        labels, labelling = _from_names([file.name for file in files])
    problems.sort(key=lambda problem: natural_key(problem[0]))
    return Found(files, labels, labelling, problems)


def natural_key(name: str) -> list[tuple[int, str]]:
    """Orders names as people do: digits by their value, letters without regard to case.

    >>> sorted(["dog/10.jpg", "dog/9.jpg", "Cat/1.jpg"], key=natural_key)
    ['Cat/1.jpg', 'dog/9.jpg', 'dog/10.jpg']
    """
    parts = _DIGITS.split(name)
    key = [(0, part.casefold()) for part in parts]
    for i in range(1, len(parts), 2):
        digits = parts[i].lstrip("0")
        key[i] = (len(digits), digits)  # a longer number is a larger one
    return key


def label_in(name: str) -> str | None:
    """What stands before the first dot, underscore or digit of a file's name, if the name goes on after it.

    >>> [label_in(name) for name in ["cat.12.jpg", "dog_7.jpg", "big cat (3).png", "sunset.jpg", "12.jpg"]]
    ['cat', 'dog', 'big cat', None, None]
    """
    stem = os.path.splitext(name)[0]
    match = _PREFIX.match(stem)
    return match[1].strip() if match else None


def _from_names(names: list[str]) -> tuple[list[str] | None, str]:
    labels = [label_in(name) for name in names]
    known = [label for label in labels if label is not None]
    if len(known) < len(labels):
        bare = names[labels.index(None)]
        return None, f"The pictures have no classes: {bare!r} does not begin with the name of one, as 'cat.12.jpg' or 'dog_7.jpg' do."
    if len(set(known)) < 2:
        alike = f"all names begin with {known[0]!r}" if known else "there are none"
        return None, f"The pictures have no classes: {alike}."
    return known, f"What stands before the first dot, underscore or digit of a file's name gives its class ({len(set(known))} of them)."


def _walk(root: str) -> tuple[list[ImageFile], list[Problem]]:
    """Every candidate below ``root``, and everything that is none. Folders go before links to folders, each is read once."""
    files: list[ImageFile] = []
    problems: list[Problem] = []
    read: set[tuple[int, int]] = set()
    folders, links = deque([(root, "")]), deque[tuple[str, str]]()
    while folders or links:
        path, name = (folders or links).popleft()
        try:
            facts = os.stat(path)
            if (facts.st_dev, facts.st_ino) in read:
                problems.append((name, "it is a link to a folder that is read already"))
                continue
            read.add((facts.st_dev, facts.st_ino))
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if not name:
                raise DataError(f"{root} cannot be read: {error.strerror or error}.") from error
            problems.append((name, f"the folder cannot be read: {error.strerror or error}"))
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.casefold() in LEFT_BY_SYSTEMS:
                continue
            below = f"{name}/{_printable(entry.name)}" if name else _printable(entry.name)
            try:
                facts = entry.stat()
            except OSError as error:
                why = "it is a link that leads nowhere" if entry.is_symlink() else f"it cannot be read: {error.strerror or error}"
                problems.append((below, why))
                continue
            if stat.S_ISDIR(facts.st_mode):
                (links if entry.is_symlink() else folders).append((entry.path, below))
            elif not stat.S_ISREG(facts.st_mode):
                problems.append((below, "it is neither a file nor a folder"))
            elif (ending := os.path.splitext(below)[1].lower()) and ending not in SUFFIXES:
                problems.append((below, f"it is not a picture: its name ends in {ending}"))
            else:
                files.append(ImageFile(entry.path, below, facts.st_size, facts.st_mtime_ns))
    return files, problems


def _printable(name: str) -> str:
    """A file's name as text that can be written anywhere, bytes that are no text spelled out."""
    return name.encode("utf-8", "backslashreplace").decode()
