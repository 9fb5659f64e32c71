"""The gallery: its pictures come from the code on the page, are described in words, and stay small."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gallery.md"


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "pictures" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SMALL_PAGE = """# Pictures

```python
from glassnet import ConfusionDisplay
```
```python
display = ConfusionDisplay.from_predictions([0, 1, 1], [0, 1, 0])
```
![what it was before](confusion.png)

Words.
"""


def test_a_page_is_built_from_its_own_code_and_always_the_same(gallery, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(SMALL_PAGE, encoding="utf-8")
    gallery.build(page)
    assert page.read_text(encoding="utf-8") == SMALL_PAGE.replace("what it was before", "2 of 3 rows are right: accuracy 0.667")
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.width > 500
    first = (tmp_path / "confusion.png").read_bytes()
    gallery.build(page)
    assert (tmp_path / "confusion.png").read_bytes() == first
    assert "kB in all" in capsys.readouterr().out


def test_the_diagram_of_a_page_is_drawn_by_its_first_block(gallery, tmp_path):
    (tmp_path / "pictures").mkdir()
    page = tmp_path / "page.md"
    block = '```python\nfrom pathlib import Path\nPath("iris.svg").write_text("<svg>")\n```\n'
    page.write_text(f"{block}```python\n1 / 0\n```\n", encoding="utf-8")
    gallery.build_diagram(page)
    assert (tmp_path / "pictures" / "diagram.svg").read_text() == "<svg>"


def test_every_picture_of_the_gallery_is_shown_described_and_small():
    shown = re.findall(r"^!\[([^\]]*)\]\(pictures/([^)]+)\)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    files = sorted((ROOT / "docs" / "pictures").glob("gallery-*.png"))
    assert sorted(name for _, name in shown) == [file.name for file in files]
    assert all(len(words) > 15 for words, _ in shown)
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) < 60_000 and sum(sizes) < 1_200_000


def test_every_display_is_in_the_gallery():
    page = PAGE.read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src" / "glassnet" / "seeing" / "figures").glob("*.py")]
    displays = {name for source in sources for name in re.findall(r"^class (\w+Display)\(Display\)", source, re.MULTILINE)}
    assert len(displays) >= 13
    assert {name for name in displays if f"display = {name}." not in page} == set()
