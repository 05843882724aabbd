"""The locks: whole, with hashes, without an address, and true to the ranges of pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("build", "demo", "test", "label-studio")}
BASE = PROJECT["project"]["dependencies"]
EXTRAS = [line for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines]
GROUPS = PROJECT["dependency-groups"]
WANTED = {
    "build": GROUPS["build"],
    "demo": BASE,
    "test": [*BASE, *EXTRAS, *GROUPS["test"], *GROUPS["build"]],
    "label-studio": ["label-studio"],
}


def entries(name):
    """Give each requirement of a lock with its hashes."""
    text = LOCKS[name].read_text().replace("\\\n", " ")
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        yield Requirement(requirement), hashes


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_is_pinned_with_hashes_and_no_address(name):
    text = LOCKS[name].read_text()
    assert "://" not in text
    assert "--index" not in text
    for requirement, hashes in entries(name):
        assert [clause.operator for clause in requirement.specifier] == ["=="], requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_is_wanted_within_its_range(name):
    locked = {}
    for requirement, _ in entries(name):
        locked.setdefault(normalised(requirement.name), []).append(requirement)
    for line in WANTED[name]:
        wanted = Requirement(line)
        found = locked.get(normalised(wanted.name))
        assert found, f"{wanted.name} is in no lock; run make lock"
        for requirement in found:
            (version,) = (clause.version for clause in requirement.specifier)
            assert wanted.specifier.contains(version), f"{requirement} is out of {wanted}; run make lock"


def test_the_demo_installs_nothing_that_only_tests_need():
    demo = {normalised(requirement.name) for requirement, _ in entries("demo")}
    for line in [*EXTRAS, *GROUPS["test"]]:
        name = normalised(Requirement(line).name)
        assert name in {normalised(Requirement(base).name) for base in BASE} or name not in demo, name
