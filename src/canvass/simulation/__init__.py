"""Studies: play the loop with hidden labels, and store what happened so that any metric can be computed later.

The names below are loaded when they are first used: to read a study, no model is imported.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from canvass.simulation.runs import Round as Round
    from canvass.simulation.runs import play as play
    from canvass.simulation.start import TEST_SHARE as TEST_SHARE
    from canvass.simulation.start import Start as Start
    from canvass.simulation.start import split as split
    from canvass.simulation.store import read_study as read_study

_HOME = {
    "Round": "runs",
    "Start": "start",
    "TEST_SHARE": "start",
    "play": "runs",
    "read_study": "store",
    "split": "start",
}
__all__ = sorted(_HOME)  # noqa: PLE0605 - a list of strings


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'canvass.simulation' has no attribute {name!r}")
    return getattr(importlib.import_module(f"canvass.simulation.{_HOME[name]}"), name)
