"""``trace(model, x, y)``: one example through the network and back, every number from the engine's own buffers.

    forward     z_l = a_{l-1} W_l + b_l,   a_l = f_l(z_l),   prediction p(z_L)
    backward    dL/da, da/dz, dL/dz, dL/dW, dL/db, from the loss back to the first layer
    update      theta moved by the estimator's optimiser

Source: Rumelhart, Hinton & Williams (1986), Nature 323, 533-536.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.optimisers import SGD, step_size
from glassnet.networks.parameters import Layout
from glassnet.seeing.subject import Subject, subject_of
from glassnet.seeing.trace.chain import output_chain
from glassnet.seeing.trace.example import one_row, one_target, original_values
from glassnet.seeing.trace.moving import Plan, plan_of
from glassnet.seeing.trace.record import InputTrace, LayerTrace, LayerUpdate, LossTrace, UpdateTrace
from glassnet.seeing.trace.trace import Trace
from glassnet.seeing.trace.watching import Passage, forward, forward_and_back

Array = NDArray[Any]


def trace(model: Any, x: Any, y: Any = None, *, sample_weight: float | None = None, learning_rate: float | None = None) -> Trace:
    """Carry one example through a network and back, and keep every number.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted, half-trained (``partial_fit``) or hand-made (``from_weights``) MLPClassifier or MLPRegressor, a fitted
        LogisticRegression or LogisticRegressionCV, or a Pipeline that ends in one.
    x : array of shape (n_features,), DataFrame of one row, Series, dict of column and value, or a picture
        One example, as the model takes it: of a Pipeline, before its preparation.
    y : label, number or array, optional
        The truth. Several labels or targets as a sequence. Without it there is no loss and no way back.
    sample_weight : float >= 0, optional
        The weight of the example in the loss.
    learning_rate : float > 0, optional
        For the update; by default that of the last epoch of training, or the first where there was none.

    Returns
    -------
    Trace
        It shows itself in a terminal and in a notebook, and turns into SVG, HTML, LaTeX, a DataFrame or JSON.

    Raises
    ------
    TypeError
        For a model that is none of these.
    ValueError
        For several rows, a class that the model does not know, or numbers out of range.

    Notes
    -----
    Dropout is off, as in a prediction. The update is what ``partial_fit`` on this one row would do; the model itself is left as it is.

    Examples
    --------
    One logistic unit with weights 1 and -2, and the example (3, 1) of class 1:

    >>> from glassnet import MLPClassifier
    >>> net = MLPClassifier.from_weights([[[1.0], [-2.0]]], [[0.5]], solver="sgd", momentum=0, alpha=0, learning_rate_init=0.1)
    >>> seen = trace(net, [3, 1], y=1)
    >>> seen.layers[0].z, seen.prediction.round(3), round(seen.loss.value, 3)
    (array([1.5]), array([0.818]), 0.201)
    >>> seen.layers[0].dW.ravel().round(3), seen.update.layers[0].W.ravel().round(3)
    (array([-0.547, -0.182]), array([ 1.055, -1.982]))
    """
    subject = subject_of(model)
    row = one_row(x, subject)
    X = subject.rows(row)  # and refuses what is no row of this model
    originals = original_values(row, subject)
    subject = subject.as_learned()
    if y is None:
        if sample_weight is not None or learning_rate is not None:
            raise ValueError("sample_weight and learning_rate need the truth y: without it there is neither a loss nor an update.")
        return _assembled(subject, originals, X, None, None, forward(subject.network, subject.parameters, X), None)
    given = one_target(y, subject)
    target = subject.targets(given)
    if len(target) != 1:
        raise ValueError(f"y must be the truth of one example; got {len(target)} of them.")
    plan = plan_of(subject, given, learning_rate, sample_weight)
    passage = forward_and_back(subject.network, subject.parameters, X, target, plan.step)
    return _assembled(subject, originals, X, given, target, passage, plan)


def _assembled(
    subject: Subject, originals: list[Any], X: Array, given: Any, target: Array | None, passage: Passage, plan: Plan | None
) -> Trace:
    network, last = subject.network, len(subject.network.layers)
    loss, update = None, None
    if target is not None and plan is not None:
        chain = output_chain(network.loss, passage.raw, passage.prediction, target[0], plan.step.weight)
        assert passage.loss is not None
        loss = LossTrace(network.loss.name, passage.loss, chain.parts, chain, plan.step.weight)
        update = _update(network.layout, passage, plan)
    layers = []
    for number, (layer, seen, (W, b)) in enumerate(zip(network.layers, passage.layers, subject.parameters, strict=True), 1):
        back = {} if target is None else {"da": seen.da, "dz": seen.dz, "dW": seen.dW, "db": seen.db}
        units = subject.outputs if number == last else tuple(f"unit {j}" for j in range(1, layer.n_out + 1))
        said = subject.outputs_in_words if number == last else units
        found = LayerTrace(
            number,
            units,
            said,
            layer.activation,
            seen.read,
            np.array(W),
            np.array(b),
            seen.z,
            seen.a,
            layer.activation.slope_at(seen.z[None])[0],
            layer.bias,
            **back,
        )
        if number == last:
            found = replace(found, activation=network.loss.link, a=passage.prediction, slope=_link_slope(loss, len(units)))
            if loss is not None:
                found = replace(found, da=loss.chain.da)
        layers.append(found)
    dx = None if target is None else passage.layers[0].dread
    inputs = tuple(
        InputTrace(name, float(value), original, None if dx is None else float(dx[i]))
        for i, (name, value, original) in enumerate(zip(subject.inputs, X[0], originals, strict=True))
    )
    return Trace(
        subject=subject,
        inputs=inputs,
        layers=tuple(layers),
        link=network.loss.link,
        prediction=passage.prediction,
        answer=_answer(subject, passage.raw),
        y=_plain_truth(subject, given, target),
        target=None if target is None else target[0],
        loss=loss,
        update=update,
    )


def _link_slope(loss: LossTrace | None, k: int) -> Array:
    """da_j/dz_j of the output units; nan without a truth, or where only the product is known."""
    return np.full(k, np.nan) if loss is None else loss.chain.jacobian.diagonal().copy()


def _answer(subject: Subject, raw: Array) -> Any:
    """What ``predict`` says, as a plain value or a list."""
    if subject.labels is not None:
        found = subject.labels.decode(raw[None].copy(), getattr(subject.estimator, "threshold", None))[0]
    else:
        found = subject.estimator._to_prediction(raw[None].copy())[0]
    return found.tolist() if isinstance(found, np.ndarray | np.generic) else found


def _plain_truth(subject: Subject, given: Any, target: Array | None) -> Any:
    """The truth as the user means it, as a plain value or a list."""
    if target is None:
        return None
    values = np.asarray(given).reshape(-1).tolist()
    return values[0] if len(values) == 1 else values


def _update(layout: Layout, passage: Passage, plan: Plan) -> UpdateTrace:
    """The new parameters, layer by layer, with the moments before and after."""
    step = plan.step
    assert passage.moved is not None and passage.moments is not None
    moved = layout.views(passage.moved)
    kept = [i for i, moment in enumerate(step.moments) if moment.size and (step.optimiser.code != SGD or step.optimiser.momentum)]
    moments, after = [layout.views(step.moments[i]) for i in kept], [layout.views(passage.moments[i]) for i in kept]
    layers = tuple(
        LayerUpdate(
            W,
            b,
            tuple(moment[l][0] for moment in moments),
            tuple(moment[l][1] for moment in moments),
            tuple(moment[l][0] for moment in after),
            tuple(moment[l][1] for moment in after),
        )
        for l, (W, b) in enumerate(moved)
    )
    optimiser, penalties = step.optimiser, step.penalties
    r_t = step_size(optimiser.code, step.rate, optimiser.beta_1, optimiser.beta_2, step.t)
    return UpdateTrace(
        plan.solver,
        plan.own,
        optimiser,
        step.rate,
        float(r_t),
        step.t,
        penalties.l2,
        penalties.l1,
        penalties.decay,
        layers,
        plan.remarks,
    )
