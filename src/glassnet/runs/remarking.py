"""Plain words where a network has learned nothing: it does no better than an answer that never looks at the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.runs.baselines import Constant
from glassnet.runs.config import RunConfig

NEAR = 0.98
"""A loss above this share of the constant answer's is no better."""
TOO_SURE = 1.1
"""A loss above so many times the constant answer's is that of a network that is sure of what is wrong."""
RANKS = 0.6
"""Area under the ROC curve from which a network tells the classes apart, whatever its probabilities; chance gives 0.5."""


def remarks_on(config: RunConfig, facts: Mapping[str, Any], constant: Constant, *, numbers: Sequence[str] = ()) -> list[str]:
    """What the user should know of a result; nothing where the network is better than the constant answer.

    ``numbers`` names columns that a product could be made of.
    """
    advice = advice_for(config, numbers)
    training, test, baselines = facts["training"], facts["test"], facts["baselines"]
    loss = training["loss"] if training["held_out_loss"] is None else training["held_out_loss"]  # the latter is without a penalty
    if config.task == "classification":
        shares = np.array(constant.shares)
        entropy = float(-(shares * np.log(shares)).sum())
        if config.loss == "log_loss" and config.class_weight is None and loss is not None and loss >= NEAR * entropy:
            if loss > TOO_SURE * entropy and test and test["roc_auc"] is not None and test["roc_auc"] >= RANKS:
                return [
                    f"It stops at {loss:.2g} nats per row, and always answering with the shares of the classes costs {entropy:.2g}: it "
                    "tells the classes apart, but its probabilities are far too sure. Try a smaller --learning-rate or a larger --alpha."
                ]
            return [
                f"It stops at {loss:.2g} nats per row, and always answering with the shares of the classes costs {entropy:.2g}: this "
                f"network cannot tell the classes apart. {advice}"
            ]
        most = baselines.get("majority")
        if config.class_weight is not None:  # probabilities and accuracy are given up for rare classes; ranks are not
            blind = bool(test) and test["roc_auc"] is not None and test["roc_auc"] < RANKS
            return [f"On the test rows it ranks the classes hardly better than chance. {advice}"] if blind else []
        if test and most and _at_least(test["log_loss"], most["log_loss"]) and test["accuracy"] <= most["accuracy"]:
            return [f"On the test rows it is no better than always naming the most frequent class. {advice}"]
        return []
    mean = baselines.get("mean")
    if test and mean and _at_least(test["rmse"], mean["rmse"]):
        return [f"On the test rows it is no better than always answering the mean of the training rows. {advice}"]
    return []


def advice_for(config: RunConfig, numbers: Sequence[str]) -> str:
    """What may help: a richer network or product for a single layer; otherwise a look at the columns."""
    if config.hidden:
        return "Either the columns say nothing about the target, or it needs more rows, more epochs or another --learning-rate."
    names = [name if name.isidentifier() else f"`{name}`" for name in numbers]
    product = f', or a product such as --add "{names[0]}*{names[1]}"' if len(names) == 2 else ""
    return f"Add a hidden layer (--model mlp){product}."


def _at_least(error: float | None, constant: float | None) -> bool:
    """Whether an error is as large as the constant answer's; infinite ones are None."""
    return constant is not None and (error is None or error >= NEAR * constant)
