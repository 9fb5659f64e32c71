"""Every formula that a trace writes out, with its numbers put in, against the engine's kernels: every loss, every activation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from glassnet import MLPClassifier, MLPRegressor
from glassnet.maths.activations import ACTIVATIONS
from glassnet.seeing.trace.arithmetic import sections
from glassnet.seeing.trace.expressions import of
from glassnet.seeing.trace.formulas import activation_formula, slope_formula
from glassnet.seeing.trace.languages import LATEX, PAGE, TEXT
from glassnet.seeing.trace.letters import E, Function, Over, Slope, Symbol, Words, log
from glassnet.seeing.trace.lines import Equation
from glassnet.seeing.trace.moves import moves, written_out
from glassnet.seeing.trace.tracing import trace

z, a, y = Symbol("z"), Symbol("a"), Symbol("y")


@pytest.mark.parametrize(
    "value, text",
    [(0.99995852, "0.99995852"), (1 - 2.0**-24, "0.99999994040"), (-0.99951, "-0.9995100"), (0.99, "0.99"), (1.0, "1"), (1.00001, "1")],
)
def test_what_is_hardly_below_1_keeps_the_digits_of_what_it_lacks(value, text):
    written = TEXT.number(value, 4)
    assert written.ljust(len(text), "0") == text
    if value < 1 and abs(value) > 0.999:
        assert 1 - abs(float(written)) == pytest.approx(1 - abs(value), rel=1e-3)


@pytest.mark.parametrize(
    "expression, text, page, latex",
    [
        (1 / (1 + E**-z), "1/(1 + e^(-z))", "1/(1 + <i>e</i><sup>−<i>z</i></sup>)", r"\frac{1}{1 + e^{-z}}"),
        (-(y * log(a)), "-y·log(a)", "−<i>y</i>·log(<i>a</i>)", r"-y \cdot \log\left(a\right)"),
        ((a - y).put(a=0.25, y=-1), "0.25 + 1", "0.25 + 1", "0.25 + 1"),
        (of(0.5) * of(-2.0), "0.5·(-2)", "0.5·(−2)", r"0.5 \cdot \left(-2\right)"),
        ((1 - a**2).put(a=-0.5), "1 - (-0.5)²", "1 − (−0.5)<sup>2</sup>", r"1 - \left(-0.5\right)^{2}"),
        (of(-1.0) * 2 - of(0.1) * 3, "-1·2 - 0.1·3", "−1·2 − 0.1·3", r"-1 \cdot 2 - 0.1 \cdot 3"),
        (Words("774 more", 0.31) + 2, "(774 more: 0.31) + 2", "(<small>774 more:</small> 0.31) + 2", r"(\text{774 more: }0.31) + 2"),
        (
            Slope(Symbol("L"), Symbol("w", 2, (1, 3))),
            "dL/dw2_1_3",
            "∂<i>L</i>/∂<i>w</i><sup>(2)</sup><sub>1,3</sub>",
            r"\frac{\partial L}{\partial w^{(2)}_{1, 3}}",
        ),
        (Over(a + y), "sum of (a + y)", "Σ (<i>a</i> + <i>y</i>)", r"\sum \left(a + y\right)"),
        (Function("abs", a - y), "|a - y|", "|<i>a</i> − <i>y</i>|", r"\left|a - y\right|"),
        (of(1.5e-9), "1.5e-9", "1.5e−9", r"1.5 \cdot 10^{-9}"),
        (of(12345.0), "12,345", "12,345", "12{,}345"),
        (Words("100 % of <i> & $_#", 1.0), "(100 % of <i> & $_#: 1)", "(<small>100 % of &lt;i&gt; &amp; $_#:</small> 1)", None),
    ],
)
def test_an_expression_is_written_in_three_languages(expression, text, page, latex):
    assert expression.written(TEXT, 5) == text
    assert expression.written(PAGE, 5) == page
    assert latex is None or expression.written(LATEX, 5) == latex


def test_an_expression_is_worked_out():
    assert (1 / (1 + E**-z)).put(z=0.5).value() == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert (y * log(a)).put(y=0, a=0).value() != 0  # 0 log 0 has no value, and none is made up
    with pytest.raises(ValueError, match="z has no value"):
        z.value()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("at", [-3.7, -0.31, 0.0, 0.45, 2.9])
def test_the_formula_of_every_activation_is_the_kernels(name, at):
    activation = ACTIVATIONS[name]
    value = float(activation(np.array([at]))[0])
    assert activation_formula(activation, at).put(z=at).value() == pytest.approx(value, rel=1e-12, abs=1e-15)
    slope = slope_formula(activation, value).put(a=value, z=at).value()
    assert slope == pytest.approx(float(activation.slope_at(np.array([at]))[0]), rel=1e-12, abs=1e-15)


def square(raw, y):
    """A loss of a user's own."""
    return (raw - y) ** 2


def slope_of_square(raw, y):
    """Its slope."""
    return 2 * (raw - y)


