"""From a picture's file to bytes: every format, upright, on white, the same picture at a reduced size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from glassnet.data.image_decoding import MOST_PIXELS, decode


def square(path, size=16, grey=False):
    """The decoded picture as an array of integers."""
    pixels = decode(str(path), size, grey)
    assert isinstance(pixels, np.ndarray), pixels
    return pixels.reshape((size, size) if grey else (size, size, 3)).astype(int)


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
    picture = square(folder.save(name, folder.gradient(64, 48), **options))
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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
def test_photos_are_put_upright(folder, orientation, ending):
    """The camera's orientation tag says how to turn what is stored; Pillow's own full-size turning is the reference."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = folder.save(f"a.{ending}", folder.gradient(48, 32), exif=exif)
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


def test_the_limit_is_below_pillows_own():
    assert MOST_PIXELS < 2 * Image.MAX_IMAGE_PIXELS
