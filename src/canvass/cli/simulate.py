"""`canvass simulate`: simulate annotation with hidden labels, over strategies and seeds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass import __version__
from canvass.cli import options, terminal
from canvass.cli.help import INTERRUPTED
from canvass.cli.words import OFF, POOL, tell_people
from canvass.errors import OptionError, plural
from canvass.files import STANDARD_STREAM
from canvass.types import TARGET_WORDS, Target, Utterance

if TYPE_CHECKING:
    from canvass.simulation.spec import RunName, Spec, TargetFacts
    from canvass.simulation.study import Reading, Result

ROUNDS, BATCH = 15, 20
BOTH = "both"  # with word features and without
PROBED = 3  # requests that a scorer is asked about beforehand
LOOP = "The loop"
# The options that a study describes by the same words.
AS_GIVEN = (
    *("seeds", "seed_size", "negatives", "pool_share", "noise"),
    *("transfer_every", "words", "shortlist", "variety"),
)


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What is simulated: targets, strategies and the loop."""

    target: Annotated[
        list[str] | None,
        options.target_option(
            f"Spend the budget on this: {TARGET_WORDS}. Repeat it for a study of each target."
        ),
    ] = None
    strategy: Annotated[
        list[str] | None,
        options.strategy_option(
            "Run this strategy (see canvass strategies), or all. May be repeated. [default: all]"
        ),
    ] = None
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Run each strategy N times, from different starts.")
    ] = 10
    seed_size: Annotated[
        int, typer.Option(metavar="N", help="Start from N annotated requests of the target.")
    ] = 100
    negatives: Annotated[
        int, typer.Option(metavar="N", help="Start from N annotated requests of others, too.")
    ] = 1500
    rounds: Annotated[int | None, typer.Option(metavar="N", help=f"Run N rounds. [default: {ROUNDS}]")] = None
    batch: Annotated[
        str,
        typer.Option(
            metavar="N,...[:UNIT]",
            help="Annotate N requests in each round; a list such as 10,10,20,40 is for as many rounds. 200:tokens or "
            "50:slots are spent in that unit (the intent counts as one slot more).",
        ),
    ] = str(BATCH)
    pool_share: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Leave out requests of the target until it makes up this share of the pool.",
            rich_help_panel=LOOP,
        ),
    ] = None
    noise: Annotated[
        float,
        typer.Option(
            metavar="X", help="Annotate this share of intents and of slots wrongly.", rich_help_panel=LOOP
        ),
    ] = 0.0
    transfer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAMILY",
            help="After the last round, train models of another kind on what was selected, and count their errors: "
            "svm, spacy, or module:factory of your own. May be repeated.",
            rich_help_panel=LOOP,
        ),
    ] = None
    transfer_every: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Train the families of --transfer after every Nth round, too.",
            show_default=False,
            rich_help_panel=LOOP,
        ),
    ] = 0
    test: Annotated[
        str | None,
        typer.Option(
            metavar="PART",
            help="Count errors on the records whose split is test (own), or on a fifth of all, by hash (fifth). "
            "[default: own where there are some]",
            rich_help_panel=LOOP,
        ),
    ] = None

    scorer: options.ScorerOption = None
    shortlist: options.ShortlistOption = 2000
    variety: options.VarietyOption = True
    assistant_error: Annotated[
        str | None,
        typer.Option(
            metavar="X[,Y]",
            help="Have an assistant suggest annotations, of which this share is wrong; people correct them, but for a "
            "second share, which they take over. Tells keys and errors beside those of people alone.",
            rich_help_panel=LOOP,
        ),
    ] = None
    words: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="Give the models that are measured word features learnt from the texts of the pool (pool) or none "
            "(off), or measure each strategy with and without (both). What is chosen does not depend on them.",
            rich_help_panel=LOOP,
        ),
    ] = POOL

    def spec(self) -> Spec:
        """Describe the study, its corpus still unknown; raises OptionError for what makes no sense."""
        from canvass.simulation.spec import Spec, strategies_for

        targets = tuple(str(target) for target in options.targets_of(self.target))
        if len(set(targets)) < len(targets):
            raise OptionError(f"a target is given twice; write {TARGET_WORDS}, each once")
        if self.test not in {None, "own", "fifth"}:
            raise OptionError(f"--test {self.test!r} is unknown; write own or fifth")
        if self.words not in {POOL, OFF, BOTH}:
            raise OptionError(f"--words {self.words!r} is unknown; write pool, off or both")
        error, influence = self._assistant()
        spec = Spec(
            corpus="",
            targets=targets,
            strategies={
                name: strategies_for(Target.parse(name), self.strategy or ["all"]) for name in targets
            },
            schedule=self._schedule(),
            # `check` refuses other words.
            budget_unit=self.batch.partition(":")[2] or "utterances",  # type: ignore[arg-type]
            transfer=tuple(self.transfer or ()),
            test="fifth" if self.test == "fifth" else "own",
            scorer=self.scorer or "",
            assistant_error=error,
            assistant_influence=influence,
            canvass=__version__,
            **{name: getattr(self, name) for name in AS_GIVEN},
        )
        spec.check()
        return spec

    def _schedule(self) -> tuple[int, ...]:
        """Say what each round spends."""
        from canvass.simulation.budget import parse_schedule

        schedule = parse_schedule(self.batch.partition(":")[0])
        if len(schedule) == 1 and "," not in self.batch:
            return schedule * (ROUNDS if self.rounds is None else max(self.rounds, 0))
        if self.rounds is not None:
            raise OptionError(f"--batch {self.batch} says what each round spends; leave out --rounds")
        return schedule

    def _assistant(self) -> tuple[float | None, float]:
        """Read which share of an assistant's suggestions is wrong, and which of these people take over."""
        if self.assistant_error is None:
            return None, 0.0
        shares = self.assistant_error.split(",")
        try:
            error, influence = map(float, (*shares, "0") if len(shares) == 1 else shares)
        except ValueError:
            raise OptionError(
                f"--assistant-error {self.assistant_error!r} makes no sense; write a share such as 0.2, or two such as "
                "0.2,0.5"
            ) from None
        return error, influence


