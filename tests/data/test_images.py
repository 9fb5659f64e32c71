"""Folders of pictures: what is read, how it is labelled, what is named as a problem, and what the cache keeps."""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from glassnet.checks import DataError
from glassnet.data.image_decoding import CHUNK, MOST_PIXELS, decode
from glassnet.data.image_files import label_in, natural_key
from glassnet.data.images import read_images

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


def gradient(width=40, height=30, mode="RGB"):
    """A picture whose red grows to the right and whose green grows downwards."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1)
    return Image.fromarray(np.stack([red, green, 0 * x + 128], axis=2).astype(np.uint8)).convert(mode)


@pytest.fixture
def folder(tmp_path):
    """Saves pictures, or bytes, below a folder."""

    class Folder:
        path = tmp_path / "photos"

        def save(self, name, what=None, **options):
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(what, bytes):
                path.write_bytes(what)
            else:
                (gradient() if what is None else what).save(path, **options)
            return path

        def read(self, **options):
            return read_images(self.path, size=16, **options)

    Folder.path.mkdir()
    return Folder()


def square(path, size=16, grey=False):
    """The decoded picture as an array of integers."""
    pixels = decode(str(path), size, grey)
    assert isinstance(pixels, np.ndarray), pixels
    return pixels.reshape((size, size) if grey else (size, size, 3)).astype(int)


# ---- labels and order


def test_sub_folders_are_classes_and_names_are_in_natural_order(folder):
    for name in ["dog/10.jpg", "dog/9.jpg", "cat/deep/er/1.png", "cat/2.webp"]:
        folder.save(name)
    images = folder.read()
    assert images.names == ("cat/2.webp", "cat/deep/er/1.png", "dog/9.jpg", "dog/10.jpg")
    assert images.labels.tolist() == ["cat", "cat", "dog", "dog"]
    assert images.pixels.shape == (4, 16 * 16 * 3) and images.pixels.dtype == np.uint8 and images.pixels.flags.c_contiguous
    assert (images.size, images.channels, images.problems, len(images)) == (16, 3, (), 4)


def test_the_beginning_of_a_name_is_the_class(folder):
    for name in ["cat.12.jpg", "cat.3.jpg", "dog_7.jpg", "big dog (2).png"]:
        folder.save(name)
    images = folder.read()
    assert images.names == ("big dog (2).png", "cat.3.jpg", "cat.12.jpg", "dog_7.jpg")
    assert images.labels.tolist() == ["big dog", "cat", "cat", "dog"]
    assert "before the first dot, underscore or digit" in images.labelling


@pytest.mark.parametrize(
    "name, label",
    [
        ("cat.12.jpg", "cat"),
        ("cat12.jpg", "cat"),
        ("cat-12.jpg", "cat"),
        ("cat.jpg", None),
        ("_1.jpg", None),
        ("7_cat.jpg", None),
        ("größe_1.png", "größe"),
    ],
)
def test_what_a_name_says_about_the_class(name, label):
    assert label_in(name) == label


@pytest.mark.parametrize(
    "names, sentence",
    [
        (["sunset.jpg", "cat.1.jpg"], "'sunset.jpg' does not begin with the name"),
        (["IMG_1.jpg", "IMG_2.jpg"], "all names begin with 'IMG'"),
    ],
)
def test_pictures_without_classes_have_no_labels_and_it_is_said_why(folder, names, sentence):
    for name in names:
        folder.save(name)
    images = folder.read()
    assert images.labels is None and len(images) == 2
    assert sentence in images.labelling


def test_a_picture_beside_the_sub_folders_is_a_problem(folder):
    for name in ["cat/1.png", "dog/1.png", "loose.png"]:
        folder.save(name)
    images = folder.read()
    assert images.names == ("cat/1.png", "dog/1.png")
    assert images.problems == (("loose.png", "it stands beside the sub-folders, so it has no class; move it into one"),)


def test_one_sub_folder_beside_pictures_is_no_class(folder):
    for name in ["cat.1.png", "dog.1.png", "thumbnails/1.png"]:
        folder.save(name)
    images = folder.read()
    assert images.labels.tolist() == ["cat", "dog"]
    assert images.problems[0][0] == "thumbnails/1.png"


def test_parts_of_a_collection_are_not_classes(folder):
    for name in ["train/cat/1.png", "test/cat/1.png"]:
        folder.save(name)
    with pytest.raises(DataError, match=r"'test', 'train': parts of a collection, not classes. Give one of them"):
        folder.read()


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


def test_natural_order_compares_digits_by_value_however_long():
    names = ["a" + "9" * 5000, "a10", "a9", "A8", "a010b", "b"]
    assert sorted(names, key=natural_key) == ["A8", "a9", "a10", "a010b", "a" + "9" * 5000, "b"]


# ---- every kind of file


@pytest.mark.parametrize(
    "name, options",
    [
        ("a.jpg", {"quality": 95}),
        ("a.png", {}),
        ("a.webp", {"lossless": True}),
        ("a.bmp", {}),
        ("a.tiff", {}),
        ("a.ppm", {}),
        ("a.jpg", {"progressive": True}),
    ],
)
def test_the_usual_formats_show_the_same_picture(folder, name, options):
    picture = square(folder.save(name, gradient(64, 48), **options))
    right = (np.arange(16) + 0.5) * 16 - 0.5
    assert abs(picture[:, :, 0] - right).max() < 12
    assert abs(picture[:, :, 1] - right[:, None]).max() < 12
    assert abs(picture[:, :, 2] - 128).max() < 12


def test_a_large_jpeg_is_decoded_small_and_is_the_same_picture_as_when_decoded_in_full(folder):
    rough = np.random.default_rng(0).integers(0, 256, (12, 9, 3), dtype=np.uint8)
    photo = Image.fromarray(rough).resize((1003, 701), Image.Resampling.BICUBIC)
    path = folder.save("a.jpg", photo, quality=95)
    with Image.open(path) as image:
        full = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    difference = square(path, 64) - full
    assert abs(difference).mean() < 1 and abs(difference.mean()) < 0.2  # no shift, no change of brightness


def test_grey_is_one_channel(folder):
    images = (folder.save("a.jpg", gradient(mode="L")), folder.save("b.png", gradient()), folder.read(grey=True))[2]
    assert images.channels == 1 and images.pixels.shape == (2, 256)
    assert abs(images.picture(1).astype(int) - np.asarray(gradient(16, 16, "L")).astype(int)).max() < 12
    assert folder.read().picture(0).shape == (16, 16, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
def test_photos_are_put_upright(folder, orientation, ending):
    """The camera's orientation tag says how to turn what is stored; Pillow's own full-size turning is the reference."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = folder.save(f"a.{ending}", gradient(48, 32), exif=exif)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB").resize((16, 16), Image.Resampling.BILINEAR)).astype(int)
    assert abs(square(path) - upright).max() < 12


