"""What a run chooses where its user did not: the size of the network, how it descends, when it stops.

Chosen by trials on seven tables of 500 to 32,561 rows and on photos, faces and digits, for a good result in seconds; not the
estimators' defaults, which are scikit-learn's.
"""

from __future__ import annotations

from typing import Any

from glassnet.data.pixels import ImagePreparation
from glassnet.estimators.boltzmann.dbn_classifier import DBNClassifier
from glassnet.estimators.boltzmann.dbn_regressor import DBNRegressor
from glassnet.estimators.mlp_classifier import MLPClassifier
from glassnet.estimators.mlp_regressor import MLPRegressor
from glassnet.runs.config import FULL_BATCH, RunConfig

SIZE = 64  # pixels a side of pictures


def decided(config: RunConfig, kind: str, n_rows: int, *, pictures: bool = False) -> RunConfig:
    """``config`` with every field decided, for ``n_rows`` training rows of this kind of task."""
    single = config.model == "logistic"
    solver = config.solver or ("lbfgs" if single and config.augment is None else "adam")
    choices = {
        "task": kind,
        "hidden": () if single else (64, 64),
        "activation": "relu",
        "solver": solver,
        "learning_rate": 0.003,
        "batch_size": min(batch_size(n_rows), n_rows),
        "epochs": 1000 if solver in FULL_BATCH else 500,
        "alpha": 1e-4,
        "dropout": 0.0,
        "loss": "log_loss" if kind == "classification" else "squared_error",
        "patience": 30,
    }
    if pictures:
        choices |= for_pictures(config, n_rows, single=single, line_search=solver in FULL_BATCH)
    if config.model == "dbn":
        choices |= for_deep_belief(n_rows, pictures=pictures, line_search=solver in FULL_BATCH)
    return config.replace(**{name: value for name, value in choices.items() if getattr(config, name) is None})


def for_pictures(config: RunConfig, n_rows: int, *, single: bool, line_search: bool) -> dict[str, Any]:
    """Thousands of features that say little each: strong penalties, small steps, half of the units silenced.

    Features have unit variance, and a penalty as large as their number allows a single layer weights with which all of them together move
    its output by about 1. Networks do best with a tenth of it; steps on a batch take the batch's share of the rows.
    """
    features = config.features or "pixels"
    width = ImagePreparation(size=config.size or SIZE, grey=bool(config.grey), features=features).width
    batch = config.batch_size or min(batch_size(2 * n_rows), n_rows)
    share = 1.0 if line_search else batch / n_rows
    return {
        "features": features,
        "hidden": () if single else (128,),
        "learning_rate": 3e-4,
        "batch_size": batch,
        "epochs": 200 if line_search else 100,
        "alpha": float(f"{width * share * (1.0 if single else 0.1):.2g}"),
        "dropout": 0.0 if single else 0.5,
        "patience": 10,
    }


def for_deep_belief(n_rows: int, *, pictures: bool, line_search: bool) -> dict[str, Any]:
    """Pictures come as intensities between 0 and 1, so that penalties and rates are those of tables; what machines have learned wants
    small steps.
    """
    return {
        "activation": "logistic",
        "hidden": (500, 250) if pictures else (64, 64),
        "pretrain_epochs": 20,
        "learning_rate": 0.001,
        "batch_size": min(batch_size(n_rows), n_rows),
        "epochs": 1000 if line_search else 200,
        "alpha": 1e-4,
        "dropout": 0.0,
        "patience": 10,
    }


def batch_size(n_rows: int) -> int:
    """A power of two between 16 and 256, about a hundredth of the rows."""
    size = 16
    while size < 256 and size * 100 <= n_rows:
        size *= 2
    return size


def estimator_for(config: RunConfig, *, watched: bool) -> MLPClassifier | MLPRegressor:
    """The estimator of a decided configuration; ``watched`` where there are held-out rows to stop by."""
    names = str(config.activation).split(",")
    parameters: dict[str, Any] = {
        "hidden_layer_sizes": config.hidden,
        "activation": names if len(names) > 1 else names[0],
        "solver": config.solver,
        "learning_rate_init": config.learning_rate,
        "batch_size": config.batch_size,
        "max_iter": config.epochs,
        "alpha": config.alpha,
        "l1": config.l1,
        "dropout": config.dropout,
        "loss": config.loss,
        "random_state": config.seed,
        "early_stopping": watched,
        "monitor": "val_loss",
        "n_iter_no_change": config.patience,
        "tol": 1e-5 if config.solver not in FULL_BATCH else 1e-6,
        "max_seconds": config.max_seconds,
    }
    if config.model == "dbn":
        del parameters["activation"]
        pretraining = {"batch_size": config.batch_size}
        parameters |= {"visible": "auto", "pretrain_epochs": config.pretrain_epochs, "pretraining": pretraining}
        if config.task == "classification":
            return DBNClassifier(**parameters, class_weight=config.class_weight)
        return DBNRegressor(**parameters, standardise_target=config.loss != "poisson")
    if config.task == "classification":
        return MLPClassifier(**parameters, class_weight=config.class_weight)
    return MLPRegressor(**parameters, standardise_target=config.loss != "poisson")
