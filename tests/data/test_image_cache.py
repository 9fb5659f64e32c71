"""Pictures decoded once: what is kept, what is decoded anew, and what damage does."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from glassnet.data.image_decoding import CHUNK, decode


@pytest.fixture
def cached(folder, monkeypatch):
    """Reads through a cache and tells which files were decoded."""
    import glassnet.data.image_decoding as decoding

    names = []

    def counting(path, size, grey):
        names.append(os.path.basename(path))
        return decode(path, size, grey)

    monkeypatch.setattr(decoding, "decode", counting)

    def read(**options):
        names.clear()
        images = folder.read(cache=folder.path.parent / "kept.npy", **options)
        return images, sorted(names)

    return read


def test_a_second_reading_decodes_nothing_and_stays_on_disk(folder, cached):
    for i in range(40):
        folder.save(f"{i}.png", Image.new("RGB", (20, 20), (i, 0, 0)))
    folder.save("7.png", b"damaged")
    first, decoded = cached()
    assert len(decoded) == 40
    second, decoded = cached()
    assert decoded == []
    assert isinstance(second.pixels, np.memmap) and isinstance(first.pixels, np.memmap)
    assert second.pixels.flags.c_contiguous and not second.pixels.flags.writeable
    assert (first.pixels == second.pixels).all() and (second.pixels == folder.read().pixels).all()
    assert (second.names, second.problems) == (first.names, first.problems)
    assert {path.name for path in folder.path.parent.iterdir()} == {"photos", "kept.npy", "kept.json"}
    assert (np.load(folder.path.parent / "kept.npy") == second.pixels).all()


def test_only_what_has_changed_is_decoded_anew(folder, cached):
    for i in range(5):
        folder.save(f"{i}.png", Image.new("RGB", (20, 20), (i, 0, 0)))
    cached()
    os.utime(folder.save("3.png", Image.new("RGB", (20, 20), (99, 0, 0))), ns=(1, 1))
    folder.save("2b.png", Image.new("RGB", (20, 20), (50, 0, 0)))
    (folder.path / "0.png").unlink()
    images, decoded = cached()
    assert decoded == ["2b.png", "3.png"]
    assert images.names == ("1.png", "2.png", "2b.png", "3.png", "4.png")
    assert images.pixels[:, 0].tolist() == [1, 2, 50, 99, 4]
    assert cached()[1] == []


def test_other_options_are_another_cache(folder, cached):
    folder.save("a.png")
    cached()
    images, decoded = cached(grey=True)
    assert decoded == ["a.png"] and images.pixels.shape == (1, 256)


@pytest.mark.parametrize("damage", ["index", "no index", "pixels", "other pixels", "row", "no pixels", "foreign"])
def test_a_damaged_cache_is_not_used(folder, cached, damage):
    for i in range(3):
        folder.save(f"{i}.png", Image.new("RGB", (20, 20), (i, 0, 0)))
    cached()
    pixels, index = folder.path.parent / "kept.npy", folder.path.parent / "kept.json"
    if damage == "index":
        index.write_text(index.read_text()[:-20])
    elif damage == "no index":
        index.unlink()
    elif damage == "pixels":
        pixels.write_bytes(pixels.read_bytes()[:500])
    elif damage == "other pixels":
        np.save(pixels, np.zeros((3, 768), np.uint8))
    elif damage == "no pixels":
        pixels.unlink()
    elif damage == "foreign":
        index.write_text("[1, 2]")
    else:
        content = json.loads(index.read_text())
        content["files"]["1.png"][2] = 3
        index.write_text(json.dumps(content))
    images, decoded = cached()
    assert len(decoded) == 3
    assert images.pixels[:, 0].tolist() == [0, 1, 2]
    assert cached()[1] == []


def test_a_cache_that_cannot_be_written_is_said(folder):
    folder.save("a.png")
    with pytest.raises(OSError, match=r"kept.npy could not be written: .* or keep the pictures elsewhere"):
        folder.read(cache=folder.path.parent / "no" / "such" / "kept")


def test_an_interruption_leaves_nothing_half_written(folder, cached):
    for i in range(2 * CHUNK):
        folder.save(f"{i}.bmp", Image.new("L", (8, 8), i))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(progress=interrupt)
    assert [path.name for path in folder.path.parent.iterdir()] == ["photos"]
