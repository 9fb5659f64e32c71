"""Write scikit-learn's bundled handwritten digits as pictures: ``python examples/bundled_pictures.py digits/``.

Nothing is downloaded. The folder gets a sub-folder for each class, with 1,797 grey PNG files of 16 x 16 pixels; beside it stands the
same as a file of arrays, ``digits.npz``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


def write_pictures(folder: Path) -> None:
    """The digits -> ``folder``/0 ... ``folder``/9, and ``folder``.npz."""
    digits = load_digits()
    pixels = (digits.images * (255 / 16)).round().astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    for label in digits.target_names:
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
    for number, (picture, label) in enumerate(zip(pixels, digits.target, strict=True)):
        Image.fromarray(picture).save(folder / str(label) / f"{number}.png")
    np.savez_compressed(folder.with_name(folder.name + ".npz"), X=pixels, y=digits.target)
    print(f"{folder}: {len(pixels):,} pictures of {len(digits.target_names)} classes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FOLDER")
    write_pictures(Path(sys.argv[1]))
