"""What bots have: intents without domains and slots, requests that belong nowhere, and one file for everything."""

import csv
import json

import pytest
from commands import records, write_records

from canvass.cli import options
from canvass.types import Slot, Target, Utterance

KINDS = {
    "card": ["where is my {} card", "has the {} card come", "my {} card did not come"],
    "transfer": ["send money to my {}", "transfer cash to the {}", "move money to {} now"],
    "statement": ["show what i paid for {}", "payments to {} please", "what did {} cost me"],
}
VALUES = ["gym", "rent", "school", "garden", "joint", "travel", "gold", "student", "water", "phone"]
NOWHERE = ["joke about {} or not", "sing of {} again", "who likes {} my friend", "do you know {} tonight"]
ROWS = [(form.format(value), kind) for value in VALUES for kind, forms in KINDS.items() for form in forms]
OUTSIDE = [form.format(value) for value in VALUES for form in NOWHERE]
KNOWN, REST = ROWS[:54], ROWS[54:]


def write(path, rows, header=("text", "intent")):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])


@pytest.fixture
def bot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "labelled.csv", KNOWN)
    write(tmp_path / "pool.csv", [(text,) for text, _ in REST] + [(text,) for text in OUTSIDE], ("text",))
    write(tmp_path / "test.csv", REST)
    return tmp_path


def test_select_train_predict_and_evaluate(canvass, bot):
    result = canvass("select", "labelled.csv", "pool.csv", "--target", "all", "-n", "9")
    assert result.code == 0
    chosen = records(result.out)
    assert len(chosen) == 9
    # Intents take turns, so that scores are in no order.
    assert [row["rank"] for row in chosen] == list(range(1, 10))
    assert {row["predicted_intent"] for row in chosen} <= set(KINDS)
    assert not {name for row in chosen for name in row if "slot" in name or "tagger" in name}
    assert "slot" not in result.err
    assert canvass("train", "labelled.csv", "--target", "all", "-o", "m.npz") == (0, "", "")
    predicted = records(canvass("predict", "m.npz", "test.csv").out)
    right = sum(row["predicted_intent"] == intent for row, (_, intent) in zip(predicted, REST, strict=True))
    assert right > 0.8 * len(REST)
    facts = json.loads(canvass("evaluate", "m.npz", "test.csv").out)
    assert facts["intent_errors"] == len(REST) - right
    assert "slot_error_rate" not in facts


def test_a_target_of_several_intents(canvass, bot):
    named = canvass("select", "labelled.csv", "pool.csv", "--target", "intent:transfer, card", "-n", "4")
    assert named.code == 0
    chosen = records(named.out)
    assert {row["target"] for row in chosen} == {"intent:card,transfer"}
    assert {row["predicted_intent"] for row in chosen} <= {"card", "transfer"}
    write(
        bot / "few.csv",
        [row for row in KNOWN if row[1] != "card"] + [row for row in KNOWN if row[1] == "card"][:9],
    )
    assert canvass("train", "few.csv", "--target", "fewest:1", "-o", "m.npz").code == 0
    facts = json.loads(canvass("evaluate", "m.npz", "test.csv").out)
    assert facts["target"] == "intent:card"
    misspelt = canvass("select", "labelled.csv", "pool.csv", "--target", "intent:card,transfers")
    assert misspelt.code == 2
    assert "no utterance of intent 'transfers'; did you mean transfer" in misspelt.err
    every = canvass("select", "labelled.csv", "pool.csv", "--target", "fewest:3")
    assert every.code == 2
    assert "needs more than 3 intents with labelled examples" in every.err


def test_a_project_names_the_intents_with_the_fewest_examples(canvass, bot):
    write(bot / "few.csv", ROWS[:40] + [row for row in ROWS[40:] if row[1] == "card"])
    assert canvass("new", "project", "few.csv", "pool.csv", "--target", "fewest:2").code == 0
    path = bot / "project" / "canvass.toml"
    settings = path.read_text()
    assert 'target = "intent:statement,transfer"' in settings
    assert [line for line in settings.splitlines() if line.startswith("name = ")] == [
        'name = "statement"', 'name = "transfer"',
    ]  # fmt: skip
    path.write_text(settings.replace("intent:statement,transfer", "fewest:2"))
    refused = canvass("status", "project")
    assert refused.code == 2
    assert "a project names its intents" in refused.err