def models(activation):
    """(name, model, target) of every loss behind a hidden layer of ``activation``, on 40 rows of 3 columns."""
    random = np.random.default_rng(5)
    X = random.normal(size=(40, 3))
    two = (X[:, 0] > 0).astype(int)
    three = np.digitize(X[:, 1], [-0.4, 0.4])
    number = X @ [1.0, -2.0, 0.5]
    columns = np.column_stack([two, 1 - two])
    several = np.column_stack([three, two])
    soft = random.dirichlet([1, 1, 1], 40)
    pair = (square, slope_of_square)

    def classifier(target, classes=None, **parameters):
        return MLPClassifier((4,), activation, random_state=1, **parameters).partial_fit(X, target, classes=classes)

    def regressor(target, loss="squared_error", **parameters):
        return MLPRegressor(loss, hidden_layer_sizes=(4,), activation=activation, random_state=1, **parameters).partial_fit(X, target)

    yield "log_loss", classifier(two, [0, 1]), X, two
    yield "softmax", classifier(three, [0, 1, 2]), X, three
    yield "soft labels", classifier(soft, [0, 1, 2]), X, soft
    yield "squared_logistic", classifier(two, [0, 1], loss="squared_error"), X, two
    yield "squared_softmax", classifier(three, [0, 1, 2], loss="squared_error"), X, three
    yield "several labels", classifier(columns), X, columns
    yield "several columns", classifier(several, [np.arange(3), np.arange(2)]), X, several
    yield "own loss of classes", classifier(two, [0, 1], loss=pair), X, two
    yield "squared_error", regressor(number), X, number
    yield "several targets", regressor(np.column_stack([number, -number])), X, np.column_stack([number, -number])
    yield "absolute_error", regressor(number, "absolute_error"), X, number
    yield "huber", regressor(number, "huber", huber_delta=0.7), X, number
    yield "quantile", regressor(number, "quantile", quantile=0.8), X, number
    yield "several quantiles", regressor(number, "quantile", quantile=[0.1, 0.9]), X, number
    yield "poisson", regressor(np.round(np.abs(number)), "poisson"), X, np.round(np.abs(number))
    yield "own loss of numbers", regressor(number, pair), X, number


def sine(z):
    """An activation of a user's own."""
    return np.sin(z)


def cosine(z):
    """Its slope."""
    return np.cos(z)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, (sine, cosine)], ids=lambda choice: choice if isinstance(choice, str) else "own")
def test_every_line_of_every_loss_comes_to_the_engines_number(activation):
    for name, model, X, target in models(activation):
        for row in (0, 7, 23):
            seen = trace(model, X[row], target[row])
            lines = [line for section in sections(seen, 5, 4) for group in section.groups for line in group.lines]
            for line in (line for line in lines if isinstance(line, Equation) and line.value is not None):
                for step in line.steps:
                    if isinstance(step, Slope | Words):
                        continue  # dL/db = dL/dz; a user's own function of a number
                    assert step.value() == pytest.approx(line.value, rel=1e-9, abs=1e-12), (name, line.left.written(TEXT, 4))
            chain = seen.loss.chain.product()
            if not np.isnan(chain).any():
                assert np.allclose(chain, seen.layers[-1].dz, rtol=1e-9, atol=1e-12), name
            assert math.fsum(part.value for part in seen.loss.parts) == pytest.approx(seen.loss.value, rel=1e-12)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop", "adagrad", "gd"])
@pytest.mark.parametrize("more", [{}, {"alpha": 0.2}, {"alpha": 0.1, "l1": 0.3}, {"nesterovs_momentum": False}, {"momentum": 0.0}])
def test_the_update_written_out_comes_to_the_engines_number(solver, more):
    random = np.random.default_rng(5)
    X, labels = random.normal(size=(40, 3)), random.integers(0, 3, 40)
    net = MLPClassifier((4,), solver=solver, random_state=1, **more)
    for _ in range(2):
        net.partial_fit(X, labels, classes=[0, 1, 2])
    seen = trace(net, X[0], labels[0])
    listed, hidden = moves(seen, 50)
    assert hidden == 4 + 3 - 2  # one bias of each layer is listed
    for move in listed:
        lines = written_out(seen.update, move)
        assert lines[-1].steps[-1].value() == pytest.approx(move.new, rel=1e-9, abs=1e-12), (move.node, solver)
        assert lines[-1].value == move.new


def test_float32_is_as_exact_as_it_can_be():
    random = np.random.default_rng(5)
    X, labels = random.normal(size=(40, 3)).astype(np.float32), random.integers(0, 3, 40)
    seen = trace(MLPClassifier((4,), random_state=1).partial_fit(X, labels, classes=[0, 1, 2]), X[0], labels[0])
    assert {layer.z.dtype for layer in seen.layers} == {np.dtype(np.float32)}
    for section in sections(seen, 5, 4):
        for line in (line for group in section.groups for line in group.lines if isinstance(line, Equation) and line.value is not None):
            for step in (step for step in line.steps if not isinstance(step, Slope)):
                assert step.value() == pytest.approx(line.value, rel=1e-4, abs=1e-5)
