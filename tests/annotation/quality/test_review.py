"""The review list: contradicted answers, and near duplicates."""

from dataclasses import replace

import pytest

from canvass.annotation.quality.near_duplicates import near_duplicates, reading_of
from canvass.annotation.quality.review import contradicted, review
from canvass.annotation.store.records import Answer, Task
from canvass.corpus.normalise import key_of
from canvass.models.nlu import NLU
from canvass.types import Slot, Target, Utterance
from examples import MUSIC, music, others


def answered(number, utterance, *, kind="frame", **changes):
    key = key_of(utterance.text)
    task = Task(key, utterance.text, f"u{number}", 1, "selected", 0.0, id=number, state="answered")
    said = Answer(
        f"a{number}", number, "ann", kind, utterance.domain,
        utterance.intent, utterance.slots if kind == "frame" else None, sequence=number,
    )  # fmt: skip
    return task, replace(said, **changes)


def by_key(some):
    return {key_of(one.text): one for one in some}


@pytest.fixture(scope="module")
def corpus():
    return music(), others()


def test_sure_models_contradict_wrong_answers_and_no_right_one(corpus):
    ours, rest = corpus
    right = [answered(number, one) for number, one in enumerate(ours[::5])]
    right += [answered(100 + number, one, kind="elsewhere") for number, one in enumerate(rest[::4])]
    intent, slots, target, stranger = ours[7], ours[11], ours[22], rest[1]
    wrong = [
        answered(200, intent, intent="AddToPlaylist" if intent.intent == "PlayMusic" else "PlayMusic"),
        answered(201, slots, slots=()),
        answered(202, target, kind="elsewhere", slots=None),
        answered(203, stranger, slots=(), intent="PlayMusic"),
    ]
    assert slots.slots
    found = contradicted([*right, *wrong], by_key([*ours, *rest]), MUSIC)
    # The annotations that models are trained on are the right ones here: only the answers err.
    words = {item.tasks: item.words for item in found}
    assert words.keys() == {(200,), (201,), (202,), (203,)}
    assert "; the models say PlayMusic" in words[200,] or "; the models say AddToPlaylist" in words[200,]
    assert words[201,].startswith("answered no slot; the models mark ")
    assert "take it for the target" in words[202,]
    assert "take it for something else" in words[203,]
    assert [item.probability for item in found] == sorted((item.probability for item in found), reverse=True)
    assert all(0.95 <= item.probability <= 1 for item in found)


def test_the_models_have_not_seen_the_answer_they_judge(corpus):
    """Wrong answers are trained on like the others, and found all the same."""
    ours, rest = corpus
    wrong = [replace(one, slots=()) for one in ours[2::12]]
    known = by_key([*ours, *rest]) | by_key(wrong)
    found = contradicted([answered(number, one) for number, one in enumerate(wrong)], known, MUSIC)
    assert len(found) >= len(wrong) - 2 > 3


def test_what_was_thought_over_is_not_brought_up_again(corpus):
    ours, rest = corpus
    wrong = [
        answered(1, ours[11], slots=(), replaces="a0"),
        answered(2, ours[13], slots=(), adjudicates=True),
    ]
    assert contradicted(wrong, by_key([*ours, *rest]), MUSIC) == []


def test_a_fold_that_cannot_be_judged_says_nothing():
    one = Utterance("play river", domain="music", intent="Play", slots=())
    known = by_key([one, Utterance("set a timer", domain="timers")])
    assert contradicted([answered(1, one, kind="elsewhere")], known, MUSIC) == []


def test_review_ends_early(corpus):
    ours, rest = corpus
    some = [*ours, *rest]
    accepted = [answered(1, ours[11], slots=())]
    kinds = [
        {item.kind for item in review(accepted, some, MUSIC, stopped=lambda stop=stop: stop)}
        for stop in (True, False)
    ]
    assert kinds == [{"twins"}, {"contradicted", "twins"}]


# Near duplicates


def said(number, text, *slots, intent="Play", kind="frame"):
    return answered(
        number, Utterance(text, None, 1, "music", intent, tuple(Slot(*one) for one in slots)), kind=kind
    )