@pytest.mark.slow
def test_a_study_names_the_intents_with_the_fewest_examples(canvass, bot):
    few = ROWS[:40] + [row for row in ROWS[40:] if row[1] == "card"]
    parts = [(*row, "test" if place % 5 == 0 else "") for place, row in enumerate(few)]
    write(bot / "few.csv", parts, ("text", "intent", "split"))
    study = ("--strategy", "random", "--seed-size", "6", "--negatives", "9", "--rounds", "1", "--batch", "2")
    options = ("--seeds", "1", "--test", "own", "--words", "off", "-o", "study")
    assert canvass("simulate", "few.csv", "--target", "fewest:2", *study, *options).code == 0
    assert list(json.loads((bot / "study" / "study.json").read_text())["targets"]) == [
        "intent:statement,transfer"
    ]


def test_what_training_is_going_to_take_is_said_where_it_is_long(canvass, bot, monkeypatch):
    monkeypatch.setattr(options, "LONG", 0.0)
    told = canvass("train", "labelled.csv", "--target", "all", "-o", "m.npz").err
    assert "LABELLED has 54 requests, 3 intents and 0 slot labels, and time grows" in told


@pytest.mark.parametrize(
    ("intents", "labels", "is_long"), [(150, 0, False), (64, 54, False), (5_000, 0, True), (2, 600, True)]
)
def test_many_labels_take_long(capsys, intents, labels, is_long):
    labelled = [
        Utterance(
            "turn on the light in the kitchen please",
            intent=f"i{row % intents}",
            slots=(Slot(12, 17, f"l{row % labels}"),) if labels else None,
        )
        for row in range(10_000)
    ]
    options.tell_cost(labelled, [Target("all")], 60)
    assert ("training takes about" in capsys.readouterr().err) == is_long


def test_one_intent_alone_leaves_nothing_to_rank_by(canvass, bot):
    write(bot / "one.csv", [(text, "card") for text, _ in KNOWN])
    result = canvass("select", "one.csv", "pool.csv", "--target", "all")
    assert result.code == 2
    assert "or intents (at least 2 different)" in result.err


def test_an_intent_of_one_example_and_names_that_differ_by_case(canvass, bot):
    write(bot / "few.csv", [*KNOWN, ("close my account", "close"), ("end my account", "Card")])
    result = canvass("select", "few.csv", "pool.csv", "--target", "all", "-n", "9")
    assert (result.code, len(records(result.out))) == (0, 9)
    assert canvass("train", "few.csv", "--target", "all", "-o", "few.npz").code == 0
    write(bot / "alone.csv", [("close my account", None)])
    assert [row["predicted_intent"] for row in records(canvass("predict", "few.npz", "alone.csv").out)] == [
        "close"
    ]
    assert "'Card' (1)" in canvass("check", "few.csv").out


def test_a_project(canvass, bot):
    assert canvass("new", "bot", "labelled.csv", "pool.csv", "--target", "all").code == 0
    result = canvass("next", "bot", "--size", "6", "-o", "tasks.jsonl")
    assert result.code == 0
    tasks = records((bot / "tasks.jsonl").read_text())
    assert {name for name in tasks[0] if "intent" in name} == {"predicted_intent", "intent_probability"}
    assert not {name for name in tasks[0] if "slot" in name or "tagger" in name}
    intents = dict(ROWS)
    answers = [
        (row["text"], intents.get(row["text"], ""), "" if row["text"] in intents else "elsewhere")
        for row in tasks
    ]
    write(bot / "answers.csv", answers, ("text", "intent", "domain"))
    result = canvass("import", "bot", "answers.csv", "--annotator", "ana")
    assert (result.code, result.err) == (0, "")
    assert canvass("next", "bot", "--size", "3", "-o", "more.jsonl").code == 0
    status = json.loads(canvass("status", "bot", "--json").out)
    assert [point["intent_error"] is not None for point in status["curve"]] == [True, True]
    assert canvass("export", "bot", "-o", "out.jsonl").code == 0
    assert {row["slots"] for row in records((bot / "out.jsonl").read_text())} == {None}


@pytest.mark.slow
def test_a_study(canvass, bot):
    write(bot / "corpus.csv", ROWS)
    words = ["--target", "all", "--seeds", "1", "--seed-size", "12", "--rounds", "1", "--batch", "6"]
    result = canvass("simulate", "corpus.csv", *words, "--out", "study")
    assert result.code == 0, result.err
    rates = json.loads(result.out)["slot_error_rate"]["all"]
    assert {"random", "joint"} < set(rates)
    assert all(0 <= rate < 1 for rate in rates.values())


