import functools
import os
import signal

import typer.main
from hypothesis import HealthCheck, settings

# Kernels compile at their first call, so a deadline would measure the compiler.
settings.register_profile(
    "quick", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", parent=settings.get_profile("quick"), max_examples=60)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=1000)
# A shell starts what runs in the background with Ctrl-C ignored, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.load_profile(os.environ.get("CANVASS_EXAMPLES", "quick"))
# Of one process, all tests call the same command line: to build it takes longer than to refuse an option.
typer.main.get_command = functools.cache(typer.main.get_command)
