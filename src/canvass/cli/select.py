"""`canvass select`, the main job, and `canvass strategies`, the rules by which it may choose."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.cli.batches import deliver
from canvass.cli.phrases import SeedOptions, begins_with, suggested
from canvass.cli.words import POOL, WordsOption, learn_if_enough, load_words, warn_of_another_pool
from canvass.errors import OptionError
from canvass.types import TARGET_WORDS, Target, Utterance

if TYPE_CHECKING:
    from canvass.features.word_features import WordFeatures
    from canvass.selection.batch_file import Batch
    from canvass.selection.job import Engine
    from canvass.selection.multi_target import Plans
    from canvass.selection.seed_phrases import SeedPhrases


EACH_DOMAIN = "each-domain"
LEGEND = """
y_lg, y_hg, y_sq: raw scores of the logistic, hinge and squared member (y_m: each of them)
p_lg: probability of the target; p_intent, p_crf: of the likeliest intent and slots;
p_joint: of all three; q_intent, q_slots: of your own model; T: tokens
p_1, p_2: of the likeliest intents; in turn: the intent with the fewest examples first"""


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What scores the pool; the batch does not depend on it."""

    threads: options.ThreadsOption = None
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Score the pool with local threads, dask or spark; the result does not depend on it.",
            rich_help_panel=options.RUNNING,
        ),
    ] = "local"
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Connect to this scheduler of Dask, such as tcp://host:8786. [default: start one on this machine]",
            rich_help_panel=options.RUNNING,
        ),
    ] = None
    master: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Run on this master of Spark, such as yarn or spark://host:7077. [default: the one of spark-submit, "
            "or this machine]",
            rich_help_panel=options.RUNNING,
        ),
    ] = None

    def find(self) -> Engine:
        """Make the engine; raises as `engine_named`."""
        from canvass.selection.engines import engine_named

        return engine_named(self.engine, scheduler=self.scheduler, master=self.master, threads=self.threads)


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """How many requests are chosen, and by what rule."""

    size: Annotated[int, options.size_option("Choose N requests for each target.")] = 500
    strategy: options.StrategyOption = None
    seed: options.SeedOption = 0
    max_tokens: options.MaxTokensOption = 40
    words: WordsOption = POOL
    variety: options.VarietyOption = True

    scorer: options.ScorerOption = None
    shortlist: options.ShortlistOption = 2000

    def named(self, targets: Sequence[Target]) -> str:
        """Name the strategy; raises OptionError if an option makes no sense for these targets."""
        from canvass.models.scorer import check_address
        from canvass.selection.selection_models import check_options
        from canvass.strategies import check_scorer, default_for

        has_rest = not any(target.kind == "all" for target in targets)
        name = self.strategy or default_for(targets[0] if targets else EACH_DOMAIN)
        row = check_options(name, self.size, self.max_tokens, has_committee=has_rest)
        if self.scorer is not None:
            check_address(self.scorer)
            check_scorer(row, self.shortlist, self.size)
        return name

    def plan_by_phrases(self, seeds: SeedPhrases, labelled: Sequence[Utterance], target: Target) -> Plans:
        """Plan without models; raises OptionError where a number makes no sense."""
        from canvass.corpus.normalise import key_of
        from canvass.selection.excluded_keys import ExcludedKeys
        from canvass.selection.multi_target import Plans
        from canvass.selection.seed_phrases import SeedPlan

        excluded = ExcludedKeys(key_of(utterance.text) for utterance in labelled)
        examples = sum(map(target.matches, labelled))
        plan = SeedPlan.of_phrases(seeds, target, examples, excluded, **self._numbers())
        return Plans((plan,))

    def train(self, labelled: Sequence[Utterance], targets: Sequence[Target], strategy: str) -> Plans:
        """Train the models of each target; no target stands for every domain. Raises as `Plans.train`."""
        from canvass.models.scorer import Scorer
        from canvass.models.tagger import ITERATIONS_FOR_SELECTION
        from canvass.selection.multi_target import Plans, domains_of

        scorer = None if self.scorer is None else Scorer.of(self.scorer, labelled, shortlist=self.shortlist)
        if not targets:
            targets, too_few = domains_of(labelled, strategy)
            if too_few:
                terminal.warn(
                    f"left out, with too few utterances annotated for slots to train {strategy}: "
                    + ", ".join(target.name for target in too_few)
                )
        options.tell_cost(labelled, targets, ITERATIONS_FOR_SELECTION)
        with terminal.busy(f"training on {len(labelled):,} annotated requests"):
            return Plans.train(labelled, targets, strategy=strategy, scorer=scorer, **self._numbers())

    def _numbers(self) -> dict[str, Any]:
        """Give what all plans are made with."""
        return {name: getattr(self, name) for name in ("size", "seed", "max_tokens", "variety")}


