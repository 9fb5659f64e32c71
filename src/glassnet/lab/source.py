"""The Python code of a run: the same data, the same calls of ``fit``, the same weights by hand, and so the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.arrays import holds_arrays
from glassnet.lab.datasets import NUMBER, PICTURE_SIZE
from glassnet.lab.machine import MachineRun, machine_parameters

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

Array = NDArray[Any]

MOST_NUMBERS = 4000
"""Painted points or weights that are written out."""
FIRST_EPOCHS = 200
"""Epochs of the code where nothing has been trained yet."""


class Text:
    """Lines of code, the imports they need, and what they lack."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.lacks: list[str] = []
        self._imports: dict[str, set[str]] = {}
        self._whole: set[str] = set()

    def needs(self, module: str, *names: str) -> None:
        """An import; without names of the whole module."""
        if names:
            self._imports.setdefault(module, set()).update(names)
        else:
            self._whole.add(module)

    def add(self, *lines: str) -> None:
        """Lines of code."""
        self.lines += lines

    def written(self, title: str) -> str:
        """The whole program."""
        whole = [f"import {module}" for module in sorted(self._whole)]
        parts = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self._imports.items())]
        return "\n".join([f'"""{title}"""', "", *whole, *parts, "", *self.lines]) + "\n"


def source_of(engine: Engine) -> tuple[str, bool, str]:
    """(program, whether it gives the same weights, what it lacks). The last line leaves the network in ``net``, a machine in ``rbm``."""
    text, run = Text(), engine.run
    _rows(engine, text)
    if engine.config.mode == "rbm":
        _machine(engine, text)
    else:
        _network(engine, text)
    epochs = 0 if run is None else run.epochs
    told = " ".join(text.lacks) or "It gives the same weights, bit for bit on the same machine."
    title = f"What the lab shows: {epochs:,} epochs on {_named(engine)}.\n\n{told}\n".replace("\\", "/").replace('"', "'")
    return text.written(title), not text.lacks, told


def _named(engine: Engine) -> str:
    data = engine.config.data
    return data.name if data.source in ("toy", "file", "given") else f"{data.source} points" if data.source == "painted" else data.source


def _rows(engine: Engine, text: Text) -> None:
    """X, y, learned and held_out."""
    data, config = engine.data, engine.config.data
    if data.run is not None:
        _of_run(engine, text)
        return
    if data.plain:
        _points(engine, text)
    elif data.picture is not None:
        _pictures(engine, text)
    else:
        _table(engine, text)
    text.needs("glassnet.data.splitting", "split_rows")
    kind = "classification" if data.classifies else "regression"
    split = f'split_rows(y, "{kind}", test_fraction=0.0, val_fraction={config.held_out!r}, seed={config.seed})'
    text.add(f"learned, held_out, _ = {split}")
    if data.picture is not None:
        _of_pixels(engine, text)
    elif not data.plain:
        _prepared(engine, text)


