"""Damaged and hostile tables, Parquet files, arrays and pictures, by the ten thousand, and small files that unpack to gigabytes.

Each must be read as something, or refused by one DataError; nothing may crash, hang or outgrow the cap.
"""

from __future__ import annotations

import gzip
import io
import random
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from glassnet.checks import DataError
from glassnet.data.arrays import read_arrays
from glassnet.data.image_decoding import decode
from glassnet.data.tables import read_table
from torture.children import Work
from torture.mutation import mutant
from torture.outcome import Budget, Outcome

CAP = 1024 * 2**20
"""Bytes that reading a table or a picture of some kilobytes may take beyond what the process has."""


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
    for name in ("bomb.csv.gz", "bomb.npz", "bomb.png", "bomb.parquet"):
        began = time.perf_counter()
        size = (folder / name).stat().st_size
        Work(f"{name}, {size:,} bytes", 1, partial(bomb, name), CAP).run(outcome, folder, budget.seed)
        outcome.facts[f"{name}, {size:,} bytes"] += f" in {time.perf_counter() - began:.1f} s with the start of a process"
    for name in READERS:
        Work(name, budget.of(10_000, 200), partial(changed_data, name), CAP).run(outcome, folder, budget.seed)
    return outcome
