"""Where everything of a diagram stands, in units of the picture (CSS pixels at full size), the origin at the top left.

    names | inputs | hidden layers ... | outputs | predictions | loss

Columns are centred on one line; signs of folded units and bias units hang below. Where a network is small, every weight is written
beside its edge, and the rows are spaced so that these numbers stand apart: at the part t = 1 / (n_out + 1) of the way from n_in units
to n_out units, rows of one pitch p put all n_in n_out numbers p / (n_out + 1) apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from glassnet.seeing.diagram.selection import Column
from glassnet.seeing.svg import shortened, width_of

MARGIN = 18.0
TOP = 46.0  # below the title
HEADING_LINES = (13.0, 11.0, 10.5)  # font sizes
HEADING = 52.0
NAME, VALUE, SMALL = 12.0, 10.0, 9.0  # font sizes
LONGEST_NAME = 170.0
LONGEST_HEADING = 170.0
GAP = 136.0  # between the centres of two columns, at least
LABEL = 16.0  # between two written weights
MOST_LABELS = 30
MOST_WRITTEN_TO = 4  # units of a layer whose incoming weights are written
WIDEST_GAP = 215.0
SAID = 10.5  # font size of a prediction
BIAS_R = 9.0
PICTURE = 132.0
LOSS_WIDTH, LOSS_HEIGHT = 84.0, 38.0


@dataclass(frozen=True)
class Place:
    """A column of the picture: its middle line, and where each of its drawn units stands."""

    column: Column
    heading: tuple[str, ...]
    x: float
    r: float
    y: dict[int, float]
    rest: float | None
    bias: float | None

    def moved(self, dx: float, dy: float) -> Place:
        """The same place elsewhere."""
        y = {unit: at + dy for unit, at in self.y.items()}
        rest, bias = (None if at is None else at + dy for at in (self.rest, self.bias))
        return replace(self, x=self.x + dx, y=y, rest=rest, bias=bias)

    @property
    def bottom(self) -> float:
        """The lowest point of what is drawn."""
        ends = [max(self.y.values()) + self.r]
        ends += [] if self.rest is None else [self.rest + 10]
        ends += [] if self.bias is None else [self.bias + BIAS_R]
        return max(ends)


@dataclass(frozen=True)
class Layout:
    """All places; ``written`` where weights are written beside their edges."""

    width: float
    height: float
    places: tuple[Place, ...]
    names: dict[int, str]
    predictions_x: float
    loss: tuple[float, float] | None
    picture: tuple[float, float, float] | None
    written: bool

    def moved(self, dx: float) -> Layout:
        """The same, further to the right."""
        loss = None if self.loss is None else (self.loss[0] + dx, self.loss[1])
        picture = None if self.picture is None else (self.picture[0] + dx, *self.picture[1:])
        places = tuple(place.moved(dx, 0) for place in self.places)
        return replace(self, places=places, predictions_x=self.predictions_x + dx, loss=loss, picture=picture)

    @property
    def middle(self) -> float:
        """The line on which the columns are centred."""
        y = self.places[-1].y.values()
        return (min(y) + max(y)) / 2

    @property
    def bottom(self) -> float:
        """The lowest point of the columns."""
        ends = [place.bottom for place in self.places]
        return max(ends if self.picture is None else [*ends, self.picture[1] + self.picture[2] + 22])

    def written_at(self, place: int) -> float:
        """The part of the way to the next column at which weights are written."""
        return part_of_the_way(len(self.places[place + 1].y))


def part_of_the_way(n_out: int) -> float:
    """Where between two columns the weights stand apart best."""
    return 1 / (n_out + 1) if n_out > 1 else 0.36


def laid_out(
    columns: Sequence[Column],
    headings: Sequence[tuple[str, ...]],
    *,
    biases: Sequence[bool],
    names: dict[int, str],
    predictions: float,
    values: bool,
    gradients: bool,
    picture: bool,
    originals: bool = False,
) -> Layout:
    """The places of ``columns`` below their ``headings``.

    biases        per column, whether a bias unit of it feeds the next
    names         of the drawn inputs
    predictions   width of the words to the right of the outputs
    values        numbers stand in the units; gradients: two in each, and a loss at the end
    picture       the input is shown as an image
    originals     below each name stands what the input was before preparation
    """
    written = _can_be_written(columns, biases)
    places = []
    for column, heading, bias in zip(columns, headings, biases, strict=True):
        r = (19.0 if gradients else 17.0) if values else (6.0 if column.layer == 0 else 15.0)
        pitch = 2 * r + (6 if column.folded == 0 or column.layer == 0 else 13) if r > 10 else 26.0
        places.append(_column(column, heading, r, max(written, pitch), bias=bias))
    short = {unit: shortened(name, NAME, LONGEST_NAME) for unit, name in names.items()}
    words = max((width_of(name, NAME) for name in short.values()), default=0.0)
    if originals:
        words = max(words, 60.0)
    if places[0].column.folded:
        words = max(words, width_of(f"{places[0].column.folded:,} more", NAME))
    picture_at = MARGIN if picture else None
    x = MARGIN + (PICTURE + 16 if picture else 0) + max(words + 8 + places[0].r, _half_heading(places[0]))
    tallest = max(max(place.y.values()) - min(place.y.values()) for place in places)
    set_out = []
    for i, place in enumerate(places):
        if i:
            x += _gap(places[i - 1], place, tallest, written=bool(written))
        set_out.append(place.moved(x, 0))
    predictions_x = x + places[-1].r + 9
    right = max(predictions_x + predictions, x + _half_heading(places[-1]))
    loss_x = predictions_x + predictions + 34 + LOSS_WIDTH / 2 if gradients else None
    width = max(right, 0.0 if loss_x is None else loss_x + LOSS_WIDTH / 2) + MARGIN
    top = TOP + HEADING + 8
    highest = max(place.r - min(place.y.values()) + (10 if place.column.folded and place.column.layer else 0) for place in set_out)
    down = top + max(highest, PICTURE / 2 if picture else 0, 30 if gradients else 0)
    set_out = [place.moved(0, down) for place in set_out]
    layout = Layout(width, 0.0, tuple(set_out), short, predictions_x, None, None, bool(written))
    if loss_x is not None:
        layout = replace(layout, loss=(loss_x, down))
    if picture_at is not None:
        layout = replace(layout, picture=(picture_at, down - PICTURE / 2, PICTURE))
    return replace(layout, height=layout.bottom)


def _column(column: Column, heading: tuple[str, ...], r: float, pitch: float, *, bias: bool) -> Place:
    """A column centred on y = 0."""
    first = -(len(column.units) - 1) / 2 * pitch
    y = {unit: first + i * pitch for i, unit in enumerate(column.units)}
    end = first + (len(column.units) - 1) * pitch
    rest = end + max(pitch - 6, r + 20) if column.folded else None
    below = end + max(pitch, r + BIAS_R + 6) if rest is None else rest + BIAS_R + 26
    return Place(column, heading, 0.0, r, y, rest, below if bias else None)


def _can_be_written(columns: Sequence[Column], biases: Sequence[bool]) -> float:
    """The pitch at which every weight can be written beside its edge; 0 where there are too many."""
    edges, pitch = 0, 0.0
    for left, right, bias in zip(columns[:-1], columns[1:], biases[:-1], strict=True):
        n = len(right.units)
        edges += (len(left.units) + bias) * n
        pitch = max(pitch, LABEL * (n + 1) if n > 1 else LABEL / (1 - part_of_the_way(1)))
        if n > MOST_WRITTEN_TO or right.layer != left.layer + 1 or (left.folded and n > 1):
            return 0.0
    return pitch if edges <= MOST_LABELS else 0.0


def _gap(left: Place, right: Place, tallest: float, *, written: bool) -> float:
    """Between the middle lines of two columns: wider where they are tall, so that edges are not too steep."""
    gap = max(GAP, min(0.34 * tallest, WIDEST_GAP), _half_heading(left) + _half_heading(right) + 14)
    if written:
        gap = max(gap, (left.r + 28) / part_of_the_way(len(right.y)), 170.0)
    if right.column.layer != left.column.layer + 1:
        gap += 60
    return gap


def _half_heading(place: Place) -> float:
    return max(width_of(text, size) for text, size in zip(place.heading, HEADING_LINES, strict=False)) / 2
