"""Functions and classes of the user's own, named on the command line as `module:name`."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from canvass.errors import OptionError, shown

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_callable_name(name: str) -> bool:
    """Tell whether a name has the form `module:name`.

    >>> is_callable_name("my_models.tagger:build"), is_callable_name("http://host:80"), is_callable_name("svm")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def load_callable(name: str, option: str) -> Callable[..., Any]:
    """Import what `module:name` names; modules are looked for in the current folder, too.

    * `name`: module and name, such as `my_models:build`.
    * `option`: the option that named it, for messages.

    Raises OptionError if the module cannot be imported, has no such name, or what it names cannot be called.
    """
    module, _, attribute = name.partition(":")
    folder = os.getcwd()  # noqa: PTH109 - entries of sys.path are strings
    if folder not in sys.path:
        sys.path.append(folder)  # last, so that no file there hides a library
    try:
        value = getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise OptionError(f"{option} {name}: the module {module} has no {attribute}") from None
    except Exception as error:  # a module of the user's raises whatever it likes
        raise OptionError(
            f"{option} {name}: importing {module} failed ({type(error).__name__}: {shown(str(error))}); it is looked "
            "for in the current folder and among the installed packages"
        ) from error
    if not callable(value):
        raise OptionError(f"{option} {name}: {attribute} is no function or class, and cannot be called")
    return value  # type: ignore[no-any-return]  # a callable by the line above
