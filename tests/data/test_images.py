"""Folders of pictures from end to end: rows, problems, progress, refusals."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from glassnet.checks import DataError
from glassnet.data.image_decoding import CHUNK
from glassnet.data.image_files import natural_key
from glassnet.data.images import Images, read_images


def test_what_is_no_folder_or_has_no_picture_is_refused(folder, tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_images(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file, not a folder"):
        read_images(folder.save("a.png"))
    folder.save("a.png", b"no picture")
    with pytest.raises(DataError, match=r"holds no picture that can be read; .*\n  a.png: it is not a picture in a format"):
        folder.read()


@pytest.mark.parametrize("wrong", [{"size": 7}, {"size": 2000}, {"size": 16.0}, {"size": True}, {"grey": "yes"}])
def test_wrong_options_are_refused(folder, wrong):
    folder.save("a.png")
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        read_images(folder.path, **wrong)


def test_grey_is_one_channel(folder):
    images = (folder.save("a.jpg", folder.gradient(mode="L")), folder.save("b.png", folder.gradient()), folder.read(grey=True))[2]
    assert images.channels == 1 and images.pixels.shape == (2, 256)
    assert abs(images.picture(1).astype(int) - np.asarray(folder.gradient(16, 16, "L")).astype(int)).max() < 12
    assert folder.read().picture(0).shape == (16, 16, 3)


def png_claiming(width, height):
    """A PNG with a header, a little data, and nothing like the pixels it claims."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_files_that_cannot_be_used_are_named_with_a_reason_and_never_fatal(folder):
    whole = folder.save("cat/1.jpg", folder.gradient(200, 150)).read_bytes()
    folder.save("dog/2.jpg")
    folder.save("cat/empty.jpg", b"")
    folder.save("cat/half.jpg", whole[: len(whole) // 2])
    folder.save("cat/notes.txt", b"not a picture")
    folder.save("cat/words.png", b"not a picture")
    folder.save("cat/spacer.gif", Image.new("L", (1, 1)))
    folder.save("cat/bomb.png", png_claiming(30_000, 30_000))
    folder.save("cat/poster.png", png_claiming(12_500, 10_000))
    folder.save("cat/float.tiff", Image.fromarray(np.ones((20, 20), np.float32)))
    folder.save("cat/script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    folder.save("cat/script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    folder.save("cat/damaged.png", folder.save("dog/good.png").read_bytes()[:90] + b"\0" * 200)
    images = folder.read()
    reasons = dict(images.problems)
    assert images.names == ("cat/1.jpg", "dog/2.jpg", "dog/good.png")
    assert reasons.pop("cat/damaged.png").startswith("it is damaged")
    assert reasons.pop("cat/half.jpg").startswith("it is damaged: image file is truncated")
    foreign = "it is not a picture in a format that is read, or its beginning is damaged"
    assert reasons == {
        "cat/bomb.png": "it has 900 megapixels; at most 120 are decoded",
        "cat/empty.jpg": "it is empty",
        "cat/float.tiff": "its pixels are decimal numbers without a range; save it with 8 or 16 bits",
        "cat/notes.txt": "it is not a picture: its name ends in .txt",
        "cat/poster.png": "it has 125 megapixels; at most 120 are decoded",
        "cat/script.eps": "it is not a picture: its name ends in .eps",
        "cat/script.png": foreign,
        "cat/spacer.gif": "it is 1 x 1 pixels, too small; each side needs at least 8",
        "cat/words.png": foreign,
    }
    assert [name for name, _ in images.problems] == sorted((name for name, _ in images.problems), key=natural_key)


def test_no_damage_is_fatal(folder):
    """Bytes changed and files cut at random: a picture or a reason, nothing else."""
    random = np.random.default_rng(0)
    for name, options in {"a.jpg": {}, "a.png": {}, "a.gif": {}, "a.webp": {}, "a.tiff": {}, "a.bmp": {}}.items():
        whole = np.frombuffer(folder.save(name, folder.gradient(60, 50), **options).read_bytes(), np.uint8)
        for trial in range(12):
            damaged = whole.copy()
            damaged[random.integers(0, min(len(whole), 400), 8)] = random.integers(0, 256, 8)
            folder.save(f"{trial}-{name}", damaged[: random.integers(1, len(whole) + 1)].tobytes())
    images = folder.read()
    assert len(images) + len(images.problems) == 6 * 13
    assert len(images) >= 6


def test_progress_comes_to_the_end(folder):
    for i in range(2 * CHUNK + 3):
        folder.save(f"{i}.bmp", Image.new("L", (8, 8)))
    seen = []
    read_images(folder.path, size=8, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(CHUNK, 67), (2 * CHUNK, 67), (67, 67)]


def test_rows_can_be_taken(folder):
    for name in ["cat.1.png", "cat.2.png", "dog.1.png"]:
        folder.save(name)
    images = folder.read()
    some = images.take([2, 0])
    assert some.names == ("dog.1.png", "cat.1.png") and some.labels.tolist() == ["dog", "cat"]
    assert images.take(np.array([True, False, False])).names == ("cat.1.png",)
    assert (some.pixels[0] == images.pixels[2]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_brought_to_another_size_keep_everything_else(channels):
    flat = np.full((2, 16 * 16 * channels), 200, np.uint8)
    flat[1] = np.linspace(0, 255, 16).round().repeat(16 * channels)
    images = Images(flat, np.array(["a", "b"]), ("1.png", "2.png"), 16, channels)
    small = images.resized(8)
    assert (small.size, small.channels, small.names, small.labels.tolist()) == (8, channels, images.names, ["a", "b"])
    assert (small.pixels[0] == 200).all() and small.pixels.dtype == np.uint8
    rows = small.picture(1).reshape(8, -1).astype(float)
    assert (np.ptp(rows, axis=1) == 0).all() and rows[1:-1, 0] == pytest.approx(np.arange(1, 7) * 34 + 8.5, abs=1)
    assert images.resized(16) is images