def command(
    labelled: Annotated[
        list[str],
        typer.Argument(
            metavar="LABELLED...",
            help="Annotated requests: files of any format (see canvass formats), folders or globs.",
        ),
    ],
    *,
    out: Annotated[
        str,
        options.out_option(
            "Write the results to this folder; a study that was interrupted there goes on.", metavar="DIR"
        ),
    ],
    study: StudyOptions,
    reading: options.LabelledOptions,
    processes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Execute N runs at once; no result depends on it. [default: one for each processor]",
            rich_help_panel=options.RUNNING,
        ),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Simulate annotation on requests with hidden labels, to see what a strategy would have saved.

    Every strategy starts from the same labelled set of each seed, and is measured on the same test set. What
    happened is stored, one file a run; an interrupted study goes on when the command is given again.
    """
    from canvass.processors import processors
    from canvass.simulation.study import Reading
    from canvass.simulation.transfer import check_family
    from canvass.strategies import STRATEGIES

    spec = study.spec()
    count = processors() if processes is None else processes
    options.check_at_least_one("--processes", count)
    if STANDARD_STREAM in labelled:
        raise OptionError(
            "LABELLED is read by every process, and standard input (-) can be read once; name a file"
        )
    chosen = {name for names in spec.strategies.values() for name in names}
    again = Reading(
        tuple(labelled),
        reading.keywords,
        # What suits the most demanding strategy suits all.
        min((STRATEGIES[name].columns for name in chosen if STRATEGIES[name].columns), key=len, default=()),
    )
    for family in spec.transfer:
        check_family(family)
    _simulate(again, spec, Path(out), count, own_test_if_any=study.test is None, as_json=as_json)


def _simulate(
    reading: Reading, spec: Spec, out: Path, processes: int, *, own_test_if_any: bool, as_json: bool
) -> None:
    from canvass.simulation.start import TEST_SPLIT, Corpus, digest_of, facts_of
    from canvass.simulation.study import note_provenance, open_folder, scorer_of

    with terminal.busy("reading LABELLED"):
        known = reading.labelled()
        utterances: Sequence[Utterance] = known.utterances
        has_own = any(utterance.split == TEST_SPLIT for utterance in utterances)
        if own_test_if_any and not has_own:
            spec = replace(spec, test="fifth")
        spec = replace(spec, corpus=digest_of(utterances, reading.opinions()))
        if (scorer := scorer_of(spec, utterances)) is not None:
            # Before the first run, not in it.
            scorer.answers([utterance.text for utterance in utterances[:PROBED]])
        cut = Corpus.of(utterances, test=spec.test)
        known_targets = options.known_targets([Target.parse(name) for name in spec.targets], cut.rest)
        resolved = dict(zip(spec.targets, map(str, known_targets), strict=True))
        spec = replace(
            spec,
            targets=tuple(resolved.values()),
            strategies={resolved[name]: named for name, named in spec.strategies.items()},
        )
        facts = [facts_of(cut, spec, name) for name in spec.targets]
    terminal.warn_of_left_out(known)
    terminal.warn_of_findings(known)
    if spec.words != OFF and not cut.teaches_words:
        tell_people("the models have no word features: the corpus has too few requests to learn any from")
    for row in facts:
        if row.short_pool:
            terminal.warn(
                f"{row.target}: the pool holds {row.pool_target:,} requests of the target, fewer than four times the "
                f"budget of {row.budget_utterances:,}: a pool that is used up makes all strategies alike; the "
                "study is marked"
            )
    names = open_folder(out, spec, facts)
    note_provenance(out, ["canvass", *sys.argv[1:]])
    start = time.monotonic()
    _run(out, spec, reading, names, processes)
    _tell(out, spec, facts, len(names), time.monotonic() - start, as_json=as_json)


def _run(out: Path, spec: Spec, reading: Reading, names: Sequence[RunName], processes: int) -> None:
    """Execute the missing runs; an interruption says how to resume."""
    from canvass.simulation.study import run_study

    finished = 0
    rounds = sum(len(spec.schedule_of(name.kind)) + 1 for name in names)
    try:
        with terminal.progress("running", rounds, "rounds") as advance:

            def after_run(result: Result) -> None:
                nonlocal finished
                finished += 1
                done = len(spec.schedule_of(result.name.kind)) + 1
                advance(done, done)

            run_study(out, spec, reading, names, processes=processes, after_run=after_run)
    except KeyboardInterrupt as error:
        terminal.say(
            f"interrupted; {len(spec.runs()) - len(names) + finished} of {len(spec.runs())} runs are stored in {out}: "
            "give the same command again to go on"
        )
        raise typer.Exit(INTERRUPTED) from error


def _tell(
    out: Path, spec: Spec, facts: Sequence[TargetFacts], run_now: int, seconds: float, *, as_json: bool
) -> None:
    """Show the slot error rates that were reached, the means of the seeds."""
    from canvass.simulation.measures import checked, final_slot_error_rates, has_slots, main_measure, totals
    from canvass.simulation.store import read_study

    study = read_study(out)
    rates = {row.target: final_slot_error_rates(study, row.target) for row in facts}
    checks = {row.target: checked(study, row.target) for row in facts}
    if as_json or not terminal.interactive():
        told: dict[str, Any] = {
            "study": str(out),
            "runs": len(spec.runs()),
            "run_now": run_now,
            "seconds": seconds,
            "slot_error_rate": rates,
            **({} if spec.assistant_error is None else {"assistant": checks}),
        }
        terminal.print_json(told)
        return
    for row in facts:
        runs = study.runs_of(row.target, "strategy")
        rate = main_measure(slots=has_slots(totals(run.errors) for run in runs)).title
        terminal.show(
            f"{row.target}: {rate} after {row.budget:,} {spec.budget_unit}, mean of "
            f"{plural(spec.seeds, 'start')}, on {row.test_target:,} requests"
        )
        terminal.show_facts([(name, f"{rate:.2%}") for name, rate in rates[row.target].items()])
        for name, means in checks[row.target].items():
            terminal.show(
                f"{name}: {means['keys']:.2f} keys a request with the assistant and {means['keys_alone']:.2f} without; "
                f"{means['wrong']:.1%} and {means['wrong_alone']:.1%} are annotated wrongly"
            )
        terminal.show()
    terminal.show_facts([("runs", len(spec.runs())), ("run now", run_now), ("seconds", f"{seconds:.0f}")])
    terminal.show()
    terminal.show_written(str(out))
