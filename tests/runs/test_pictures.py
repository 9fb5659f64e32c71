"""Runs on pictures and arrays: folders, files with test rows, memory-mapped bytes, augmentation, and what is refused."""

from __future__ import annotations

import json
import os
import struct
import zlib

import numpy as np
import polars as pl
import pytest
from PIL import Image

import glassnet
from glassnet.checks import DataError, ModelFileError
from glassnet.data.augment import Augmentation
from glassnet.data.pixels import ImagePreparation
from glassnet.data.prepared_rows import PreparedRows, rows_of
from glassnet.files import container
from glassnet.runs.config import RunConfig
from glassnet.runs.inspection import inspect_data, inspect_run
from glassnet.runs.prediction import evaluate_run, harmless, open_run, predict_run, read_new_rows
from glassnet.runs.training import train_run

QUICK = {"size": 16, "epochs": 6, "hidden": (8,), "learning_rate": 0.01}


def stripes(upright, seed):
    """Stripes that stand or lie, with noise."""
    random = np.random.default_rng(seed)
    wave = 128 + 100 * np.sin(np.arange(20) * 1.3 + random.uniform(0, 6))
    pixels = np.tile(wave, (20, 1)) + random.normal(0, 10, (20, 20))
    return np.clip(pixels if upright else pixels.T, 0, 255).astype(np.uint8)


def save_folder(path, n=30, first=0):
    for label, upright in (("standing", True), ("lying", False)):
        (path / label).mkdir(parents=True)
        for i in range(first, first + n):
            Image.fromarray(stripes(upright, 2 * i + upright)).convert("RGB").save(path / label / f"{i}.png")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_folder(tmp_path_factory.mktemp("photos") / "photos")


@pytest.fixture(scope="module")
def home(folder):
    """The directory of a run on the folder, in a directory of its own."""
    train_run(RunConfig(data=str(folder), features="both", **QUICK), folder.parent / "run")
    return folder.parent / "run"


def quiet(sentence):
    """Say nothing."""


def arrays_of(n, seed=0):
    y = np.arange(n) % 2
    return np.stack([stripes(bool(label), seed + i)[:16, :16] for i, label in enumerate(y)]), y


def test_a_run_on_a_folder_leaves_figures_of_what_was_learned(folder, home):
    files = {path.name for path in home.iterdir()}
    figures = {"cost.png", "confusion.png", "weights.png", "confident.png"}
    assert files == {"model.safetensors", "config.toml", "metrics.json", "history.csv", "schema.json", "report.html"} | figures
    facts = json.loads((home / "metrics.json").read_text())
    assert facts["classes"] == ["lying", "standing"] and facts["target"] == "class"
    assert facts["test"]["accuracy"] == 1.0 and set(facts["baselines"]) == {"majority", "logistic"}
    assert len(facts["data"]["sha256"]) == 64
    assert 50e6 < facts["training"]["peak_memory_bytes"] < 50e9


def test_decoded_pictures_are_kept_beside_the_run_and_found_again(folder, home):
    kept = sorted(path.suffix for path in (home.parent / ".glassnet-pictures").iterdir())
    assert kept == [".json", ".npy"]
    changed = [path.stat().st_mtime_ns for path in (home.parent / ".glassnet-pictures").iterdir()]
    seen = []
    train_run(RunConfig(data=str(folder), **QUICK), home.parent / "again", stage=lambda *told: seen.append(told))
    assert [path.stat().st_mtime_ns for path in (home.parent / ".glassnet-pictures").iterdir()] == changed
    assert seen[-1] == ("reading pictures", 60, 60)


def test_a_run_on_pictures_repeats_from_its_configuration_bit_for_bit(folder, home, tmp_path):
    config = RunConfig.from_toml((home / "config.toml").read_text(), "config.toml")
    train_run(config, tmp_path / "two")
    one, two = (container.read(path / "model.safetensors")[0] for path in (home, tmp_path / "two"))
    assert "preparation.centre" in one
    assert all(one[name].tobytes() == two[name].tobytes() for name in one if name != "history_seconds")