def test_transparent_parts_are_white(folder):
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 10, 20))
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([10, 20, 30, 255, 0, 0])
    paths = [
        (folder.save("rgba.png", clear), [0, 0, 255]),
        (folder.save("palette.png", palette, transparency=1), [255, 255, 255]),
        (folder.save("la.png", Image.new("LA", (20, 20), (0, 0))), [255, 255, 255]),
        (folder.save("key.png", Image.new("RGB", (20, 20), "red"), transparency=(255, 0, 0)), [255, 255, 255]),
        (folder.save("webp.webp", Image.new("RGBA", (20, 20), (9, 9, 9, 0))), [255, 255, 255]),
        (folder.save("solid.png", palette), [255, 0, 0]),
    ]
    for path, colour in paths:
        assert square(path)[8, 1].tolist() == colour, path
        assert square(paths[0][0])[8, 14].tolist() == [255, 255, 255]
    assert square(paths[1][0], grey=True)[3, 3] == 255


def test_sixteen_bits_become_eight(folder):
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    grey = square(folder.save("a.png", Image.fromarray(values)), grey=True)
    assert grey.ravel().tolist() == list(range(256))
    assert square(folder.save("a.tiff", Image.fromarray(values)))[15, 15].tolist() == [255, 255, 255]


def test_cmyk_bilevel_and_animations_are_read(folder):
    cmyk = square(folder.save("cmyk.jpg", Image.new("CMYK", (20, 20), (255, 0, 0, 0)), quality=95))
    assert abs(cmyk - [0, 255, 255]).max() < 8
    assert square(folder.save("one.png", Image.new("1", (20, 20), 1))).min() == 255
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    for name in ("a.gif", "a.webp", "a.tiff", "a.png"):
        options = {"lossless": True} if name == "a.webp" else {}
        path = folder.save(name, frames[0], save_all=True, append_images=frames[1:], **options)
        assert square(path)[5, 5].tolist() == [255, 0, 0], name


