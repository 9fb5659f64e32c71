"""What the user hands in, checked by scikit-learn's rules; a refusal that a TablePreparation would have spared names it."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import validate_data


def validated(estimator: Any, *data: Any, **options: Any) -> Any:
    """``validate_data`` of scikit-learn. Raises its ValueError, with the remedy for missing values and for text."""
    try:
        return validate_data(estimator, *data, **options)
    except ValueError as error:
        sentence = str(error)
        if sentence.startswith("Input X contains NaN"):
            sentence, remedy = "Input X contains NaN.", "fills in missing values and flags them"
        elif sentence.startswith("could not convert string to float"):
            remedy = "turns columns of text into columns of 0 and 1"
        else:
            raise
        name = type(estimator).__name__
        raise ValueError(
            f"{sentence}\nglassnet's TablePreparation {remedy}: make_pipeline(TablePreparation(), {name}()) takes the table as it is."
        ) from error