def test_predictions_of_a_folder_begin_with_the_file(home, tmp_path):
    new = save_folder(tmp_path / "new", n=4, first=500)
    (new / "standing" / "notes.png").write_text("no picture")
    said = []
    run = open_run(home)
    found = predict_run(run, read_new_rows(run, str(new), said.append), said.append)
    assert found.columns == ["file", "prediction", "probability_lying", "probability_standing"]
    assert found["file"].to_list() == [f"{label}/{i}.png" for label in ("lying", "standing") for i in range(500, 504)]
    assert found["prediction"].to_list() == ["lying"] * 4 + ["standing"] * 4
    assert said[0] == "1 file could not be used:" and said[1].startswith("  standing/notes.png: it is not a picture")
    assert evaluate_run(run, read_new_rows(run, str(new), quiet), quiet)["metrics"]["accuracy"] == 1.0


def test_a_loaded_model_predicts_from_bytes(home, folder):
    images = glassnet.read_images(folder, size=16)
    model = glassnet.load(home)
    assert (model.predict(images.pixels) == images.labels).all()
    rows = PreparedRows(images.pixels, model[0])
    assert np.array_equal(model[1].predict_proba(rows), model.predict_proba(images.pixels))


def test_a_model_of_pictures_that_is_damaged_is_refused(home, tmp_path):
    arrays, metadata = container.read(home / "model.safetensors")
    for wrong in (
        ({name: array for name, array in arrays.items() if name != "preparation.centre"}, metadata),
        (arrays | {"preparation.more": np.zeros(1)}, metadata),
        (arrays, metadata | {"preparation_kind": "table"}),
        (arrays, metadata | {"preparation_kind": "else"}),
        (arrays, metadata | {"preparation": None}),
    ):
        container.write(tmp_path / "m.safetensors", *wrong)
        with pytest.raises(ModelFileError, match="model"):
            glassnet.load(tmp_path / "m.safetensors")


def test_files_with_their_own_test_rows_are_tested_with_them(tmp_path):
    (X, y), (X_test, y_test) = arrays_of(60), arrays_of(10, seed=900)
    np.savez(tmp_path / "stripes.npz", X_train=X, y_train=y, X_test=X_test, y_test=y_test, class_names=np.array(["lying", "standing"]))
    result = train_run(RunConfig(data=str(tmp_path / "stripes.npz"), epochs=6, hidden=(8,), learning_rate=0.01), tmp_path / "run")
    assert result.facts["rows"] == {"training": 51, "held_out": 9, "test": 10, "without_target": 0}
    assert (result.config.size, result.config.grey) == (16, True)
    run, said = open_run(tmp_path / "run"), []
    found = predict_run(run, read_new_rows(run, str(tmp_path / "stripes.npz"), said.append), quiet)
    assert found["row"].to_list() == list(range(10)) and "they are taken: 10 of 70" in said[0]


def test_rows_of_numbers_are_a_table_with_a_target_y(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 3))
    np.savez(tmp_path / "a.npz", X=X, y=(X[:, 0] > 0).astype(int), X_test=X[:9], y_test=(X[:9, 0] > 0).astype(int))
    config = RunConfig(data=str(tmp_path / "a.npz"), model="logistic", add=("x1*x2",))
    result = train_run(config, tmp_path / "run")
    assert result.data.target == "y" and result.preparation.get_feature_names_out().tolist() == ["x1", "x2", "x3", "x1*x2"]
    assert result.facts["test"]["accuracy"] > 0.8
    run = open_run(tmp_path / "run")
    rows = read_new_rows(run, str(tmp_path / "a.npz"), quiet)
    assert predict_run(run, rows, quiet).columns[:2] == ["row", "prediction"]
    assert evaluate_run(run, rows, quiet)["rows"] == 9


