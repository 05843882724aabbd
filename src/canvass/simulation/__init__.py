"""Studies: simulated active learning on an annotated corpus whose labels are hidden.

A study stores the errors of each test utterance, so that any metric can be computed later. The names below are
loaded when they are first used: reading a study imports no model.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from canvass.simulation.runs import Round as Round
    from canvass.simulation.runs import run as run
    from canvass.simulation.start import TEST_SHARE as TEST_SHARE
    from canvass.simulation.start import Start as Start
    from canvass.simulation.start import split as split
    from canvass.simulation.store import read_study as read_study

_LAZY = {
    "Round": "runs",
    "Start": "start",
    "TEST_SHARE": "start",
    "read_study": "store",
    "run": "runs",
    "split": "start",
}
__all__ = sorted(_LAZY)  # noqa: PLE0605 - a list of strings


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'canvass.simulation' has no attribute {name!r}")
    return getattr(importlib.import_module(f"canvass.simulation.{_LAZY[name]}"), name)
