"""How a computation graph is lettered, and the line below it that says what its boxes and lines mean."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from glassnet.seeing.palette import DASH, role
from glassnet.seeing.svg import add

RULES = """
svg.glassnet .v{font-size:12px;text-anchor:middle}
svg.glassnet .w{font-size:11px;text-anchor:middle}
svg.glassnet .n{font-size:12px}
svg.glassnet .s{font-size:10.5px}
svg.glassnet .b{font-weight:600}
svg.glassnet .m{text-anchor:middle}
svg.glassnet .e{text-anchor:end}
svg.glassnet .i{font-style:italic}
""".strip()


def draw_legend(parent: Element, x: float, y: float, *, back: bool) -> None:
    """What a box and a line mean; ``back`` where there are gradients."""
    if back:
        add(parent, "text", "value", class_="s f-ink", x=x, y=y)
        add(parent, "text", "over", class_="s f-quiet", x=x + 31, y=y)
        add(parent, "text", "gradient of L", class_="s f-gradient", x=x + 58, y=y)
        x += 140
    for value, words in ((1.0, "w above 0"), (-1.0, "w below 0")):
        dash = DASH if value < 0 else None
        add(parent, "line", x1=x, x2=x + 30, y1=y - 4, y2=y - 4, class_=f"s-{role(value)}", stroke_width=2, stroke_dasharray=dash)
        add(parent, "text", words, class_="s f-quiet", x=x + 36, y=y)
        x += 108
    add(parent, "text", "thick: |w·a| is large", class_="s f-quiet", x=x, y=y)
