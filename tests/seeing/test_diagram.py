"""A diagram's numbers, read back from its DOM, are the engine's; what is folded adds up; any model of this library can be drawn."""

from __future__ import annotations

import functools
import re
import warnings
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet.data.pixels import ImagePreparation
from glassnet.estimators.logistic import LogisticRegression
from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.seeing.diagram.network_diagram import Diagram, diagram
from glassnet.seeing.subject import subject_of
from glassnet.seeing.svg import read, shown
from glassnet.seeing.trace.tracing import trace

SVG = "{http://www.w3.org/2000/svg}"


def dom(drawn: Diagram) -> ElementTree.Element:
    return ElementTree.fromstring(drawn.to_svg())


def by(root: ElementTree.Element, attribute: str) -> dict[str, ElementTree.Element]:
    """Elements by ``data-node`` or ``data-edge``; each name stands once."""
    found = [element for element in root.iter() if element.get(attribute) is not None]
    names = [element.get(attribute) for element in found]
    assert len(set(names)) == len(names)
    return dict(zip(names, found, strict=True))


def number(element: ElementTree.Element, name: str = "data-value") -> float:
    text = element.get(name)
    assert text is not None
    return float(text)


def mlp(*hidden: int, X: Any, y: Any, **parameters: Any) -> MLPClassifier:
    """A network on its way: 15 steps, and no warning that it has not arrived."""
    return fitted(MLPClassifier(hidden, random_state=0, solver="lbfgs", alpha=0.01, max_iter=15, **parameters), X, y)


def fitted(model: Any, X: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


@functools.cache
def case(name: str) -> tuple[Any, Any, Any]:
    """(model, x, y)."""
    iris, digits = load_iris(as_frame=True), load_digits()
    species = np.asarray(iris.target_names)[iris.target]
    if name == "neuron":
        cancer = load_breast_cancer(as_frame=True)
        scaled = make_pipeline(StandardScaler().set_output(transform="pandas"), LogisticRegression())
        return scaled.fit(cancer.data, cancer.target), cancer.data.iloc[[20]], 0
    if name == "softmax":
        return LogisticRegression(fit_intercept=False).fit(iris.data, species), iris.data.iloc[[70]], "versicolor"
    if name == "xor":
        X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
        return mlp(3, X=X, y=[0, 1, 1, 0], activation="logistic"), [0, 1], 1
    if name == "iris":
        return mlp(8, X=iris.data, y=species, activation="tanh"), iris.data.iloc[[100]], "virginica"
    if name == "digits":
        return mlp(40, 30, X=digits.data / 16, y=digits.target), digits.data[17] / 16, digits.target[17]
    if name == "gelu, float32":
        X = digits.data.astype(np.float32) / 16
        return mlp(20, X=X, y=digits.target, activation="gelu", loss="squared_error"), X[5], digits.target[5]
    if name == "no bias":
        return mlp(5, 4, X=iris.data, y=species, bias=False), iris.data.iloc[[3]], "setosa"
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    if name == "regression":
        return fitted(MLPRegressor(hidden_layer_sizes=(30, 20), random_state=0, solver="lbfgs", max_iter=20), X, y), X.iloc[[9]], y[9]
    if name == "poisson":
        return (
            fitted(MLPRegressor(hidden_layer_sizes=(4,), loss="poisson", random_state=0, solver="lbfgs", max_iter=20), X, y),
            X.iloc[[9]],
            y[9],
        )
    if name == "half-trained":
        return MLPRegressor(hidden_layer_sizes=(6,), random_state=0).partial_fit(X, np.c_[y, -y]), X.iloc[[9]], [y[9], -y[9]]
    assert name == "several labels"
    X, y = make_multilabel_classification(n_samples=60, n_features=6, n_classes=4, random_state=0)
    return mlp(5, X=X, y=y), X[0], y[0]


CASES = (
    "neuron", "softmax", "xor", "iris", "digits", "gelu, float32", "no bias", "regression", "poisson", "half-trained", "several labels",
)  # fmt: skip


@functools.cache
def drawn(name: str) -> tuple[Any, ElementTree.Element]:
    model, x, y = case(name)
    return subject_of(model), dom(diagram(model, x, y=y, max_units=5))


def prepared(name: str) -> np.ndarray:
    model, x, _ = case(name)
    subject = subject_of(model)
    return subject.rows(x if hasattr(x, "columns") else np.asarray(x, float).reshape(1, -1))


@pytest.mark.parametrize("name", CASES)
def test_edges_hold_the_weights(name):
    subject, root = drawn(name)
    edges = by(root, "data-edge")
    single = [edge for edge in edges if "rest" not in edge]
    assert len(single) > 2
    for edge in single:
        kind, layer, *units = re.fullmatch(r"([wb])(\d+)_(\d+)(?:_(\d+))?", edge).groups()
        W, b = subject.parameters[int(layer) - 1]
        weight = W[int(units[0]) - 1, int(units[1]) - 1] if kind == "w" else b[int(units[0]) - 1]
        assert number(edges[edge]) == weight
        assert (edges[edge].get("stroke-dasharray") is not None) == (weight < 0)


@pytest.mark.parametrize("name", CASES)
def test_units_hold_the_activations_and_the_prediction(name):
    subject, root = drawn(name)
    model = case(name)[0]
    x = prepared(name)
    nodes = by(root, "data-node")
    layers = subject.network.layers
    work = [x[0]]
    for layer, (W, b) in zip(layers, subject.parameters, strict=True):  # in float64, by the formula
        z = work[-1].astype(float) @ W.astype(float) + b
        f = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "logistic": lambda z: 1 / (1 + np.exp(-z)), "identity": lambda z: z}
        gelu = functools.partial(_gelu)
        work.append(f.get(layer.activation.name, gelu)(z))
    for layer, a in enumerate(work):
        letter = "z" if layer == len(layers) else "a"
        seen = {int(key.split("_")[1]): number(node) for key, node in nodes.items() if re.fullmatch(rf"{letter}{layer}_\d+", key)}
        assert seen
        np.testing.assert_allclose(
            list(seen.values()), [a[unit - 1] for unit in seen], rtol=1e-4 if x.dtype == np.float32 else 1e-9, atol=1e-6
        )
    expected = (
        model.predict_proba(case(name)[1] if hasattr(case(name)[1], "columns") else x) if subject.labels else model.predict(case(name)[1])
    )
    expected = np.asarray(expected).reshape(-1)[-len(subject.outputs) :]
    for unit, p in enumerate(expected, 1):
        if f"a{len(layers)}_{unit}" in nodes:
            assert number(nodes[f"a{len(layers)}_{unit}"]) == pytest.approx(p, rel=1e-5)


