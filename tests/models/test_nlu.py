"""The models of a target: train, predict, save, load."""

import json
import math
import os
import random
import signal
import threading
import time
import zipfile
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from canvass import archive
from canvass.corpus.normalise import keys
from canvass.errors import CanvassError, FileError, ModelFileError, TargetError, TrainingError
from canvass.models.crf.transitions import WIDEST
from canvass.models.nlu import NLU, VERSION, train_all
from canvass.models.tagger import Tagger
from canvass.types import Target, Utterance
from examples import MUSIC, labelled_and_rest, music, others
from texts import NOTABLE

LABELLED, REST = labelled_and_rest()
TEXTS = [one.text for one in REST] + NOTABLE
ALL = Target("all")
BARE = [Utterance(one.text, domain="music") for one in music()[:20]]

KINDS = {
    "a domain": (LABELLED, MUSIC, {}),
    "an intent": (LABELLED, Target("intent", "PlayMusic"), {}),
    "all": (LABELLED, ALL, {}),
    "few features": (LABELLED, MUSIC, {"bits": 9}),
    "few features, all": (LABELLED, ALL, {"bits": 9}),
    "no intents": ([Utterance(one.text, domain=one.domain, slots=one.slots) for one in LABELLED], MUSIC, {}),
    "no slot": ([Utterance(one.text, domain=one.domain, intent=one.intent, slots=()) for one in LABELLED], MUSIC, {}),
    "no tagger": ([*BARE, *others()], MUSIC, {}),
    "a committee alone": ([Utterance("a", domain="music"), Utterance("b")], MUSIC, {}),
    "a tagger alone": ([Utterance("a", slots=()), Utterance("b", slots=())], ALL, {}),
    "nothing": ([Utterance("a"), Utterance("b")], ALL, {}),
}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def nlu(request):
    labelled, target, options = KINDS[request.param]
    return NLU.train(labelled, target, iterations=15, **options)


@pytest.fixture(scope="module")
def full():
    return NLU.train(LABELLED, MUSIC, iterations=15, bits=10)


def everything(nlu):
    """All that the models say of some texts."""
    column = keys(pa.array(TEXTS, type=pa.string()))
    found = [[array.tobytes() for array in nlu.confidence(column)]]
    if nlu.tagger is not None:
        found.append(nlu.predict(TEXTS))
    if nlu.committee is not None:
        found.append(nlu.committee.decision_function(TEXTS).tobytes())
    return found


def test_save_and_load_give_the_same_predictions_and_the_same_bytes(nlu, tmp_path):
    for name in ("one", "two"):
        nlu.save(tmp_path / name)
    back = NLU.load(tmp_path / "one")
    assert (back.target, back.positives, back.annotated) == (nlu.target, nlu.positives, nlu.annotated)
    for model in ("committee", "intents", "tagger"):
        assert (getattr(back, model) is None) == (getattr(nlu, model) is None)
    assert everything(back) == everything(nlu)
    back.save(tmp_path / "three")
    assert len({(tmp_path / name).read_bytes() for name in ("one", "two", "three")}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "three", "two"]


def test_training_twice_gives_the_same_file(full, tmp_path):
    full.save(tmp_path / "one")
    NLU.train(LABELLED, MUSIC, iterations=15, bits=10).save(tmp_path / "two")
    NLU.train(LABELLED, MUSIC, iterations=15, bits=10, seed=1).save(tmp_path / "three")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_bytes() != (tmp_path / "three").read_bytes()


def test_several_targets_together_are_each_as_if_alone(tmp_path):
    targets = [
        MUSIC,
        Target("intent", "PlayMusic"),
        ALL,
        *(Target("domain", one) for one in others_of(LABELLED)),
    ]
    together = train_all(LABELLED, targets, iterations=15, bits=10, seed=4)
    for number, (target, found) in enumerate(zip(targets, together, strict=True)):
        found.save(tmp_path / f"{number}")
        NLU.train(LABELLED, target, iterations=15, bits=10, seed=4).save(tmp_path / "alone")
        assert (tmp_path / f"{number}").read_bytes() == (tmp_path / "alone").read_bytes()
    assert train_all(LABELLED, []) == []


