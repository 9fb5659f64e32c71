"""Histograms of oriented gradients against a slow statement of the same formula, and what they ought to see."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.hog import BINS, NOISE, cell_size, hog, hog_shape


def slow_hog(pixels, size, channels):
    """One picture, as Dalal and Triggs describe it, pixel by pixel."""
    picture = pixels.reshape(size, size, channels).astype(float)
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    gx, gy = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    strongest = (gx**2 + gy**2).argmax(axis=2)[:, :, None]
    gx, gy = np.take_along_axis(gx, strongest, 2)[:, :, 0], np.take_along_axis(gy, strongest, 2)[:, :, 0]
    magnitude, angle = np.hypot(gx, gy), np.degrees(np.arctan2(gy, gx)) % 180
    cell = cell_size(size)
    cells = size // cell
    margin = (size - cells * cell) // 2
    histograms = np.zeros((cells, cells, BINS))
    centres = np.arange(BINS) * 20 + 10
    for y in range(margin, margin + cells * cell):
        for x in range(margin, margin + cells * cell):
            apart = np.abs(angle[y, x] - centres)
            in_bins = np.maximum(0, 1 - np.minimum(apart, 180 - apart) / 20) * magnitude[y, x]
            middle = np.arange(cells) * cell + margin + (cell - 1) / 2
            rows, columns = (np.maximum(0, 1 - np.abs(middle - place) / cell) for place in (y, x))
            histograms += rows[:, None, None] * columns[None, :, None] * in_bins
    features = []
    for row in range(cells - 1):
        for column in range(cells - 1):
            v = histograms[row : row + 2, column : column + 2].ravel()
            v = np.minimum(v / np.sqrt((v**2).sum() + (NOISE * cell * cell) ** 2), 0.2)
            features.append(v / np.sqrt((v**2).sum() + 1e-12))
    return np.concatenate(features)


def random_pictures(n, size, channels):
    """Smooth and rough places in each."""
    random = np.random.default_rng(size + channels)
    rough = random.integers(0, 256, (n, size, size, channels))
    smooth = np.cumsum(rough - 128, axis=1) / size + 128
    return np.clip(np.where(np.arange(size)[:, None] < size // 2, rough, smooth), 0, 255).astype(np.uint8).reshape(n, -1)


@pytest.mark.parametrize("size, channels", [(64, 3), (48, 1), (28, 1), (50, 3), (9, 1), (8, 3), (73, 1)])
def test_the_kernel_agrees_with_the_formula(size, channels):
    pixels = random_pictures(2, size, channels)
    features = hog(pixels, size, channels)
    assert features.dtype == np.float32 and features.shape == (2, np.prod(hog_shape(size)))
    assert abs(features - [slow_hog(row, size, channels) for row in pixels]).max() < 2e-6


def edge(angle, size=64, contrast=100, brightness=100):
    """A soft edge whose gradient points to ``angle`` degrees."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    return (brightness + contrast * np.clip(along / 8, -0.5, 0.5)).round().astype(np.uint8).reshape(1, -1)


@pytest.mark.parametrize("turned", [0, 180])
@pytest.mark.parametrize("bin_", range(BINS))
def test_an_edge_falls_into_the_bin_of_its_gradient_whichever_side_is_bright(bin_, turned):
    features = hog(edge(20 * bin_ + 10 + turned), 64, 1).reshape(hog_shape(64))
    assert features.sum(axis=(0, 1, 2, 3)).argmax() == bin_


def test_brightness_does_not_matter_and_contrast_hardly():
    rough = random_pictures(2, 64, 1) // 3
    plain, bright, strong = (hog(picture, 64, 1) for picture in (rough, rough + np.uint8(80), 3 * rough))
    assert (plain == bright).all()
    assert abs(plain - strong).max() < 0.05


def test_a_blank_picture_has_no_edges_and_faint_noise_hardly_any():
    assert (hog(np.full((1, 64 * 64), 77, np.uint8), 64, 1) == 0).all()
    faint = (100 + np.random.default_rng(0).integers(0, 2, (1, 64 * 64))).astype(np.uint8)
    assert hog(faint, 64, 1).min() >= 0 and np.isfinite(hog(faint, 64, 1)).all()


def test_colour_takes_the_strongest_channel():
    grey = edge(50)
    coloured = np.full((1, 64 * 64, 3), 90, np.uint8)
    coloured[:, :, 2] = grey
    assert (hog(coloured.reshape(1, -1), 64, 3) == hog(grey, 64, 1)).all()


def test_features_are_lengths_of_blocks():
    features = hog(random_pictures(3, 48, 1), 48, 1).reshape(3, -1, 36)
    assert features.min() >= 0 and features.max() <= 1
    assert np.linalg.norm(features, axis=2) == pytest.approx(1, abs=1e-5)


def test_a_buffer_is_filled_and_small_pictures_are_refused():
    pixels = random_pictures(2, 28, 1)
    out = np.empty((2, np.prod(hog_shape(28))), np.float32)
    assert hog(pixels, 28, 1, out) is out and (out == hog(pixels, 28, 1)).all()
    with pytest.raises(ValueError, match="at least 8 pixels"):
        hog(np.zeros((1, 49), np.uint8), 7, 1)
