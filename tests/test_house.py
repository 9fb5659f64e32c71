"""The rules of the house: imports go downwards, the door is light, names and options are documented, nothing has a vague name."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import glassnet

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "glassnet"
MODULES = sorted(PACKAGE.rglob("*.py"))

ROOMS = {
    "checks": 0,
    "maths": 1,
    "files": 1,
    "networks": 2,
    "training": 3,
    "data": 4,
    "estimators": 5,
    "seeing": 6,
    "runs": 7,
    "lab": 8,
    "cli": 9,
}
SCIKIT_LEARN_FROM = ROOMS["data"]

HEAVY = {
    "scipy",
    "sklearn",
    "numba",
    "matplotlib",
    "polars",
    "pandas",
    "pyarrow",
    "narwhals",
    "safetensors",
    "PIL",
    "joblib",
    "starlette",
    "uvicorn",
}


def ids(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(module: str) -> str:
    """``glassnet.maths.losses`` -> ``maths``; the door itself is ``glassnet``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def imports_of(source: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, at the top or inside a function, by statement or by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide which room is entered"
            if node.module == "glassnet":
                yield from ((node.lineno, f"glassnet.{alias.name}") for alias in node.names if alias.name != "__version__")
            else:
                yield node.lineno, str(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"__import__", "import_module", "importlib.import_module"}:
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield node.lineno, str(name.value)


def wrong_imports(room: str, source: str) -> list[str]:
    """What ``source``, standing in ``room``, imports though it must not."""
    faults = []
    for line, module in imports_of(source):
        if module.split(".")[0] == "glassnet":
            other = room_of(module)
            if other not in ROOMS:
                faults.append(f"line {line}: {module} is the door or no room; import from the room itself")
            elif other != room and ROOMS[other] >= ROOMS[room]:
                faults.append(f"line {line}: {room} ({ROOMS[room]}) imports {module} ({ROOMS[other]})")
        elif module.split(".")[0] == "sklearn" and ROOMS[room] < SCIKIT_LEARN_FROM:
            faults.append(f"line {line}: {room} ({ROOMS[room]}) imports scikit-learn")
    return faults


@pytest.mark.parametrize("path", [path for path in MODULES if path.parent != PACKAGE or path.stem in ROOMS], ids=ids)
def test_imports_go_downwards_only(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert wrong_imports(room, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "room, source, right",
    [
        ("training", "from glassnet.maths.losses import softmax", True),
        ("training", "import glassnet.networks.dense", True),
        ("training", "from glassnet.training import history", True),
        ("training", "from glassnet import __version__", True),
        ("maths", "from glassnet.files import container", False),
        ("training", "def f():\n    from glassnet.estimators.mlp_classifier import MLPClassifier", False),
        ("training", "from glassnet import seeing", False),
        ("runs", "from glassnet import MLPClassifier", False),
        ("training", "import importlib\nimportlib.import_module('glassnet.cli')", False),
        ("training", "def f():\n    import sklearn.utils", False),
        ("data", "from sklearn.base import BaseEstimator", True),
    ],
)
def test_the_import_check_itself_tells_right_from_wrong(room, source, right):
    assert (wrong_imports(room, source) == []) is right


def test_every_room_is_known_and_there():
    there = {path.stem for path in PACKAGE.iterdir() if path.name != "__pycache__" and (path.is_dir() or path.suffix == ".py")}
    assert there - {"__init__", "__main__", "py"} == set(ROOMS)


def test_the_architecture_page_shows_the_same_rooms():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|\s*`(\w+)(?:/|\.py)?`\s*\|\s*(\d+)\s*\|", page, re.MULTILINE)
    assert {room: int(number) for room, number in rows} == ROOMS
    assert len(rows) == len(ROOMS)


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after ``statement``."""
    code = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_glassnet_costs_next_to_nothing():
    assert loaded_by("import glassnet") & (HEAVY | {"numpy", "click", "rich"}) == set()


def test_the_command_line_answers_before_anything_heavy_is_imported():
    for arguments in (["--help"], ["train", "--help"]):
        quietly = f"from contextlib import *\nwith redirect_stdout(sys.stderr), suppress(SystemExit): main({arguments})"
        assert loaded_by(f"from glassnet.cli import main; exec({quietly!r})") & HEAVY == set()


def test_the_door_opens_every_name_it_shows():
    assert len(set(glassnet.__all__)) == len(glassnet.__all__)
    assert set(glassnet.__all__) == {*glassnet._HOMES, "__version__"}
    assert set(glassnet.__all__) <= set(dir(glassnet))
    for name in glassnet.__all__:
        assert getattr(glassnet, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Perceptron'"):
        glassnet.Perceptron


def pages() -> dict[str, str]:
    """README.md and every page of docs/, by name."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in found}


def code_of(page: str) -> str:
    """What a page sets as code: its blocks, and words between backquotes."""
    blocks = re.findall(r"^ *```.*?^ *```", page, re.MULTILINE | re.DOTALL)
    words = re.findall(r"`[^`\n]+`", page)
    return "\n".join([*blocks, *words])


@pytest.mark.parametrize("name", [name for name in glassnet.__all__ if name != "__version__"])
def test_every_exported_name_is_documented(name):
    shown = "\n".join(code_of(page) for page in pages().values())
    assert re.search(rf"\b{name}\b", shown), f"neither README.md nor docs/ show {name}"


def test_links_between_pages_lead_somewhere():
    for name, page in pages().items():
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page):
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}, which is not there"