def others_of(utterances):
    return sorted({one.domain for one in utterances if one.domain is not None} - {MUSIC.name})


def test_a_target_that_is_not_there_is_refused_before_any_training(monkeypatch):
    monkeypatch.setattr("canvass.models.nlu.examples_of", pytest.fail)
    with pytest.raises(TargetError, match="'muzic'"):
        train_all(LABELLED, [MUSIC, Target("domain", "muzic")])


def test_what_is_trained_on_what():
    half = [Utterance("play one", domain="music", intent="PlayMusic", slots=None)]
    found = NLU.train([*music()[:7], *half, *others()], MUSIC, iterations=5, bits=10)
    assert (found.positives, found.annotated) == (8, 7)
    assert found.intents.names == ["PlayMusic"]
    assert not any("Timer" in name for name in NLU.train(LABELLED, MUSIC, bits=10).intents.names)
    assert NLU.train(LABELLED, ALL, bits=10).intents.names == sorted({one.intent for one in LABELLED})


def test_predictions_find_intents_and_slots(full):
    text = "  please  play   thriller by  miles\u00a0davis"
    (found,) = full.predict([text])
    assert found.intent == "PlayMusic"
    assert [(text[slot.start : slot.end], slot.label) for slot in found.slots] == [
        ("thriller", "SongName"),
        ("miles\u00a0davis", "ArtistName"),
    ]
    assert 0.5 < found.intent_probability <= 1.0
    assert 0.0 < found.confidence <= 1.0
    words = [text[start:end] for start, end, _ in found.certainty]
    assert words == ["please", "play", "thriller", "by", "miles", "davis"]
    # The chance of a whole path is no larger than that of any of its tags.
    assert found.confidence <= min(sure for _, _, sure in found.certainty) * (1 + 1e-9)


def test_one_by_one_equals_all_at_once(full):
    together = full.predict(TEXTS)
    assert together == [full.predict([text])[0] for text in TEXTS]
    assert full.predict([]) == []
    sure = full.confidence(keys(pa.array(TEXTS, type=pa.string())))
    assert [math.exp(one) for one in sure.log_crf.tolist()] == [one.confidence for one in together]
    assert [math.exp(one) for one in sure.log_intent.tolist()] == [one.intent_probability for one in together]
    assert sure.lengths.tolist() == [len(one.certainty) for one in together]


def test_without_a_tagger_no_slots_are_predicted():
    found = NLU.train([*(replace(one, slots=None) for one in music()), *others()], MUSIC, bits=10)
    (predicted,) = found.predict(["play"])
    assert (predicted.slots, predicted.confidence, predicted.tagged) == ((), 1.0, False)
    assert predicted.intent in found.intent_names
    nameless = NLU.train([*BARE, *others()], MUSIC, bits=10)
    assert not nameless.can_predict
    with pytest.raises(TrainingError, match=r"no utterance of domain:music .* has an intent, .* at least 2"):
        nameless.predict(["play"])
    assert found.confidence(keys(pa.array(["play"]))).log_crf.tolist() == [0.0]


def test_targets_and_examples_that_make_no_sense():
    with pytest.raises(TargetError, match="did you mean music"):
        NLU.train(LABELLED, Target("domain", "muzic"))
    with pytest.raises(TargetError, match=r", \.\.\.\)"):
        NLU.train([Utterance("a", domain=f"d{number}") for number in range(30)], MUSIC)
    with pytest.raises(TrainingError, match="needs others"):
        NLU.train(music(), MUSIC)
    with pytest.raises(TrainingError, match="no utterance"):
        NLU.train([], ALL)


# Damaged files


@pytest.fixture(scope="module")
def saved(full, tmp_path_factory):
    path = tmp_path_factory.mktemp("nlu") / "model"
    full.save(path)
    return path


