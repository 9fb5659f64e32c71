"""Files with other bytes: bits flipped, bytes replaced, lost or put in, numbers and lengths changed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

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


def mutant(folder: Path, name: str, seed: int, number: int, data: bytes, mutations: Sequence[Mutation] = MUTATIONS[:-1]) -> Path:
    """A file with a mutant of ``data``; number -1 is ``data`` itself."""
    draw, target = random.Random(f"{name} {seed} {number}"), folder / f"mutant-{name}"
    if number >= 0:
        data = draw.choice(mutations)(draw, data)
        if draw.random() < 0.2:
            data = draw.choice(mutations)(draw, data or b"x")
    target.write_bytes(data)
    return target
