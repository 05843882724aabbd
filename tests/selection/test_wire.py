"""Plans as bytes: what comes back chooses the same, and what was changed on the way is refused."""

import dataclasses
import hashlib
import io
import zipfile

import numpy as np
import pytest

from canvass.archive import packed, unpacked
from canvass.corpus.pool import Pool
from canvass.errors import EngineError, ModelFileError
from canvass.selection import wire
from canvass.selection.engines import select_each
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from canvass.selection.wire import KIND, PLANS_VERSION, PackedPlans, plans_of_bytes, plans_to_bytes
from canvass.strategies import STRATEGIES
from canvass.types import Target
from examples import MUSIC
from parameters import slow_unless
from pools import LABELLED, LONG, OWN, ROWS, trained

ALL = Target("all")


@pytest.fixture(scope="module")
def models():
    return {MUSIC: trained(MUSIC), ALL: trained(ALL)}


@pytest.fixture(scope="module")
def plans():
    targets = [MUSIC, Target("intent", "PlayMusic")]
    return Plans.train(LABELLED, targets, strategy="majority-joint", size=7, seed=3, max_tokens=30)


def changed(data, change):
    """Change the header and the arrays of sent plans."""
    header, arrays = unpacked(io.BytesIO(data), "x", KIND, PLANS_VERSION)
    change(header, arrays)
    return packed(KIND, PLANS_VERSION, header, arrays)


@pytest.mark.parametrize("name", slow_unless(["random", "majority-joint", "margin-balanced"], OWN))
def test_what_comes_back_chooses_the_same(models, name):
    target = ALL if STRATEGIES[name].for_all else MUSIC
    plans = Plans((Plan.of(models[target], {LONG, "play river", "ß"}, strategy=name, size=15, seed=4),))
    data = plans_to_bytes(plans)
    back = plans_of_bytes(data)
    assert plans_to_bytes(back) == data
    assert select_each(back, Pool.of(ROWS)) == select_each(plans, Pool.of(ROWS))


def test_every_field_of_a_plan_travels(plans):
    """Whoever adds a field to a plan has to ship it."""
    assert {field.name for field in dataclasses.fields(Plan)} == {
        "nlu", "strategy", "size", "seed", "max_tokens", "excluded", "variety", "shortlist", "scorer",
    }  # fmt: skip
    back = plans_of_bytes(plans_to_bytes(plans))
    for one, other in zip(back.plans, plans.plans, strict=True):
        for name in ("strategy", "size", "seed", "max_tokens", "variety", "shortlist"):
            assert getattr(one, name) == getattr(other, name)
        assert one.excluded.keys == other.excluded.keys
        assert one.nlu.target == other.nlu.target
        assert (one.nlu.positives, one.nlu.annotated) == (other.nlu.positives, other.nlu.annotated)


def test_shared_models_travel_once(models):
    one = Plan.of(models[MUSIC], (), size=5)
    two = Plan.of(models[MUSIC], (), strategy="random", size=9)
    data = plans_to_bytes(Plans((one, two)))
    assert len(data) < 1.2 * len(plans_to_bytes(Plans((one,))))
    back = plans_of_bytes(data)
    assert back.plans[0].nlu is back.plans[1].nlu


def test_no_pickle_travels(plans):
    data = plans_to_bytes(plans)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                np.lib.format.read_array(archive.open(name), allow_pickle=False)
    assert len(data) < 3_000_000


def test_another_digest_is_refused(plans):
    sent = PackedPlans.of(plans)
    assert sent.digest == hashlib.sha256(sent.data).hexdigest()
    for place in (0, len(sent.data) // 2, len(sent.data) - 1):
        data = bytearray(sent.data)
        data[place] ^= 1
        with pytest.raises(EngineError, match="not what the client sent"):
            PackedPlans(bytes(data), sent.digest).open()
    with pytest.raises(EngineError, match="not what the client sent"):
        PackedPlans(sent.data[:-1], sent.digest).open()


def test_opened_once(plans):
    sent = PackedPlans.of(plans)
    assert sent.open() is PackedPlans(bytes(bytearray(sent.data)), sent.digest).open()


def test_another_version_is_refused(plans, monkeypatch):
    data = plans_to_bytes(plans)
    monkeypatch.setattr(wire, "__version__", "9.9")
    with pytest.raises(EngineError, match=r"the client runs canvass 0\.1\.0, but a worker has 9\.9"):
        plans_of_bytes(data)
    with pytest.raises(ModelFileError, match="has version 2 of the plans format"):
        plans_of_bytes(packed(KIND, 2, {}, {}))


def drop_last_key(header, arrays):
    arrays["excluded_keys"] = arrays["excluded_keys"][:-1]


CHANGES = {
    "no models": lambda header, arrays: header.update(models=[]),
    "no plans": lambda header, arrays: header.update(plans=[]),
    "plans are no list": lambda header, arrays: header.update(plans=7),
    "an unknown strategy": lambda header, arrays: header["plans"][0].update(strategy="nix"),
    "size is a text": lambda header, arrays: header["plans"][0].update(size="7"),
    "size is zero": lambda header, arrays: header["plans"][0].update(size=0),
    "seed is missing": lambda header, arrays: header["plans"][0].pop("seed"),
    "model is negative": lambda header, arrays: header["plans"][0].update(model=-1),
    "other limits": lambda header, arrays: header["plans"][0].update(max_tokens=3),
    "an array is missing": lambda header, arrays: arrays.pop("0_committee_bias"),
    "an array more": lambda header, arrays: arrays.update({"1_more": np.zeros(3)}),
    "keys are cut": drop_last_key,
    "ends go back": lambda header, arrays: arrays.update(excluded_ends=arrays["excluded_ends"][::-1].copy()),
    "keys are no UTF-8": lambda header, arrays: arrays.update(excluded_keys=arrays["excluded_keys"] | 0x80),
    "ends are floats": lambda header, arrays: arrays.update(excluded_ends=arrays["excluded_ends"] * 1.0),
    "weights are not finite": lambda header, arrays: arrays.update({"0_committee_bias": np.full(3, np.nan)}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_makes_no_sense_is_refused(plans, name):
    data = changed(plans_to_bytes(plans), CHANGES[name])
    with pytest.raises(ModelFileError, match="the plan that was sent to this worker is damaged"):
        plans_of_bytes(data)


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"PK\x05\x06" + b"\0" * 18])
def test_other_bytes_are_refused(data):
    with pytest.raises(ModelFileError, match="the plan that was sent"):
        plans_of_bytes(data)
