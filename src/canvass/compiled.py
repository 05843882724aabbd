"""The one way to compile a kernel, so that all of them share their settings.

* `nogil`: blocks are scored on threads.
* `cache`: machine code is kept on disk, so that the next process starts at once.
* no `fastmath`: sums keep the order in which they are written, so that equal input gives equal bytes.
* `error_model="numpy"`: a division by zero gives inf or nan, as in numpy. Nothing raises inside a kernel, and
  inner loops carry no checks that would keep them from being vectorised.

numba throws cached code away when the file that holds a kernel changes, but not when a kernel or a constant that it
takes from another file does, and an installed file may keep its time stamp through an upgrade. So the stamp of every
kernel here is a digest of all sources that hold kernels, or constants that kernels take.

The first run on a machine, or after an upgrade, compiles what it needs; the log says how far it is (the command line
shows it to people on a terminal). `canvass compile` compiles all at once.
"""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event, types

# Some releases of numba ship types and some do not; Any suits both.
EVENTS: Any = event
Function = TypeVar("Function", bound="Callable[..., Any]")
unliteral: Any = types.unliteral
LOGGER = logging.getLogger(__name__)
CONSTANTS = ("seeding.py", "machine.py", "corpus/characters.py")
KERNELS = 81  # with their signatures; a test counts them
TOLD_EVERY = 10
SETTINGS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}


@functools.cache
def _digest_of_sources() -> str:
    package = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(package.rglob("*.py")):
        name, source = path.relative_to(package).as_posix(), path.read_bytes()
        if name in CONSTANTS or b"\n@compiled" in source or b"\n@inlined" in source:
            digest.update(name.encode() + b"\0" + source)
    return digest.hexdigest()


class _Notice(event.Listener):
    """Logs how far compilation is, from the first kernel of canvass on; loading compiled code is none."""

    done = 0
    told = False

    def on_start(self, event: Any) -> None:
        """Tell at the first kernel; what is not ours does not count."""
        if not self.told and _is_ours(event):
            self.told = True
            LOGGER.info("compiling for this machine, once; at most %d kernels", KERNELS)

    def on_end(self, event: Any) -> None:
        """Count, and tell after every few."""
        if _is_ours(event):
            self.done += 1
            if self.done % TOLD_EVERY == 0:
                LOGGER.info("compiled %d kernels", self.done)


def _is_ours(event: Any) -> bool:
    module: str = event.data["dispatcher"].py_func.__module__
    return module.startswith("canvass.")


EVENTS.register("numba:compile", _Notice())


def _keep_fresh(index: Any) -> None:
    """Use compiled code of these very sources only.

    numba reads its list of compiled code before it compares the stamps, which fails where the list names a type that
    these sources no longer have; such a list counts as empty.
    """
    load = index._load_index  # noqa: SLF001

    def load_index() -> dict[Any, str]:
        try:
            names: dict[Any, str] = load()
        except (AttributeError, ImportError):
            return {}
        return names

    index._source_stamp, index._load_index = _digest_of_sources(), load_index  # noqa: SLF001


def inlined(function: Function) -> Function:
    """Make a small function part of every kernel that calls it, which costs less than compiling it by itself."""
    kernel: Any = numba.njit(inline="always", **SETTINGS)(function)
    return cast("Function", kernel)


def compiled(function: Function) -> Function:
    """Compile a function with numba at its first call; to type checkers it stays what it was."""
    # Some releases of numba ship types and some do not; Any suits both.
    kernel: Any
    try:
        kernel = numba.njit(cache=True, **SETTINGS)(function)
    except RuntimeError:
        LOGGER.warning(
            "no folder to keep compiled code in; set NUMBA_CACHE_DIR, or every start will compile anew"
        )
        kernel = numba.njit(**SETTINGS)(function)
    else:
        _keep_fresh(kernel._cache._cache_file)  # noqa: SLF001 - numba has no other way
    find_template = kernel.get_call_template
    # numba would compile a kernel for each constant that another one calls it with, and again for any number.
    kernel.get_call_template = lambda arguments, named: find_template(
        tuple(map(unliteral, arguments)), {name: unliteral(kind) for name, kind in named.items()}
    )
    return cast("Function", kernel)
