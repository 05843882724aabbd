"""`canvass demo`: the whole loop, told as a story."""

import re

import pytest
from commands import refused


@pytest.mark.slow
def test_demo_chooses_and_learns(canvass):
    result = canvass("demo")
    assert (result.code, result.err) == (0, "")
    text = " ".join(result.out.split())
    total = int(re.search(r"The embedded corpus: ([\d,]+) requests", text).group(1).replace(",", ""))
    assert total >= 20_000
    assert "1. Choose." in text
    assert "and 20 more" in text
    assert "2. Learn." in text
    errors = [float(value) for value in re.findall(r"majority-joint +([\d.]+)% █", result.out)]
    assert len(errors) == 4
    assert errors == sorted(errors, reverse=True)
    assert re.search(r"\d+% fewer errors are made after 90 annotations", text)
    assert "\x1b" not in result.out


@pytest.mark.slow
def test_demo_refuses_targets_that_it_has_too_little_of(canvass):
    assert refused(canvass("demo", "--target", "domain:nix"), "domain:nix", "take one of", "domain:timers")


def test_demo_refuses_what_is_no_target(canvass):
    assert refused(canvass("demo", "--target", "all"), "--target all", "name a domain")
    assert refused(canvass("demo", "--target", "timers"), "'timers'", "domain:NAME")
