"""Damaged and hostile files: model files by the million, and tables, Parquet files and pictures by the ten thousand.

Each mutant is read in a child process whose memory is capped, under a watchdog. A model file that was changed must be refused by one
ModelFileError, or hold what it held before, to the bit (blanks in a header may change). A model file that was changed *and sealed again*,
as an attacker can, must be refused or give an estimator that answers. Nothing may crash, hang or outgrow the cap.
"""

from __future__ import annotations

import gzip
import io
import json
import mmap
import multiprocessing
import random
import resource
import signal
import struct
import time
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation, load, save
from glassnet.checks import DataError, ModelFileError
from glassnet.data.arrays import read_arrays
from glassnet.data.image_decoding import decode
from glassnet.data.tables import read_table
from glassnet.files import container
from torture.outcome import Budget, Outcome

MODEL_CAP, DATA_CAP = 256 * 2**20, 1024 * 2**20
"""Bytes that reading one file may take beyond what the process has: of a model of some kilobytes; of a table or a picture."""
WATCHDOG = 20
"""Seconds that one file may take."""
Mutation = Callable[[random.Random, bytes], bytes]


def flipped(draw: random.Random, data: bytes) -> bytes:
    """Some bits the other way round."""
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
    return bytes(out)


def overwritten(draw: random.Random, data: bytes) -> bytes:
    """Some bytes replaced, one by one or in a row."""
    at, count = draw.randrange(len(data)), draw.choice((1, 2, 4, 8, 64))
    return data[:at] + draw.choice((bytes(count), b"\xff" * count, draw.randbytes(count))) + data[at + count :]


def cut(draw: random.Random, data: bytes) -> bytes:
    """The end, or something in the middle, taken away."""
    at = draw.randrange(len(data))
    return data[:at] if draw.random() < 0.5 else data[:at] + data[at + draw.choice((1, 2, 8, 100)) :]


def grown(draw: random.Random, data: bytes) -> bytes:
    """Bytes put in, or a part repeated."""
    at = draw.randrange(len(data))
    more = (
        draw.randbytes(draw.choice((1, 8, 100))) if draw.random() < 0.5 else data[at : at + draw.choice((1, 8, 100))] * draw.choice((1, 3))
    )
    return data[:at] + more + data[at:]


def renumbered(draw: random.Random, data: bytes) -> bytes:
    """A digit of the first kilobytes changed, or a number made huge: sizes, offsets, versions."""
    places = [i for i in range(min(len(data), 4096)) if 48 <= data[i] <= 57]
    if not places:
        return flipped(draw, data)
    at = draw.choice(places)
    return (
        data[:at] + draw.choice((b"0", b"9", b"-1", b"1e999", b"99999999999999999999", str(draw.randrange(10)).encode())) + data[at + 1 :]
    )


def length_changed(draw: random.Random, data: bytes) -> bytes:
    """Another length of the header."""
    return struct.pack("<Q", draw.choice((0, 1, 2**63, 2**64 - 1, draw.randrange(2 * len(data)), 2**40))) + data[8:]


MUTATIONS: tuple[Mutation, ...] = (flipped, flipped, overwritten, cut, grown, renumbered, length_changed)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    2**62,
    "",
    "os.system",
    "../../etc/passwd",
    [],
    {},
    [[]],
    ["a"] * 3,
    {"a": 1},
    "x" * 5000,
)
ODD_ARRAYS: tuple[Any, ...] = (
    np.zeros((0,)),
    np.zeros((0, 7)),
    np.full((3, 2), np.nan),
    np.full((3, 2), np.inf),
    np.zeros((2, 2, 2)),
    np.zeros((1, 1), np.int64),
    np.array(True),
    np.zeros((1024, 1024), np.uint8),
)


MODELS = ("table.safetensors", "logistic.safetensors", "regression.safetensors")


def write_models(folder: Path) -> None:
    """Model files of every kind."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(60, 3)), np.array(["no", "yes", "maybe"])[draw.integers(0, 3, 60)]
    frame = pl.DataFrame({"a": X[:, 0], "b": ["u", "v", "w"] * 20, "c": [None, *X[1:, 2]]})
    warnings.simplefilter("ignore", ConvergenceWarning)
    models: dict[str, Any] = {
        "table": Pipeline([("preparation", TablePreparation()), ("model", MLPClassifier((3,), max_iter=3, random_state=0))]).fit(frame, y),
        "logistic": LogisticRegression().fit(X, y),
        "regression": MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, standardise_target=True, random_state=0).fit(X, X[:, 0]),
    }
    for name, model in models.items():
        save(model, folder / f"{name}.safetensors")


def changed_values(draw: random.Random, arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    """One thing in a model's arrays or metadata replaced, lost, renamed or swapped."""
    kind = draw.random()
    if kind < 0.3 and arrays:
        name = draw.choice(list(arrays))
        arrays[name] = draw.choice((*ODD_ARRAYS, arrays[name].reshape(-1)[:-1], arrays[name].astype(np.float32), arrays[name].T))
    elif kind < 0.4 and len(arrays) > 1:
        one, other = draw.sample(list(arrays), 2)
        arrays[one], arrays[other] = arrays[other], arrays[one]
    elif kind < 0.5 and arrays:
        arrays.pop(draw.choice(list(arrays)))
    else:
        holder: Any = metadata
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                return
            key = draw.choice(keys)
            if isinstance(holder[key], dict | list) and holder[key] and draw.random() < 0.7:
                holder = holder[key]
                continue
            break
        if draw.random() < 0.2:
            holder.pop(key)
        else:
            holder[key] = draw.choice(ODD_VALUES)


