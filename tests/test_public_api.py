"""The library as the README shows it, and what `import canvass` costs."""

import importlib
import json
import subprocess
import sys

import pytest

import canvass
from examples import labelled_and_rest

OPTIONAL_OR_HEAVY = [
    "dask",
    "pyspark",
    "matplotlib",
    "starlette",
    "numba",
    "pyarrow",
    "sklearn",
    "scipy",
    "numpy",
]


@pytest.mark.parametrize("name", canvass.__all__)
def test_every_name_can_be_imported(name):
    assert getattr(canvass, name) is not None
    assert name in dir(canvass)


def test_names_live_where_they_are_said_to(monkeypatch):
    assert canvass.Plan is importlib.import_module("canvass.selection.plan").Plan
    with pytest.raises(AttributeError, match="'canvass' has no attribute 'nix'"):
        _ = canvass.nix


def test_import_loads_nothing_heavy():
    code = "import canvass, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(done.stdout))
    assert "canvass" in loaded
    assert not loaded & set(OPTIONAL_OR_HEAVY)


def test_ten_lines(tmp_path, monkeypatch):
    """As in the README: read, train, select, look, write."""
    from cli.commands import write

    monkeypatch.chdir(tmp_path)
    known, rest = labelled_and_rest()
    write(tmp_path / "labelled.jsonl", known)
    write(tmp_path / "requests.jsonl", rest, annotated=False)

    target = canvass.Target.parse("domain:music")
    labelled = canvass.read_labelled(["labelled.jsonl"]).utterances
    plan = canvass.Plan.train(labelled, target, strategy="majority-crf", size=10, seed=1)
    pool = canvass.Pool.open(["requests.jsonl"])
    batch = canvass.select(plan, pool)
    for candidate in batch.candidates:
        assert candidate.prediction.intent in {"PlayMusic", "AddToPlaylist"}
        assert candidate.text in {one.text for one in rest}
    canvass.write_batch("batch.jsonl", batch)

    assert (tmp_path / "batch.jsonl").read_text(encoding="utf-8").count("\n") == 10


def test_the_parts_by_hand(tmp_path):
    """Committee, tagger and NLU follow scikit-learn: fit returns self, options by keyword."""
    known, rest = labelled_and_rest()
    target = canvass.Target("domain", "music")
    texts = [one.text for one in known]
    committee = canvass.Committee(seed=1)
    assert committee.fit(texts, [target.matches(one) for one in known]) is committee
    assert committee.decision_function(texts).shape == (len(texts), 3)
    slotted = [one for one in known if one.slots is not None]
    tagger = canvass.Tagger(iterations=20)
    assert tagger.fit([one.text for one in slotted], [one.slots for one in slotted]) is tagger
    nlu = canvass.NLU.train(known, target, seed=1)
    nlu.save(tmp_path / "m.npz")
    loaded = canvass.NLU.load(tmp_path / "m.npz")
    plan = canvass.Plan.of(loaded, {one.text for one in known}, size=5)
    batch = canvass.select(plan, canvass.Pool.of(rest), threads=1)
    assert [one.rank for one in batch.candidates] == [1, 2, 3, 4, 5]
    assert isinstance(batch.candidates[0].prediction.slots, tuple)


def test_errors_are_one_family():
    with pytest.raises(canvass.CanvassError, match="nix"):
        canvass.read_labelled(["nix.jsonl"])
    with pytest.raises(canvass.CanvassError, match="majority-crv"):
        canvass.Plan.train([], canvass.Target("all"), strategy="majority-crv")