def test_bytes_on_disk_are_learned_from_where_they_are(tmp_path, monkeypatch):
    """A file of rows stays memory-mapped, and its features are never made all at once."""
    monkeypatch.setattr("glassnet.runs.preparing.WHOLE", {"pixels": 0})
    X, y = arrays_of(60)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    network = {"hidden": (16,), "epochs": 20, "learning_rate": 0.01, "dropout": 0.0}
    for options in ({"model": "logistic"}, network, network | {"augment": "flip,shift"}):
        result = train_run(RunConfig(data=str(tmp_path / "X.npy"), **options))
        assert isinstance(result.data.X, np.memmap)
        assert result.facts["training"]["held_out_loss"] < np.log(2)


def test_bytes_and_their_features_give_the_same_weights(folder, monkeypatch):
    whole = train_run(RunConfig(data=str(folder), **QUICK))
    monkeypatch.setattr("glassnet.runs.preparing.WHOLE", {"pixels": 0})
    batches = train_run(RunConfig(data=str(folder), **QUICK))
    for one, two in zip(whole.estimator.coefs_, batches.estimator.coefs_, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_only_rows_that_are_learned_from_are_augmented():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (20, 64), dtype=np.uint8)
    preparation = ImagePreparation(size=8, grey=True).fit(pixels)
    X = PreparedRows(pixels, preparation, np.arange(5, 20), Augmentation(8, 1, flip=True, shift=1), seed=3)
    assert np.array_equal(X[2:4], preparation.transform(pixels[7:9]))
    out = np.empty((15, 64), np.float32)
    X.gather_into(np.arange(15), out)
    assert not np.array_equal(out, X[:])
    again = np.empty_like(out)
    rows_of(X, np.arange(15), augmented=True).gather_into(np.arange(15), again)
    assert np.array_equal(out, again), "a fresh selection begins the same stream"
    rows_of(X, np.arange(15)).gather_into(np.arange(15), again)
    assert np.array_equal(again, X[:])


def test_a_preparation_learns_from_chosen_rows_without_copying_them():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 64), dtype=np.uint8)
    chosen = np.array([3, 4, 20, 29])
    one = ImagePreparation(size=8, grey=True, features="both").fit(pixels, rows=chosen)
    two = ImagePreparation(size=8, grey=True, features="both").fit(pixels[chosen])
    assert np.array_equal(one.centre_, two.centre_) and one.scales_ == two.scales_


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"target": "y"}, "Pictures have their class for a target"),
        ({"add": ("a*b",)}, "--add has no meaning for pictures"),
        ({"text": ("a",)}, "--text has no meaning for pictures"),
    ],
)
def test_options_of_tables_are_refused_for_pictures(folder, options, sentence):
    with pytest.raises(DataError, match=sentence):
        train_run(RunConfig(data=str(folder), **options))


def test_options_of_pictures_are_refused_for_tables_and_arrays_keep_their_colour(tmp_path):
    pl.DataFrame({"a": [1, 2], "b": [1, 2]}).write_csv(tmp_path / "t.csv")
    with pytest.raises(DataError, match="--features has no meaning for a table"):
        train_run(RunConfig(data=str(tmp_path / "t.csv"), features="hog"))
    X, y = arrays_of(8)
    np.savez(tmp_path / "a.npz", X=X, y=y)
    with pytest.raises(DataError, match="are grey, and those of arrays stay so. Leave out --grey or --colour"):
        train_run(RunConfig(data=str(tmp_path / "a.npz"), grey=False))
    with pytest.raises(ValueError, match="descends on all rows at once"):
        RunConfig(augment="flip", solver="lbfgs")


def test_pictures_without_classes_and_runs_are_no_data_to_learn_from(home, tmp_path):
    Image.new("L", (20, 20)).save(tmp_path / "sunset.png")
    with pytest.raises(DataError, match="have no classes.*folder of its own"):
        train_run(RunConfig(data=str(tmp_path)), tmp_path / "run")
    with pytest.raises(DataError, match="is a trained run"):
        train_run(RunConfig(data=str(home)), tmp_path / "run")
    run = open_run(home)
    with pytest.raises(DataError, match="To evaluate, the pictures need their classes"):
        evaluate_run(run, read_new_rows(run, str(tmp_path), quiet), quiet)
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match="neither pictures nor a file of arrays"):
        read_new_rows(run, str(tmp_path / "t.csv"), quiet)


