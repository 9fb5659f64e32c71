"""Augmentation: mirrored, moved, repeatable, and never in place."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.augment import Augmentation


def batch(n, size, channels):
    return np.random.default_rng(0).integers(0, 256, (n, size * size * channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_picture_is_itself_or_its_mirror_image(channels):
    rows = batch(200, 6, channels)
    changed = Augmentation(6, channels, flip=True)(rows, np.random.default_rng(1))
    mirrored = rows.reshape(200, 6, 6, channels)[:, :, ::-1].reshape(200, -1)
    flipped = (changed == mirrored).all(axis=1)
    assert (flipped | (changed == rows).all(axis=1)).all()
    assert 70 < flipped.sum() < 130


@pytest.mark.parametrize("channels", [1, 3])
def test_each_picture_is_moved_and_the_edge_fills_the_gap(channels):
    size, shift = 7, 2
    rows = batch(300, size, channels)
    changed = Augmentation(size, channels, shift=shift)(rows, np.random.default_rng(2))
    seen = set()
    for before, after in zip(rows, changed, strict=True):
        padded = np.pad(before.reshape(size, size, channels), ((shift, shift), (shift, shift), (0, 0)), mode="edge")
        windows = {
            (dy, dx): padded[shift - dy : shift - dy + size, shift - dx : shift - dx + size].ravel()
            for dy in range(-shift, shift + 1)
            for dx in range(-shift, shift + 1)
        }
        seen.add(next(move for move, window in windows.items() if (window == after).all()))
    assert len(seen) == 25


def test_both_at_once_and_a_buffer():
    rows = batch(50, 32, 3)
    augmentation = Augmentation.from_text("shift, flip", 32, 3)
    assert augmentation == Augmentation(32, 3, flip=True, shift=2)
    kept = rows.copy()
    out = np.empty_like(rows)
    assert augmentation(rows, np.random.default_rng(3), out) is out
    assert (rows == kept).all() and (out != rows).any(axis=1).mean() > 0.9
    assert (augmentation(rows, np.random.default_rng(3)) == out).all()


def test_nothing_asked_for_changes_nothing():
    rows = batch(5, 8, 1)
    assert (Augmentation(8, 1)(rows, np.random.default_rng(0)) == rows).all()


def test_other_words_are_refused():
    with pytest.raises(ValueError, match=r"2 faults:\n  - augment must be 'flip' or 'shift'; got 'flop'. Did you mean 'flip'\?\n.*'turn'"):
        Augmentation.from_text("flop,turn", 8, 1)
    with pytest.raises(ValueError, match="must name flip, shift or both"):
        Augmentation.from_text(" , ", 8, 1)
    with pytest.raises(ValueError, match="channels must be 1 or 3"):
        Augmentation(8, 2)
    with pytest.raises(ValueError, match="below size"):
        Augmentation(8, 1, shift=8)