def parts_of(saved):
    header, arrays = archive.load(saved, "model", VERSION)
    return dict(header), dict(arrays)


def test_bytes_flipped_at_random(full, saved, tmp_path):
    content = saved.read_bytes()
    dice = random.Random(9)
    expected = full.predict(TEXTS[:3])
    places = [dice.randrange(len(content)) for _ in range(40)]
    places += [len(content) - 1 - dice.randrange(600) for _ in range(80)]  # the directory at the end
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= dice.choice([1, 4, 6, 8, 128, 255])
        (tmp_path / "m").write_bytes(damaged)
        try:
            found = NLU.load(tmp_path / "m")
        except ModelFileError:
            continue
        assert found.predict(TEXTS[:3]) == expected


def test_truncations(saved, tmp_path):
    content = saved.read_bytes()
    for length in [0, 1, 100, *range(1000, len(content), 2000), len(content) - 1]:
        (tmp_path / "m").write_bytes(content[:length])
        with pytest.raises(ModelFileError, match="damaged"):
            NLU.load(tmp_path / "m")


def test_a_plan_or_a_later_version_or_no_file(saved, tmp_path):
    header, arrays = parts_of(saved)
    archive.save(tmp_path / "plan", "plan", 1, header, arrays)
    archive.save(tmp_path / "later", "model", VERSION + 1, header, arrays)
    with pytest.raises(ModelFileError, match="is a plan file"):
        NLU.load(tmp_path / "plan")
    with pytest.raises(ModelFileError, match=f"version {VERSION + 1}"):
        NLU.load(tmp_path / "later")
    with pytest.raises(FileError, match="No such file"):
        NLU.load(tmp_path / "none")


HEADERS = {
    "target": ["music", "", None, 3, "domain:", ["all"]],
    "positives": ["many", None, -1, 2.5, float("inf"), float("nan"), True],
    "annotated": ["many", None, -1, 10**30 * 1.0],
    "members": [[], ["logistic"], "logistic", True, ["hinge", "logistic", "squared"], 0],
    "bits": [0, -1, 9, 27, 10**9, "10", None, 10.0, float("nan"), [10]],
    "intents": [[], "AB", ["PlayMusic", "AddToPlaylist"], ["AddToPlaylist"], [1, 2], ["A", "A"], ["A", None], 2, {"A": 1, "B": 2}],
    "tags": [[], "OBI", ["O"], [1, 2, 3, 4, 5], 5, {"O": 1}, ["O", "X", "Y", "Z", "W"]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in HEADERS.items() for value in values]
)
def test_headers_that_do_not_fit_are_refused(saved, tmp_path, field, value):
    header, arrays = parts_of(saved)
    archive.save(tmp_path / "m", "model", VERSION, header | {field: value}, arrays)
    with pytest.raises(ModelFileError, match=r"m is damaged"):
        NLU.load(tmp_path / "m")


@pytest.mark.parametrize("field", HEADERS)
def test_headers_that_lack_a_field_are_refused(saved, tmp_path, field):
    header, arrays = parts_of(saved)
    del header[field]
    archive.save(tmp_path / "m", "model", VERSION, header, arrays)
    with pytest.raises(ModelFileError, match=field):
        NLU.load(tmp_path / "m")


