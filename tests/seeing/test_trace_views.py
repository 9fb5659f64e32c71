"""What is shown of a trace: numbers read back from the SVG and the page, folded sums that add up, LaTeX, and the terminal."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from sklearn.datasets import load_digits, load_iris
from sklearn.pipeline import make_pipeline

from glassnet import LogisticRegression, MLPClassifier, MLPRegressor, TablePreparation
from glassnet.seeing.svg import read, shown
from glassnet.seeing.trace.arithmetic import sections
from glassnet.seeing.trace.latex import equation_rows
from glassnet.seeing.trace.lines import Equation
from glassnet.seeing.trace.moves import moves, rules, written_out
from glassnet.seeing.trace.tracing import trace

IRIS = load_iris(as_frame=True)
X, Y = IRIS.data.to_numpy(), IRIS.target.to_numpy()
SPECIES = IRIS.target_names[IRIS.target]
SVG = "{http://www.w3.org/2000/svg}"


def net_of(*hidden, **parameters):
    return MLPClassifier(hidden, random_state=0, **parameters)


@pytest.fixture(scope="module")
def digits():
    """A wide network, half trained, and its trace."""
    rows, y = load_digits(return_X_y=True)
    net = net_of(32, activation="relu")
    for _ in range(5):
        net.partial_fit(rows / 16, y, classes=np.arange(10))
    return trace(net, rows[5] / 16, y[5])


def value_of(trace, node):
    """(value, gradient) of a node by its name, from the arrays of the trace."""
    if node == "L":
        return trace.loss.value, 1.0
    kind, numbers = node[0], [int(part) for part in node[1:].split("_")]
    level, units = numbers[0], [unit - 1 for unit in numbers[1:]]
    if level == 0:
        return trace.inputs[units[0]].value, trace.inputs[units[0]].gradient
    layer = trace.layers[level - 1]
    values, slopes = {"w": (layer.W, layer.dW), "b": (layer.b, layer.db), "z": (layer.z, layer.dz), "a": (layer.a, layer.da)}[kind]
    return values[tuple(units)], None if slopes is None else slopes[tuple(units)]


def nodes_of(svg):
    """Elements with a node's number, by name."""
    found = [element for element in ElementTree.fromstring(svg).iter() if "data-node" in element.attrib]
    names = [element.get("data-node") for element in found]
    assert len(set(names)) == len(names)
    return dict(zip(names, found, strict=True))


def traces():
    """A single unit, exclusive or, flowers, numbers, and without a truth."""
    yield trace(MLPClassifier.from_weights([[[1.0], [-2.0]]], [[0.5]]), [3, 1], 1)
    xor = MLPClassifier.from_weights([[[6, 5, -4], [6, 5, -4]], [[8], [-9], [2]]], [[-2, -7, 1], [-3]], activation="logistic", solver="sgd")
    yield trace(xor, [1, 0], 1)
    model = make_pipeline(TablePreparation(), net_of(5, activation="tanh", solver="lbfgs", alpha=1.0, max_iter=1000))
    model.fit(IRIS.data, SPECIES)
    yield trace(model, IRIS.data.iloc[70], "versicolor")
    yield trace(model, IRIS.data.iloc[70])
    yield trace(MLPRegressor(hidden_layer_sizes=(3,), random_state=0).partial_fit(X[:, :3], X[:, 3]), X[8, :3], X[8, 3])
    yield trace(LogisticRegression().fit(X, Y), X[8], 2)


def test_every_number_in_the_graph_is_the_engines_to_the_last_shown_digit(digits):
    for seen in [*traces(), digits]:
        drawn = nodes_of(seen.to_svg())
        numbers = 0
        for name, element in drawn.items():
            if element.get("data-more") is not None:
                continue
            value, gradient = value_of(seen, name)
            assert float(element.get("data-value")) == value
            texts = [text.text for text in element.iter(f"{SVG}text") if text.get("class", "").split()[0] in ("v", "w")]
            assert texts[0] == shown(value)
            assert read(texts[0]) == pytest.approx(value, rel=5.1e-3, abs=1e-300)
            if seen.loss is None:
                assert element.get("data-grad") is None and len(texts) == 1
            else:
                assert float(element.get("data-grad")) == gradient
                assert texts[1] == shown(gradient)
            numbers += 1
        assert numbers > 5


def test_the_drawn_terms_of_a_unit_add_up_to_its_z(digits):
    for seen in [*traces(), digits]:
        drawn = nodes_of(seen.to_svg())
        for layer in seen.layers:
            for j in range(len(layer.units)):
                if f"z{layer.number}_{j + 1}" not in drawn:
                    continue
                into = re.compile(rf"w{layer.number}_(\d+|rest)_{j + 1}")
                terms = [float(element.get("data-term")) for name, element in drawn.items() if into.fullmatch(name)]
                bias = float(drawn[f"b{layer.number}_{j + 1}"].get("data-value")) if layer.bias else 0.0
                assert sum(terms) + bias == pytest.approx(float(layer.z[j]), rel=1e-5, abs=1e-5)


def test_a_wide_layer_is_folded_and_says_how_much_is_not_drawn(digits):
    drawn = nodes_of(digits.to_svg(units=4))
    assert [drawn[name].get("data-more") for name in ("a0_rest", "a1_rest", "a2_rest")] == ["60", "28", "6"]
    assert sum(name.startswith("z1_") for name in drawn) == 4
    assert len(list(ElementTree.fromstring(digits.to_svg(units=4)).iter())) < 800
    assert f"a2_{digits.y + 1}" in drawn  # the truth is always shown
    assert f"a2_{int(np.argmax(digits.prediction)) + 1}" in drawn
    assert "60 more" in digits.to_svg(units=4)


