"""The record of a training: rows, columns, and its ways out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from glassnet.training.history import COLUMNS, LAYER_COLUMNS, History


def two_epochs() -> History:
    history = History(stopped_because="all 2 epochs are done")
    history.append(epoch=1, loss=0.7, gradient_norm=1 / 3, weight_norm=2.0, learning_rate=0.1, seconds=0.01)
    history.append(epoch=2, loss=0.5, gradient_norm=0.1, weight_norm=2.5, learning_rate=0.1, seconds=0.02)
    return history


def test_columns_left_out_are_none() -> None:
    history = two_epochs()
    assert len(history) == 2 and [row["epoch"] for row in history] == [1, 2]
    assert tuple(history[0]) == (*COLUMNS, *LAYER_COLUMNS)
    assert history.column("val_loss") == [None, None]
    assert history[-1]["loss"] == 0.5


def test_the_rows_survive_as_arrays() -> None:
    history = two_epochs()
    again = History.from_arrays(history.as_arrays())
    assert again.rows == history.rows
    assert all(column.dtype == np.float64 for column in history.as_arrays().values())
    assert len(History.from_arrays(History().as_arrays())) == 0


def with_layers() -> History:
    history = two_epochs()
    history.append(epoch=3, loss=0.4, layer_gradient_norms=[0.5, 1 / 3], layer_update_ratios=[1e-3, 2e-3])
    return history


def test_columns_per_layer_survive_as_arrays_and_are_spread_in_tables(tmp_path: Path) -> None:
    history = with_layers()
    assert history.as_arrays()["history_layer_gradient_norms"].shape == (3, 2)
    assert History.from_arrays(history.as_arrays()).rows == history.rows
    assert history.to_frame()["gradient_norm_layer_2"].tolist()[-1] == 1 / 3
    history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["update_ratio_layer_1"] == "" and float(rows[2]["update_ratio_layer_2"]) == 2e-3
    with pytest.raises(ValueError):
        History.from_arrays({**history.as_arrays(), "history_layer_update_ratios": np.zeros((2, 2))})


def test_columns_of_unequal_length_are_refused() -> None:
    arrays = two_epochs().as_arrays()
    with pytest.raises(ValueError):
        History.from_arrays({**arrays, "history_loss": np.zeros(3)})
    with pytest.raises(KeyError):
        History.from_arrays({name: column for name, column in arrays.items() if name != "history_loss"})


@pytest.mark.parametrize("backend", [None, "pandas", "polars", "pyarrow"])
def test_a_frame_has_the_columns_that_hold_something(backend: str | None) -> None:
    frame = two_epochs().to_frame(backend)
    columns = frame.column_names if backend == "pyarrow" else list(frame.columns)
    assert columns == ["epoch", "loss", "gradient_norm", "weight_norm", "learning_rate", "seconds"]
    assert type(frame).__module__.startswith(backend or "pandas")


def test_csv_keeps_every_digit_and_leaves_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    two_epochs().to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["gradient_norm"]) == 1 / 3
    assert rows[1]["epoch"] == "2" and rows[1]["val_loss"] == ""


def test_a_history_says_what_it_is() -> None:
    assert repr(two_epochs()) == "History(2 epochs, last loss 0.5; all 2 epochs are done)"
    assert repr(History()) == "History(no epochs)"


def test_without_rows_the_columns_are_there():
    assert tuple(History().to_frame("polars").columns) == COLUMNS
