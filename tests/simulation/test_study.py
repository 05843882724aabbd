"""A tiny study from end to end: what is stored, resumed, refused."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import write

from canvass.corpus.labelled import read_labelled
from canvass.errors import FileError, InputError, ModelFileError, OptionError, TrainingError
from canvass.metrics import score
from canvass.simulation.measures import CEILING, final_slot_error_rates
from canvass.simulation.runs import Run
from canvass.simulation.spec import SHORT_POOL_TIMES, folder_of, strategies_for
from canvass.simulation.start import Corpus
from canvass.simulation.store import Chosen, read_study
from canvass.simulation.study import Worker
from canvass.strategies import STRATEGIES as TABLE
from canvass.types import Target
from examples import MUSIC, music, others
from studies import STRATEGIES, TARGET, results, run_missing, spec_of, unpack_errors


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    write(path, [*music(), *others()])
    return path


@pytest.fixture(scope="module")
def utterances(corpus):
    return read_labelled([str(corpus)]).utterances


@pytest.fixture(scope="module")
def spec(utterances):
    return spec_of(utterances, transfer=("svm",))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, corpus, spec):
    """A study that was run without interruption."""
    folder = tmp_path_factory.mktemp("study") / "whole"
    run_missing(folder, corpus, spec)
    return folder


def test_all_runs_are_there_and_nothing_else(whole, spec):
    study = read_study(whole)
    assert study.spec == spec
    assert study.missing == ()
    assert [run.name for run in study.runs] == spec.runs()
    assert len(spec.runs()) == 2 * (len(STRATEGIES) + 2)
    names = {"study.json", *(name.file for name in spec.runs())}
    assert set(results(whole)) == names
    assert {tuple(record["run"].values()) for record in study.seconds} == set(spec.runs())
    assert all(record["seconds"]["train"] > 0 for record in study.seconds)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_stored_is_what_was_run(whole, spec, utterances, strategy):
    start = Corpus.of(utterances).start(MUSIC, seed=1, positives=8, negatives=8)
    states = list(Run(start, MUSIC, strategy, spec.schedule, seed=1).states())
    run = read_study(whole).runs_of(TARGET, "strategy", strategy)[1]
    assert [score(unpack_errors(errors)) for errors in run.errors] == [
        score(state.errors) for state in states
    ]
    choices = [choice for state in states for choice in state.choices]
    assert run.keys == tuple(choice.candidate.key for choice in choices)
    assert run.ids == tuple(choice.candidate.id for choice in choices)
    assert run.chosen.round.tolist() == [1] * 3 + [2] * 4
    assert run.chosen.on_target.tolist() == [MUSIC.matches(choice.gold) for choice in choices]
    assert run.chosen.slots.tolist() == [len(choice.gold.slots or ()) for choice in choices]
    assert run.chosen.score.tolist() == [choice.candidate.score for choice in choices]
    if strategy == "random":
        assert set(run.chosen.on_target.tolist()) == {True, False}
    assert run.counts_after("utterances").tolist() == [0, 3, 7]
    assert run.counts_after("tokens").tolist()[-1] == run.chosen.tokens.sum()
    for row, state in zip(run.routing.tolist(), states, strict=True):
        assert row == list(vars_of(state.routing))
    assert run.sizes[:, 0].tolist() == [16, 19, 23]
    assert [len(examples) for examples in run.examples] == [3, 4]
    example = run.examples[0][0]
    assert example["text"] == choices[0].gold.text
    assert example["predicted_slots"] == [[s.start, s.end, s.label] for s in choices[0].prediction.slots]
    assert reference_slots(run).tolist() == [error.reference_slots for error in states[0].errors]


def test_a_last_round_without_choices_counts_as_a_state(whole):
    run = read_study(whole).runs_of(TARGET, "strategy")[0]
    first = [array[run.chosen.round == 1] for array in run.chosen]
    assert replace(run, chosen=Chosen(*first)).counts_after("utterances").tolist() == [0, 3, 3]


def reference_slots(run):
    """The slots of the reference of each test utterance."""
    return run.errors[0][:, [0, 2, 3]].astype(np.int64).sum(axis=1)


def vars_of(routing):
    return (
        routing.true_positives,
        routing.false_positives,
        routing.false_negatives,
        routing.true_negatives,
    )


def test_the_projections_mark_what_was_chosen(whole):
    for run in read_study(whole).runs_of(TARGET, "strategy"):
        assert sorted(run.projections) == [1, 2]
        for number, projection in run.projections.items():
            assert (projection.state == 1).sum() == (run.chosen.round == number).sum()
            # The pool is so small that all of it is in the sample.
            assert (projection.state == 2).sum() == (run.chosen.round < number).sum()
            assert projection.points.shape == (len(projection.state), 2)
            assert projection.lines.shape == (3, 3)
            assert np.allclose(projection.points[:, 0], projection.scores[:, 0])
    # Before the first round all strategies of a seed have the same projection.
    first = [
        run.projections[1] for run in read_study(whole).runs_of(TARGET, "strategy") if run.name.seed == 0
    ]
    assert np.array_equal(first[0].points[first[0].sampled], first[1].points[first[1].sampled])


def test_all_strategies_of_a_seed_start_alike_and_are_measured_alike(whole):
    study = read_study(whole)
    for seed in range(2):
        runs = [run for run in study.runs_of(TARGET, "strategy") if run.name.seed == seed]
        assert all(np.array_equal(run.errors[0], runs[0].errors[0]) for run in runs)
    assert all(np.array_equal(reference_slots(run), reference_slots(study.runs[0])) for run in study.runs)


def test_the_prolonged_run_spends_three_times_the_budget_and_the_ceiling_all(whole):
    study = read_study(whole)
    for run in study.runs_of(TARGET, "prolonged"):
        assert len(run.keys) == 21
    facts = study.facts[TARGET]
    for run in study.runs_of(TARGET, "ceiling"):
        assert run.sizes[:, 0].tolist() == [facts.labelled + facts.pool]
        assert run.transfer_rounds == (0,)
    assert facts.short_pool == (facts.pool_target < SHORT_POOL_TIMES * 7)
    rates = final_slot_error_rates(study, TARGET)
    assert list(rates)[-1] == CEILING
    assert rates[CEILING] <= min(rates.values())


def test_families_are_measured_after_the_last_round(whole):
    for run in read_study(whole).runs_of(TARGET, "strategy"):
        assert (run.transfer_rounds, run.families) == ((2,), ("svm",))
        assert run.transfer.shape == (1, 1, *run.errors.shape[1:])
        assert np.array_equal(run.transfer[0, 0][:, [0, 2, 3]].sum(axis=1), reference_slots(run))


def test_families_after_every_nth_round(utterances):
    spec = spec_of(utterances, transfer=("svm", "a:b"), transfer_every=2, schedule=(3,) * 5)
    trained = [bool(spec.families_after("strategy", number)) for number in range(6)]
    assert trained == [True, False, True, False, True, True]
    assert spec.families_after("ceiling", 0) == ("svm", "a:b")
    assert spec.families_after("prolonged", 15) == ()


def test_a_study_of_before_there_were_families_is_read(tmp_path, whole, spec):
    import shutil

    from canvass.archive import load, save

    folder = tmp_path / "old"
    shutil.copytree(whole, folder)
    document = json.loads((folder / "study.json").read_text())
    del document["options"]["transfer_every"]
    document["options"]["transfer"] = "last"
    (folder / "study.json").write_text(json.dumps(document))
    path = folder / spec.runs()[2].file
    header, arrays = load(path, "run", 1)
    del header["families"]
    save(path, "run", 1, header, {**arrays, "transfer": arrays["transfer"][:, 0]})
    before, after = read_study(whole), read_study(folder)
    assert after.spec == before.spec
    assert np.array_equal(after.runs[2].transfer, before.runs[2].transfer)


@pytest.mark.slow
def test_processes_and_resuming_change_no_byte(tmp_path, corpus, spec, whole):
    folder = tmp_path / "study"
    missing = run_missing(folder, corpus, spec, names=spec.runs()[:3])
    assert missing == spec.runs()
    assert len(read_study(folder).missing) == len(spec.runs()) - 3
    (folder / folder_of(TARGET) / ".ceiling-1.npz.x.part").write_bytes(b"half")
    finished = []
    left = run_missing(folder, corpus, spec, processes=2, after_run=finished.append)
    assert left == spec.runs()[3:]
    assert {result.name for result in finished} == set(left)
    assert results(folder) == results(whole)
    assert run_missing(folder, corpus, spec) == []


def test_other_options_on_a_study_are_refused_by_name(whole, corpus, spec):
    changes = {
        "seeds": (1, r"--seeds \(2 there, 1 now\)"),
        "schedule": ((3, 5), r"the rounds .* \(3,4 there, 3,5 now\)"),
        "strategies": ({TARGET: ("random",)}, "--strategy"),
        "noise": (0.1, "--noise"),
        "transfer": ((), "--transfer"),
        "corpus": ("0", "LABELLED"),
        "canvass": ("1", "the version of canvass"),
    }
    for name, (value, words) in changes.items():
        other = type(spec)(**{**vars(spec), name: value})
        with pytest.raises(OptionError, match=rf"holds a study that differs in {words}"):
            run_missing(whole, corpus, other)


@pytest.mark.slow
def test_with_and_without_word_features(tmp_path, whole, corpus, spec):
    """The pool teaches no words: the models are the same, and so are their errors."""
    both = replace(spec, words="both", seeds=1)
    folder = tmp_path / "both"
    run_missing(folder, corpus, both)
    study, before = read_study(folder), read_study(whole)
    assert study.spec == both
    assert len(study.runs) == len(both.runs()) == len(STRATEGIES) + 2
    for strategy in STRATEGIES:
        (run,) = study.runs_of(TARGET, "strategy", strategy)
        (plain,) = study.runs_of(TARGET, "strategy", f"{strategy} without words")
        assert np.array_equal(run.errors, before.runs_of(TARGET, "strategy", strategy)[0].errors)
        assert np.array_equal(plain.errors, run.errors)
        assert plain.keys == run.keys
    assert len(study.runs_of(TARGET, "strategy")) == 2 * len(STRATEGIES)
    assert all(
        run.errors_without_words is None for run in study.runs if run.name.kind in {"ceiling", "prolonged"}
    )
    assert set(final_slot_error_rates(study, TARGET)) == {
        *STRATEGIES, *(f"{name} without words" for name in STRATEGIES), CEILING,
    }  # fmt: skip
    with pytest.raises(OptionError, match=r"differs in --words \(both there, off now\)"):
        run_missing(folder, corpus, replace(both, words="off"))


def test_a_study_grows_by_seeds_and_strategies(tmp_path, whole, corpus, utterances, spec):
    run_missing(
        tmp_path, corpus, spec_of(utterances, strategies={TARGET: STRATEGIES[:1]}, seeds=1, transfer=("svm",))
    )
    began = {name: data for name, data in results(tmp_path).items() if name.endswith(".npz")}
    left = run_missing(tmp_path, corpus, spec)
    assert not {name.file for name in left} & set(began)
    assert results(tmp_path) == results(whole)


def test_a_folder_of_other_things_is_refused(tmp_path, corpus, spec):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match=r"holds no study but notes\.txt"):
        run_missing(tmp_path, corpus, spec)


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_fails_is_named(tmp_path, corpus, spec, processes):
    names = [spec.runs()[0]._replace(target="domain:nix")]
    with pytest.raises(
        OptionError, match=r"the run domain:nix, random-positive prolonged, seed 0 failed: .* 0 utterances"
    ):
        run_missing(tmp_path / "study", corpus, spec, processes=processes, names=names * processes)


def test_a_defect_is_no_gap_either(tmp_path, corpus, spec, monkeypatch):
    def broken(_self, _target, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(Corpus, "start", broken)
    worker = Worker(tmp_path, spec, Corpus.of(read_labelled([str(corpus)]).utterances))
    with pytest.raises(RuntimeError, match="the run domain:music, ceiling, seed 0 failed"):
        worker.run(spec.runs()[1])


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_corpus_that_changed_is_refused(tmp_path, corpus, spec, processes):
    with pytest.raises(InputError, match="LABELLED has changed"):
        run_missing(tmp_path / "study", corpus, replace(spec, corpus="0"), processes=processes)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "kill"), reason="signals")
def test_a_killed_study_goes_on_to_the_same_bytes(tmp_path, corpus, spec, whole):
    folder = tmp_path / "study"
    tests = str(Path(__file__).parent.parent)
    program = (
        f"import sys; sys.path[:0] = {[tests, f'{tests}/cli']!r}\n"
        "from pathlib import Path\nfrom studies import *\nfrom canvass.corpus.labelled import read_labelled\n"
        "if __name__ == '__main__':\n"
        f"    spec = spec_of(read_labelled([{str(corpus)!r}]).utterances, transfer=('svm',))\n"
        f"    run_missing(Path({str(folder)!r}), {str(corpus)!r}, spec, processes=2)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    process = subprocess.Popen([sys.executable, str(script)])
    end = time.monotonic() + 120
    while not list(folder.glob("*/*.npz")) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert list(folder.glob("*/*.npz"))
    time.sleep(1)  # its processes end with it
    run_missing(folder, corpus, spec)
    assert results(folder) == results(whole)


def test_damage_is_a_sentence(tmp_path, whole, spec):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    path, other = (folder / name.file for name in spec.runs()[:2])
    shutil.copy(path, other)
    with pytest.raises(ModelFileError, match="is of another run"):
        read_study(folder)
    other.write_bytes(b"PK nonsense")
    with pytest.raises(ModelFileError, match="damaged"):
        read_study(folder)
    document = json.loads((folder / "study.json").read_text())
    for wrong in (
        "{",
        "[]",
        json.dumps({**document, "version": 99}),
        json.dumps({**document, "options": {}}),
    ):
        (folder / "study.json").write_text(wrong)
        with pytest.raises(InputError, match="study"):
            read_study(folder)
    with pytest.raises(FileError, match="no study there"):
        read_study(tmp_path / "nowhere")


@pytest.mark.slow
def test_noise_changes_the_answers_and_not_what_errors_are_counted_on(tmp_path, corpus, utterances, whole):
    noisy = spec_of(utterances, noise=0.4, seeds=1)
    run_missing(tmp_path / "noisy", corpus, noisy)
    clean, wrong = (
        read_study(folder).runs_of(TARGET, "ceiling")[0] for folder in (whole, tmp_path / "noisy")
    )
    assert np.array_equal(reference_slots(clean), reference_slots(wrong))
    assert (
        score(unpack_errors(wrong.errors[0])).slot_error_rate
        > score(unpack_errors(clean.errors[0])).slot_error_rate
    )


@pytest.mark.slow
def test_target_all_is_missing_with_the_strategies_that_need_no_committee(tmp_path, utterances):
    annotated = [utterance for utterance in utterances if utterance.slots is not None]
    path = tmp_path / "corpus.jsonl"
    write(path, annotated)
    known = read_labelled([str(path)]).utterances
    names = strategies_for(Target("all"), ["all"])
    assert names == (
        "random",
        "joint",
        "margin-joint",
        "margin-balanced",
        "least-confidence",
        "margin",
        "entropy",
    )
    run_missing(
        tmp_path / "study", path, spec_of(known, targets=("all",), strategies={"all": names}, seeds=1)
    )
    study = read_study(tmp_path / "study")
    assert study.missing == ()
    for run in study.runs:
        assert run.routing.shape == (0, 4)
        assert run.projections == {}
        assert run.chosen.on_target.all()


def test_strategies_are_those_of_the_table():
    assert strategies_for(MUSIC, ["all"]) == tuple(
        name for name, row in TABLE.items() if not (row.for_all or row.columns or row.weigh)
    )
    assert strategies_for(MUSIC, ["random", "joint"]) == ("random", "joint")
    for target, names, words in (
        (MUSIC, ["randon"], "did you mean random"),
        (MUSIC, ["random", "random"], "twice"),
        (Target("all"), ["qbc-sa"], "choose from random, joint"),
    ):
        with pytest.raises(OptionError, match=words):
            strategies_for(target, names)


def test_options_that_make_no_sense(utterances):
    for changes, words in (
        ({"seeds": 0}, "--seeds 0"),
        ({"schedule": ()}, "--rounds 0"),
        ({"schedule": (3, 0)}, "--batch 0"),
        ({"noise": 1.0}, "--noise 1"),
        ({"pool_share": 0.0}, "--pool-share 0"),
        ({"budget_unit": "euros"}, "--batch in 'euros'"),
    ):
        with pytest.raises(OptionError, match=words):
            spec_of(utterances, **changes).check()


def test_to_read_a_study_no_model_is_loaded(whole):
    program = (
        "import sys; from canvass.simulation import read_study; "
        f"assert len(read_study({str(whole)!r}).runs) == 8; "
        "print(sorted({'numba', 'sklearn', 'pycrfsuite'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_folders_of_targets_are_apart():
    names = ["all", "domain:all", "intent:a/b", "intent:a_b", "intent:a%2Fb", "domain:..", "intent:é"]
    folders = [folder_of(name) for name in names]
    assert len(set(folders)) == len(names)
    assert not any("/" in name or name.startswith(".") for name in folders)


def test_a_process_that_dies_is_an_error(tmp_path, corpus, spec, monkeypatch):
    from concurrent.futures.process import BrokenProcessPool

    from canvass.simulation import study

    class Dead:
        def __init__(self, *_args, **_options):
            pass

        def submit(self, *_args):
            from concurrent.futures import Future

            future = Future()
            future.set_exception(BrokenProcessPool("gone"))
            return future

        def shutdown(self, **_options):
            pass

    monkeypatch.setattr(study, "ProcessPoolExecutor", Dead)
    with pytest.raises(TrainingError, match="a process of the study died, while domain:music"):
        run_missing(tmp_path / "study", corpus, spec, processes=2)
