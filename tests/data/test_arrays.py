"""Files of arrays: which array is which, what counts as a picture, and what is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import zipfile

import numpy as np
import pytest

from glassnet.checks import DataError
from glassnet.data import arrays, idx
from glassnet.data.arrays import holds_arrays, read_arrays

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 10, 10), dtype=np.uint8)
DIGITS = np.array([3, 1, 4, 1, 5, 9], np.uint8)


def saved(tmp_path, name="a.npz", **named):
    np.savez(tmp_path / name, **named)
    return tmp_path / name


@pytest.mark.parametrize(
    "names",
    [("X", "y"), ("x", "y"), ("images", "labels"), ("data", "target"), ("arr_0", "arr_1"), ("faces", "moods")],
)
def test_x_and_y_are_found_by_name_or_shape(tmp_path, names):
    given = read_arrays(saved(tmp_path, **dict(zip(names, (PICTURES, DIGITS), strict=True))))
    assert np.array_equal(given.X, PICTURES.reshape(6, 100)) and (given.y == DIGITS).all()
    assert (given.size, given.channels, given.X_test) == (10, 1, None)
    images = given.images()
    assert images.pixels.dtype == np.uint8 and images.pixels.flags.c_contiguous and (images.picture(2) == PICTURES[2]).all()
    assert given.test_images() is None


@pytest.mark.parametrize("style", ["X_{}", "x_{}"])
def test_training_and_test_rows_are_told_apart(tmp_path, style):
    named = {style.format("train"): PICTURES, "y_train": DIGITS, style.format("test"): PICTURES[:2], "y_test": DIGITS[:2]}
    given = read_arrays(saved(tmp_path, **named))
    assert given.X.shape == (6, 100) and given.X_test.shape == (2, 100) and given.y_test.tolist() == [3, 1]
    assert given.test_images().labels.tolist() == [3, 1]


def test_names_of_classes_take_the_place_of_their_numbers(tmp_path):
    names = np.array(["zero", "one", "two"])
    assert read_arrays(saved(tmp_path, X=PICTURES, y=[2, 0, 1, 1, 1, 2], class_names=names)).y.tolist()[:3] == ["two", "zero", "one"]
    assert read_arrays(saved(tmp_path, X=PICTURES, y=[3, 0, 1, 1, 1, 2], class_names=names)).y.tolist()[:3] == [3, 0, 1]


@pytest.mark.parametrize(
    "X, size, channels",
    [
        (np.zeros((2, 12, 12, 3), np.uint8), 12, 3),
        (np.zeros((2, 12, 12, 1), np.uint8), 12, 1),
        (np.zeros((2, 784), np.uint8), 28, 1),
        (np.zeros((2, 49), np.uint8), None, None),
        (np.zeros((2, 783), np.uint8), None, None),
        (np.zeros((2, 12, 10), np.uint8), None, None),
        (np.zeros((2, 28, 28)), None, None),
        (np.zeros((2, 3, 12, 12), np.uint8), None, None),
    ],
)
def test_square_bytes_are_pictures(tmp_path, X, size, channels):
    given = read_arrays(saved(tmp_path, X=X))
    assert (given.size, given.channels, given.y) == (size, channels, None)
    assert given.X.shape == (2, X[0].size) and (given.images() is None) == (size is None)


def test_an_npy_file_stays_on_disk(tmp_path):
    np.save(tmp_path / "a.npy", PICTURES)
    images = read_arrays(tmp_path / "a.npy").images()
    assert isinstance(images.pixels, np.memmap) and images.labels is None and images.pixels.shape == (6, 100)


def idx_bytes(array, code=8):
    return struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(idx.TYPES[code]).tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_mnist_files_find_their_labels_and_test_rows(tmp_path, packed):
    for part, n in (("train", 6), ("t10k", 2)):
        for what, array in (("images-idx3", PICTURES[:n]), ("labels-idx1", DIGITS[:n])):
            raw = idx_bytes(array)
            (tmp_path / f"{part}-{what}-ubyte{'.gz' if packed else ''}").write_bytes(gzip.compress(raw) if packed else raw)
    given = read_arrays(tmp_path / f"train-images-idx3-ubyte{'.gz' if packed else ''}")
    assert np.array_equal(given.X, PICTURES.reshape(6, 100)) and given.y.tolist() == DIGITS.tolist()
    assert given.X_test.shape == (2, 100) and given.y_test.tolist() == [3, 1] and given.size == 10
    alone = read_arrays(tmp_path / f"t10k-images-idx3-ubyte{'.gz' if packed else ''}")
    assert len(alone.X) == 2 and alone.X_test is None


@pytest.mark.parametrize("code, value", [(9, -3), (11, -300), (12, 70000), (13, 0.5), (14, 1e300)])
def test_idx_holds_other_types_too(tmp_path, code, value):
    (tmp_path / "a.idx").write_bytes(idx_bytes(np.full((2, 3), value), code))
    array = idx.read_idx(str(tmp_path / "a.idx"))
    assert array.tolist() == [[value] * 3] * 2 and array.dtype.isnative


def test_which_names_are_those_of_arrays():
    assert [holds_arrays(name) for name in ("a.npz", "a.NPY", "train-images-idx3-ubyte.gz", "a.csv", "photos")] == [True] * 3 + [False] * 2


# ---- refusals


@pytest.mark.parametrize(
    "named, sentence",
    [
        ({"a": PICTURES, "b": PICTURES}, r"does not say which array is which; it has a \(6, 10, 10\), b \(6, 10, 10\). Call them X and y"),
        ({"y": DIGITS}, "does not say which array is which"),
        ({"X": PICTURES, "y": DIGITS[:3]}, r"one label for each of the 6 rows; got shape \(3,\)"),
        ({"X": PICTURES, "y": np.zeros((6, 2))}, r"one label for each.*Of columns of 0 and 1, save y\.argmax\(axis=1\)"),
        ({"X": np.array([["a", "b"]]), "y": [1]}, "must be numbers"),
        ({"X": np.zeros((0, 3)), "y": []}, "must be numbers in two or more dimensions; got shape"),
        ({"X": np.zeros(3), "y": DIGITS}, "must be numbers in two or more dimensions"),
        (
            {"X_train": PICTURES, "y_train": DIGITS, "X_test": PICTURES[:, :5], "y_test": DIGITS},
            "test rows have 50 numbers, training rows 100",
        ),
        ({"X": np.zeros((2, 2), "i4,f4"), "y": [1, 2]}, "holds records"),
        ({"X": np.array([[1, None]], object), "y": [1]}, "holds Python objects, which are never unpickled"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, named, sentence):
    with pytest.raises(DataError, match=sentence):
        read_arrays(saved(tmp_path, **named))


def test_labels_in_a_column_or_as_bytes_are_taken(tmp_path):
    assert read_arrays(saved(tmp_path, X=PICTURES, y=DIGITS[:, None])).y.shape == (6,)
    assert read_arrays(saved(tmp_path, X=PICTURES, y=np.array([b"a"] * 6))).y.tolist() == ["a"] * 6


def test_missing_foreign_and_unpickled_files_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read: .*\. Name a file of arrays"):
        read_arrays(tmp_path / "none.npz")
    with pytest.raises(DataError, match="is a directory"):
        read_arrays(tmp_path)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"is no file of arrays. Expected .npz or .npy"):
        read_arrays(tmp_path / "a.csv")
    np.save(tmp_path / "objects.npy", np.array([[1, None]], object), allow_pickle=True)
    with pytest.raises(DataError, match="never unpickled"):
        read_arrays(tmp_path / "objects.npy")


def npy_claiming(shape):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(100)


def test_headers_that_promise_more_than_there_is_are_refused_before_memory_is_asked_for(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy_claiming((10**6, 10**6)))
    with pytest.raises(DataError, match=r"a.npy is cut short: its header promises \(1000000, 1000000\)"):
        read_arrays(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("X.npy", npy_claiming((10**6, 10**6)))
    with pytest.raises(DataError, match="X.npy is cut short"):
        read_arrays(tmp_path / "a.npz")
    (tmp_path / "a.idx").write_bytes(struct.pack(">HBBII", 0, 8, 2, 10**6, 10**6))
    with pytest.raises(DataError, match="promises"):
        read_arrays(tmp_path / "a.idx")


def test_compressed_files_may_not_grow_without_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "LARGEST_UNPACKED", 50_000)
    monkeypatch.setattr(idx, "LARGEST_UNPACKED", 50_000)
    np.savez_compressed(tmp_path / "bomb.npz", X=np.zeros((1000, 100), np.uint8))
    with pytest.raises(DataError, match=r"bomb.npz unpacks to .* Save it uncompressed"):
        read_arrays(tmp_path / "bomb.npz")
    np.savez(tmp_path / "honest.npz", X=np.zeros((1000, 100), np.uint8))
    assert read_arrays(tmp_path / "honest.npz").X.shape == (1000, 100)
    (tmp_path / "bomb.idx.gz").write_bytes(gzip.compress(idx_bytes(np.zeros((1000, 100), np.uint8))))
    with pytest.raises(DataError, match="promises"):
        read_arrays(tmp_path / "bomb.idx.gz")


def test_damage_is_never_more_than_a_refusal(tmp_path):
    random = np.random.default_rng(1)
    np.save(tmp_path / "a.npy", PICTURES)
    np.savez_compressed(tmp_path / "a.npz", X=PICTURES, y=DIGITS)
    (tmp_path / "a.idx").write_bytes(idx_bytes(PICTURES))
    (tmp_path / "a.idx.gz").write_bytes(gzip.compress(idx_bytes(PICTURES)))
    read = 0
    for name in ("a.npy", "a.npz", "a.idx", "a.idx.gz"):
        whole = np.frombuffer((tmp_path / name).read_bytes(), np.uint8)
        for _ in range(40):
            damaged = whole.copy()
            damaged[random.integers(0, len(whole), 3)] = random.integers(0, 256, 3)
            (tmp_path / f"damaged-{name}").write_bytes(damaged[: random.integers(0, len(whole) + 1)].tobytes())
            with contextlib.suppress(DataError):
                read_arrays(tmp_path / f"damaged-{name}")
                read += 1
    assert read < 160
