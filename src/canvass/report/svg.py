"""SVG elements from matplotlib figures, with the page's colours and font, and with alternative text.

Colours are drawn as placeholders that are replaced by CSS variables, so that one drawing serves light and dark pages.
Text stays text, in the page's font.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax.saxutils import escape

from canvass.errors import needing

# The page defines a light and a dark colour for each role. Nothing else is drawn in the placeholder colours.
ROLES = ("ink", "muted", "grid", "paper", "faint", "easy", "s1", "s2", "s3", "s4", "s5")
PLACEHOLDERS = {role: f"#0b{number:02x}c3" for number, role in enumerate(ROLES, start=16)}
SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 11.0,
    "axes.edgecolor": PLACEHOLDERS["muted"],
    "axes.labelcolor": PLACEHOLDERS["muted"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": PLACEHOLDERS["ink"],
    "xtick.color": PLACEHOLDERS["muted"],
    "ytick.color": PLACEHOLDERS["muted"],
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "grid.color": PLACEHOLDERS["grid"],
    "grid.linewidth": 0.8,
    "path.simplify": False,
}


def canvas(width: float, height: float, name: str) -> tuple[Any, Any, Any]:
    """Make a matplotlib context, a figure of `width` by `height` pixels and its axes; `name` is unique in the page.

    Raises ExtraMissingError if matplotlib is not installed.
    """
    with needing(
        "the figures of an HTML report (report.md and report.json have none) need matplotlib", "report"
    ):
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    # The defaults of matplotlib, not the user's own style.
    settings: Any = {**mpl.rcParamsDefault, **SETTINGS, "svg.hashsalt": name}
    settings.pop("backend", None)
    context = mpl.rc_context(settings)
    with context:
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
    return mpl.rc_context(settings), figure, axes


def embedded(figure: Any, name: str, title: str, description: str, titles: dict[str, str]) -> str:
    """Write a figure as an `svg` element with alternative text; `titles` maps the gids of artists to tooltips."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    for gid, words in titles.items():
        drawn = drawn.replace(f'<g id="{gid}">', f"<g><title>{escape(words)}</title>")
    drawn = _own_names(drawn, name)
    drawn = _own_style(drawn)
    view = re.search(r'viewBox="([^"]*)"', drawn)
    inside = drawn[drawn.index(">") + 1 :]
    label = f'role="img" aria-labelledby="{name}-t {name}-d"'
    words = f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view[1] if view else ""}" {label}>{words}{inside}'
    )


def _own_names(drawn: str, name: str) -> str:
    """Prefix the ids that are referred to with the figure's name, unique in the page; drop the other ids."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', drawn))
    drawn = re.sub(
        r' id="([^"]*)"', lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", drawn
    )
    drawn = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", drawn)
    return re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{name}-\1"', drawn)


def _own_style(drawn: str) -> str:
    """Use the page's fonts and colours, and round numbers to two digits."""
    for role, placeholder in PLACEHOLDERS.items():
        drawn = drawn.replace(placeholder, f"var(--{role})")
    drawn = re.sub(r"font: ([\d.]+px) '[^;\"]*", r"font-size: \1", drawn)
    drawn = re.sub(r"font-family: [^;\"]*;? ?", "", drawn)
    drawn = re.sub(r"<!--.*?-->", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"-?\d+\.\d{3,}", lambda match: _rounded(match[0]), drawn)
    drawn = re.sub(r' style="stroke-linecap: butt"', "", drawn)
    # A marker's style is written once for the group that is drawn with it.
    drawn = re.sub(r"<g( clip-path=\"[^\"]*\")?>\s*((?:<use [^>]*>\s*)+)</g>", _styled_once, drawn)
    return re.sub(r"\s*\n\s*", "\n", drawn)


def _rounded(digits: str) -> str:
    shown = f"{float(digits):.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def _styled_once(match: re.Match[str]) -> str:
    styles = set(re.findall(r' style="([^"]*)"', match[2]))
    if len(styles) != 1:
        return match[0]
    uses = re.sub(r' style="[^"]*"', "", match[2])
    return f'<g{match[1] or ""} style="{styles.pop()}">{uses}</g>'