def test_edges_carry_their_weight_and_its_sign():
    for seen in traces():
        edges = [element for element in ElementTree.fromstring(seen.to_svg()).iter() if "data-edge" in element.attrib]
        assert edges
        for edge in edges:
            value = float(edge.get("data-value"))
            assert value == value_of(seen, edge.get("data-edge"))[0]
            assert (edge.get("stroke-dasharray") is not None) == (value < 0)
            assert edge.get("class") == {True: "s-positive", False: "s-negative"}.get(value > 0 if value else None, "s-quiet")


def test_every_number_on_the_page_is_the_engines(digits):
    for seen in [*traces(), digits]:
        page = ElementTree.fromstring(seen.to_html())
        equations = [element for element in page.iter() if element.get("data-equation")]
        assert equations
        for equation in equations:
            name, bold = equation.get("data-equation"), [b for b in equation.iter("b") if b.get("data-value")]
            if name.startswith("new-") or not bold:
                continue
            value, gradient = value_of(seen, name)
            wanted = gradient if equation.get("class", "").endswith("back") else value
            assert float(bold[-1].get("data-value")) == wanted, name
            assert bold[-1].text == shown(wanted, 4)
        for row in page.iter("tr"):
            if name := row.get("data-move"):
                cells = [cell for cell in row.iter("td") if cell.get("data-value")]
                assert tuple(float(cell.get("data-value")) for cell in cells[:2]) == value_of(seen, name)
                assert [cell.text for cell in cells] == [shown(float(cell.get("data-value")), 5) for cell in cells]


def test_the_page_needs_no_other_file_and_holds_no_stray_markup():
    net = net_of(3, solver="lbfgs", alpha=1.0, max_iter=1000)
    pandas = pytest.importorskip("pandas")
    evil = "</style><script>alert('x')</script>&\x00"
    table = pandas.DataFrame(X[:, :2], columns=[evil, "b%_#$^~\\{}"])
    labels = np.where(Y > 0, "<b>bold</b>", "a & b")
    seen = trace(net.fit(table, labels), table.iloc[0], "a & b")
    for text in (seen.to_html(), seen.to_svg(), seen._repr_html_()):
        assert "<script" not in text and "<b>bold" not in text
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
        ElementTree.fromstring(text)
    assert seen.to_latex().count(r"\begin{align*}") == seen.to_latex().count(r"\end{align*}")


def lines_of(seen):
    """Every equation of a trace."""
    for section in sections(seen, 5, 4):
        yield from (line for line in section.rules if isinstance(line, Equation))
        yield from (line for group in section.groups for line in group.lines if isinstance(line, Equation))
    if seen.update is not None:
        yield from (line for line in rules(seen.update) if isinstance(line, Equation))
        for move in moves(seen, 2)[0]:
            yield from written_out(seen.update, move)


def test_every_line_of_the_latex_is_mathematics(digits):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    for seen in [*traces(), digits]:
        source = seen.to_latex(units=5)
        assert source.count(r"\begin{align*}") == source.count(r"\end{align*}") > 2
        for line in lines_of(seen):
            for row in equation_rows(line, 4):
                assert row.count("&") == 1
                parser.parse(f"${row.replace('&', '').strip()}$")
                assert row in source or line.node.startswith("new-") or "\\text" in row or line.left.letter in "wmsvdu"


def test_braces_and_alignments_of_the_latex_are_balanced(digits):
    for seen in [*traces(), digits]:
        for block in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", seen.to_latex(), re.DOTALL):
            rows = block.split(" \\\\\n")
            assert all(row.count("&") == 1 for row in rows)
            assert block.count("{") == block.count("}")
            assert block.count(r"\left") == block.count(r"\right")


def test_the_terminal_view_fits_eighty_columns_and_is_plain(digits):
    for seen in [*traces(), digits]:
        text = str(seen)
        assert max(map(len, text.splitlines())) <= 80
        assert "\x1b" not in text
        text.encode("cp1252")  # a console of Windows
        for heading in ("Input", "Output", *(["Loss", "Back through the output", "Update by"] if seen.loss is not None else [])):
            assert any(line.startswith(heading) for line in text.splitlines())


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_the_terminal_view_keeps_to_its_width(digits, width):
    console = Console(width=width, color_system="truecolor", force_terminal=True, legacy_windows=False)
    with console.capture() as captured:
        console.print(digits)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", captured.get())
    assert max(map(len, plain.splitlines())) <= width


def test_the_numbers_in_the_terminal_are_the_engines():
    for seen in traces():
        text = re.sub(r"\n {6,}", " ", str(seen))
        for layer in seen.layers:
            for j, value in enumerate(layer.z):
                ending = re.search(rf"z{layer.number}_{j + 1} = [^\n]* = (\S+)\n|z{layer.number}_{j + 1} = (\S+)\n", text)
                assert (ending[1] or ending[2]) == shown(value, 4).replace("−", "-")


def test_it_is_saved_in_the_form_its_name_asks_for(tmp_path):
    seen = next(traces())
    for ending, begins in {
        "html": "<!DOCTYPE html>",
        "svg": "<svg",
        "tex": "% ",
        "json": "{",
        "txt": "MLPClassifier",
        "csv": "node,kind",
    }.items():
        seen.save(tmp_path / f"seen.{ending}")
        assert (tmp_path / f"seen.{ending}").read_text(encoding="utf-8").startswith(begins)
    with pytest.raises(ValueError, match="must end in .html"):
        seen.save(tmp_path / "seen.png")


def test_a_notebook_shows_it():
    seen = next(traces())
    assert repr(seen) == "<Trace of MLPClassifier, 2-1: predicts 1, y=1, loss 0.201413>"
    assert "<svg" in seen._repr_html_()
