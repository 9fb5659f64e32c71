"""Write one of scikit-learn's bundled real data sets as a CSV file: ``python examples/bundled_table.py breast_cancer tumours.csv``.

Nothing is downloaded. The last column is the target: a name for classes, a number for regression.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from sklearn import datasets

TABLES = {
    "breast_cancer": (datasets.load_breast_cancer, "diagnosis"),
    "diabetes": (datasets.load_diabetes, "progression"),
    "digits": (datasets.load_digits, "digit"),
    "iris": (datasets.load_iris, "species"),
    "wine": (datasets.load_wine, "cultivar"),
}


def write_table(name: str, path: Path) -> None:
    """The data set ``name`` -> the CSV file at ``path``."""
    load, target = TABLES[name]
    bunch = load()
    columns = [column.replace(" ", "_").removesuffix("_(cm)") for column in bunch.feature_names]
    names = bunch.get("target_names")
    targets = bunch.target if names is None else [names[label] for label in bunch.target]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*columns, target])
        rows.writerows([*row, label] for row, label in zip(bunch.data.tolist(), targets, strict=True))
    print(f"{path}: {len(bunch.data)} rows, {len(columns)} columns and the target {target!r}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in TABLES:
        sys.exit(f"usage: python {sys.argv[0]} {{{','.join(TABLES)}}} FILE.csv")
    write_table(sys.argv[1], Path(sys.argv[2]))
