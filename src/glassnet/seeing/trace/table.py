"""A trace as plain values: nested for JSON, or a row per number for a DataFrame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.optimisers import ADAGRAD, ADAM, RMSPROP
from glassnet.seeing.trace.languages import TEXT
from glassnet.seeing.trace.record import InputTrace, LayerTrace, LayerUpdate, LossTrace, UpdateTrace

if TYPE_CHECKING:
    from glassnet.seeing.trace.trace import Trace

Array = NDArray[Any]

DIGITS = 6
"""Significant digits of the numbers within formulas; values beside them have all."""

COLUMNS = ("node", "kind", "layer", "unit", "name", "value", "gradient", "new")


def as_dict(trace: Trace) -> dict[str, Any]:
    """The whole trace as plain values."""
    scale = trace.subject.target_scale
    return {
        "model": type(trace.subject.estimator).__name__,
        "sizes": list(trace.subject.network.layout.sizes),
        "dtype": str(trace.subject.dtype),
        "inputs": [_input(i, entry) for i, entry in enumerate(trace.inputs, 1)],
        "layers": [_layer(layer, None if trace.update is None else trace.update.layers[layer.number - 1]) for layer in trace.layers],
        "link": trace.link,
        "outputs": list(trace.subject.outputs),
        "prediction": numbers(trace.prediction),
        "answer": _json(trace.answer),
        "target_scale": None if scale is None else {"mean": numbers(scale[0]), "spread": numbers(scale[1])},
        "y": _json(trace.y),
        "target": None if trace.target is None else numbers(trace.target),
        "loss": None if trace.loss is None else _loss(trace.loss),
        "update": None if trace.update is None else _update(trace.update),
    }


def _input(i: int, entry: InputTrace) -> dict[str, Any]:
    gradient = None if entry.gradient is None else finite(entry.gradient)
    facts = {"node": f"a0_{i}", "name": entry.name, "value": finite(entry.value), "original": _json(entry.original)}
    return {**facts, "gradient": gradient}


def _layer(layer: LayerTrace, update: LayerUpdate | None) -> dict[str, Any]:
    back = {name: None if values is None else numbers(values) for name, values in _back(layer).items()}
    moved = {"new_W": None if update is None else numbers(update.W), "new_b": None if update is None else numbers(update.b)}
    return {
        "number": layer.number,
        "activation": layer.activation_name,
        "units": list(layer.units),
        "bias": layer.bias,
        "read": numbers(layer.read),
        "W": numbers(layer.W),
        "b": numbers(layer.b),
        "z": numbers(layer.z),
        "a": numbers(layer.a),
        **back,
        **moved,
    }


def _back(layer: LayerTrace) -> dict[str, Array | None]:
    slope = layer.slope if layer.dz is not None or not layer.is_output else None
    return {"da": layer.da, "slope": slope, "dz": layer.dz, "dW": layer.dW, "db": layer.db}


def _loss(loss: LossTrace) -> dict[str, Any]:
    parts = []
    for part in loss.parts:
        formula = None if part.formula is None else part.formula.written(TEXT, DIGITS)
        filled = None if part.numbers is None else part.numbers.written(TEXT, DIGITS)
        facts = {"name": part.name, "units": [unit + 1 for unit in part.units], "formula": formula, "numbers": filled}
        parts.append({**facts, "value": finite(part.value)})
    return {"name": loss.name, "value": finite(loss.value), "weight": loss.weight, "parts": parts}


def _update(update: UpdateTrace) -> dict[str, Any]:
    optimiser = update.optimiser
    constants: dict[str, Any] = {}
    if optimiser.code == ADAM:
        constants = {"beta_1": optimiser.beta_1, "beta_2": optimiser.beta_2, "epsilon": optimiser.epsilon}
    elif optimiser.code in (ADAGRAD, RMSPROP):
        constants = {"epsilon": optimiser.epsilon} | ({"rho": optimiser.momentum} if optimiser.code == RMSPROP else {})
    elif optimiser.momentum:
        constants = {"momentum": optimiser.momentum, "nesterov": optimiser.nesterov}
    return {
        "solver": update.solver,
        "own": update.own,
        "learning_rate": update.rate,
        "step_size": update.step_size,
        "number": update.t,
        **constants,
        "l2": update.l2,
        "l1": update.l1,
        "decay": update.decay,
        "remarks": list(update.remarks),
    }


def as_records(trace: Trace) -> dict[str, list[Any]]:
    """A row for each number: columns of `Trace.to_frame`."""
    rows: list[tuple[Any, ...]] = []
    for i, entry in enumerate(trace.inputs, 1):
        rows.append((f"a0_{i}", "input", 0, i, entry.name, entry.value, _or_nan(entry.gradient), math.nan))
    for layer in trace.layers:
        update = None if trace.update is None else trace.update.layers[layer.number - 1]
        rows += _parameters(layer, update)
        for kind, values, slopes in (("z", layer.z, layer.dz), ("a", layer.a, layer.da)):
            for j, (name, value) in enumerate(zip(layer.units, values.tolist(), strict=True), 1):
                slope = math.nan if slopes is None else float(slopes[j - 1])
                rows.append((f"{kind}{layer.number}_{j}", kind, layer.number, j, name, value, slope, math.nan))
    if trace.loss is not None:
        rows.append(("L", "loss", len(trace.layers), 0, trace.loss.name, trace.loss.value, 1.0, math.nan))
    return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))


def _parameters(layer: LayerTrace, update: LayerUpdate | None) -> list[tuple[Any, ...]]:
    """The rows of a layer's weights and biases."""
    none_W, none_b = np.full(layer.W.shape, math.nan), np.full(layer.b.shape, math.nan)
    dW = none_W if layer.dW is None else layer.dW
    db = none_b if layer.db is None else layer.db
    new_W, new_b = (none_W, none_b) if update is None else (update.W, update.b)
    l, units = layer.number, list(enumerate(layer.units, 1))
    rows: list[tuple[Any, ...]] = [
        (f"w{l}_{i}_{j}", "weight", l, j, name, value, slope, new)
        for i, (values, slopes, moved) in enumerate(zip(layer.W.tolist(), dW.tolist(), new_W.tolist(), strict=True), 1)
        for (j, name), value, slope, new in zip(units, values, slopes, moved, strict=True)
    ]
    if layer.bias:
        pairs = zip(units, layer.b.tolist(), db.tolist(), new_b.tolist(), strict=True)
        rows += [(f"b{l}_{j}", "bias", l, j, name, value, slope, new) for (j, name), value, slope, new in pairs]
    return rows


def numbers(values: Array) -> list[Any]:
    """An array as nested lists, None for what is not finite."""
    if np.isfinite(values).all():
        plain: list[Any] = values.tolist()
        return plain
    return [numbers(row) for row in values] if values.ndim > 1 else [finite(value) for value in values]


def finite(value: Any) -> float | None:
    """A number for JSON: None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _json(value: Any) -> Any:
    """A label or a value of a table as JSON has it; dates and the like as text."""
    if isinstance(value, list | tuple | np.ndarray):
        return [_json(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return finite(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