@pytest.mark.parametrize("header", [None, [], "x", 3])
def test_headers_of_another_kind_are_refused(saved, tmp_path, header):
    with zipfile.ZipFile(saved) as there:
        entries = {name: there.read(name) for name in there.namelist()}
    document = json.loads(entries["header.json"]) | {"header": header}
    with zipfile.ZipFile(tmp_path / "m", "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in (entries | {"header.json": json.dumps(document).encode()}).items():
            written.writestr(name, content)
    with pytest.raises(ModelFileError, match="damaged"):
        NLU.load(tmp_path / "m")


@pytest.mark.parametrize("model", ["members", "intents", "tags"])
def test_arrays_of_a_model_that_the_header_does_not_have_are_refused(saved, tmp_path, model):
    header, arrays = parts_of(saved)
    archive.save(tmp_path / "m", "model", VERSION, header | {model: None}, arrays)
    with pytest.raises(ModelFileError, match="belong to no model"):
        NLU.load(tmp_path / "m")


def test_every_array_is_needed_and_no_other(saved, tmp_path):
    header, arrays = parts_of(saved)
    assert len(arrays) == 12
    for name in arrays:
        fewer = {other: array for other, array in arrays.items() if other != name}
        archive.save(tmp_path / "m", "model", VERSION, header, fewer)
        with pytest.raises(ModelFileError, match=name):
            NLU.load(tmp_path / "m")
    archive.save(tmp_path / "m", "model", VERSION, header, arrays | {"more": np.zeros(3)})
    with pytest.raises(ModelFileError, match="belong to no model"):
        NLU.load(tmp_path / "m")


CHANGES = {
    "one less": lambda array: array[:-1],
    "one more": lambda array: np.concatenate([array, array[:1]]),
    "nothing": lambda array: array[:0],
    "another dimension": lambda array: array[None],
    "flat": lambda array: array.reshape(-1)[:1],
    "text of bytes": lambda array: array.astype(np.uint8),
    "other bytes first": lambda array: array.astype(array.dtype.newbyteorder()),
    "halves": lambda array: array.astype(np.float16),
    "not finite": lambda array: array.astype(array.dtype) * np.nan if array.dtype.kind == "f" else array.astype(bool),
    "beyond": lambda array: array + np.array(10**6, dtype=array.dtype) if array.dtype.kind == "i" else array[..., :0],
    "below": lambda array: -1 - array if array.dtype.kind == "i" else array[..., :0],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_arrays_that_do_not_fit_are_refused(saved, tmp_path, change):
    header, arrays = parts_of(saved)
    accepted = []
    for name, array in arrays.items():
        with np.errstate(over="ignore", invalid="ignore"):
            changed = CHANGES[change](array)
        archive.save(tmp_path / "m", "model", VERSION, header, arrays | {name: changed})
        try:
            NLU.load(tmp_path / "m").predict(["play river"])
        except ModelFileError:
            continue
        except CanvassError as error:
            pytest.fail(f"{name}: {error!r}")
        accepted.append(name)
    # Weights of attributes may be more than are used, numbers of any width may be whole, and examples be many.
    numbers = ["tagger_rows", "tagger_columns"]
    harmless = {
        "one more": ["tagger_hashes"],
        "text of bytes": numbers,
        "other bytes first": numbers,
        "beyond": ["intent_examples"],
    }
    assert accepted == [name for name in accepted if name in harmless.get(change, [])]


def test_transitions_that_no_training_makes_are_refused(saved, tmp_path):
    header, arrays = parts_of(saved)
    arrays["tagger_transitions"][0, 0] = 1.01 * WIDEST
    archive.save(tmp_path / "m", "model", VERSION, header, arrays)
    with pytest.raises(ModelFileError, match="the tagger's arrays do not fit together"):
        NLU.load(tmp_path / "m")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_does_not_wait_for_a_long_fit(monkeypatch, number):
    begun, finish = threading.Event(), threading.Event()

    def fit(self, texts, slots):
        begun.set()
        finish.wait(20.0)
        return self

    def interrupt():
        assert begun.wait(60.0)
        time.sleep(0.1)  # the main thread waits for the fit by now
        os.kill(os.getpid(), number)

    def leave(number, frame):
        raise KeyboardInterrupt

    monkeypatch.setattr(Tagger, "fit", fit)
    before = signal.signal(number, leave)
    threading.Thread(target=interrupt).start()
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            NLU.train(music() + others(), MUSIC)
        assert time.monotonic() - start < 10.0
        assert not finish.is_set()
    finally:
        finish.set()
        signal.signal(number, before)
