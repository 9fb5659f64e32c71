"""What the page asks to see once: the error surface, the answer to a drawing, a Gibbs chain, the Python code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from glassnet.lab.arrays import Plain, numbers, packed, quantised, unpacked
from glassnet.lab.config import Refusal
from glassnet.lab.lesson import Lesson, ink
from glassnet.lab.panels import codes
from glassnet.lab.source import source_of
from glassnet.lab.view import pictures
from glassnet.networks.network import Workspace

if TYPE_CHECKING:
    from glassnet.lab.engine import Engine

Array = NDArray[Any]

PATH_POINTS = 150
WORK = 3e9
"""Multiplications of a whole error surface: a large network gets a coarser one, over fewer rows."""
MOST_ROWS, FEWEST_ROWS = 1000, 50
COARSEST = 15
TYPICAL = 200
"""Pictures that tell how large the ink of this dataset is."""
INKED = 0.25
"""Share of the darkest ink from which a pixel counts as drawn."""


def landscape(engine: Engine, command: Plain) -> None:
    """Send the error surface around the newest weights, and the path on it."""
    from glassnet.seeing.figures.descent_path import DescentPath
    from glassnet.seeing.figures.error_surface import ErrorSurfaceDisplay

    run, lesson = engine.run, engine.lesson
    if run is None or engine.config.mode == "rbm" or not run.recording:
        raise Refusal("there is no network yet.", None, "busy")
    resolution, weights, directions = command.get("resolution", 31), command.get("weights"), command.get("directions")
    if not isinstance(resolution, int) or isinstance(resolution, bool) or not 11 <= resolution <= 81:
        raise Refusal(f"resolution must be a whole number from 11 to 81; got {str(resolution)[:40]!r}.", "resolution")
    if weights is not None and (not isinstance(weights, list) or len(weights) != 2 or not all(isinstance(one, str) for one in weights)):
        raise Refusal(f"weights must be the names of two, such as ['w1_1_1', 'b1_1']; got {str(weights)[:60]}.", "weights")
    engine.pause()
    epochs, thetas = run.recording.path(PATH_POINTS)
    if directions is None and weights is None:
        spread = np.linalg.matrix_rank((thetas - thetas[-1]).astype(np.float64)) if len(thetas) > 2 else 0
        directions = "path" if spread > 1 else "random"
    rows = lesson.learned
    resolution = int(np.clip((WORK / (2 * FEWEST_ROWS * thetas.shape[1])) ** 0.5, min(COARSEST, resolution), resolution))
    most = int(np.clip(WORK / (resolution**2 * thetas.shape[1]), FEWEST_ROWS, MOST_ROWS))
    rows = rows[:: -(-len(rows) // most)]
    seen = ErrorSurfaceDisplay.from_estimator(
        run.subject,
        *lesson.part(rows),
        weights=None if weights is None else (weights[0], weights[1]),
        directions=directions,
        path=DescentPath(thetas, ""),
        resolution=resolution,
    )
    assert seen.path is not None and seen.path_losses is not None
    message = {
        "run": engine.number,
        "epoch": run.epochs,
        "names": list(seen.plane.names),
        "told": seen.plane.told,
        "s": packed(seen.s),
        "t": packed(seen.t),
        "losses": packed(seen.losses),
        "path": packed(seen.path),
        "path_epochs": packed(epochs, "i4"),
        "path_losses": packed(seen.path_losses),
        "rows": len(rows),
    }
    engine.link.send("landscape", message)


def draw(engine: Engine, command: Plain) -> Plain:
    """How the network answers a picture drawn by hand."""
    lesson, run = engine.lesson, engine.run
    if lesson.data.picture is None or run is None:
        raise Refusal("these rows are no pictures. Choose the digits, or a folder of pictures, to draw one.", None, "busy")
    try:
        drawn = unpacked(command.get("pixels"))
    except ValueError as error:
        raise Refusal(str(error), "pixels", "malformed") from error
    pixels = drawing_as_rows(drawn, lesson, centre=command.get("centre", True) is True)
    shown = {"picture": _shown(pixels, lesson), "reconstruction": None}
    if engine.config.mode == "rbm":
        V = pixels if pixels.dtype != np.uint8 else ink(pixels)
        run.drawing = V
        H = run.hidden_means(V)
        layers = [_layer("hidden units", H)]
        again = pictures(run.visible_means(H), lesson, [0.0], [1.0])
        return {**shown, "layers": layers, "prediction": [], "answer": "", "reconstruction": again}
    view = engine.view
    if view is None:
        raise Refusal("there is no network yet.", None, "busy")
    X = pixels if lesson.preparation is None else lesson.preparation.transform(pixels)
    _, parameters = run.weights_at(engine.shown)
    work = Workspace(view.network, 1, view.dtype)
    with np.errstate(all="ignore"):
        view.network.forward(parameters, np.ascontiguousarray(X, view.dtype), work)
        prediction = view.predicted(work.raw.copy())
    layers = [_layer(f"hidden layer {l}", A) for l, A in enumerate(work.A[:-1], 1)]
    answer = str(engine.data.classes[int(codes(prediction)[0])]) if engine.data.classifies else f"{prediction[0, 0]:.4g}"
    return {**shown, "layers": [*layers, _layer("output", prediction)], "prediction": numbers(prediction[0]), "answer": answer}


def _layer(name: str, A: Array) -> Plain:
    return {"name": name, "units": A.shape[1], "activations": quantised(A[:1])}


def _shown(pixels: Array, lesson: Lesson) -> Plain:
    return pictures(pixels, lesson, [0.0], [255.0 if pixels.dtype == np.uint8 else 1.0])


def drawing_as_rows(drawn: Array, lesson: Lesson, *, centre: bool) -> Array:
    """Ink of any size as one row of the dataset's pictures: their bytes, or shares of ink. Raises Refusal for an empty sheet."""
    assert lesson.data.picture is not None
    height, width, channels = lesson.data.picture
    rows, columns = np.nonzero(drawn > 32)
    if not len(rows):
        raise Refusal("the sheet is empty. Draw something on it.", "pixels")
    if centre:
        share_y, share_x = _extent(lesson)
        cut = drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        scale = min(share_y * height / cut.shape[0], share_x * width / cut.shape[1])
        size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
        small = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR))
        sheet = np.zeros((height, width), np.uint8)
        top, left = (height - size[1]) // 2, (width - size[0]) // 2
        sheet[top : top + size[1], left : left + size[0]] = small
    else:
        sheet = np.asarray(Image.fromarray(drawn).resize((width, height), Image.Resampling.BOX))
    bytes_ = np.repeat(sheet.reshape(1, -1, 1), channels, axis=2).reshape(1, -1)
    return np.ascontiguousarray(bytes_) if lesson.data.X.dtype == np.uint8 else ink(bytes_)