def _targets(words: Sequence[str] | None) -> list[Target]:
    """Read --target; an empty list stands for every domain.

    Raises OptionError if it is missing, or the targets cannot stand together.
    """
    from canvass.selection.multi_target import check_targets

    if words and EACH_DOMAIN in words:
        if len(words) > 1:
            raise OptionError(f"--target {EACH_DOMAIN} takes every domain of LABELLED; leave out the others")
        return []
    targets = options.targets_of(words, or_else=f", or {EACH_DOMAIN}")
    check_targets(targets)
    return targets


def predict_with(
    features: WordFeatures, labelled: Sequence[Utterance], plans: Plans, batches: Sequence[Batch]
) -> tuple[Batch, ...]:
    """Give each batch the predictions of models with word features."""
    from canvass.models.nlu import train_predictors
    from canvass.models.tagger import ITERATIONS_FOR_SELECTION

    predicted = []
    with terminal.busy("training with word features"):
        for plan, batch in zip(plans.plans, batches, strict=True):
            intents, tagger = train_predictors(
                labelled, batch.target, iterations=ITERATIONS_FOR_SELECTION, words=features
            )
            predicted.append(batch.predicted_by(replace(plan.nlu, intents=intents, tagger=tagger)))
    return tuple(predicted)


def select(
    labelled: options.LabelledFiles,
    pool: options.PoolFiles,
    *,
    target: Annotated[
        list[str] | None,
        options.target_option(
            f"Choose requests of this target: {TARGET_WORDS}; {EACH_DOMAIN} is every domain of LABELLED. Repeat it for "
            "a batch of each target, in one pass over the pool."
        ),
    ] = None,
    seeds: SeedOptions,
    choice: ChoiceOptions,
    out: Annotated[
        str | None,
        options.out_option(
            "Write the batch to this file: .jsonl, .csv, .tsv or .parquet, or - for JSONL on standard output. "
            "[default: - where that is no terminal]"
        ),
    ] = None,
    reading: options.LabelledOptions,
    pool_reading: options.PoolOptions,
    running: EngineOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Choose the unlabelled requests that are most worth annotating.

    Trains on LABELLED, scores every request of POOL once, and writes the chosen ones in rank order, with the
    reasons and a prediction to correct instead of typing.

    On a terminal it shows the first choices and a summary; piped, it prints the batch as JSONL and nothing
    else.
    """
    from canvass.features.key_sample import KeySample
    from canvass.selection.engines import select_each
    from canvass.selection.seed_phrases import SeedPhrases
    from canvass.strategies import strategy_named

    start = time.monotonic()
    # What is cheap to refuse is refused before any file is read.
    targets = _targets(target)
    strategy = choice.named(targets)
    engine = running.find()
    if out is not None:
        options.check_table(out)
    features = load_words(choice.words)
    phrases = seeds.read(targets)
    opened = pool_reading.open(pool, reading, strategy_named(strategy).columns, others=True)
    options.check_inputs(out, labelled, reading.labelled_format, opened.files)
    read = reading.read([labelled], may_be_empty=bool(phrases))
    terminal.warn_of_findings(read, names_alone=True)
    known = read.utterances
    targets = options.known_targets(targets, known)
    if begins := begins_with(phrases, known, targets):
        plans = choice.plan_by_phrases(SeedPhrases.of(phrases, targets[0], features), known, targets[0])
    else:
        with suggested():
            plans = choice.train(known, targets, strategy)
    trained = time.monotonic()
    with terminal.progress("reading the pool", opened.total_bytes) as advance:
        can_predict = any(plan.nlu.can_predict for plan in plans.plans)
        wants_sample = features is not None or (choice.words == POOL and can_predict)
        sample = KeySample() if wants_sample else None
        batches = select_each(plans, opened, engine=engine, progress=advance, sample=sample)
    seconds = {"train": trained - start, "select": time.monotonic() - trained}
    if features is not None and sample is not None:
        warn_of_another_pool(choice.words, features, sample)
    elif sample is not None:
        features = learn_if_enough(sample)
    if features is not None and not begins:
        batches = predict_with(features, known, plans, batches)
    deliver(batches, opened, out, as_json=as_json, seconds=seconds)


def strategies(*, as_json: options.JsonOption = False) -> None:
    """List the strategies: filter, score (the smallest is annotated first), and where each is from."""
    from canvass.strategies import DEFAULT, STRATEGIES

    rows = [
        {
            "strategy": strategy.name,
            "filter": strategy.filter,
            "score": strategy.formula,
            "models": sorted(strategy.models),
            "from": strategy.source,
            "default": strategy.name == DEFAULT,
        }
        for strategy in STRATEGIES.values()
    ]
    if as_json:
        terminal.print_json(rows)
        return
    columns = ("strategy", "filter", "score", "from")
    cells = [[str(row[name]) for name in columns] for row in rows]
    # At 80 columns the last one wraps, and no formula is torn.
    terminal.show_rows(columns, cells, whole=columns[:-1], bold=DEFAULT)
    if terminal.interactive():
        for line in LEGEND.splitlines():
            terminal.show((line, "dim"))
