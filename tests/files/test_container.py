"""Arrays and metadata come back bit for bit, or one error says what is wrong."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.checks import ModelFileError
from glassnet.files import container

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
METADATA = {"class": "MLPClassifier", "alpha": 0.1, "classes": ["ja", "nein", "não"], "history": [{"epoch": 1, "loss": 0.6931471805599453}]}


def example_arrays() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {
        "theta": generator.normal(size=23).astype(np.float32),
        "W": generator.normal(size=(3, 4)),
        "counts": generator.integers(-9, 9, size=(2, 0, 3)),
        "step": np.array(7, dtype=np.int32),
        "pixels": generator.integers(0, 256, size=(2, 2)).astype(np.uint8),
        "mask": np.array([True, False, True]),
    }


def assert_the_same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert list(left) == list(right)
    for name in left:
        assert (left[name].dtype, left[name].shape) == (right[name].dtype, right[name].shape)
        assert left[name].tobytes() == right[name].tobytes()


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    container.write(path, example_arrays(), METADATA)
    return path


def test_what_is_read_is_what_was_written_in_the_same_order(model):
    arrays, metadata = container.read(model)
    assert_the_same(arrays, example_arrays())
    assert metadata == METADATA
    assert all(array.flags.writeable and array.flags.aligned and array.flags.c_contiguous for array in arrays.values())


def test_the_same_model_is_the_same_file(model, tmp_path):
    container.write(tmp_path / "again", example_arrays(), METADATA)
    assert (tmp_path / "again").read_bytes() == model.read_bytes()


def test_nothing_at_all_can_be_kept(tmp_path):
    container.write(tmp_path / "m", {}, {})
    assert container.read(tmp_path / "m") == ({}, {})


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_dims=5))))
def test_any_array_comes_back_bit_for_bit(array):
    path = os.path.join(os.environ["PYTEST_SCRATCH"], "m.safetensors")
    container.write(path, {"a": array}, {})
    assert_the_same(container.read(path)[0], {"a": array})


@pytest.fixture(autouse=True, scope="module")
def scratch(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_SCRATCH", str(tmp_path_factory.mktemp("scratch")))
        yield


@pytest.mark.parametrize("dtype, bits", [("float32", "uint32"), ("float64", "uint64")])
def test_nan_payloads_signs_and_denormals_are_kept(tmp_path, dtype, bits):
    width = 8 * np.dtype(dtype).itemsize
    signs = np.array([0, 1, 1 << (width - 1), (1 << width) - 1, (1 << width) - 5, 0x7F80_0001 << (width - 32)], dtype=bits)
    for array in (signs.view(dtype), signs.view(dtype).astype(np.dtype(dtype).newbyteorder(">"))):
        container.write(tmp_path / "m", {"a": array}, {})
        assert container.read(tmp_path / "m")[0]["a"].view(bits).tolist() == signs.tolist()


def test_layout_and_byte_order_do_not_matter(tmp_path):
    plain = np.arange(24.0).reshape(4, 6)
    frozen = plain.copy()
    frozen.flags.writeable = False
    unaligned = np.frombuffer(b"x" + plain.tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(4, 6)
    layouts = {"fortran": np.asfortranarray(plain), "big": plain.astype(">f8"), "strided": np.repeat(plain, 2, axis=1)[:, ::2]}
    layouts |= {"reversed": plain[::-1][::-1], "frozen": frozen, "unaligned": unaligned, "scalar": np.float64(3.5)}
    container.write(tmp_path / "m", layouts, {})
    arrays, _ = container.read(tmp_path / "m")
    assert arrays.pop("scalar").shape == ()
    for array in arrays.values():
        assert array.tobytes() == plain.tobytes()


def test_any_safetensors_reader_can_open_it(model):
    from safetensors.numpy import load_file

    arrays = load_file(model)
    assert {name: arrays[name].tolist() for name in arrays} == {name: array.tolist() for name, array in example_arrays().items()}


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        ({"a": np.array(["x"])}, "array 'a' must be one of float32.*got <U1. Convert it"),
        ({"a": np.zeros(2, dtype=object)}, "got object"),
        ({"a": np.zeros(2, dtype=np.float16)}, "got float16"),
        ({"a": [1.0, 2.0]}, "must be a NumPy array without a mask; got list"),
        ({"a": np.ma.masked_array([1.0, 2.0], [True, False])}, "without a mask; got MaskedArray"),
        ({"__metadata__": np.zeros(2)}, "the name of an array"),
        ({"a\nb": np.zeros(2)}, "the name of an array"),
        ({"a": "x", 3: np.zeros(2)}, "2 faults"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_written(model, arrays, sentence):
    before = model.read_bytes()
    with pytest.raises(ValueError, match=sentence):
        container.write(model, arrays, {})
    assert model.read_bytes() == before


def test_metadata_that_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"metadata\['history'\]\[0\]\['loss'\] must be finite"):
        container.write(tmp_path / "m", {}, {"history": [{"loss": float("nan")}]})
    assert not (tmp_path / "m").exists()


def test_metadata_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "LARGEST_HEADER", 1000)
    with pytest.raises(ValueError, match="Put long lists into arrays"):
        container.write(tmp_path / "m", {}, {"history": "x" * 1000})


# ---- reading what is not right


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no model file .*nothing.* save a model there first"):
        container.read(tmp_path / "nothing.safetensors")


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="is a directory; expected a model file"):
        container.read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not a regular file"):
        container.read(tmp_path / "pipe")


def test_a_read_error_is_told(model, monkeypatch):
    def fail(*args, **keywords):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", fail)
    with pytest.raises(ModelFileError, match=r"could not be read: Permission denied\. Check"):
        container.read(model)


def test_a_file_beyond_the_limit_is_not_even_opened(model):
    with pytest.raises(ModelFileError, match="expected at most 100. Raise max_bytes"):
        container.read(model, max_bytes=100)
    with pytest.raises(ModelFileError, match="at most 100 are read"):
        container.read(model, max_header_bytes=100)


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(3))
    return buffer.getvalue()


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"", "is empty"),
        (b"\x00", "not a model file written by glassnet, or its beginning is damaged"),
        (bytes(1000), "not a model file written by glassnet, or its beginning is damaged"),
        *[(pickle.dumps({"a": [1, 2, 3]}, protocol), "Python pickle.*never loads") for protocol in range(2, 6)],
        (npz(), "NumPy .npz archive"),
        (npy(), "NumPy .npy array"),
        (zipped("config.json"), "zip archive"),
        (zipped("archive/data.pkl"), "PyTorch checkpoint"),
        (b"\x08\x0b\x12\x08glassnet" + bytes(50), "an ONNX model"),
        (b"\x08\x0a:\x90\x01\x0a" + bytes(50), "an ONNX model"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
        (b"\x1f\x8b\x08" + bytes(50), "gzip"),
        (b"x,y,label\n1,2,a\n3,4,b\n", "a text file"),
        (b'{"learner": {"attributes": {}}}', "JSON text"),
    ],
)
def test_a_foreign_file_is_named_for_what_it_is(tmp_path, content, kind):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelFileError, match=kind):
        container.read(tmp_path / "m")


def test_safetensors_of_another_program_is_named_so(tmp_path):
    from safetensors.numpy import save_file

    for metadata in (None, {"format": "pt"}):
        save_file({"a": np.zeros(3)}, tmp_path / "m", metadata)
        with pytest.raises(ModelFileError, match="safetensors file of another program"):
            container.read(tmp_path / "m")


def test_every_truncation_is_found(model):
    whole = model.read_bytes()
    for size in range(1, len(whole), 7):
        model.write_bytes(whole[:size])
        with pytest.raises(ModelFileError):
            container.read(model)
    model.write_bytes(whole[:-1])
    with pytest.raises(ModelFileError, match="truncated"):
        container.read(model)
    model.write_bytes(whole + b"\0")
    with pytest.raises(ModelFileError):
        container.read(model)


def test_a_changed_value_names_its_array(model):
    whole = bytearray(model.read_bytes())
    place = bytes(whole).index(example_arrays()["W"].tobytes())
    whole[place + 3] ^= 1
    model.write_bytes(whole)
    with pytest.raises(ModelFileError, match=r"damaged: array 'W' does not match its SHA-256. Take another copy of it"):
        container.read(model)


def taken_apart(path) -> tuple[dict, bytes]:
    whole = path.read_bytes()
    size = struct.unpack("<Q", whole[:8])[0]
    return json.loads(whole[8 : 8 + size]), whole[8 + size :]


def put_together(path, header: dict | bytes, rest: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + rest)


def change_entries(path, **changes) -> None:
    header, rest = taken_apart(path)
    header["__metadata__"].update(changes)
    put_together(path, header, rest)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"format_version": "2"}, "format version 2; this glassnet reads up to 1. Upgrade glassnet"),
        ({"format_version": "one"}, "format_version is 'one'"),
        ({"format_version": "٢"}, "format_version is"),
        ({"format": "other"}, "another program"),
        ({"metadata": '{"alpha": 0.2}'}, "its metadata does not match its SHA-256"),
        ({"arrays": "{}"}, "its metadata does not match its SHA-256"),
        ({"sha256": "0" * 64}, "its metadata does not match its SHA-256"),
        ({"more": "x"}, "lacks an entry or has one too many"),
        ({"metadata": 3}, "another program"),
    ],
)
def test_a_changed_entry_is_found(model, changes, sentence):
    change_entries(model, **changes)
    with pytest.raises(ModelFileError, match=sentence):
        container.read(model)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ('{"a": NaN}', "the number NaN"),
        ('{"a": 1e999}', "beyond the range"),
        ('{"a": 1, "a": 2}', "the key 'a' appears twice"),
        ('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}", "nested more than 100 deep"),
        ("[]", "not an object"),
        ("{", "cannot be read"),
    ],
)
@pytest.mark.parametrize("entry", ["metadata", "arrays"])
def test_sealed_nonsense_is_still_refused(model, entry, text, sentence):
    header, rest = taken_apart(model)
    header["__metadata__"][entry] = text
    header["__metadata__"]["sha256"] = container._seal(header["__metadata__"])
    put_together(model, header, rest)
    with pytest.raises(ModelFileError, match=sentence):
        container.read(model)


def test_a_header_with_a_key_twice_is_refused(model):
    header, rest = taken_apart(model)
    text = json.dumps(header).encode()
    put_together(model, text[:-1] + b', "W": ' + json.dumps(header["W"]).encode() + b"}", rest)
    with pytest.raises(ModelFileError, match="the key 'W' appears twice"):
        container.read(model)


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F8_E4M3", "U64", "X", 3, None])
def test_other_dtypes_are_refused(model, dtype):
    header, rest = taken_apart(model)
    header["W"]["dtype"] = dtype
    put_together(model, header, rest)
    with pytest.raises(ModelFileError, match="array 'W' has dtype .* F32, F64"):
        container.read(model)


@pytest.mark.parametrize("shape", [[4, 3], [12], [-3, -4], [3, 5], [2**62, 2**62], [2**80], [1.5], ["3"], None, [1] * 100 + [3, 4]])
def test_other_shapes_are_refused(model, shape):
    header, rest = taken_apart(model)
    header["W"]["shape"] = shape
    put_together(model, header, rest)
    with pytest.raises(ModelFileError):
        container.read(model)


@pytest.mark.parametrize("offsets", [[0, 0], [0, 2**64 - 1], [96, 0], [-1, 95], [0], None])
def test_other_places_are_refused(model, offsets):
    header, rest = taken_apart(model)
    header["W"]["data_offsets"] = offsets
    put_together(model, header, rest)
    with pytest.raises(ModelFileError):
        container.read(model)


def test_a_lost_or_renamed_array_is_found(model):
    header, rest = taken_apart(model)
    header["V"] = header.pop("W")
    put_together(model, header, rest)
    with pytest.raises(ModelFileError, match="disagree about 'V'"):
        container.read(model)
    put_together(model, {"__metadata__": header["__metadata__"]}, b"")
    with pytest.raises(ModelFileError, match="disagree about"):
        container.read(model)


def test_swapped_arrays_are_found(tmp_path):
    container.write(tmp_path / "m", {"a": np.zeros(2), "b": np.ones(2)}, {})
    header, rest = taken_apart(tmp_path / "m")
    header["a"], header["b"] = header["b"], header["a"]
    put_together(tmp_path / "m", header, rest)
    with pytest.raises(ModelFileError, match="array '[ab]' does not match"):
        container.read(tmp_path / "m")


def mutated(whole: bytes, dice: random.Random) -> bytes:
    """One to three random edits: a flipped bit, a new byte, a cut, an insertion, a repeated or exchanged piece."""
    content = bytearray(whole)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        place = dice.randrange(len(content) + 1)
        other = dice.randrange(len(content) + 1)
        piece = dice.randrange(1, 40)
        match dice.randrange(8):
            case 0 | 1 if place < len(content):
                content[place] ^= 1 << dice.randrange(8)
            case 2 if place < len(content):
                content[place] = dice.randrange(256)
            case 3:
                del content[place : place + piece]
            case 4:
                content[place:place] = dice.randbytes(piece)
            case 5:
                content[place : place + piece] = content[other : other + piece]
            case 6:
                content[place:place] = dice.choice([b"0", b"9", b'"', b"{", b"]", b" ", b"e9", b"-", b"\\u0041"])
            case 7:
                content[:8] = struct.pack("<Q", dice.choice([0, 1, len(content), 2**40, 2**63, 2**64 - 1, dice.randrange(9000)]))
    return bytes(content)


def test_three_thousand_mutations_are_refused_or_change_nothing(model):
    whole = model.read_bytes()
    dice = random.Random(0)
    harmless = 0
    for _ in range(3_000):
        model.write_bytes(mutated(whole, dice))
        try:
            arrays, metadata = container.read(model)
        except ModelFileError:
            continue
        harmless += 1
        assert_the_same(arrays, example_arrays())
        assert repr(metadata) == repr(METADATA)
    assert harmless < 300


def test_reading_resolves_no_names_and_runs_no_code(tmp_path):
    """A fresh interpreter that reads a file imports nothing on the file's account."""
    wicked = {"class": "os.system", "path": "/etc/passwd", "__reduce__": ["os.system", ["echo wicked"]], "module": "antigravity"}
    container.write(tmp_path / "m", {"../../escape": np.zeros(1)}, wicked)
    code = (
        "import sys; from glassnet.files import container\n"
        "before = set(sys.modules)\n"
        "arrays, metadata = container.read(sys.argv[1])\n"
        "assert metadata['class'] == 'os.system' and list(arrays) == ['../../escape']\n"
        "assert not {'antigravity', 'pickle5', 'webbrowser'} & set(sys.modules)\n"
        "print(sorted(set(sys.modules) - before))"
    )
    child = subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"