def same(one: Any, other: Any) -> bool:
    """Whether two files hold the same, to the bit."""
    (arrays, metadata), (others, more) = one, other
    return (
        metadata == more
        and list(arrays) == list(others)
        and all(
            a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
            for a, b in zip(arrays.values(), others.values(), strict=True)
        )
    )


def capped(bytes_more: int) -> None:
    """No more memory than the process has now and ``bytes_more``."""
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + bytes_more, size + bytes_more))


@dataclass(frozen=True)
class Work:
    """``count`` mutants of one kind, each tried in a child; where a child dies, the next one goes on behind the culprit.

    ``attempt(folder, seed, number)`` answers with what became of a mutant; ``cap`` is how much memory it may take, in bytes.
    """

    name: str
    count: int
    attempt: Callable[[Path, int, int], str]
    cap: int

    def run(self, outcome: Outcome, folder: Path, seed: int) -> None:
        """Try all of them. Children are begun afresh, for threads of a library do not live through a fork."""
        at, found = 0, Counter[str]()
        progress, findings = folder / "progress", folder / "findings"
        while at < self.count:
            findings.unlink(missing_ok=True)
            child = multiprocessing.get_context("spawn").Process(target=self.all_from, args=(at, folder, seed))
            child.start()
            child.join()
            if findings.exists():
                found += Counter(json.loads(findings.read_text()))
            if child.exitcode == 0:
                break
            culprit = struct.unpack("q", progress.read_bytes())[0]
            what = "took too long" if child.exitcode == -signal.SIGALRM else f"ended the process with status {child.exitcode}"
            outcome.broken.append(f"{self.name}: mutant {culprit} {what}")
            at = culprit + 1
        for kind in [kind for kind in found if kind.startswith("BROKEN")]:
            outcome.broken.append(f"{self.name}: {found.pop(kind)} times {kind[7:]}")
        outcome.facts[self.name] = f"{self.count:,} mutants: {dict(found)}"

    def all_from(self, at: int, folder: Path, seed: int) -> None:
        """In the child: mutant after mutant; what became of them goes into a file."""
        (folder / "progress").write_bytes(bytes(8))
        found = Counter[str]()
        self.attempt(folder, seed, -1)  # brings in modules, threads and kernels, which are not the file's
        capped(self.cap)
        with open(folder / "progress", "r+b") as file, mmap.mmap(file.fileno(), 8) as board:
            for number in range(at, self.count):
                board[:] = struct.pack("q", number)
                signal.alarm(WATCHDOG)
                try:
                    found[self.attempt(folder, seed, number)] += 1
                except BaseException as error:
                    kind = f"BROKEN {type(error).__name__}: {str(error)[:60]}"
                    found[kind if kind in found or len(found) < 40 else "BROKEN others"] += 1
        signal.alarm(0)
        (folder / "findings").write_text(json.dumps(found))


def mutant(folder: Path, name: str, seed: int, number: int, data: bytes, mutations: Sequence[Mutation] = MUTATIONS[:-1]) -> Path:
    """A file with a mutant of ``data``; number -1 is ``data`` itself."""
    draw, target = random.Random(f"{name} {seed} {number}"), folder / f"mutant-{name}"
    if number >= 0:
        data = draw.choice(mutations)(draw, data)
        if draw.random() < 0.2:
            data = draw.choice(mutations)(draw, data or b"x")
    target.write_bytes(data)
    return target


@cache
def original(path: Path) -> tuple[bytes, Any]:
    """A model file's bytes and contents."""
    return path.read_bytes(), container.read(path)


def changed_model(folder: Path, seed: int, number: int) -> str:
    """A model file with other bytes."""
    content, before = original(folder / MODELS[number % len(MODELS)])
    try:
        found = container.read(mutant(folder, "model", seed, number, content, MUTATIONS))
    except ModelFileError:
        return "refused"
    return "unchanged" if same(found, before) else "BROKEN a changed value was read"