def _gelu(z: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return z * ndtr(z)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_the_slopes_of_the_loss(name):
    """Central differences of the engine's loss, in float64, along each drawn weight and each drawn input."""
    subject, root = drawn(name)
    y = case(name)[2]
    labels = subject.labels is not None and subject.labels.kind != "multilabel"
    target = subject.targets(np.array([y]) if labels else np.asarray(y, float).reshape(1, -1)).astype(float)
    x = prepared(name).astype(float)
    parameters = [(W.astype(float), b.astype(float)) for W, b in subject.parameters]
    tolerance = {"rtol": 2e-3, "atol": 2e-5} if subject.dtype == np.float32 else {"rtol": 1e-5, "atol": 1e-7}

    def loss() -> float:
        return subject.network.loss.value(subject.network.raw_prediction(parameters, x), target)

    def slope(array: np.ndarray, place: Any) -> float:
        kept, h = array[place], 1e-5 * max(1.0, abs(array[place]))
        array[place] = kept + h
        above = loss()
        array[place] = kept - h
        below = loss()
        array[place] = kept
        return (above - below) / (2 * h)

    nodes, edges = by(root, "data-node"), by(root, "data-edge")
    assert number(nodes["L"]) == pytest.approx(loss(), rel=1e-5)
    scale = max(1.0, loss())
    for key, edge in edges.items():
        if "rest" in key:
            continue
        layer, *units = map(int, key[1:].split("_"))
        W, b = parameters[layer - 1]
        found = slope(W, (units[0] - 1, units[1] - 1)) if key[0] == "w" else slope(b, units[0] - 1)
        np.testing.assert_allclose(number(edge, "data-grad"), found, rtol=tolerance["rtol"], atol=tolerance["atol"] * scale)
    for key, node in nodes.items():
        if re.fullmatch(r"a0_\d+", key):
            found = slope(x, (0, int(key[3:]) - 1))
            np.testing.assert_allclose(number(node, "data-grad"), found, rtol=tolerance["rtol"], atol=tolerance["atol"] * scale)


def test_it_shows_the_same_numbers_as_the_trace_class_weights_included():
    data = load_iris()
    X = data.data
    model = fitted(MLPClassifier((4,), class_weight={0: 0.5, 1: 3.0, 2: 1.0}, solver="lbfgs", max_iter=10, random_state=0), X, data.target)
    seen, root = trace(model, X[60], 1), dom(diagram(model, X[60], y=1))
    nodes, edges = by(root, "data-node"), by(root, "data-edge")
    assert seen.loss is not None and number(nodes["L"]) == seen.loss.value
    for layer in seen.layers:
        for j in range(len(layer.z)):
            assert number(edges[f"b{layer.number}_{j + 1}"], "data-grad") == layer.db[j]
            assert number(nodes[f"a{layer.number}_{j + 1}"]) == layer.a[j]
            for i in range(len(layer.read)):
                assert number(edges[f"w{layer.number}_{i + 1}_{j + 1}"], "data-grad") == layer.dW[i, j]
    assert [number(nodes[f"z2_{j}"], "data-grad") for j in (1, 2, 3)] == seen.layers[1].dz.tolist()
    assert [number(nodes[f"a1_{j}"], "data-grad") for j in (1, 2, 3, 4)] == seen.layers[0].da.tolist()
    assert [number(nodes[f"a0_{i}"], "data-grad") for i in (1, 2, 3, 4)] == [entry.gradient for entry in seen.inputs]


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_the_number_to_the_last_shown_digit(name):
    _, root = drawn(name)
    compared = 0
    for key, node in by(root, "data-node").items():
        if node.tag == f"{SVG}g" and node.get("class") == "unit" and key != "L":
            value, *gradient = [text.text for text in node.findall(f"{SVG}text")]
            _same_to_last_digit(value, number(node))
            _same_to_last_digit(gradient[0], number(node, "data-grad"))
            compared += 1
        elif node.tag == f"{SVG}text":
            words = re.fullmatch(r"[pŷ] = (.*), y = (.*)", node.text)
            if not words[1].startswith("1 − "):
                _same_to_last_digit(words[1], number(node))
            _same_to_last_digit(words[2], number(node, "data-target"))
        elif key == "L":
            _same_to_last_digit(node.find(f"{SVG}text").text.removeprefix("L = "), number(node))
    assert compared > 2


def _same_to_last_digit(text: str, value: float) -> None:
    """``text`` is ``value`` rounded to some number of digits, by the one function that writes numbers (its tests are in test_svg)."""
    assert text in {shown(value, digits) for digits in range(1, 8)}
    assert read(text) == pytest.approx(value, rel=0.5)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("max_units", [1, 3, 5, 12])
def test_what_is_folded_adds_up(name, max_units):
    """z of every drawn unit is what comes from drawn units, from the folded ones together, and from the bias."""
    model, x, _ = case(name)
    subject = subject_of(model)
    root = dom(diagram(model, x, max_units=max_units))
    nodes, edges = by(root, "data-node"), by(root, "data-edge")
    sizes = subject.network.layout.sizes
    for layer, size in enumerate(sizes):
        letter = "z" if layer == len(sizes) - 1 else "a"
        drawn_units = [key for key in nodes if re.fullmatch(rf"{letter}{layer}_\d+", key)]
        folded = int(nodes[f"a{layer}_rest"].get("data-count", "")) if f"a{layer}_rest" in nodes else 0
        assert len(drawn_units) + folded == size
        assert folded != 1 and len(drawn_units) <= max_units + 1
        for key in drawn_units if layer else ():
            unit = int(key.split("_")[1])
            received = [
                number(edge) * number(nodes[f"a{layer - 1}_{name.split('_')[1]}"])
                for name, edge in edges.items()
                if re.fullmatch(rf"w{layer}_\d+_{unit}", name)
            ]
            rest = edges.get(f"w{layer}_rest_{unit}")
            received += [] if rest is None else [number(rest, "data-sent")]
            received += [number(edges[f"b{layer}_{unit}"])] if f"b{layer}_{unit}" in edges else []
            assert sum(received) == pytest.approx(number(nodes[key], "data-z"), rel=1e-4, abs=1e-4 if subject.dtype == np.float32 else 1e-9)


def test_of_a_wide_layer_those_units_are_drawn_that_send_most():
    model, x, _ = case("digits")
    subject = subject_of(model)
    nodes = by(dom(diagram(model, x, max_units=4)), "data-node")
    W = subject.parameters[0][0]
    sent = np.abs(prepared("digits")[0][:, None] * W).sum(axis=1)
    drawn_units = {int(key[3:]) - 1 for key in nodes if re.fullmatch(r"a0_\d+", key)}
    assert drawn_units == set(np.argsort(-sent)[:4])
    nodes = by(dom(diagram(model, max_units=4)), "data-node")
    drawn_units = {int(key[3:]) - 1 for key in nodes if re.fullmatch(r"a2_\d+", key)}
    assert drawn_units == set(np.argsort(-np.linalg.norm(subject.parameters[2][0], axis=1))[:4])


def test_the_true_class_is_drawn_however_improbable():
    model, x, _ = case("digits")
    wrong = int(np.argmin(model.predict_proba(np.asarray(x)[None])))
    nodes = by(dom(diagram(model, x, y=wrong, max_units=2)), "data-node")
    assert number(nodes[f"a3_{wrong + 1}"], "data-target") == 1


def test_thickness_is_in_proportion_to_the_weight_on_the_scale_that_the_legend_states():
    _, root = drawn("iris")
    edges = [edge for edge in by(root, "data-edge").values() if edge.get("data-value") is not None]
    most = max(edges, key=lambda edge: abs(number(edge)))
    for edge in edges:
        expected = number(most, "stroke-width") * abs(number(edge)) / abs(number(most))
        assert number(edge, "stroke-width") == pytest.approx(max(expected, 0.3), abs=0.006)
    legend = next(text.text for text in root.iter(f"{SVG}text") if (text.text or "").startswith("|w| = "))
    _same_to_last_digit(legend.removeprefix("|w| = ").split(", ")[0], abs(number(most)))


def test_small_networks_say_their_weights():
    _, root = drawn("xor")
    edges = by(root, "data-edge")
    labels = by(root, "data-label")
    assert set(labels) == set(edges)
    for key, label in labels.items():
        _same_to_last_digit(label.text, number(edges[key]))
    assert not by(dom(diagram(case("iris")[0])), "data-label")


def test_names_activations_loss_link_and_parameters_are_told():
    words = " ".join(dom(diagram(case("iris")[0])).itertext())
    for said in (
        "sepal length (cm)",
        "virginica",
        "8 units, tanh",
        "3 units, softmax",
        "40 parameters",
        "67 parameters",
        "log_loss",
        "4–8–3",
    ):
        assert said in words
    words = " ".join(dom(diagram(case("neuron")[0], case("neuron")[1])).itertext())
    assert "class 1" in words and "1 unit, logistic" in words and "18 more" in words


def test_values_before_preparation_stand_below_the_names():
    model, x, _ = case("neuron")
    root = dom(diagram(model, x, max_units=30))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert f"{x.iloc[0, 0]:.6g}" in words


def test_without_an_example_there_are_no_values_and_with_one_no_gradients_unless_asked():
    model, x, _ = case("iris")
    assert all(node.get("data-value") is None for node in by(dom(diagram(model)), "data-node").values())
    root = dom(diagram(model, x))
    assert "L" not in by(root, "data-node")
    assert not [element for element in root.iter() if element.get("data-grad") is not None]


def test_networks_without_biases_have_no_bias_unit():
    assert not [key for key in by(drawn("no bias")[1], "data-edge") if key.startswith("b")]
    assert not [key for key in by(drawn("softmax")[1], "data-edge") if key.startswith("b")]
    assert "bias unit" not in " ".join(drawn("no bias")[1].itertext())
    assert "bias unit" in " ".join(drawn("iris")[1].itertext())


def test_weights_given_by_hand_are_drawn():
    net = MLPClassifier.from_weights([[[20, 20], [20, 20]], [[20], [-20]]], [[-10, -30], [-10]], activation="logistic")
    nodes = by(dom(diagram(net, [0, 1], y=1)), "data-node")
    assert number(nodes["a2_1"]) == pytest.approx(net.predict_proba([[0, 1]])[0, 1])


@pytest.mark.parametrize("shape", [None, (8, 8)])
def test_pictures_are_drawn_as_pictures(shape):
    model, x, y = case("digits")
    root = dom(diagram(model, x, y=y, image_shape=shape))
    [image] = root.iter(f"{SVG}image")
    assert image.get("href", "").startswith("data:image/png;base64,")
    assert "pixel " in " ".join(root.itertext())
    assert not list(dom(diagram(model, x, image_shape=())).iter(f"{SVG}image"))
    assert not list(drawn("iris")[1].iter(f"{SVG}image"))


def test_colour_pictures_are_known_by_their_preparation():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (40, 8 * 8 * 3), dtype=np.uint8)
    model = make_pipeline(ImagePreparation(size=8), LogisticRegression()).fit(pixels, random.integers(0, 2, 40))
    root = dom(diagram(model, pixels[0]))
    assert len(list(root.iter(f"{SVG}image"))) == 1
    assert re.search(r"pixel \d,\d (red|green|blue)", " ".join(root.itertext()))


