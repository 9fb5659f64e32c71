"""Features made by hand: arithmetic of columns, written as a text that is stored with the model and applied again to new rows.

    Formula("x1 * x2").evaluate(frame)            Formula("log(1 + `visit duration`)")

There are + - * / ** with the usual precedence, parentheses, numbers, and sin, cos, log (natural), exp, sqrt, abs, min, max. Names of
columns stand as they are, or between backquotes where they hold blanks or signs. The grammar is in `formula_text.py`.
A row in which a column is missing has a missing result. A value that is not finite (log of 0, division by 0) is refused, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.checks import DataError, did_you_mean
from glassnet.data.formula_text import FormulaError, Step, refuse, steps_of
from glassnet.data.places import RowError, begun
from glassnet.data.tables import table_from

Vector = NDArray[np.float64]

_APPLY: dict[tuple[str, int], Callable[..., Vector]] = {
    ("+", 2): np.add,
    ("-", 2): np.subtract,
    ("*", 2): np.multiply,
    ("/", 2): np.divide,
    ("**", 2): np.power,
    ("-", 1): np.negative,
    ("sin", 1): np.sin,
    ("cos", 1): np.cos,
    ("log", 1): np.log,
    ("exp", 1): np.exp,
    ("sqrt", 1): np.sqrt,
    ("abs", 1): np.abs,
}
_SEVERAL: dict[str, Callable[[Vector, Vector], Vector]] = {"min": np.minimum, "max": np.maximum}


@dataclass(frozen=True)
class Formula:
    """A formula over the columns of a table.

    Attributes
    ----------
    text : str
        As it was written; it is also the name of the new column, and all that a file needs to keep.

    Raises
    ------
    FormulaError
        For a text that is no formula: it is shown with a caret under the fault.

    Examples
    --------
    >>> formula = Formula("x1 * x2 - 2")
    >>> formula.columns
    ('x1', 'x2')
    >>> formula.evaluate({"x1": [1, 2, None], "x2": [3, 4, 5]}).to_list()
    [1.0, 6.0, None]
    >>> Formula("x1 * sine(x2)")
    Traceback (most recent call last):
    ...
    glassnet.data.formula_text.FormulaError: This formula cannot be used: there is no function 'sine'. Did you mean 'sin'?
      x1 * sine(x2)
           ^^^^
    """

    text: str
    _steps: tuple[Step, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise FormulaError(f"A formula must be a text such as 'x1*x2'; got {type(self.text).__name__}.")
        object.__setattr__(self, "_steps", steps_of(self.text))

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """What the new column is called: the text, without blanks around it."""
        return self.text.strip()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it needs, each once, in the order they occur."""
        return tuple(dict.fromkeys(str(step.value) for step in self._steps if step.kind == "column"))

    def evaluate(self, frame: Any) -> pl.Series:
        """The value in each row, as a column called `name`.

        Parameters
        ----------
        frame : DataFrame or dict of columns
            Anything `table_from` takes.

        Raises
        ------
        FormulaError
            For a column that is not there, or not of numbers.
        DataError
            For a row in which the formula, or a part of it, has no finite value.
        """
        table = frame if isinstance(frame, pl.DataFrame) else table_from(frame)
        known = {name: self._values(table, name) for name in self.columns}
        missing = np.zeros(table.height, np.bool_)
        for values in known.values():
            missing |= np.isnan(values)
        with np.errstate(all="ignore"):
            result = self._run(known, missing, table.height)
        return pl.Series(self.name, np.where(missing, np.nan, result)).fill_nan(None)

    def _run(self, known: dict[str, Vector], missing: NDArray[np.bool_], n_rows: int) -> Vector:
        stack: list[Vector] = []
        for step in self._steps:
            if step.kind == "number":
                stack.append(np.float64(step.value))  # type: ignore[arg-type]
            elif step.kind == "column":
                stack.append(known[str(step.value)])
            else:
                operands = stack[len(stack) - step.arity :]
                del stack[len(stack) - step.arity :]
                several = _SEVERAL.get(str(step.value))
                value = reduce(several, operands) if several else _APPLY[str(step.value), step.arity](*operands)
                wrong = ~(np.isfinite(value) | missing)
                if wrong.any():
                    self._no_value(step, operands, value, int(np.argmax(wrong)))
                stack.append(value)
        return np.broadcast_to(stack[0], (n_rows,))

    def _no_value(self, step: Step, operands: list[Vector], value: Vector, row: int) -> None:
        """Raise DataError: ``step`` has no finite value in ``row``."""
        given = [float(operand if np.ndim(operand) == 0 else operand[row]) for operand in operands]
        texts = [f"{number:g}" for number in given]
        if step.kind == "function":
            what = f"{step.value}({', '.join(texts)})"
        else:
            what = f" {step.value} ".join(f"({text})" if text.startswith("-") else text for text in texts)
        result = float(value if np.ndim(value) == 0 else value[row])
        because = "too large a number" if np.isinf(result) and not (step.value in ("/", "log") or 0.0 in given) else "not a finite number"
        fault = (
            f"the formula {self.name!r} has no value, because {what} is {because}. Correct the row, leave it empty, or "
            "change the formula, for instance log(1 + x) for log(x), x / (1 + y) for x / y."
        )
        raise RowError(lambda place: f"{begun(place(row))}: {fault}")

    def _values(self, table: pl.DataFrame, name: str) -> Vector:
        """A column as float64, missing values as NaN."""
        start = next(step.start for step in self._steps if step.kind == "column" and step.value == name)
        shown = len(name) + 2 * (self.text[start] == "`")
        if name not in table.columns:
            listed = ", ".join(map(repr, table.columns[:8])) + (", ..." if table.width > 8 else "")
            hint = did_you_mean(name, table.columns) or f" There are {listed}."
            refuse(self.text, start, f"the table has no column {name!r}.{hint}", shown)
        column = table[name]
        if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
            refuse(self.text, start, f"column {name!r} holds {_kind(column.dtype)}, and a formula needs numbers", shown)
        values = column.cast(pl.Float64).to_numpy()
        infinite = np.isinf(values)
        if infinite.any():
            row = int(np.argmax(infinite))
            fault = f"column {name!r}: {values[row]} is not finite. Correct it, or leave it empty."
            raise RowError(lambda place: f"{begun(place(row))}, {fault}")
        return values


def with_formulas(frame: Any, formulas: Iterable[Formula]) -> pl.DataFrame:
    """The table with one more column for each formula; a formula may use the ones before it, by their text between backquotes.

    Raises FormulaError and DataError as `Formula.evaluate` does, and DataError where a column of that name is there already.

    >>> with_formulas({"x1": [1.0, 2.0]}, [Formula("x1**2")]).to_dict(as_series=False)
    {'x1': [1.0, 2.0], 'x1**2': [1.0, 4.0]}
    """
    table: pl.DataFrame = frame if isinstance(frame, pl.DataFrame) else table_from(frame)
    for formula in formulas:
        if formula.name in table.columns:
            raise DataError(f"The table has a column {formula.name!r} already; the formula of that name adds nothing. Leave it out.")
        table = table.with_columns(formula.evaluate(table))
    return table


def _kind(dtype: pl.DataType) -> str:
    if dtype == pl.String:
        return "text"
    return "dates" if dtype.is_temporal() else f"values of type {dtype}"
