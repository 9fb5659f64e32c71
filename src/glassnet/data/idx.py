"""The idx format, in which the MNIST digits are handed on.

bytes 0-1   zero
byte  2     type of the values: 8 unsigned byte, 9 signed byte, 11 int16, 12 int32, 13 float32, 14 float64
byte  3     number of dimensions
then        the length of each dimension, four bytes each, and the values, most significant byte first
"""

from __future__ import annotations

import gzip
import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DataError

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MOST_DIMENSIONS = 4
LARGEST_UNPACKED = 4 * 2**30  # bytes that a gzipped file may grow to


def read_idx(source: str) -> NDArray[Any]:
    """The array in an idx file, plain or gzipped, in this machine's byte order. Raises DataError, OSError or EOFError."""
    with open(source, "rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
    with gzip.open(source) if packed else open(source, "rb") as file:
        start = file.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not 1 <= start[3] <= MOST_DIMENSIONS:
            raise DataError(f"{source} is no idx file: it does not begin with 00 00, a type and the number of dimensions.")
        dtype, rank = np.dtype(TYPES[start[2]]), start[3]
        lengths = file.read(4 * rank)
        if len(lengths) < 4 * rank:
            raise DataError(f"{source} is cut short within its first bytes.")
        shape = tuple(np.frombuffer(lengths, ">u4").tolist())
        wanted = math.prod(shape) * dtype.itemsize
        most = LARGEST_UNPACKED if packed else os.path.getsize(source)
        if wanted > most:
            raise DataError(f"{source} promises {shape} values, {wanted / 2**30:.2f} GiB; at most {most / 2**30:.2f} are there or allowed.")
        values = bytearray()
        while len(values) < wanted and (part := file.read(min(wanted - len(values), 2**24))):
            values += part
    if len(values) < wanted:
        raise DataError(f"{source} is cut short: {len(values):,} of {wanted:,} bytes of values are there.")
    return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
