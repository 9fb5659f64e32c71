"""The command line as a process of its own: Ctrl-C, pipes, terminals, and how soon it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import glassnet

COMMAND = [sys.executable, "-c", "from glassnet.cli import main; main()"]


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(2000, 6))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * random.normal(size=2000)
    np.savetxt(tmp_path / "waves.csv", np.c_[X, y], delimiter=",", header="a,b,c,d,e,f,height", comments="")
    return tmp_path / "waves.csv"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a single process")
def test_ctrl_c_saves_the_best_weights_and_leaves_with_status_130(table, tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "train", table, "--epochs", "10000000", "--patience", "10000000", "--json", "-o", tmp_path / "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    lines = iter(process.stderr.readline, "")
    assert next(line for line in lines if line.startswith("epoch")), "a plain line comes every few seconds"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    facts = json.loads(stdout)
    assert facts["interrupted"]
    assert facts["training"]["stopped_because"].startswith("interrupted")
    assert "Traceback" not in stderr
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"model.safetensors", "config.toml", "metrics.json", "cost.png"} <= files
    model = glassnet.load(tmp_path / "run")
    losses = model[-1].history_.column("val_loss")
    assert facts["training"]["held_out_loss"] == min(losses)
    again = subprocess.run([*COMMAND, "predict", tmp_path / "run", table], capture_output=True, text=True, check=True)
    assert len(again.stdout.splitlines()) == 2001


def test_help_answers_at_once():
    python, *rest = COMMAND
    said = subprocess.run([python, "-X", "importtime", *rest, "--help"], capture_output=True, text=True, check=True).stderr
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in said.splitlines()}
    assert "glassnet" in loaded
    assert not loaded & {"numpy", "scipy", "numba", "sklearn", "matplotlib", "PIL"}  # it takes 0.1 s without them, and seconds with them


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise on Windows")
def test_a_reader_that_goes_away_is_no_error_of_ours(table, tmp_path):
    subprocess.run([*COMMAND, "train", table, "--epochs", "2", "-q", "-o", tmp_path / "run"], capture_output=True, check=True)
    command = [*COMMAND, "predict", tmp_path / "run", table, "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert b"Error" not in process.stderr.read()
    assert process.returncode == 141


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_a_live_bar_and_no_colour_where_none_is_wanted(table, tmp_path, colour):
    import pty

    leader, follower = pty.openpty()
    surroundings = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm-256color", "COLUMNS": "100"}
    process = subprocess.Popen(
        [*COMMAND, "train", table, "--epochs", "40", "-o", tmp_path / "run"],
        stdout=subprocess.PIPE,
        stderr=follower,
        env=surroundings if colour else surroundings | {"NO_COLOR": "1"},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(leader)
    stdout = process.communicate()[0]
    assert process.returncode == 0
    assert b"of 40" in shown and b"held-out" in shown
    assert (b"\x1b[3" in shown or b"\x1b[9" in shown) is colour
    assert b"Training" in stdout and b"\x1b[" not in stdout