def _points(engine: Engine, text: Text) -> None:
    data, config = engine.data, engine.config.data
    text.needs("glassnet.lab.lesson", "plain_inputs")
    if config.source == "toy":
        text.needs("glassnet.lab.toys", "toy")
        classes = f", classes={config.classes}" if config.name == "blobs" else ""
        text.add(f"points, y = toy({config.name!r}, {config.samples}, noise={config.noise!r}, seed={config.seed}{classes})")
    else:
        text.needs("numpy")
        if 3 * len(engine.points) > MOST_NUMBERS:
            text.lacks.append("There are too many painted points to write them out: the program has the first of them.")
        given = [list(point) for point in engine.points[: MOST_NUMBERS // 3]]
        text.add(
            f"points = numpy.array({given!r})",
            "points, y = points[:, :2], points[:, 2]" + ("" if config.target == NUMBER else ".astype(int)"),
        )
    columns = ", ".join(f"{name!r}: points[:, {j}]" for j, name in enumerate(data.X.columns))
    text.add(f"X = plain_inputs({{{columns}}}, {list(engine.lesson.on)!r})")


def _pictures(engine: Engine, text: Text) -> None:
    config = engine.config.data
    if config.source == "digits":
        text.needs("sklearn.datasets", "load_digits")
        text.add("pixels, y = load_digits(return_X_y=True)", 'pixels = (pixels / 16).astype("float32")')
    else:
        text.needs("glassnet.data.targets", "decide_task", "target_values")
        text.needs("polars")
        path = engine.sources.given
        if holds_arrays(path):
            text.needs("glassnet", "read_arrays")
            text.add(f"images = read_arrays({path!r}).images()")
        else:
            text.needs("glassnet", "read_images")
            text.add(f"images = read_images({path!r}, size={PICTURE_SIZE})")
        text.add('labels = polars.Series("class", images.labels)', "pixels, y = images.pixels, target_values(labels, decide_task(labels))")
    _chosen(engine, text, ("pixels", "y"))


def _of_pixels(engine: Engine, text: Text) -> None:
    """X of pictures, whose preparation is learned from some of them."""
    data = engine.data
    assert data.picture is not None
    height, _, channels = data.picture
    if data.X.dtype != np.uint8:
        text.add("X = pixels")
    elif engine.config.mode == "rbm":
        text.needs("glassnet.lab.lesson", "ink")
        text.add("X = ink(pixels)")
    else:
        text.needs("glassnet", "ImagePreparation")
        text.add(f"preparation = ImagePreparation(size={height}, grey={channels == 1}).fit(pixels, rows=learned)")
        text.add("X = preparation.transform(pixels)")


def _table(engine: Engine, text: Text) -> None:
    data, config, sources = engine.data, engine.config.data, engine.sources
    path = sources.given if config.source == "given" else sources.upload_name
    if holds_arrays(path):
        text.needs("glassnet", "read_arrays")
        text.needs("glassnet.runs.reading", "frame_of")
        text.add(f"arrays = read_arrays({path!r})", "frame = frame_of(arrays.X, arrays.y)")
    else:
        text.needs("glassnet", "read_table")
        text.add(f"frame = read_table({path!r}{'' if config.header else ', header=False'})")
    text.needs("glassnet.data.targets", "decide_task", "drop_missing_target", "target_values")
    name = repr(data.target)
    text.add(f"frame, _ = drop_missing_target(frame, {name})", f"y = target_values(frame[{name}], decide_task(frame[{name}]))")
    text.add(f"frame = frame.drop({name})")
    _chosen(engine, text, ("frame", "y"))


def _chosen(engine: Engine, text: Text, names: tuple[str, str]) -> None:
    """Some of the rows, where there were more than was asked for."""
    data, config = engine.data, engine.config.data
    if data.chosen is None:
        return
    text.needs("glassnet.lab.datasets", "choose")
    rows = "chosen.tolist()" if names[0] == "frame" else "chosen"
    text.add(f"chosen = choose(len(y), {config.samples}, {config.seed})", f"{names[0]}, y = {names[0]}[{rows}], y[chosen]")


def _prepared(engine: Engine, text: Text) -> None:
    """X of a table, with formulas."""
    chosen = [one for one in engine.lesson.inputs if one.id in engine.lesson.on]
    made = [one.id for one in chosen if one.made]
    if made:
        text.needs("glassnet", "Formula")
        text.needs("glassnet.data.formulas", "with_formulas")
        text.add(f"frame = with_formulas(frame, [{', '.join(f'Formula({one!r})' for one in made)}])")
    text.needs("glassnet", "TablePreparation")
    text.add(f"frame = frame.select({[one.id for one in chosen]!r})")
    text.add("preparation = TablePreparation().fit(frame[learned.tolist()])", "X = preparation.transform(frame)")


def _of_run(engine: Engine, text: Text) -> None:
    text.needs("glassnet.lab.datasets", "read")
    text.add(f"rows = read({engine.sources.given!r}, None, print)", "preparation, y = rows.run.model[0], rows.y")
    if engine.data.picture is None:
        text.needs("glassnet.data.formulas", "with_formulas")
        text.needs("glassnet.runs.reading", "formulas_of")
        text.add("X = preparation.transform(with_formulas(rows.X, formulas_of(rows.run.config)))")
    elif engine.config.mode == "rbm":
        text.needs("glassnet.lab.lesson", "ink")
        text.add("X = ink(rows.X)")
    else:
        text.add("X = preparation.transform(rows.X)")
    text.add('X = X.astype("float32")', "learned, held_out = rows.parts[:2]")


def _network(engine: Engine, text: Text) -> None:
    """The calls of ``fit``."""
    run, lesson = engine.run, engine.lesson
    kind = "MLPClassifier" if engine.data.classifies else "MLPRegressor"
    text.needs("glassnet", kind)
    if run is None:
        text.lacks.append("Nothing can be trained on these rows yet.")
        return
    held = ", X_val=X[held_out], y_val=y[held_out]" if len(lesson.held_out) else ""
    fit = f"net.fit(X[learned], y[learned]{held})"
    fits = [(i, stage) for i, stage in enumerate(run.stages) if stage["kind"] == "fit"]
    ends = [*(stage["from"] for _, stage in fits[1:]), run.epochs]
    made = False
    before: dict[str, Any] = {}
    for i, stage in enumerate(run.stages):
        if stage["kind"] == "edit":
            place = ", ".join(map(str, stage["place"]))
            text.add(f"net.{stage['name']}[{stage['layer']}][{place}] = {stage['value']!r}")
            continue
        epochs = ends[[j for j, _ in fits].index(i)] - stage["from"]
        if not epochs and made:
            continue
        limits = {"max_iter": epochs or FIRST_EPOCHS, "n_iter_no_change": epochs or FIRST_EPOCHS}
        if made:
            others = {name: value for name, value in stage["parameters"].items() if before.get(name) != value}
            text.add(f"net.set_params({_spelt({'warm_start': True, **limits, **others})})")
        else:
            init = _init(engine, text)
            text.needs("warnings")
            text.needs("sklearn.exceptions", "ConvergenceWarning")
            text.add('warnings.simplefilter("ignore", ConvergenceWarning)  # it ends where the lab was paused')
            text.add(f"net = {kind}(", *(f"    {name}={value!r}," for name, value in {**stage["parameters"], **limits}.items()), *init, ")")
        text.add(fit)
        made, before = True, stage["parameters"]
    if not run.epochs:
        text.lacks.append(f"Nothing has been trained yet: the program trains for {FIRST_EPOCHS} epochs.")
    if run.place is not None and run.place.done:
        text.lacks.append(f"The {run.place.batch} batches of the epoch under way are not in it.")
    if engine.status in ("diverged", "stopped"):
        text.lacks.append("The training ran away, and its best weights were kept: the program stops before that.")


def _init(engine: Engine, text: Text) -> list[str]:
    """First weights, where they were not drawn."""
    given = engine.run.init
    if given is None:
        return []
    if engine.run.trained:
        text.needs("glassnet.lab.datasets", "weights_of")
        return ["    init=weights_of(rows.run),"]
    if sum(W.size for W in given[0]) > MOST_NUMBERS:
        text.lacks.append("There are too many first weights to write them out: the program draws its own.")
        return []
    text.needs("numpy")
    spelt = ["[" + ", ".join(f'numpy.array({W.tolist()!r}, "{W.dtype}")' for W in part) + "]" for part in given]
    return [f"    init=({spelt[0]}, {spelt[1]}),"]


def _machine(engine: Engine, text: Text) -> None:
    run = engine.run
    text.needs("glassnet", "RBM")
    parameters = machine_parameters(engine.lesson)
    epochs = run.epochs if isinstance(run, MachineRun) else 0
    if not epochs:
        text.lacks.append("Nothing has been trained yet.")
    held = ", X_val=X[held_out]" if len(engine.lesson.held_out) else ""
    text.add(f"rbm = RBM({_spelt({**parameters, 'n_iter': epochs})})", f"rbm.fit(X[learned]{held})")


def _spelt(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items())
