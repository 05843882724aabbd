"""The simulated assistant: its rate of errors, the keys that its suggestions take, and the errors that stay."""

from dataclasses import replace

import pytest

from canvass.simulation.noise import Annotator
from canvass.simulation.simulated_assistant import HIDDEN, SimulatedAssistant
from canvass.types import Prediction, Slot, Target, Utterance
from examples import MUSIC, music, others

CORPUS = [*music(), *others()]
MANY = [replace(utterance, text=f"{utterance.text} {i}") for i in range(30) for utterance in music()]
GOLD = Utterance("play river now", domain="music", intent="PlayMusic", slots=(Slot(5, 10, "SongName"),))
ELSEWHERE = replace(GOLD, domain="weather", intent="GetWeather", slots=())


def assistant(error, influence=0.0, seed=0):
    return SimulatedAssistant(seed, error, influence, Annotator.of(seed, 0.0, CORPUS), MUSIC)


def frame(utterance):
    return utterance.intent, set(utterance.slots)


def means(checks):
    return [sum(column) / len(checks) for column in list(zip(*checks, strict=True))[1:]]


def test_the_rate_is_of_frames_and_each_is_wrong_in_about_one_part():
    wrong = [(assistant(0.3).suggest(gold), gold) for gold in MANY]
    wrong = [(said, gold) for said, gold in wrong if frame(said) != frame(gold)]
    assert len(wrong) / len(MANY) == pytest.approx(0.3, abs=0.05)
    parts = [(said.intent != gold.intent) + len(set(gold.slots) - set(said.slots)) for said, gold in wrong]
    assert 1.0 <= sum(parts) / len(parts) < 1.8
    assert all(assistant(0.0).suggest(gold) == gold for gold in MANY)


def test_the_same_seed_does_the_same():
    one, same, other = (
        [assistant(0.4, 0.5, seed).check(gold, gold, None) for gold in MANY[:200]] for seed in (0, 0, 1)
    )
    assert one == same != other


def test_a_right_assistant_takes_one_key_but_for_what_is_hidden():
    checks = [assistant(0.0).check(gold, gold, None) for gold in MANY]
    hidden = [check for check in checks if check.keys > 1]
    assert len(hidden) / len(checks) == pytest.approx(HIDDEN, abs=0.03)
    assert not any(check.wrong or check.wrong_alone for check in checks)
    assert all(
        check.keys == check.keys_alone for check in hidden
    )  # without a prediction nothing is shown, either


def test_influenced_people_take_over_a_share_of_what_is_wrong_and_press_less():
    by_influence = [
        means([assistant(0.5, influence).check(gold, gold, None) for gold in MANY])
        for influence in (0.0, 0.4, 1.0)
    ]
    keys, wrong, keys_alone, wrong_alone = zip(*by_influence, strict=True)
    assert wrong == pytest.approx((0.0, 0.5 * (1 - HIDDEN) * 0.4, 0.5 * (1 - HIDDEN)), abs=0.03)
    assert keys[0] > keys[1] > keys[2]
    assert len(set(keys_alone)) == 1
    assert set(wrong_alone) == {0.0}
    annotated = [assistant(0.5, 1.0).check(gold, gold, None) for gold in MANY]
    assert all(
        (frame(check.annotation) != frame(gold)) == check.wrong
        for check, gold in zip(annotated, MANY, strict=True)
    )


def test_errors_of_people_count_with_and_without():
    person = replace(GOLD, intent="AddToPlaylist")
    check = assistant(0.0, 1.0).check(GOLD, person, None)
    assert (check.annotation, check.wrong, check.wrong_alone) == (person, True, True)


@pytest.mark.parametrize(
    ("said", "intent", "slots", "keys"),
    [
        (GOLD, "PlayMusic", (Slot(5, 10, "SongName"),), 1),
        (GOLD, "AddToPlaylist", (Slot(5, 10, "SongName"),), 2),
        (GOLD, "PlayMusic", (Slot(5, 10, "ArtistName"),), 2.7),
        (GOLD, "PlayMusic", (), 2.7),
        (GOLD, "PlayMusic", (Slot(5, 10, "SongName"), Slot(11, 14, "Year")), 2.7),
        (GOLD, "AddToPlaylist", (Slot(5, 14, "SongName"), Slot(0, 4, "Year")), 5.4),
        (ELSEWHERE, "PlayMusic", (Slot(5, 10, "SongName"),), 1),
    ],
)
def test_keys_from_a_prediction(said, intent, slots, keys):
    check = assistant(0.0).check(said, said, Prediction(intent, 0.5, slots, 0.5))
    assert check.keys_alone == pytest.approx(keys)
    assert assistant(0.0).check(said, said, None).keys_alone == (1 if said is ELSEWHERE else 5.7)
    one = replace(assistant(0.0), target=Target("intent", "PlayMusic"))
    assert one.check(said, said, None).keys_alone == (1 if said is ELSEWHERE else 4.7)