def png_claiming(width, height):
    """A PNG with a header, a little data, and nothing like the pixels it claims."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_files_that_cannot_be_used_are_named_with_a_reason_and_never_fatal(folder):
    whole = folder.save("cat/1.jpg", gradient(200, 150)).read_bytes()
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
        whole = np.frombuffer(folder.save(name, gradient(60, 50), **options).read_bytes(), np.uint8)
        for trial in range(12):
            damaged = whole.copy()
            damaged[random.integers(0, min(len(whole), 400), 8)] = random.integers(0, 256, 8)
            folder.save(f"{trial}-{name}", damaged[: random.integers(1, len(whole) + 1)].tobytes())
    images = folder.read()
    assert len(images) + len(images.problems) == 6 * 13
    assert len(images) >= 6


def test_the_limit_is_below_pillows_own():
    assert MOST_PIXELS < 2 * Image.MAX_IMAGE_PIXELS


@needs_links
def test_links_are_followed_once_and_loops_end(folder):
    folder.save("cat/1.png")
    folder.save("dog/1.png")
    (folder.path / "dog" / "loop").symlink_to(folder.path, target_is_directory=True)
    (folder.path / "dog" / "itself.png").symlink_to(folder.path / "dog" / "itself.png")
    (folder.path / "dog" / "nowhere.png").symlink_to(folder.path / "gone.png")
    (folder.path / "dog" / "2.png").symlink_to(folder.path / "cat" / "1.png")
    images = folder.read()
    assert images.names == ("cat/1.png", "dog/1.png", "dog/2.png")
    assert images.problems == (
        ("dog/itself.png", "it is a link that leads nowhere"),
        ("dog/loop", "it is a link to a folder that is read already"),
        ("dog/nowhere.png", "it is a link that leads nowhere"),
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(folder):
    folder.save("a.png")
    os.mkfifo(folder.path / "pipe.png")
    assert folder.read().problems == (("pipe.png", "it is neither a file nor a folder"),)


def test_hidden_files_and_those_of_systems_are_passed_over(folder):
    for name in ["cat/1.png", "dog/1.png"]:
        folder.save(name)
    for name in [".hidden.png", "cat/._1.png", ".git/x.png", "__MACOSX/cat/1.png", "cat/Thumbs.db", "cat/.DS_Store"]:
        folder.save(name, b"x")
    images = folder.read()
    assert len(images) == 2 and images.problems == ()


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_names_that_are_no_text_are_spelled_out(folder):
    good = folder.save("a.png").read_bytes()
    with open(os.fsencode(folder.path) + b"/b\xff.png", "wb") as file:
        file.write(good)
    assert folder.read(cache=folder.path.parent / "cache").names == ("a.png", "b\\udcff.png")


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


# ---- the cache


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
