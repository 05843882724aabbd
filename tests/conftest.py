import os

from hypothesis import HealthCheck, settings

# Kernels compile at their first call, so a deadline would measure the compiler.
settings.register_profile(
    "quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=1000)
settings.load_profile(os.environ.get("CANVASS_EXAMPLES", "quick"))
