"""A table becomes the matrix a network learns from, and new rows become the same matrix again.

Every column is learnt from the training rows alone and kept in plain sight: ``describe()`` says what is done with it, ``to_schema()``
writes it as JSON, and ``from_schema()`` restores it to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from glassnet.checks import DataError, Faults, ModelFileError, did_you_mean, unknown_name
from glassnet.data.categories import CategoryColumn, Rules
from glassnet.data.columns import Column
from glassnet.data.inference import has_decimal_commas
from glassnet.data.kinds import learn_column, messages_of, restore_column
from glassnet.data.places import raise_all
from glassnet.data.schema import Fields
from glassnet.data.tables import is_nameless, table_from
from glassnet.data.targets import resolve_column
from glassnet.data.wording import count

SCHEMA_VERSION = 1


class TablePreparation(TransformerMixin, BaseEstimator):
    """Turn a table of numbers, booleans, categories and dates into a matrix of finite numbers.

    Numbers are standardised, the median standing in for missing ones; categories are one-hot with a bucket for the rare and one
    for the missing; booleans are 0 or 1; dates become year, day of year, weekday and hour. Missing numbers, booleans and dates get
    a 0/1 flag of their own if training rows had any. Constant columns and identifiers are dropped, and said. New rows are matched by
    column name.

    Parameters
    ----------
    max_categories : int, default=40
        The most levels a category keeps; less frequent ones count as rare.
    rare : float, default=0.001
        A level that occurs in less than this share of the training rows, or in one row only, counts as rare.
    dtype : {"float32", "float64"}, default="float32"
        Of the matrix. The arithmetic is float64 either way.
    drop_identifiers : bool, default=True
        Whether to drop text that is different in (nearly) every row, and whole numbers, different in every row, in a column that is
        named like an identifier.
    text : sequence of str, default=()
        Columns to take as categories whatever they hold; they are never dropped as identifiers.

    Attributes
    ----------
    columns_ : tuple
        What was learnt about each column of the training table, in its order.
    messages_ : list of str
        What the user should know about the training table: dropped columns, cut categories.
    ignored_columns_ : list of str
        Columns of the last transformed table that training did not have.
    unseen_ : dict of str to int
        How many values of each category (or boolean) in the last transformed table training never had.
    remarks_ : list of str
        The same two facts as sentences.
    n_features_in_, feature_names_in_ :
        As in scikit-learn; names only where the table had them.

    Examples
    --------
    >>> preparation = TablePreparation().fit({"age": [20, 30, None, 40], "city": ["Rome", "Oslo", "Rome", "Oslo"]})
    >>> preparation.get_feature_names_out().tolist()
    ['age', 'age missing', 'city=Oslo', 'city=Rome']
    >>> preparation.transform({"city": ["Rome", "Paris"], "age": [30, 30]})
    array([[0., 0., 0., 1.],
           [0., 0., 0., 0.]], dtype=float32)
    >>> preparation.remarks_
    ["1 value of 'city' did not occur in training; it counts as rare."]
    """

    columns_: tuple[Column, ...]
    messages_: list[str]
    ignored_columns_: list[str]
    unseen_: dict[str, int]
    remarks_: list[str]

    def __init__(
        self,
        *,
        max_categories: int = 40,
        rare: float = 0.001,
        dtype: str = "float32",
        drop_identifiers: bool = True,
        text: Sequence[str] = (),
    ) -> None:
        self.max_categories = max_categories
        self.rare = rare
        self.dtype = dtype
        self.drop_identifiers = drop_identifiers
        self.text = text

    def fit(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Learn every column from the training rows.

        Parameters
        ----------
        X : DataFrame, dict of columns or 2-D array
            Anything `table_from` takes.
        y : ignored
        """
        self._check_parameters()
        frame = table_from(X)
        if not frame.width:
            raise DataError(f"The table has 0 feature(s) (shape=({frame.height}, 0)) while a minimum of 1 is required.")
        if not frame.height:
            raise DataError(f"The table has 0 sample(s) (shape=(0, {frame.width})) while a minimum of 1 is required.")
        text = tuple(resolve_column(frame, name) for name in self._text)
        rules = Rules(self.max_categories, self.rare, self.drop_identifiers, text)
        columns = tuple(learn_column(column, rules) for column in frame)
        learnt = [column.name for column in columns if column.features()]
        _refuse_commas(frame, learnt, text)
        if not learnt:
            reasons = " ".join(messages_of(columns))
            raise DataError(f"No column {'of 1 sample ' if frame.height == 1 else ''}is left: {reasons}")
        self._set_columns(columns, named=not is_nameless(X))
        return self

    def transform(self, X: Any) -> NDArray[np.floating[Any]]:
        """The matrix of features, one row for each row of ``X``.

        Columns are found by name, in any order; others are ignored and listed in ``ignored_columns_``. A level that training never
        had counts as rare (``unseen_``).

        Raises
        ------
        DataError
            For missing columns (all of them named) and for values of the wrong type (row and column named).
        """
        check_is_fitted(self, "columns_")
        frame = self._matched(table_from(X), named=not is_nameless(X))
        matrix = np.zeros((frame.height, len(self.get_feature_names_out())), dtype=self.dtype)
        unseen, faults, start = {}, list[DataError](), 0
        for column in self.columns_:
            width = len(column.features())
            if width:
                try:
                    unseen[column.name] = column.fill(frame[column.name], matrix[:, start : start + width])
                except DataError as fault:
                    faults.append(fault)
            start += width
        raise_all(faults)
        self.unseen_ = {name: values for name, values in unseen.items() if values}
        self.remarks_ = self._remarks()
        return matrix

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names such as ``age``, ``age missing``, ``city=Rome``, ``city=(rare)``, ``joined year``; a repeated name is numbered."""
        check_is_fitted(self, "columns_")
        taken: set[str] = set()
        names = []
        for wanted in (name for column in self.columns_ for name in column.features()):
            name, number = wanted, 2
            while name in taken:
                name, number = f"{wanted} ({number})", number + 1
            taken.add(name)
            names.append(name)
        return np.array(names, dtype=object)

    def describe(self) -> list[dict[str, Any]]:
        """One row for each training column: column, kind, missing, distinct, values (range or levels), treatment (a sentence)."""
        check_is_fitted(self, "columns_")
        return [column.describe() for column in self.columns_]

    @property
    def text_columns_(self) -> list[str]:
        """The columns learnt as text: read them as such in a new file (``read_table(path, text=...)``)."""
        check_is_fitted(self, "columns_")
        return [column.name for column in self.columns_ if isinstance(column, CategoryColumn)]

    def to_schema(self) -> dict[str, Any]:
        """Everything learnt, as plain JSON; numbers survive the round trip exactly."""
        check_is_fitted(self, "columns_")
        return {
            "version": SCHEMA_VERSION,
            "parameters": {
                "max_categories": int(self.max_categories),
                "rare": float(self.rare),
                "dtype": self.dtype,
                "drop_identifiers": bool(self.drop_identifiers),
                "text": list(self._text),
            },
            "named": hasattr(self, "feature_names_in_"),
            "columns": [column.to_fields() for column in self.columns_],
        }

    @classmethod
    def from_schema(cls, schema: dict[str, Any]) -> Self:
        """The preparation that wrote ``schema``, which is checked to the last field.

        Raises
        ------
        ModelFileError
            For anything `to_schema` would not have written.
        """
        given = Fields(schema, "the schema")
        if given.take("version") != SCHEMA_VERSION:
            raise ModelFileError(f"The preparation in the model file has an unknown version; this glassnet reads version {SCHEMA_VERSION}.")
        named = given.flag("named")
        parameters = Fields(given.take("parameters"), "the parameters")
        preparation = cls(
            max_categories=parameters.count("max_categories"),
            rare=parameters.number("rare"),
            dtype=parameters.text("dtype", "float32", "float64"),
            drop_identifiers=parameters.flag("drop_identifiers"),
            text=parameters.texts("text") if "text" in parameters.values else (),
        )
        parameters.done()
        try:
            preparation._check_parameters()
        except ValueError as error:
            raise ModelFileError(f"The preparation in the model file is damaged: {error}") from error
        columns = [restore_column(fields, i) for i, fields in enumerate(given.objects("columns"), start=1)]
        given.done()
        if len({column.name for column in columns}) != len(columns) or not any(column.features() for column in columns):
            raise ModelFileError("The preparation in the model file is damaged: its columns must have different names and yield a feature.")
        preparation._set_columns(tuple(columns), named)
        return preparation

    def _set_columns(self, columns: tuple[Column, ...], named: bool) -> None:
        self.columns_ = columns
        self.n_features_in_ = len(columns)
        if named:
            self.feature_names_in_ = np.array([column.name for column in columns], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.messages_ = list(messages_of(columns))
        self.ignored_columns_, self.unseen_, self.remarks_ = [], {}, []

    @property
    def _text(self) -> tuple[str, ...]:
        return (self.text,) if isinstance(self.text, str) else tuple(self.text)

    def _check_parameters(self) -> None:
        faults = Faults()
        whole = isinstance(self.max_categories, int | np.integer) and not isinstance(self.max_categories, bool)
        faults.unless(
            whole and self.max_categories >= 1, f"max_categories must be a whole number of at least 1; got {self.max_categories!r}."
        )
        share = isinstance(self.rare, float | int | np.floating) and 0 <= self.rare < 1
        faults.unless(share, f"rare must be a share of the rows, at least 0 and below 1; got {self.rare!r}.")
        faults.unless(self.dtype in ("float32", "float64"), unknown_name("dtype", self.dtype, ["float32", "float64"]))
        faults.unless(
            isinstance(self.drop_identifiers, bool | np.bool_), f"drop_identifiers must be True or False; got {self.drop_identifiers!r}."
        )
        faults.raise_if_any()

    def _matched(self, frame: pl.DataFrame, named: bool) -> pl.DataFrame:
        """The columns training had, by name, or by position where the rows have no names."""
        names = [column.name for column in self.columns_]
        if not named:
            if frame.width != len(names):
                raise DataError(f"X has {frame.width} features, but {type(self).__name__} is expecting {len(names)} features as input.")
            frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
        there, known = frame.columns, set(names)
        lacking = known.difference(there)
        missing = [column.name for column in self.columns_ if column.features() and column.name in lacking]
        self.ignored_columns_ = [name for name in there if name not in known]
        if missing:
            lacks = f"The table lacks {count(len(missing), 'column')} that training had: {', '.join(map(repr, missing))}."
            hints = dict.fromkeys(did_you_mean(name, self.ignored_columns_) for name in missing)
            raise DataError(f"{lacks}{''.join(hints)} Add or rename columns; their order does not matter.")
        return frame

    def _remarks(self) -> list[str]:
        remarks = []
        if self.ignored_columns_:
            listed = ", ".join(map(repr, self.ignored_columns_))
            verb = "is" if len(self.ignored_columns_) == 1 else "are"
            remarks.append(f"{count(len(self.ignored_columns_), 'column')} that training did not have {verb} ignored: {listed}.")
        kinds = {column.name: column for column in self.columns_}
        for name, values in self.unseen_.items():
            as_what = "rare" if isinstance(kinds[name], CategoryColumn) else "missing"
            ending = f"it counts as {as_what}" if values == 1 else f"they count as {as_what}"
            remarks.append(f"{count(values, 'value')} of {name!r} did not occur in training; {ending}.")
        return remarks

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _refuse_commas(frame: pl.DataFrame, learnt: list[str], text: tuple[str, ...]) -> None:
    """Raise DataError where all that could be learnt from are numbers that were read as text."""
    commas = [name for name in frame.columns if name not in text and has_decimal_commas(frame[name])]
    if commas and set(learnt) <= set(commas):
        listed = ", ".join(map(repr, commas[:8])) + (", ..." if len(commas) > 8 else "")
        raise DataError(f"All columns to learn from hold numbers with decimal commas: {listed}. Read the table with decimal=','.")
