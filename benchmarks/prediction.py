"""Predicting with a trained 100-64-64-1 network in float32: one row, and 10,000 rows.

Every contender holds the same weights, and their probabilities must agree to 1e-5. glassnet's and scikit-learn's ``predict_proba``
check their input; ``compile_predict()`` and the runtimes do not.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.limits import forward_seconds
from benchmarks.timing import OURS, Contender, Mark, Result, median, take_turns, times_faster

Array = NDArray[Any]
Predict = Callable[[Array], Any]

SIZES = (100, 64, 64, 1)
COMPILED = f"{OURS}, compile_predict()"


def trained() -> tuple[Any, Any]:
    """A network that has seen two epochs, and scikit-learn's with the same weights."""
    import sklearn.neural_network

    import glassnet

    random = np.random.default_rng(0)
    X = random.standard_normal((1000, SIZES[0]), dtype=np.float32)
    y = (X[:, :10].sum(axis=1) > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = glassnet.MLPClassifier(SIZES[1:-1], max_iter=2, random_state=0).fit(X, y)
        theirs = sklearn.neural_network.MLPClassifier(SIZES[1:-1], max_iter=1, random_state=0).fit(X, y)
    theirs.coefs_, theirs.intercepts_ = [W.copy() for W in ours.coefs_], [b.copy() for b in ours.intercepts_]
    return ours, theirs


def predictors(threads: int) -> tuple[dict[str, Predict], list[str]]:
    """Functions from rows to the probability of the second class, by name, and the names of peers that are not installed."""
    ours, theirs = trained()
    compiled = ours.compile_predict()
    found: dict[str, Predict] = {OURS: ours.predict_proba, COMPILED: compiled, "scikit-learn": theirs.predict_proba}
    missing = []
    for name, module, make in (
        ("PyTorch", "torch", torch_predictor),
        ("JAX", "jax", jax_predictor),
        ("onnxruntime", "onnxruntime", onnx_predictor),
    ):
        if importlib.util.find_spec(module) and (module != "onnxruntime" or importlib.util.find_spec("onnx")):
            found[name] = make(ours.coefs_, ours.intercepts_, threads)
        else:
            missing.append(name)
    return found, missing


def torch_predictor(coefs: list[Array], intercepts: list[Array], threads: int) -> Predict:
    """PyTorch eager in inference mode, from and to NumPy."""
    import torch

    torch.set_num_threads(threads)
    parts: list[Any] = []
    for W, b in zip(coefs, intercepts, strict=True):
        linear = torch.nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        parts += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*parts[:-1], torch.nn.Sigmoid()).eval()

    def predict(X: Array) -> Array:
        with torch.inference_mode():
            return network(torch.from_numpy(X)).numpy()

    return predict


def jax_predictor(coefs: list[Array], intercepts: list[Array], threads: int) -> Predict:
    """JAX, jitted for the shape, to NumPy."""
    import jax
    import jax.numpy as jnp

    layers = [(jnp.asarray(W), jnp.asarray(b)) for W, b in zip(coefs, intercepts, strict=True)]

    @jax.jit
    def forward(A: Any) -> Any:
        for W, b in layers[:-1]:
            A = jnp.maximum(A @ W + b, 0.0)
        W, b = layers[-1]
        return jax.nn.sigmoid(A @ W + b)

    return lambda X: np.asarray(forward(X))


def onnx_predictor(coefs: list[Array], intercepts: list[Array], threads: int) -> Predict:
    """onnxruntime on a graph of Gemm, Relu and Sigmoid."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, initialisers, read = [], [], "X"
    for l, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        initialisers += [numpy_helper.from_array(np.ascontiguousarray(part), f"{name}{l}") for name, part in (("W", W), ("b", b))]
        nodes.append(helper.make_node("Gemm", [read, f"W{l}", f"b{l}"], [f"Z{l}"]))
        last = l == len(coefs) - 1
        nodes.append(helper.make_node("Sigmoid" if last else "Relu", [f"Z{l}"], ["P" if last else f"A{l}"]))
        read = f"A{l}"
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, coefs[0].shape[0]])],
        [helper.make_tensor_value_info("P", TensorProto.FLOAT, [None, coefs[-1].shape[1]])],
        initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda X: session.run(None, {"X": X})[0]


def run(row: str, *, quick: bool, repeats: int, threads: int) -> Result:
    """Measure predictions of one row or of 10,000."""
    rows = 1 if row == "predict-one" else 10_000
    calls = (2_000 if rows == 1 else 20) // (4 if quick else 1)
    X = np.random.default_rng(1).standard_normal((rows, SIZES[0]), dtype=np.float32)
    found, missing = predictors(threads)
    expected = found["scikit-learn"](X)[:, -1]
    for name, predict in found.items():
        got = np.asarray(predict(X))[:, -1]
        assert np.abs(got - expected).max() <= 1e-5, f"{name} predicts something else"
    times, _ = take_turns([Contender(name, _loop(predict, X, calls), per=calls) for name, predict in found.items()], repeats)
    limit = forward_seconds(SIZES, rows)
    if rows == 1:
        marks = [
            Mark("us, with full validation", 1e6 * median(times[OURS]), 15.0, 10.0, at_least=False),
            Mark("us from compile_predict()", 1e6 * median(times[COMPILED]), 5.0, 3.0, at_least=False),
        ]
        words, unit = "`predict_proba`, one row of 100, net 100-64-64-1", "us per call"
    else:
        marks = [Mark("x onnxruntime", times_faster(times, ["onnxruntime"]), 1.0, 1.2)]
        words, unit = "`predict_proba`, 10,000 rows, net 100-64-64-1", "ms per call"
    return Result(row, words, unit, times, marks, limit, "products", ["probabilities agree to 1e-5"], missing)


def _loop(predict: Predict, X: Array, calls: int) -> Callable[[None], Any]:
    def run(_: None) -> None:
        for _call in range(calls):
            predict(X)

    return run
