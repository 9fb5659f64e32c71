"""What is said in Python below is said in options on the command line."""

from __future__ import annotations

import polars as pl
import pytest
from click.testing import CliRunner

from glassnet.cli import main
from glassnet.cli.wording import in_options

PYTHON = (
    "header=",
    "missing)",
    "text=",
    "encoding=",
    "decimal=",
    "learning_rate_init",
    "hidden_layer_sizes",
    "A pair of functions",
    "(-5,)",
)
NUMBERS = "\n".join(f"{i},{i % 7}" for i in range(40))


@pytest.fixture
def run(tmp_path):
    """Writes a table, runs a command over it; (exit status, stderr)."""

    def command(content, *words, command="train"):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        output = ["-o", str(tmp_path / "run")] if command == "train" else []
        result = CliRunner().invoke(main, [command, str(path), *words, *output])
        assert not any(word in result.output for word in PYTHON), result.output
        return result.exit_code, result.output

    return command


@pytest.mark.parametrize(
    "content, words, sentence",
    [
        ("1,2\n", [], "say that there is no header (--no-header)"),
        (f"a,b\n{NUMBERS}\n", ["--no-header"], "say that there is a header (--header)"),
        (f"age,b\n{NUMBERS}\nforty,2\n", [], "name it as a missing value (--missing forty), or the column as text (--text age)"),
        (f"my age,b\n{NUMBERS}\nfor ty,2\n", [], "(--missing 'for ty'), or the column as text (--text 'my age')"),
        (b"a,b\n\xe9,2\n", [], "try --encoding latin-1"),
        (f"a,b\n{NUMBERS}\n", ["--encoding", "latin-99"], "--encoding must be"),
        (f"a,b\n{NUMBERS}\n", ["--hidden", "-5"], "--hidden must be whole numbers of at least 1; got -5."),
        (f"a,b\n{NUMBERS}\n", ["--hidden", "4,-5"], "got 4,-5."),
        (f"a,b\n{NUMBERS}\n", ["--solver", "newton"], "Use --model logistic or --solver lbfgs."),
        (f"a,b\n{NUMBERS}\n", ["--learning-rate", "-1"], "--learning-rate must be"),
        (f"a,b\n{NUMBERS}\n", ["--model", "logistic", "--dropout", "0.5"], "Leave out --dropout, or give --model mlp"),
        (f"a,b\n{NUMBERS}\n", ["--activation", "rel"], "Did you mean"),
        (f"a,b\n{NUMBERS}\n", ["--loss", "hub"], "--loss must be 'log_loss' or 'squared_error'; got 'hub'."),
    ],
)
def test_errors_name_options(run, content, words, sentence):
    status, output = run(content, *words)
    assert status == 2
    assert sentence in output


@pytest.mark.parametrize(
    "python, shell",
    [
        ("Lower test_fraction or val_fraction, or add rows of it.", "Lower --test-fraction or --val-fraction, or add rows of it."),
        ("Try learning_rate_init=0.1, or scale the inputs.", "Try --learning-rate 0.1, or scale the inputs."),
        ("Scale the inputs, or lower learning_rate_init.", "Scale the inputs, or lower --learning-rate."),
        ("to keep it, name it as text (text=['note']).", "to keep it, name it as text (--text note)."),
        ("rename it, or give drop_identifiers=False, to keep it.", "rename it to keep it."),
        ("Read the table with decimal=','.", "Read the table with --decimal ,."),
        ("The loss must be 'a'. A pair of functions (value, slope) of (raw, y) is accepted as well.", "The loss must be 'a'."),
        ("must be 'a'. A pair of functions (f, slope of f) is accepted as well.", "must be 'a'."),
        ("x.csv, line 3: nothing to translate.", "x.csv, line 3: nothing to translate."),
    ],
)
def test_the_table_of_wordings(python, shell):
    assert in_options(python) == shell


def test_an_inspection_names_options_too(run):
    words = "\n".join(f"word {i % 95},{i}" for i in range(100))
    status, output = run(f"note,x\n{words}\n", command="inspect")
    assert status == 0
    assert "--text note" in output


def test_a_column_named_as_text_is_no_identifier(run):
    words = "\n".join(f"word {i % 95},{i % 5},{'yn'[i % 2]}" for i in range(100))
    status, output = run(f"note,x,y\n{words}\n", "--text", "note", command="inspect")
    assert status == 0
    assert "identifier" not in output and "dropped" not in output
    status, output = run(f"note,x,y\n{words}\n", "--text", "c1", "--epochs", "2", "--hidden", "2")
    assert status == 0, output
    assert "identifier" not in output


def test_decimal_commas_are_refused_where_nothing_else_is_there_and_read_when_asked(run):
    rows = "\n".join(f"{i},{i % 10};{i % 3},5;{'yn'[i % 2]}" for i in range(40))
    status, output = run(f"a;b;kind\n{rows}\n", "--epochs", "2", "--hidden", "2")
    assert status == 2
    assert "decimal commas: 'a', 'b'. Read the table with --decimal ,." in output
    status, output = run(f"a;b;kind\n{rows}\n", "--epochs", "2", "--hidden", "2", "--decimal", ",")
    assert status == 0, output
    status, output = run(f"kind;b;a\n{rows}\n", "--target", "kind", "--force")
    assert status == 2
    assert "The target 'kind' holds numbers with decimal commas, such as '0,0'. Read the table with --decimal ," in output


def test_a_wrong_row_is_named_by_its_line(tmp_path):
    def glassnet(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    rows = [{"a": float(i), "b": i % 7 + 0.5, "kind": "xyz"[i % 3]} for i in range(60)]
    pl.DataFrame(rows).write_csv(tmp_path / "t.csv")
    trained = glassnet("train", tmp_path / "t.csv", "--epochs", 2, "--hidden", 2, "-o", tmp_path / "run")
    assert trained.exit_code == 0, trained.output
    (tmp_path / "e.csv").write_text("a,b,kind\n1,2,x\n1,2,\n\n1,2,w\n1,2,y\n")
    found = glassnet("evaluate", tmp_path / "run", tmp_path / "e.csv")
    assert found.exit_code == 2
    assert f"the class 'w' in {tmp_path / 'e.csv'}, line 5; the classes are" in found.stderr
    (tmp_path / "e.csv").write_text("a,b,kind\n1,2,x\n1,2,\nred,2,x\n1,2,y\nblue,3,z\n")
    found = glassnet("evaluate", tmp_path / "run", tmp_path / "e.csv")
    assert f"{tmp_path / 'e.csv'}, line 4, column 'a': 'red' is not a number" in found.stderr
    found = glassnet("predict", tmp_path / "run", tmp_path / "e.csv")
    assert f"{tmp_path / 'e.csv'}, line 4, column 'a': 'red' is not a number" in found.stderr
    lines = (tmp_path / "t.csv").read_text().splitlines()
    lines[30] = "inf,1,x"
    (tmp_path / "t.csv").write_text("\n".join(lines))
    found = glassnet("train", tmp_path / "t.csv", "-o", tmp_path / "other")
    assert f"{tmp_path / 't.csv'}, line 31, column 'a': 'inf' is not finite" in found.stderr
    (tmp_path / "f.csv").write_text("a,kind\n" + "".join(f"{i},{kind}\n" for i, kind in enumerate([""] * 3 + ["x", "y"] * 20)) + "0,x\n")
    found = glassnet("train", tmp_path / "f.csv", "--add", "log(a)", "-o", tmp_path / "other")
    assert f"{tmp_path / 'f.csv'}, line 45: the formula 'log(a)' has no value" in found.stderr