def sealed_model(folder: Path, seed: int, number: int) -> str:
    """A model file with other values, and the checksums that belong to them."""
    draw, target = random.Random(f"sealed {seed} {number}"), folder / "mutant-sealed"
    arrays, metadata = container.read(folder / MODELS[number % len(MODELS)])
    for _ in range(draw.choice((1, 1, 2, 3)) if number >= 0 else 0):
        changed_values(draw, arrays, metadata)
    try:
        container.write(target, arrays, metadata)
    except ValueError:
        return "not writable"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = load(target)
        except ModelFileError:
            return "refused"
    return "read" if hasattr(model, "predict") else "BROKEN something else than a model was read"


def models(budget: Budget) -> Outcome:
    """A million mutants of model files as bytes, and 50,000 that are sealed again."""
    outcome, folder = Outcome("model files"), budget.folder / "models"
    folder.mkdir(parents=True, exist_ok=True)
    write_models(folder)
    Work("changed", budget.of(1_000_000, 10_000), changed_model, MODEL_CAP).run(outcome, folder, budget.seed)
    Work("changed and sealed again", budget.of(50_000, 500), sealed_model, MODEL_CAP).run(outcome, folder, budget.seed)
    return outcome


def a_table() -> bytes:
    """A table as text."""
    draw = random.Random(0)
    lines = [
        f"{draw.random():.6f},{draw.choice(['red', 'blue', 'a, b'])!r},{draw.randrange(100)},2024-0{draw.randrange(1, 9)}-11"
        for _ in range(60)
    ]
    return ("x,colour,n,day\n" + "\n".join(line.replace("'", '"') for line in lines) + "\n").encode()


def write_data(folder: Path) -> None:
    """A table as text, gzipped and as Parquet, a file of arrays, pictures in six formats; and small files that unpack to gigabytes."""
    (folder / "table.csv").write_bytes(a_table())
    (folder / "table.csv.gz").write_bytes(gzip.compress(a_table()))
    read_table(folder / "table.csv").write_parquet(folder / "table.parquet")
    np.savez(folder / "arrays.npz", X=np.arange(600, dtype=np.uint8).reshape(6, 100), y=np.arange(6))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8))
    for kind in FORMATS:
        noise.save(folder / f"picture.{kind}", kind)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk = b"1,2,3\n" * (1 << 18)
    (folder / "bomb.csv.gz").write_bytes(b"".join(squeezer.compress(chunk) for _ in range(2000)) + squeezer.flush())
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (2_000_000, 1024)})
    with zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("X.npy", "w", force_zip64=True) as file:
        file.write(header.getvalue())
        for _ in range(2048):
            file.write(bytes(1_000_000))
    Image.new("1", (60_000, 60_000)).save(folder / "bomb.png")
    pl.select(pl.repeat(0, 400_000_000, dtype=pl.Int64).alias("x")).write_parquet(folder / "bomb.parquet", compression="zstd")


FORMATS = ("png", "jpeg", "gif", "bmp", "tiff", "webp")
READERS: dict[str, Callable[[Path], Any]] = {
    "table.csv": read_table,
    "table.csv.gz": read_table,
    "table.parquet": read_table,
    "arrays.npz": read_arrays,
    **{f"picture.{kind}": lambda path: decode(str(path), 16, False) for kind in FORMATS},
}


def changed_data(name: str, folder: Path, seed: int, number: int) -> str:
    """A table, arrays or a picture with other bytes; the name keeps its ending."""
    path = mutant(folder, name, seed, number, (folder / name).read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "refused" if isinstance(READERS[name](path), str) else "read"
        except DataError:
            return "refused"


def bomb(name: str, folder: Path, seed: int, number: int) -> str:
    """A small file that would unpack to gigabytes; before it, the harmless one of its kind."""
    if number < 0:
        return changed_data(
            name.replace("bomb.png", "picture.png").replace("bomb.npz", "arrays.npz").replace("bomb", "table"), folder, seed, -1
        )
    try:
        answer = READERS[name.replace("bomb.png", "picture.png").replace("bomb.npz", "arrays.npz").replace("bomb", "table")](folder / name)
    except DataError as error:
        return f"refused: {str(error).replace(str(folder), '')[:120]}"
    return f"refused: {answer}" if isinstance(answer, str) else "BROKEN it was read"


def data_files(budget: Budget) -> Outcome:
    """Damaged tables, Parquet files, arrays and pictures, and bombs."""
    outcome, folder = Outcome("data files"), budget.folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    write_data(folder)
    for name in READERS:
        Work(name, budget.of(10_000, 200), partial(changed_data, name), DATA_CAP).run(outcome, folder, budget.seed)
    for name in ("bomb.csv.gz", "bomb.npz", "bomb.png", "bomb.parquet"):
        began = time.perf_counter()
        size = (folder / name).stat().st_size
        Work(f"{name}, {size:,} bytes", 1, partial(bomb, name), DATA_CAP).run(outcome, folder, budget.seed)
        outcome.facts[f"{name}, {size:,} bytes"] += f" in {time.perf_counter() - began:.1f} s with the start of a process"
    return outcome