NAMES = ["<b>&amp;", "\"quoted\" 'name'", "naïve 🙂👩‍👩‍👧", "طول السبلة", "x" * 300, "\x00\x1b[31m", "‮right to left", "a\nb"]


def test_any_name_can_be_drawn():
    import pandas as pd

    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(40, len(NAMES))), columns=NAMES)
    y = np.array([f"<class {name[:40]}>" for name in NAMES])[np.arange(40) % len(NAMES)]
    model = mlp(3, X=X, y=y)
    for root in (dom(diagram(model)), dom(diagram(model, X.iloc[[0]], y=y[0]))):
        words = " ".join(root.itertext())
        assert "<b>&amp;" in words and "طول السبلة" in words and "\ufffd\ufffd[31m" in words
        assert not [element for element in root.iter() if element.tag in ("b", f"{SVG}b")]


def test_the_same_model_makes_the_same_bytes():
    for name in ("iris", "digits"):
        model, x, y = case(name)
        assert diagram(model, x, y=y).to_svg() == diagram(model, x, y=y).to_svg()


def test_a_standardised_target_is_drawn_as_the_trace_shows_it():
    X, y = load_diabetes(return_X_y=True)
    net = MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", standardise_target=True, max_iter=15, random_state=0)
    model = fitted(net, X, y)
    seen, root = trace(model, X[7], y[7]), dom(diagram(model, X[7:8], y=y[7]))
    edges, nodes = by(root, "data-edge"), by(root, "data-node")
    for i in range(4):
        assert number(edges[f"w2_{i + 1}_1"]) == seen.layers[1].W[i, 0]
        assert number(edges[f"w2_{i + 1}_1"], "data-grad") == seen.layers[1].dW[i, 0]
    assert number(nodes["z2_1"]) == seen.layers[1].z[0]
    assert number(nodes["L"]) == seen.loss.value
    assert number(nodes["a2_1"]) == pytest.approx(model.predict(X[7:8])[0], rel=1e-12)
    words = " ".join(root.itertext())
    assert "target standardised" in words
    mean, spread = seen.subject.target_scale
    assert f"prediction, {shown(spread[0], 6)}·z + {shown(mean[0], 6)}" in words


