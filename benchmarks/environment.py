"""Where results were made: the processor, and the versions of what took part. No host name, no path."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import canvass

PACKAGES = (
    "canvass-nlu", "numpy", "numba", "pyarrow", "scipy", "scikit-learn", "python-crfsuite", "vowpalwabbit",
    "small-text", "distributed", "pyspark",
)  # fmt: skip


def machine() -> dict[str, str | float]:
    """Describe the machine."""
    found: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return {
        "processor": found.get("model name", platform.processor()),
        "cache": found.get("cache size", ""),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "load_before": round(os.getloadavg()[0], 1),  # of others, who make figures worse
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """List the versions of what is installed, and canvass's commit."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    git = ["git", "-C", str(Path(canvass.__file__).parent), "describe", "--always", "--dirty"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return {**found, **({"commit": done.stdout.strip()} if done.returncode == 0 else {})}