def commands() -> dict[str, click.Command]:
    """``glassnet train`` and its sisters, by the words a user types."""
    module = importlib.import_module("glassnet.cli")
    groups = [value for value in vars(module).values() if isinstance(value, click.Group)]
    assert len(groups) == 1, "glassnet.cli shows one click group, the command glassnet"
    context = click.Context(groups[0], info_name="glassnet")
    found = {f"glassnet {name}": groups[0].get_command(context, name) for name in groups[0].list_commands(context)}
    return {name: command for name, command in found.items() if command is not None and not command.hidden}


def section(page: str, heading: str) -> str:
    """The text under ``## glassnet train`` (backquotes allowed), to the next heading of that level."""
    match = re.search(rf"^## `?{re.escape(heading)}`?[^\n]*\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert match, f"docs/command-line.md has no section '## {heading}'"
    return match[1]


def test_every_command_and_option_is_documented_and_no_other():
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert commands()
    for name, command in commands().items():
        options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
        spelled = {word for option in options for word in (*option.opts, *option.secondary_opts)}
        text = section(page, name)
        shown = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))
        assert {word for word in spelled if word.startswith("--")} - shown == set(), f"{name}: not in its section"
        assert shown - spelled - {"--help"} == set(), f"{name}: in its section, but no option of it"


def test_every_command_and_option_has_a_help_text():
    for name, command in commands().items():
        assert command.help, f"{name} has no help text"
        for option in command.params:
            assert not isinstance(option, click.Option) or option.hidden or option.help, f"{name} {option.opts[0]} has no help text"


# ---- names, words and docstrings


def files_of_the_tree() -> list[Path]:
    """Every file a clone holds (and new ones that are not ignored), without git where there is none."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode == 0:
        return [path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file()]
    return [path for folder in ("src", "tests", "docs", "examples") for path in (ROOT / folder).rglob("*") if path.is_file()]


def test_no_file_has_a_vague_name():
    vague = {"utils", "util", "utilities", "helpers", "helper", "common", "misc"}
    parts = {part.split(".")[0].strip("_") for path in files_of_the_tree() for part in path.relative_to(ROOT).parts}
    assert parts & vague == set()


def test_no_file_names_a_machine():
    """Absolute paths of somebody's machine, private hosts and addresses have no place in the tree."""
    folders = "|".join(["work", "tmp", "root", "home/[a-z]", "Users/[A-Za-z]", "mnt"])
    wrong = re.compile(rf"(?<![\w.~$}}/:-])/({folders})(?=/|\b)|file:///|\b192\.168\.")
    faults = []
    for path in files_of_the_tree():
        if path == Path(__file__):
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        faults += [
            f"{path.relative_to(ROOT)}:{number}: {match[0]}" for number, line in enumerate(lines, start=1) if (match := wrong.search(line))
        ]
    assert faults == []


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """(name, node) of every public class, function and method; a setter is described by its getter."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            if not any(decorator.endswith((".setter", ".deleter", "overload")) for decorator in decorators):
                yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes: list[tuple[str, ast.AST]] = list(public_definitions(tree.body))
    if tree.body:
        nodes.append(("the module", tree))
    bare = [name for name, node in nodes if not ast.get_docstring(node)]  # type: ignore[arg-type]
    assert bare == []