def test_a_model_that_ran_away_is_drawn():
    net = MLPClassifier.from_weights([[[1.0, 2.0], [3.0, -1.0]], [[1.0], [0.0]]], [[0.0, 0.0], [0.0]])
    net.coefs_[0][0, 0], net.coefs_[1][0, 0] = np.nan, np.inf
    root = dom(diagram(net, [1.0, 2.0]))
    assert "nan" in " ".join(root.itertext())


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"x": [0, 1], "max_units": 0}, "max_units must be a whole number of at least 1"),
        ({"x": [0, 1], "max_units": True}, "max_units"),
        ({"y": 1}, "hand in its x as well"),
        ({"x": [0, 1], "y": 7}, "7"),
        ({"x": [[0, 1], [1, 1]]}, "must be one example"),
        ({"x": [0, 1], "image_shape": (3, 3)}, "image_shape must be .height, width."),
    ],
)
def test_what_does_not_fit_is_refused_by_name(arguments, says):
    with pytest.raises(ValueError, match=says):
        diagram(case("xor")[0], **arguments)


def test_models_that_cannot_be_drawn_are_refused():
    with pytest.raises(NotFittedError):
        diagram(MLPClassifier())
    with pytest.raises(TypeError, match="glassnet estimator"):
        diagram(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]))


def test_it_is_saved_as_svg(tmp_path):
    picture = diagram(case("xor")[0])
    assert picture.save(tmp_path / "xor.svg").read_text(encoding="utf-8") == picture.to_svg()
    with pytest.raises(ValueError, match="End the name in .svg"):
        picture.save(tmp_path / "xor.png")
    assert repr(picture) == "<Diagram: MLPClassifier 2–3–1, 13 parameters>"
    assert picture._repr_svg_() == picture.to_svg() and "<svg" in picture._repr_html_()
