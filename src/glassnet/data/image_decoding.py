"""From a picture's file to ``size`` x ``size`` bytes per channel, or one sentence about why not.

    open -> refuse by size -> decode (JPEG at 1/2, 1/4 or 1/8, never below twice the target) -> resize -> put upright -> on white -> bytes

The whole picture is kept: it is squashed to a square, whatever its sides. Resizing averages (a triangle filter as wide as the
reduction). Where a camera noted how it was held (EXIF), the picture is put upright; transparent parts become white; of an animation
or a document of several pages the first is taken; 16 bits become 8.
A picture of more than `MOST_PIXELS` is refused from its header, before anything is decoded; only one picture of more than
`LARGE` pixels is decoded at a time.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 120_000_000
"""Width times height of the largest picture that is decoded; 12,000 x 10,000."""

LARGE = 16_000_000
LEAST_SIDE = 8  # pixels; anything smaller is a spacer or a tracking dot
FORMATS = ("JPEG", "PNG", "WEBP", "MPO", "GIF", "BMP", "DIB", "TIFF", "PPM", "AVIF", "JPEG2000")
"""What is read; formats that would start another program (EPS) are not among them."""

CHUNK = 32  # pictures a thread takes at a time
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Pixels = NDArray[np.uint8]

_one_large_at_a_time = threading.Lock()


def decode(path: str, size: int, grey: bool) -> Pixels | str:
    """The picture as (size * size * channels,) bytes, row by row, red green blue in turn; or why it cannot be had."""
    try:
        with open(path, "rb") as file:
            return _decode(file, size, grey)
    except Image.DecompressionBombError as error:
        found = re.search(r"\((\d+) pixels\)", str(error))
        return _too_large(int(found[1]) if found else 2 * MOST_PIXELS)
    except UnidentifiedImageError:
        return "it is empty" if os.path.getsize(path) == 0 else "it is not a picture in a format that is read, or its beginning is damaged"
    except _Refused as refused:
        return str(refused)
    except MemoryError:
        return "there is not enough memory to decode it"
    except OSError as error:
        return f"it cannot be read: {error.strerror}" if error.errno else f"it is damaged: {str(error).rstrip('.')[:120]}"
    except Exception as error:  # a damaged file makes a decoder fail in any way whatever; none of them may end the job
        return f"it is damaged: {type(error).__name__}: {str(error).rstrip('.')[:120]}"


def decode_all(batches: Sequence[Sequence[str]], size: int, grey: bool, workers: int | None = None) -> Iterator[list[Pixels | str]]:
    """`decode` of every path, batch by batch in order, by threads: Pillow lets go of the interpreter while it decodes.

    Threads decode as many a second as processes do, and need not be started, fed and emptied.
    """
    workers = workers or _cores()
    waiting: deque[Future[list[Pixels | str]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="glassnet-decode")
    try:
        for paths in batches:
            waiting.append(pool.submit(lambda paths: [decode(path, size, grey) for path in paths], paths))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Refused(ValueError):
    """Why a picture is not taken, as half a sentence."""


def _too_large(pixels: int) -> str:
    return f"it has {pixels / 1e6:,.0f} megapixels; at most {MOST_PIXELS / 1e6:.0f} are decoded"


@cache
def _formats() -> list[str]:
    """Those of `FORMATS` that this Pillow was built with."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _decode(file: IO[bytes], size: int, grey: bool) -> Pixels:
    with Image.open(file, formats=_formats()) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise _Refused(_too_large(width * height))
        if min(width, height) < LEAST_SIDE:
            raise _Refused(f"it is {width} x {height} pixels, too small; each side needs at least {LEAST_SIDE}")
        with _one_large_at_a_time if width * height > LARGE else nullcontext():
            drafted = image.draft("L" if grey else None, (2 * size, 2 * size))
            box = drafted[1] if drafted else None
            small = _plain(image).resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
            turn = UPRIGHT.get(_orientation(image))
    if turn is not None:
        small = small.transpose(turn)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    wanted = "L" if grey else "RGB"
    return np.asarray(small if small.mode == wanted else small.convert(wanted)).reshape(-1)


def _plain(image: Image.Image) -> Image.Image:
    """The picture as grey (L), RGB or, where parts are transparent, RGBA: what can be resized."""
    image.load()
    if image.mode.startswith("I"):
        return _eight_bits(image)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode in ("L", "RGB"):
        return image
    if image.mode == "F":
        raise _Refused("its pixels are decimal numbers without a range; save it with 8 or 16 bits")
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """A grey picture of 16 bits: 0 stays 0, 65,535 becomes 255."""
    values: NDArray[Any] = np.asarray(image)
    if values.min() < 0 or values.max() > 65_535:
        raise _Refused("its pixels have more than 16 bits; save it with 8 or 16")
    return Image.fromarray(((values.astype(np.int32) + 128) // 257).astype(np.uint8))


def _orientation(image: Image.Image) -> int:
    """How the camera was held: 1 to 8, or 0 where that is not known. Asked after decoding, since PNG may tell at its end."""
    if image.format != "TIFF" and not any(key in image.info for key in ("exif", "xmp", "XML:com.adobe.xmp")):
        return 0
    try:
        return int(image.getexif().get(ORIENTATION, 0))
    except Exception:  # damaged notes of a camera are no reason to lose the picture
        return 0
