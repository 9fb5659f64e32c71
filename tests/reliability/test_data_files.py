"""Files that are damaged, hostile or odd: refused by one sentence, or read as what they say; and CSV that no spreadsheet runs."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from glassnet import LogisticRegression, trace
from glassnet.checks import DataError
from glassnet.data import opening, tables
from glassnet.data.arrays import read_arrays
from glassnet.data.image_decoding import decode
from glassnet.data.tables import read_table
from glassnet.files.spreadsheets import harmless_text
from glassnet.runs.prediction import harmless

GOOD = b"x,y\n1,a\n2,b\n3,a\n"
PARQUET = io.BytesIO()
pl.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "a"]}).write_parquet(PARQUET)
WANTED = [(1, "a"), (2, "b"), (3, "a")]

TABLES: dict[str, tuple[bytes, Any]] = {
    "plain": (GOOD, WANTED),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, WANTED),
    "carriage returns": (GOOD.replace(b"\n", b"\r\n"), WANTED),
    "old Macintosh line ends": (GOOD.replace(b"\n", b"\r"), WANTED),
    "no end of the last line": (GOOD[:-1], WANTED),
    "blank lines at the end": (GOOD + b"\n\n", WANTED),
    "semicolons": (GOOD.replace(b",", b";"), WANTED),
    "tabs": (GOOD.replace(b",", b"\t"), WANTED),
    "blanks around fields": (GOOD.replace(b",", b" , "), WANTED),
    "quotation marks": (b'"x","y"\n"1","a"\n"2","b"\n"3","a"\n', WANTED),
    "gzipped": (gzip.compress(GOOD), WANTED),
    "Parquet by another name": (PARQUET.getvalue(), WANTED),
    "a line end in a field": (b'x,y\n1,"a\nb"\n2,c\n', [(1, "a\nb"), (2, "c")]),
    "numbers with a thousand digits": (b"x,y\n" + b"1" * 1000 + b",a\n2,b\n", DataError),
    "empty": (b"", "is empty"),
    "blanks only": (b"  \n \n", "is empty"),
    "a header only": (b"x,y\n", "no rows"),
    "a name twice": (b"x,x\n1,2\n", "given twice"),
    "a nameless column": (b"x,,y\n1,2,3\n", "has no name"),
    "a short line": (b"x,y\n1,a\n2\n", "line 3 has 1 field"),
    "a long line": (b"x,y\n1,a\n2,b,c\n", "line 3 has 3 fields"),
    "an open quotation mark": (b'x,y\n1,"a\n2,b\n', "never closed"),
    "infinity": (b"x,y\n1,a\ninf,b\n", "finite"),
    "1e999": (b"x,y\n1,a\n1e999,b\n", "finite|inf"),
    "NUL": (b"x,y\n1,\0\n", "binary file"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "UTF-16"),
    "no UTF-8": (b"x,y\n1,caf\xe9\n", "is not text in utf-8"),
    "a workbook": (b"PK\x03\x04" + bytes(40), "zip file or a workbook"),
    "half a gzip file": (gzip.compress(GOOD * 100)[:-12], "damaged gzip file"),
    "half a Parquet file": (PARQUET.getvalue()[:200], "damaged Parquet file"),
    "the name of Parquet only": (b"PAR1", "damaged Parquet file"),
    "Parquet with another footer": (PARQUET.getvalue()[:-12] + b"\xff\xff\xff\x7fPAR1", "damaged Parquet file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not text|binary"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_file_is_read_as_what_it_says_or_refused_by_a_sentence(case: str, tmp_path: Path) -> None:
    content, wanted = TABLES[case]
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    if isinstance(wanted, list):
        assert read_table(path).rows() == wanted
    elif isinstance(wanted, str):
        with pytest.raises(DataError, match=wanted) as caught:
            read_table(path)
        assert str(caught.value).startswith(str(path))
        assert len(str(caught.value)) < 500 + len(str(path))
    else:
        try:
            assert np.isfinite(read_table(path)["x"].cast(pl.Float64)).all()
        except DataError as error:
            assert str(path) in str(error)  # noqa: PT017 (either is right)


def test_a_small_file_does_not_unpack_to_gigabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (opening, tables):
        monkeypatch.setattr(module, "LIKELY", 2**20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"1,2,3\n" * 2_000_000))
    with pytest.raises(DataError, match=r"unpacks to more than \d+ MiB. Unpack it first if you trust it"):
        read_table(bomb)
    bomb = tmp_path / "bomb.parquet"
    pl.select(pl.repeat(0, 5_000_000, dtype=pl.Int64).alias("x")).write_parquet(bomb)
    with pytest.raises(DataError, match="says it holds 5,000,000 rows of 1 columns in"):
        read_table(bomb)


def test_arrays_and_pictures_are_told_by_their_headers(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**7, 1024)})
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(1000))
    with pytest.raises(DataError):
        read_arrays(bomb)
    picture = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(picture)
    answer = decode(str(picture), 32, False)
    assert isinstance(answer, str) and "pixels" in answer


def test_labels_that_are_formulas_are_harmless_and_come_back() -> None:
    labels = ["=1+1", "+x", "-x", "@sum", "\tx", "\rx", "\nx", "\uff1dx", "'quoted", "plain", "-1.5", "+2e3", "", None]
    written = harmless(pl.DataFrame({"prediction": labels, "file": labels, "probability_=x": [0.5] * len(labels)}))
    for name in ("prediction", "file"):
        shown = written[name].to_list()
        assert shown[:9] == ["'" + label for label in labels[:9] if label]
        assert shown[9:] == labels[9:]
        assert [text[1:] if text and text.startswith("'") else text for text in shown] == labels
    assert [None if label is None else harmless_text(label) for label in labels] == written["prediction"].to_list()
    assert harmless(pl.DataFrame({"prediction": [-1.5, 2.0]}))["prediction"].to_list() == [-1.5, 2.0]


def test_a_formula_as_the_name_of_a_column_or_class_is_harmless_in_a_trace(tmp_path: Path) -> None:
    table = pl.DataFrame({"=cmd()": [0.0, 1.0, 2.0, 3.0], "plain": [1.0, 0.0, 1.0, 0.0]})
    model = LogisticRegression().fit(table, ["@sum", "no", "yes", "yes"])
    trace(model, table[:1]).save(tmp_path / "trace.csv")
    names = pl.read_csv(tmp_path / "trace.csv")["name"].to_list()
    assert {"'=cmd()", "'@sum", "plain", "no"} <= set(names)
    assert not any(name.startswith(("=", "@")) for name in names)


def test_a_formula_as_a_class_name_is_written_harmless_unless_asked_otherwise(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from glassnet.cli import main

    table, run = tmp_path / "t.csv", tmp_path / "run"
    table.write_text("x,y\n" + "".join(f"{i},{'=cmd()' if i % 2 else 'no'}\n" for i in range(40)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runner = CliRunner()
        assert runner.invoke(main, ["train", str(table), "--target", "y", "--model", "logistic", "-o", str(run), "-q"]).exit_code == 0
        guarded = runner.invoke(main, ["predict", str(run), str(table), "-q"]).stdout
        plain = runner.invoke(main, ["predict", str(run), str(table), "-q", "--as-they-are"]).stdout
    labels = {line.split(",")[0] for line in guarded.splitlines()[1:]}
    assert labels <= {"'=cmd()", "no"}
    assert guarded.replace("'=", "=") == plain
