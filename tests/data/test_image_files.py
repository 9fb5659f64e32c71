"""Which files of a folder are pictures, what they are called, and what class each belongs to."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from glassnet.checks import DataError
from glassnet.data.image_files import label_in, natural_key

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")


def test_sub_folders_are_classes_and_names_are_in_natural_order(folder):
    for name in ["dog/10.jpg", "dog/9.jpg", "cat/deep/er/1.png", "cat/2.webp"]:
        folder.save(name)
    images = folder.read()
    assert images.names == ("cat/2.webp", "cat/deep/er/1.png", "dog/9.jpg", "dog/10.jpg")
    assert images.labels.tolist() == ["cat", "cat", "dog", "dog"]
    assert images.pixels.shape == (4, 16 * 16 * 3) and images.pixels.dtype == np.uint8 and images.pixels.flags.c_contiguous
    assert (images.size, images.channels, images.problems, len(images)) == (16, 3, (), 4)


def test_the_beginning_of_a_name_is_the_class(folder):
    for name in ["cat.12.jpg", "cat.3.jpg", "dog_7.jpg", "big dog (2).png"]:
        folder.save(name)
    images = folder.read()
    assert images.names == ("big dog (2).png", "cat.3.jpg", "cat.12.jpg", "dog_7.jpg")
    assert images.labels.tolist() == ["big dog", "cat", "cat", "dog"]
    assert "before the first dot, underscore or digit" in images.labelling


@pytest.mark.parametrize(
    "name, label",
    [
        ("cat.12.jpg", "cat"),
        ("cat12.jpg", "cat"),
        ("cat-12.jpg", "cat"),
        ("cat.jpg", None),
        ("_1.jpg", None),
        ("7_cat.jpg", None),
        ("größe_1.png", "größe"),
    ],
)
def test_what_a_name_says_about_the_class(name, label):
    assert label_in(name) == label


@pytest.mark.parametrize(
    "names, sentence",
    [
        (["sunset.jpg", "cat.1.jpg"], "'sunset.jpg' does not begin with the name"),
        (["IMG_1.jpg", "IMG_2.jpg"], "all names begin with 'IMG'"),
    ],
)
def test_pictures_without_classes_have_no_labels_and_it_is_said_why(folder, names, sentence):
    for name in names:
        folder.save(name)
    images = folder.read()
    assert images.labels is None and len(images) == 2
    assert sentence in images.labelling


def test_a_picture_beside_the_sub_folders_is_a_problem(folder):
    for name in ["cat/1.png", "dog/1.png", "loose.png"]:
        folder.save(name)
    images = folder.read()
    assert images.names == ("cat/1.png", "dog/1.png")
    assert images.problems == (("loose.png", "it stands beside the sub-folders, so it has no class; move it into one"),)


def test_one_sub_folder_beside_pictures_is_no_class(folder):
    for name in ["cat.1.png", "dog.1.png", "thumbnails/1.png"]:
        folder.save(name)
    images = folder.read()
    assert images.labels.tolist() == ["cat", "dog"]
    assert images.problems[0][0] == "thumbnails/1.png"


def test_parts_of_a_collection_are_not_classes(folder):
    for name in ["train/cat/1.png", "test/cat/1.png"]:
        folder.save(name)
    with pytest.raises(DataError, match=r"'test', 'train': parts of a collection, not classes. Give one of them, such as .*train\."):
        folder.read()


def test_natural_order_compares_digits_by_value_however_long():
    names = ["a" + "9" * 5000, "a10", "a9", "A8", "a010b", "b"]
    assert sorted(names, key=natural_key) == ["A8", "a9", "a10", "a010b", "a" + "9" * 5000, "b"]


@needs_links
def test_links_are_followed_once_and_loops_end(folder):
    folder.save("cat/1.png")
    folder.save("dog/1.png")
    (folder.path / "dog" / "loop").symlink_to(folder.path, target_is_directory=True)
    (folder.path / "dog" / "itself.png").symlink_to(folder.path / "dog" / "itself.png")
    (folder.path / "dog" / "nowhere.png").symlink_to(folder.path / "gone.png")
    (folder.path / "dog" / "2.png").symlink_to(folder.path / "cat" / "1.png")
    images = folder.read()
    assert images.names == ("cat/1.png", "dog/1.png", "dog/2.png")
    assert images.problems == (
        ("dog/itself.png", "it is a link that leads nowhere"),
        ("dog/loop", "it is a link to a folder that is read already"),
        ("dog/nowhere.png", "it is a link that leads nowhere"),
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(folder):
    folder.save("a.png")
    os.mkfifo(folder.path / "pipe.png")
    assert folder.read().problems == (("pipe.png", "it is neither a file nor a folder"),)


def test_hidden_files_and_those_of_systems_are_passed_over(folder):
    for name in ["cat/1.png", "dog/1.png"]:
        folder.save(name)
    for name in [".hidden.png", "cat/._1.png", ".git/x.png", "__MACOSX/cat/1.png", "cat/Thumbs.db", "cat/.DS_Store"]:
        folder.save(name, b"x")
    images = folder.read()
    assert len(images) == 2 and images.problems == ()


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_names_that_are_no_text_are_spelled_out(folder):
    good = folder.save("a.png").read_bytes()
    with open(os.fsencode(folder.path) + b"/b\xff.png", "wb") as file:
        file.write(good)
    assert folder.read(cache=folder.path.parent / "cache").names == ("a.png", "b\\udcff.png")