def test_an_inspection_shows_pictures_and_what_a_run_does_with_them(folder, home):
    found = inspect_data(RunConfig(data=str(folder), size=16, features="hog"), quiet)
    assert (found["rows"], found["classes"]) == (60, {"lying": 30, "standing": 30})
    assert [row["part"] for row in found["columns"]] == ["hog"]
    assert [row["part"] for row in inspect_run(open_run(home))["columns"]] == ["pixels", "hog"]


def test_a_file_name_that_a_spreadsheet_would_run_is_made_harmless():
    found = harmless(pl.DataFrame({"file": ["=1+1.jpg", "a.jpg"], "prediction": ["cat", "-dog"]}))
    assert found.rows() == [("'=1+1.jpg", "cat"), ("a.jpg", "'-dog")]


def bomb():
    """A PNG that claims 30,000 x 30,000 pixels."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_bad_folder_is_survived_and_every_bad_file_named(tmp_path):
    folder = save_folder(tmp_path / "photos", n=12)
    bad = folder / "lying"
    (bad / "notes.txt").write_text("stripes")
    (bad / "empty.jpg").write_bytes(b"")
    whole = bad / "cut.jpg"
    Image.fromarray(stripes(False, 99)).resize((200, 200)).save(whole)
    whole.write_bytes(whole.read_bytes()[:900])
    (bad / "bomb.png").write_bytes(bomb())
    Image.fromarray(stripes(False, 77)).convert("RGB").convert("CMYK").save(bad / "print.jpg")
    Image.fromarray(stripes(False, 78).astype(np.uint16) * 257).save(bad / "deep.png")
    frames = [Image.fromarray(stripes(False, 79 + i)) for i in range(3)]
    frames[0].save(bad / "moving.gif", save_all=True, append_images=frames[1:])
    if os.name != "nt":
        (bad / "loop").symlink_to(folder, target_is_directory=True)
    said = []
    result = train_run(RunConfig(data=str(folder), **QUICK), tmp_path / "run", say=said.append)
    told = "\n".join(said)
    names = ["notes.txt", "empty.jpg", "cut.jpg", "bomb.png"] + ([] if os.name == "nt" else ["loop"])
    assert f"{len(names)} files could not be used:" in told
    for name in names:
        assert f"lying/{name}" in told
    assert "900 megapixels" in told and "link to a folder that is read already" in told
    assert sum(result.facts["rows"].values()) == 24 + 3


def test_of_many_bad_files_some_are_named_and_where_the_others_are(tmp_path):
    folder, said = save_folder(tmp_path / "photos"), []
    for i in range(13):
        (folder / "lying" / f"{i}.jpg").write_bytes(b"")
    train_run(RunConfig(data=str(folder), **QUICK), say=said.append)
    told = [line for line in said if line.startswith("  ")]
    assert said[0] == "13 files could not be used:" and told[0] == "  lying/0.jpg: it is empty"
    assert told[10:] == [f"  and 3 more; glassnet inspect {folder} names them all"]


def test_one_picture_can_be_predicted_but_not_learned_from(home, folder):
    run, one = open_run(home), folder / "standing" / "3.png"
    found = predict_run(run, read_new_rows(run, str(one), quiet), quiet)
    whole = predict_run(run, read_new_rows(run, str(folder), quiet), quiet)
    assert found["file"].to_list() == ["3.png"]
    assert found.row(0)[1] == whole.filter(file="standing/3.png").row(0)[1]
    assert found.row(0)[2:] == pytest.approx(whole.filter(file="standing/3.png").row(0)[2:], abs=1e-5)
    with pytest.raises(DataError, match=r"3\.png is one picture. Name the folder that holds the pictures"):
        train_run(RunConfig(data=str(one)))
    with pytest.raises(DataError, match="need their classes. A picture by itself has no class"):
        evaluate_run(run, read_new_rows(run, str(one), quiet), quiet)
    one = home.parent / "empty.png"
    one.write_bytes(b"")
    with pytest.raises(DataError, match=r"empty\.png cannot be used: it is empty"):
        read_new_rows(run, str(one), quiet)


def test_a_folder_of_one_class_names_the_folder_that_may_be_meant(tmp_path):
    save_folder(tmp_path / "all" / "stripes", n=3)
    with pytest.raises(DataError, match=r"one class, 'stripes'.* If 'lying', 'standing' are the classes, give .*stripes\."):
        train_run(RunConfig(data=str(tmp_path / "all")))
    (tmp_path / "one").mkdir()
    (tmp_path / "all" / "stripes" / "lying").rename(tmp_path / "one" / "lying")
    with pytest.raises(DataError, match=r"one class, 'lying'.*Put the pictures of each class into a folder of its own"):
        train_run(RunConfig(data=str(tmp_path / "one")))


def test_arrays_that_may_be_meant_as_pictures_are_said_to_be_numbers(tmp_path):
    X, y = arrays_of(40)
    np.savez(tmp_path / "a.npz", X=X.reshape(-1, 16, 16) / 255, y=y)
    said = []
    result = train_run(RunConfig(data=str(tmp_path / "a.npz"), epochs=1), say=said.append)
    assert not result.data.are_pictures
    assert said[0].startswith("X has shape (40, 16, 16) of float64: each row is taken as 256 numbers. Pictures are squares of bytes")
    np.savez(tmp_path / "a.npz", X=X)
    with pytest.raises(DataError, match="has no labels. Save them as y, beside X"):
        train_run(RunConfig(data=str(tmp_path / "a.npz")))


def test_pictures_of_arrays_are_brought_to_the_size_that_is_asked_for(tmp_path):
    (X, y), (X_test, y_test) = arrays_of(40), arrays_of(10, seed=900)
    np.savez(tmp_path / "a.npz", X_train=X, y_train=y, X_test=X_test, y_test=y_test)
    result = train_run(RunConfig(data=str(tmp_path / "a.npz"), **{**QUICK, "size": 8}), tmp_path / "run")
    assert (result.config.size, result.data.X.shape, result.data.aside.X.shape) == (8, (40, 64), (10, 64))
    run = open_run(tmp_path / "run")
    rows = read_new_rows(run, str(tmp_path / "a.npz"), quiet)
    assert np.array_equal(rows.pixels, result.data.aside.X)
    assert evaluate_run(run, rows, quiet)["metrics"]["accuracy"] == result.facts["test"]["accuracy"]


def test_names_that_all_begin_alike_are_a_class_where_training_had_it(home, folder, tmp_path):
    run = open_run(home)
    for i in range(5):
        (tmp_path / f"standing.{i}.png").write_bytes((folder / "standing" / f"{i}.png").read_bytes())
    found = evaluate_run(run, read_new_rows(run, str(tmp_path), quiet), quiet)
    assert found["rows"] == 5 and found["metrics"]["accuracy"] == 1.0
    (tmp_path / "standing.4.png").rename(tmp_path / "leaning.4.png")
    with pytest.raises(DataError, match="has the class 'leaning' in leaning.4.png; the classes are 'lying', 'standing'"):
        evaluate_run(run, read_new_rows(run, str(tmp_path), quiet), quiet)
    for i in range(4):
        (tmp_path / f"standing.{i}.png").unlink()
    with pytest.raises(DataError, match="all names begin with 'leaning'"):
        evaluate_run(run, read_new_rows(run, str(tmp_path), quiet), quiet)


def test_what_is_not_there_and_a_single_picture_are_named_for_what_they_are(home, folder):
    with pytest.raises(DataError, match="nowhere does not exist. Check the path"):
        read_new_rows(open_run(home), "nowhere", quiet)
    with pytest.raises(DataError, match=r"3\.png is one picture. Name the folder"):
        inspect_data(RunConfig(data=str(folder / "standing" / "3.png")), quiet)