def test_equal_words_answered_differently():
    some = [
        said(1, "Play River!", (5, 10, "song")), said(2, "play river", (5, 10, "artist")),
        said(3, "PLAY  river.", (6, 11, "song")), said(4, "play blue", (5, 9, "song")),
    ]  # fmt: skip
    (item,) = near_duplicates(some, [], MUSIC)
    assert (item.kind, item.tasks, item.text) == ("twins", (1, 2, 3), "Play River!")
    assert (
        item.words
        == "the same words, answered differently: intent Play, song 'river'; intent Play, artist 'river'"
    )


def test_equal_words_answered_alike_are_no_item():
    some = [said(1, "Play River!", (5, 10, "song")), said(2, "play  river", (6, 11, "song"))]
    assert near_duplicates(some, [], MUSIC) == []


def test_the_labelled_set_has_near_duplicates_too():
    given = [
        Utterance("Stop it!", domain="timers", intent="Stop"), Utterance("go", domain="music", intent="Play"),
        Utterance("on", domain="music", intent="On", slots=()), Utterance("ON", domain="music", intent="Play", slots=()),
    ]  # fmt: skip
    (item,) = near_duplicates([said(1, "stop it", intent="Stop"), said(2, "go")], given, MUSIC)
    assert item.tasks == (1,)
    assert item.words.endswith("intent Stop; not of the target (the labelled set has 'Stop it!')")


def test_one_word_apart():
    song, artist = (8, 13, "song"), (8, 13, "artist")
    some = [said(1, "play my river on two", song), said(2, "play my river on ten", artist)]
    (item,) = near_duplicates(some, [], MUSIC)
    assert (item.tasks, item.probability) == ((1, 2), 0.5)
    assert item.words.startswith("all but one word in common")
    # The word that differs has a slot of its own.
    assert (
        near_duplicates(
            [said(1, "play my river on two", song), said(2, "play my stone on two", artist)], [], MUSIC
        )
        == []
    )
    # One that replaces another may change the intent; one that is left out should not.
    assert (
        near_duplicates(
            [said(1, "turn the radio on"), said(2, "turn the radio off", intent="Stop")], [], MUSIC
        )
        == []
    )
    assert (
        len(
            near_duplicates(
                [said(1, "turn the radio on"), said(2, "turn the radio on please", intent="Stop")], [], MUSIC
            )
        )
        == 1
    )
    # Two of three words are no near duplicates.
    assert (
        near_duplicates(
            [said(1, "play river two", (5, 10, "song")), said(2, "play river ten", (5, 10, "artist"))],
            [],
            MUSIC,
        )
        == []
    )


def test_what_is_not_of_the_target_has_no_slots_to_differ():
    some = [
        said(1, "play river", kind="elsewhere", intent="A"),
        said(2, "Play River", kind="elsewhere", intent="B"),
    ]
    assert near_duplicates(some, [], MUSIC) == []
    assert len(near_duplicates([*some, said(3, "play river?")], [], MUSIC)) == 1


def test_words_of_a_script_without_blanks_and_slots_inside_tokens():
    one = reading_of(1, "音楽 U2s", True, "Play", (Slot(0, 1, "a"), Slot(3, 5, "b")))
    assert one.words == ("音", "楽", "u2s")
    assert one.tags == (("a", True), ("", False), ("b", True))


def test_all_has_no_rest():
    some = [said(1, "play river", (5, 10, "song")), said(2, "Play river", (5, 10, "artist"))]
    assert len(near_duplicates(some, [], Target("all"))) == 1


def test_the_models_have_the_word_features_of_the_project(corpus, monkeypatch):
    seen = []
    train = NLU.train
    monkeypatch.setattr(
        NLU, "train", lambda *given, **named: seen.append(named.pop("words")) or train(*given, **named)
    )
    ours, rest = corpus
    some, words = [*ours, *rest], object()
    review([answered(1, ours[11], slots=())], some, MUSIC, words=words)
    assert seen == [words]
