"""From bytes to features: centred, scaled, kept in a model file, and never more memory than needed."""

from __future__ import annotations

import json
import pickle
import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from glassnet.checks import DataError, ModelFileError
from glassnet.data import pixels as module
from glassnet.data.hog import hog
from glassnet.data.pixels import ImagePreparation


def pictures(n=40, size=16, channels=3, seed=0):
    """Pictures with a common pattern, so that centres differ from pixel to pixel."""
    random = np.random.default_rng(seed)
    pattern = random.integers(40, 200, size * size * channels)
    return np.clip(pattern + random.integers(-40, 40, (n, size * size * channels)), 0, 255).astype(np.uint8)


def test_pixels_are_centred_one_by_one_and_share_one_scale():
    X = pictures()
    preparation = ImagePreparation(size=16).fit(X)
    features = preparation.transform(X)
    assert features.dtype == np.float32 and features.flags.c_contiguous
    assert abs(features.mean(axis=0)).max() < 1e-5
    assert features.var(axis=0).mean() == pytest.approx(1, rel=1e-4)
    plain = X.astype(float)
    assert features == pytest.approx((plain - plain.mean(axis=0)) / np.sqrt(plain.var(axis=0).mean()), abs=1e-5)


@pytest.mark.parametrize("grey", [True, False])
def test_hog_and_both_have_scales_of_their_own(grey):
    X = pictures(size=24, channels=1 if grey else 3)
    both = ImagePreparation(size=24, grey=grey, features="both").fit(X)
    alone = [ImagePreparation(size=24, grey=grey, features=part).fit(X).transform(X) for part in ("pixels", "hog")]
    assert both.transform(X) == pytest.approx(np.hstack(alone), abs=1e-5)
    raw = hog(X, 24, 1 if grey else 3).astype(float)
    assert alone[1] == pytest.approx((raw - raw.mean(axis=0)) / np.sqrt(raw.var(axis=0).mean()), abs=1e-3)
    names = both.get_feature_names_out()
    assert len(names) == both.width == len(set(names)) == both.transform(X).shape[1]
    assert names[0] == ("grey y0 x0" if grey else "red y0 x0") and names[-1] == "hog block y4 x4 cell y1 x1 170 degrees"
    assert [row["part"] for row in both.describe()] == ["pixels", "hog"]
    assert "cells of 4 x 4 pixels" in both.describe()[1]["treatment"]


@pytest.mark.parametrize("features", ["pixels", "hog", "both"])
def test_blocks_do_not_show(features, monkeypatch):
    X = pictures(30)
    whole = ImagePreparation(size=16, features=features).fit(X)
    monkeypatch.setattr(module, "BLOCK_BYTES", 7 * 4 * whole.width)
    parts = ImagePreparation(size=16, features=features).fit(X)
    assert (parts.centre_ == whole.centre_).all() and parts.scales_ == pytest.approx(whole.scales_, rel=1e-6)
    parts._set(whole.centre_, whole.scales_)
    monkeypatch.undo()
    assert (whole.transform(X)[5:9] == parts.transform(X[5:9])).all()


def test_only_training_rows_count():
    X = pictures()
    preparation = ImagePreparation(size=16).fit(X[:20])
    centre = preparation.centre_.copy()
    preparation.transform(X[20:])
    assert (preparation.centre_ == centre).all() and centre == pytest.approx(X[:20].mean(axis=0), rel=1e-6)


def test_other_shapes_and_memory_maps_are_taken(tmp_path):
    X = pictures()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = ImagePreparation(size=16).fit_transform(X)
    assert (ImagePreparation(size=16).fit_transform(mapped) == expected).all()
    assert (ImagePreparation(size=16).fit_transform(X.reshape(-1, 16, 16, 3)) == expected).all()


def test_a_batch_needs_no_memory_beside_its_buffer():
    X = pictures(400, size=32)
    preparation = ImagePreparation(size=32).fit(X)
    out = np.empty((400, preparation.width), np.float32)
    tracemalloc.start()
    preparation.transform_into(X, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000 and (out == preparation.transform(X)).all()


@pytest.mark.parametrize("features", ["pixels", "hog", "both"])
def test_a_model_file_restores_it_to_the_last_bit(features):
    X = pictures()
    preparation = ImagePreparation(size=16, features=features).fit(X)
    schema = json.loads(json.dumps(preparation.to_schema()))
    restored = ImagePreparation.from_schema(schema, preparation.to_arrays())
    assert (restored.transform(X) == preparation.transform(X)).all()
    assert restored.get_params() == preparation.get_params() and restored.n_features_in_ == 768
    assert (pickle.loads(pickle.dumps(preparation)).transform(X) == preparation.transform(X)).all()
    assert clone(preparation).get_params() == preparation.get_params()


@pytest.mark.parametrize(
    "path, value",
    [
        (["version"], 2),
        (["parameters", "size"], 4),
        (["parameters", "size"], 10**9),
        (["parameters", "features"], "both"),
        (["parameters", "grey"], 1),
        (["scales", "pixels"], 0),
        (["scales", "pixels"], float("inf")),
        (["scales", "hog"], 1.0),
        (["more"], 1),
    ],
)
def test_a_damaged_schema_is_refused(path, value):
    preparation = ImagePreparation(size=16).fit(pictures())
    schema = preparation.to_schema()
    place = schema
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ModelFileError, match="preparation in the model file"):
        ImagePreparation.from_schema(schema, preparation.to_arrays())


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"centre": np.zeros(5, np.float32)},
        {"centre": np.zeros(768)},
        {"centre": np.full(768, np.nan, np.float32)},
        {"centre": np.zeros(768, np.float32), "x": np.zeros(1)},
    ],
)
def test_damaged_arrays_are_refused(arrays):
    schema = ImagePreparation(size=16).fit(pictures()).to_schema()
    with pytest.raises(ModelFileError, match="preparation in the model file is damaged"):
        ImagePreparation.from_schema(schema, arrays)


def test_blank_and_equal_pictures_are_said():
    X = pictures()
    assert ImagePreparation(size=16).fit(X).messages_ == []
    X[3], X[7] = 0, 200
    assert ImagePreparation(size=16).fit(X).messages_ == ["2 of 40 training pictures are blank: one shade throughout."]
    same = np.repeat(X[:1], 5, axis=0)
    preparation = ImagePreparation(size=16).fit(same)
    assert preparation.messages_ == ["All pictures are the same; there is nothing to learn from."]
    assert (preparation.transform(same) == 0).all()


@pytest.mark.parametrize(
    "X, sentence",
    [
        (np.zeros((3, 768)), r"must be bytes \(uint8, 0 to 255\); got float64"),
        (np.zeros((3, 767), np.uint8), r"must have 768 bytes, for 16 x 16 pixels in colour; got an array of shape \(3, 767\)"),
        (np.zeros(768, np.uint8), "must have 768 bytes"),
        (np.zeros((0, 768), np.uint8), "no pictures to learn from"),
    ],
)
def test_other_arrays_are_refused(X, sentence):
    with pytest.raises(DataError, match=sentence):
        ImagePreparation(size=16).fit(X)


def test_wrong_parameters_are_refused_together_and_unfitted_use_is_said():
    with pytest.raises(ValueError, match=r"3 faults:(.|\n)*size must be(.|\n)*grey must be(.|\n)*Did you mean 'hog'"):
        ImagePreparation(size=5, grey=2, features="hogs").fit(pictures())
    with pytest.raises(NotFittedError):
        ImagePreparation(size=16).transform(pictures())