def test_one_file_for_everything(canvass, bot):
    write(bot / "all.csv", [*KNOWN, *((text, "") for text, _ in REST)])
    chosen = canvass("select", "all.csv", "all.csv", "--target", "all", "-n", "5", "--json")
    facts = json.loads(chosen.out)
    assert facts["labelled"] == len(KNOWN)
    assert {row["text"] for row in facts["choices"]} <= {text for text, _ in REST}
    assert f"{len(REST)} of {len(ROWS)} records have no domain, intent or slots" in chosen.err


@pytest.mark.parametrize("said", [{}, {"intent": ""}, {"intent": None, "slots": []}, {"domain": " "}])
def test_rows_without_labels_teach_nothing(canvass, bot, said):
    known = [{"text": text, "intent": intent} for text, intent in KNOWN]
    write_records(bot / "known.jsonl", known)
    write_records(bot / "mixed.jsonl", [*({"text": text} | said for text, _ in REST), *known])
    for name in ("known", "mixed"):
        assert canvass("train", f"{name}.jsonl", "-t", "intent:card", "-o", f"{name}.npz").code == 0
    assert (bot / "known.npz").read_bytes() == (bot / "mixed.npz").read_bytes()


@pytest.mark.parametrize("answer", [{"domain": "elsewhere"}, {"intent": "small talk"}], ids=["none", "own"])
def test_answers_that_belong_nowhere_are_learnt_from(canvass, bot, answer):
    intents = dict(ROWS)
    assert canvass("new", "bot", "labelled.csv", "pool.csv", "--target", "all", "--words", "off").code == 0
    shares = []
    for _ in range(2):
        assert canvass("next", "bot", "--size", "15", "-o", "tasks.jsonl").code == 0
        texts = [row["text"] for row in records((bot / "tasks.jsonl").read_text())]
        shares.append(sum(text in intents for text in texts) / len(texts))
        write_records(
            bot / "answers.jsonl",
            [{"text": text} | ({"intent": intents[text]} if text in intents else answer) for text in texts],
        )
        told = canvass("import", "bot", "answers.jsonl", "--annotator", "ana", "--new-labels")
        assert told.code == 0, told.err
    assert shares[0] < 0.5 < shares[1]
    nowhere = 30 - round(15 * sum(shares)) if "domain" in answer else 0
    told = json.loads(canvass("status", "bot").out)["outside"]
    assert told.startswith(f"{nowhere} answers say that a request belongs nowhere" if nowhere else "")
    assert bool(told) == bool(nowhere)


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([(text, "oos", "") for text in OUTSIDE[:20]], ["--out-of-scope", "oos"]),
        ([(text, "", "none of these") for text in OUTSIDE[:20]], ["--out-of-scope", "none of these"]),
        ([(text, "", "elsewhere") for text in OUTSIDE[:20]], []),
    ],
)
def test_what_is_out_of_scope_is_learnt_and_never_predicted(canvass, bot, rows, options):
    write(bot / "more.csv", [*((*row, "") for row in KNOWN), *rows], ("text", "intent", "domain"))
    facts = json.loads(canvass("train", "more.csv", "-t", "all", *options, "-o", "m.npz", "--json").out)
    assert (facts["out_of_scope"], facts["intents"]) == (20, 3)
    predicted = {row["text"]: row for row in records(canvass("predict", "m.npz", "pool.csv").out)}
    assert {row["predicted_intent"] for row in predicted.values()} == set(KINDS)
    assert sum(predicted[text]["is_target"] for text, _ in REST) > 0.9 * len(REST)
    assert sum(predicted[text]["is_target"] for text in OUTSIDE[20:]) < 0.1 * len(OUTSIDE[20:])
    chosen = records(canvass("select", "more.csv", "pool.csv", "-t", "all", *options, "-n", "18").out)
    assert sum(row["text"] in dict(REST) for row in chosen) > 9
    write(
        bot / "mixed.csv",
        [
            *((*row, "") for row in REST),
            *((text, *row[1:]) for text, row in zip(OUTSIDE[20:], rows, strict=True)),
        ],
        ("text", "intent", "domain"),
    )
    routing = json.loads(canvass("evaluate", "m.npz", "mixed.csv", *options).out)["routing"]
    assert routing["true_positives"] + routing["false_negatives"] == len(REST)
    assert routing["recall"] > 0.9
