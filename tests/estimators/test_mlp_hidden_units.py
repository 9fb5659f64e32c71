"""``transform``: what the hidden layers of a fitted network have learned to see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import MLPClassifier, MLPRegressor

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
NET = MLPClassifier((5, 3), activation=["tanh", "relu"], solver="lbfgs", max_iter=200, alpha=1.0, random_state=0).fit(X, Y)


def test_activations_are_the_formula_of_each_layer() -> None:
    first = np.tanh(X @ NET.coefs_[0] + NET.intercepts_[0])
    second = np.maximum(first @ NET.coefs_[1] + NET.intercepts_[1], 0)
    for layer, activations in ((0, first), (-2, first), (1, second), (-1, second)):
        np.testing.assert_allclose(NET.transform(X, layer), activations, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(NET.transform(X), NET.transform(X, layer=1))


def test_the_output_layer_on_the_last_hidden_one_is_the_decision() -> None:
    decision = NET.transform(X) @ NET.coefs_[2] + NET.intercepts_[2]
    np.testing.assert_allclose(decision[:, 0], NET.decision_function(X), rtol=1e-12, atol=1e-14)


def test_float32_and_sparse_rows_are_taken() -> None:
    np.testing.assert_allclose(NET.transform(sp.csr_array(X)), NET.transform(X), rtol=1e-12, atol=1e-14)
    single = clone(NET).fit(X.astype(np.float32), Y)
    assert single.transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("layer, units", [(-1, 3), (0, 5)])
def test_names_and_frames(layer: int, units: int) -> None:
    names = NET.get_feature_names_out(layer=layer)
    assert names.tolist() == [f"mlpclassifier{unit}" for unit in range(units)]
    framed = clone(NET).set_output(transform="pandas").fit(pd.DataFrame(X, index=np.arange(60) + 7).rename(columns=str), Y)
    frame = framed.transform(pd.DataFrame(X, index=np.arange(60) + 7).rename(columns=str), layer=layer)
    assert isinstance(frame, pd.DataFrame) and frame.columns.tolist() == names.tolist() and frame.index[0] == 7
    assert clone(framed).fit_transform(pd.DataFrame(X).rename(columns=str), Y).columns.tolist() == NET.get_feature_names_out().tolist()


def test_learned_features_serve_a_pipeline() -> None:
    model = make_pipeline(StandardScaler(), clone(NET), LogisticRegression()).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert model[:-1].get_feature_names_out(["a", "b", "c", "d"]).tolist() == ["mlpclassifier0", "mlpclassifier1", "mlpclassifier2"]


def test_a_network_without_hidden_layers_says_so() -> None:
    flat = MLPRegressor(hidden_layer_sizes=(), solver="newton").fit(X, X[:, 0])
    with pytest.raises(ValueError, match="this network has none. Use decision_function or predict"):
        flat.transform(X)


@pytest.mark.parametrize("layer", [2, -3, 0.5, True, None])
def test_a_layer_that_is_not_there_is_refused(layer: object) -> None:
    with pytest.raises(ValueError, match="layer must be an integer from -2 to 1, of 2 hidden layers"):
        NET.transform(X, layer=layer)


def test_nothing_is_shown_before_fit() -> None:
    with pytest.raises(NotFittedError):
        MLPClassifier().transform(X)
