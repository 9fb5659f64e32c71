"""Saying by its first bytes what a file is that is not one of ours. Nothing is opened, unpacked or run."""

from __future__ import annotations

_BEGINNINGS = (
    (b"\x93NUMPY", "a NumPy .npy array"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (older Keras models are)"),
    (b"PAR1", "a Parquet table"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip-compressed file"),
    (b"BZh", "a bzip2-compressed file"),
    (b"\xfd7zXZ", "an xz-compressed file"),
    (b"(\xb5/\xfd", "a Zstandard-compressed file"),
    (b"GGUF", "a GGUF model"),
    (b"\x78\x01", "a zlib-compressed file (joblib writes such pickles)"),
    (b"\x78\x9c", "a zlib-compressed file (joblib writes such pickles)"),
    (b"\x78\xda", "a zlib-compressed file (joblib writes such pickles)"),
)

_PICKLE_PROTOCOLS = range(2, 6)
_ONNX_SECOND_FIELDS = b"\x12\x1a\x22\x2a\x30\x32\x3a\x42"


def kind_of(beginning: bytes) -> str | None:
    """What a file with these first bytes is, or None where nothing is known.

    >>> kind_of(b"\\x80\\x05\\x95")
    'a Python pickle, which glassnet never loads, because loading one runs whatever code it carries'
    """
    for magic, kind in _BEGINNINGS:
        if beginning.startswith(magic):
            return kind
    if beginning.startswith(b"PK\x03\x04"):
        return _kind_of_zip(beginning)
    if len(beginning) > 1 and beginning[0] == 0x80 and beginning[1] in _PICKLE_PROTOCOLS:
        return "a Python pickle, which glassnet never loads, because loading one runs whatever code it carries"
    if len(beginning) > 2 and beginning[0] == 0x08 and 0 < beginning[1] < 64 and beginning[2] in _ONNX_SECOND_FIELDS:
        return "an ONNX model"
    return _kind_of_text(beginning)


def _kind_of_zip(beginning: bytes) -> str:
    length = int.from_bytes(beginning[26:28], "little")
    first_name = beginning[30 : 30 + length]
    if first_name.endswith(b".npy"):
        return "a NumPy .npz archive"
    if first_name.endswith(b"data.pkl"):
        return "a PyTorch checkpoint, which holds a pickle; glassnet never loads one, because loading one runs whatever code it carries"
    return "a zip archive (PyTorch, Keras and skops models are)"


def _kind_of_text(beginning: bytes) -> str | None:
    """Text of some kind: JSON, or lines such as a CSV table."""
    if not beginning or any(byte < 9 or 13 < byte < 32 for byte in beginning):
        return None
    return "JSON text" if beginning.lstrip()[:1] in (b"{", b"[") else "a text file"
