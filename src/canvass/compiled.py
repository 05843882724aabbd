"""The one way to compile a kernel, so that all of them share their settings.

* `nogil`: blocks are scored on threads.
* `cache`: machine code is kept on disk, so that the next process starts at once. numba notices a change of
  the file that holds a kernel, but not of a kernel that is called from another file: whoever edits a called
  kernel removes the `*.nbi` files of the callers' `__pycache__`.
* no `fastmath`: sums keep the order in which they are written, so that equal input gives equal bytes.
* `error_model="numpy"`: a division by zero gives inf or nan, as in numpy. Nothing raises inside a kernel, and
  inner loops carry no checks that would keep them from being vectorised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


def compiled(function: Function) -> Function:
    """Compile a function with numba at its first call; to type checkers it stays what it was."""
    # Some releases of numba ship types and some do not; Any suits both.
    kernel: Any = numba.njit(nogil=True, cache=True, fastmath=False, error_model="numpy")(function)
    return cast("Function", kernel)
