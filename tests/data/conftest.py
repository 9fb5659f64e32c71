"""A folder of pictures, made for each test."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from glassnet.data.images import read_images


class Folder:
    """Saves pictures, or bytes, below ``path``, and reads them."""

    def __init__(self, path):
        self.path = path
        path.mkdir()

    def save(self, name, what=None, **options):
        """A picture or bytes under this name; its path."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, bytes):
            path.write_bytes(what)
        else:
            (self.gradient() if what is None else what).save(path, **options)
        return path

    def read(self, **options):
        """All of it, 16 x 16."""
        return read_images(self.path, size=16, **options)

    @staticmethod
    def gradient(width=40, height=30, mode="RGB"):
        """A picture whose red grows to the right and whose green grows downwards."""
        y, x = np.mgrid[0:height, 0:width]
        red, green = x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1)
        return Image.fromarray(np.stack([red, green, 0 * x + 128], axis=2).astype(np.uint8)).convert(mode)


@pytest.fixture
def folder(tmp_path):
    """An empty folder called photos."""
    return Folder(tmp_path / "photos")
