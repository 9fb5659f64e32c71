"""Model files that ask for too much: each is refused by one ModelFileError, and reading them takes no more memory than is promised."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet
from glassnet import BernoulliRBM, LogisticRegression, MLPClassifier
from glassnet.checks import ModelFileError
from glassnet.estimators import persistence, plain_values
from glassnet.files import container

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]

CONSTANT, FACTOR = 128 * 2**20, 50
"""Loading a file takes at most CONSTANT bytes and FACTOR times the file's own size."""


def resaved(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None], model: Any = None) -> Path:
    """A model file changed by someone who knows the format: its checksums are right again."""
    glassnet.save((LogisticRegression() if model is None else model).fit((X > 0).astype(float) if model else X, Y), path)
    arrays, metadata = container.read(path)
    change(arrays, metadata)
    container.write(path, arrays, metadata)
    return path


def no_classes_and_endless_features(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    """No number has to be in the file for weights of shape (0, 2**40)."""
    arrays["coef_"], arrays["intercept_"] = np.zeros((0, 2**40)), np.zeros(0)
    metadata["facts"]["classes"] = {"$array": [], "dtype": "<i8", "shape": [0]}


def classes_of_a_megabyte(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    metadata["facts"]["classes"] = {"$array": ["a", "b"] * 1000, "dtype": "<U250000", "shape": [2000]}


def many_arrays(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    metadata["facts"]["more"] = [{"$array": ["a"], "dtype": "<U999999", "shape": [1]}] * 100


@pytest.mark.parametrize(
    "change, sentence",
    [
        (no_classes_and_endless_features, "no weights for 1099511627776 features"),
        (classes_of_a_megabyte, "take 2,000,000,004 bytes, where 33,554,432 are kept"),
        (many_arrays, "take 399,999,628 bytes, where"),
    ],
)
def test_little_that_asks_for_much_is_refused_before_it_is_made(change: Any, sentence: str, tmp_path: Path) -> None:
    path = resaved(tmp_path / "m", change)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=sentence):
        glassnet.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def hidden_offsets_as_a_table(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    arrays["intercept_hidden"] = arrays["intercept_hidden"][:, None, None]


def whole_numbers_for_weights(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
    arrays["components"] = np.ones(arrays["components"].shape, np.int64)


@pytest.mark.parametrize("change", [hidden_offsets_as_a_table, whole_numbers_for_weights])
def test_a_machine_of_odd_arrays_is_refused(change: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="does not describe a model that works"):
        glassnet.load(resaved(tmp_path / "m", change, BernoulliRBM(n_components=2, n_iter=1, random_state=0)))


def nested(item: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Many small objects among the parameters: what JSON takes most memory for."""

    def change(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
        metadata["parameters"]["more"] = [json.loads(item)] * 10_000

    return change


@pytest.mark.parametrize("item", ["[]", "{}", '{"a":0}', "1.5", '"ab"', '{"$tuple":[]}', '{"$array":[],"dtype":"<f8","shape":[0]}'])
def test_reading_takes_a_bounded_multiple_of_the_file(item: str, tmp_path: Path) -> None:
    path = resaved(tmp_path / "m", nested(item))
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        glassnet.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < FACTOR * path.stat().st_size


def test_reading_a_large_model_takes_four_times_its_arrays(tmp_path: Path) -> None:
    wide = MLPClassifier.from_weights([RANDOM.normal(size=(500, 2000)), RANDOM.normal(size=(2000, 1))])
    glassnet.save(wide, tmp_path / "m")
    tracemalloc.start()
    loaded = glassnet.load(tmp_path / "m")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(loaded.coefs_[0], wide.coefs_[0])
    assert peak < 4 * (tmp_path / "m").stat().st_size


@pytest.mark.parametrize(
    "place",
    [(container, "load_safetensors"), (container.hashlib, "sha256"), (persistence, "_try_out"), (plain_values, "_array_from_plain")],
)
def test_an_allocation_that_fails_is_a_model_file_error(place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = resaved(tmp_path / "m", lambda arrays, metadata: None)

    def fails(*given: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(*place, fails)
    with pytest.raises(ModelFileError, match="does not fit into the memory that is left"):
        glassnet.load(path)


def test_labels_that_could_not_be_read_again_are_not_written(tmp_path: Path) -> None:
    long = np.array(["a" * 2_000_000, *(f"{i}" for i in range(9))])
    model = LogisticRegression().fit(RANDOM.normal(size=(20, 2)), np.tile(long, 2))
    with pytest.raises(ValueError, match="Shorten the longest label"):
        glassnet.save(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()