def _extent(lesson: Lesson) -> tuple[float, float]:
    """How much of height and width the ink of a typical picture takes; what is no ink on a dark ground counts as filling it."""
    assert lesson.data.picture is not None
    height, width, channels = lesson.data.picture
    some = lesson.data.X[lesson.learned[:TYPICAL]].reshape(-1, height, width, channels).max(axis=3)
    inked = some > INKED * some.max()
    tall, wide = inked.any(axis=2).sum(axis=1), inked.any(axis=1).sum(axis=1)
    return float(np.quantile(tall, 0.75)) / height, float(np.quantile(wide, 0.75)) / width


def gibbs(engine: Engine, command: Plain) -> None:
    """A Gibbs chain: start, stop, one sweep, or away with it."""
    run, action = engine.run, command.get("action")
    if engine.config.mode != "rbm" or run is None or not run.ready:
        raise Refusal("a Gibbs chain needs a Boltzmann machine: choose it first.", None, "busy")
    if action not in ("start", "stop", "step", "clear"):
        raise Refusal(f"action must be 'start', 'stop', 'step' or 'clear'; got {str(action)[:40]!r}.", "action")
    begin = command.get("begin", "noise")
    if begin not in ("noise", "examples", "drawing"):
        raise Refusal(f"begin must be 'noise', 'examples' or 'drawing'; got {str(begin)[:40]!r}.", "begin")
    if action == "clear":
        run.clear_chain()
    elif action == "stop":
        run.chain_runs = False
    else:
        if action == "start" or not run.has_chain:
            run.start_chain(begin)
        run.chain_runs = action == "start"
        if action == "step":
            run.sweep()
    engine.publisher.due("rbm")


def code(engine: Engine, command: Plain) -> Plain:
    """The Python that does what is on the screen."""
    return dict(zip(("code", "exact", "told"), source_of(engine), strict=True))


LOOKS: dict[str, Callable[[Engine, Plain], Any]] = {"landscape": landscape, "draw": draw, "gibbs": gibbs, "code": code}
