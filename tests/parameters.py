"""Parameters of which a few are tried in the quick suite, and all of them in CI."""

import pytest


def slow_unless(quick, cases):
    """Parametrise with all cases; those that are not in `quick` are marked slow.

    `quick` is a collection of cases, which must be among them, or a function that says of a case whether it is quick.
    """
    cases = list(cases)
    is_quick = quick if callable(quick) else set(quick).__contains__
    if not callable(quick) and (unknown := set(quick) - set(cases)):
        raise ValueError(f"no such cases: {unknown}")
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[] if is_quick(case) else [pytest.mark.slow],
        )
        for case in cases
    ]
