"""`canvass new`: a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.phrases import SeedOptions, begins_with, suggested
from canvass.cli.words import POOL, WordsOption, learn_if_enough, load_words, sample_of, warn_of_another_pool
from canvass.errors import OptionError
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project

LOOKED_AT = 10_000  # requests of the pool, whose lengths are told


def command(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Make this folder; it must not exist yet.")],
    labelled: options.LabelledFiles,
    pool: options.PoolFiles,
    *,
    target: options.TargetOption = None,
    seeds: SeedOptions,
    test: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Count errors on these annotated requests. [default: a fifth of LABELLED, held out by hash]",
        ),
    ] = None,
    strategy: options.StrategyOption = None,
    seed: options.SeedOption = 0,
    words: WordsOption = POOL,
    scorer: options.ScorerOption = None,
    reading: options.LabelledOptions,
    pool_format: options.PoolFormat = None,
    where: options.WhereOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Make a project: a folder in which one target is annotated.

    It holds canvass.toml (settings and guidelines, to be edited), canvass.db (all answers), and copies of the labelled
    requests and of those that errors are counted on. POOL stays where it is. Next: canvass annotate DIR, or canvass
    next and canvass import.
    """
    from canvass.annotation.project.creation import refuse_folder
    from canvass.annotation.project.project import Project

    wanted = options.target_of(target)
    refuse_folder(Path(folder))
    options.check_format("--pool-format", pool_format)
    if labelled == test == STANDARD_STREAM:
        raise OptionError(
            "LABELLED and --test are both standard input (-), which can be read once; name a file for one"
        )
    features = load_words(words)
    phrases = seeds.read([wanted])
    known = reading.read([labelled], may_be_empty=bool(phrases))
    terminal.warn_of_findings(known)
    given = known.utterances
    [wanted] = options.known_targets([wanted], given)
    test_set = None if test is None else reading.read([test]).utterances
    if not begins_with(phrases, given, [wanted]):
        phrases = ()
    with suggested():
        project = Project.create(
            folder,
            given,
            pool,
            wanted,
            test=test_set,
            strategy=strategy,
            seed=seed,
            skip_bad=reading.skip_bad,
            pool_format=pool_format or "",
            where=where or "",
            columns=reading.names,
            words=features,
            seed_phrases=tuple(phrases),
            scorer=scorer or "",
        )
    with project:
        if words == POOL:
            if (learnt := learn_if_enough(sample_of(project))) is not None:
                project.keep_words(learnt)
        elif features is not None:
            warn_of_another_pool(words, features, sample_of(project))
        terminal.warn_of_passed_over(project.pool().passed_over)
        _warn_of_long(project)
        _tell(project, given=len(given), held_out=test is None, as_json=as_json)


def _warn_of_long(project: Project) -> None:
    """Say how many of the first requests of the pool are too long to be chosen."""
    from canvass.annotation.project.creation import SETTINGS
    from canvass.corpus.spans import text_tokens

    most = project.settings.project.max_tokens
    seen = too_long = 0
    for block in project.pool().blocks():
        texts = block.batch.column("text").slice(0, LOOKED_AT - seen).to_pylist()
        seen += len(texts)
        # A token has a character: most texts need not be taken apart.
        too_long += sum(len(text) > most and len(text_tokens(text)) > most for text in texts if text)
        if seen >= LOOKED_AT:
            break
    if too_long:
        terminal.warn(
            f"{too_long:,} of the first {seen:,} requests of the pool have more than {most} tokens, and are never "
            f"chosen; max_tokens in {project.folder / SETTINGS} sets the limit"
        )


def _tell(project: Project, *, given: int, held_out: bool, as_json: bool) -> None:
    from canvass.annotation.quality.progress import missing_in

    labelled, test = len(project.labelled), len(project.test)
    ours = sum(map(project.target.matches, project.labelled))
    ours_in_test = sum(map(project.target.matches, project.test))
    missing = missing_in(project)
    for words in missing:
        terminal.warn(words)
    if held_out and test:
        name = "in scope" if project.target.kind == "all" else f"of {project.target}"
        of_target = "" if ours_in_test == test else f", {ours_in_test:,} of them {name},"
        terminal.say(
            f"{test:,} of the {given:,} labelled requests{of_target} are held out to count errors on, and are never "
            "trained on (--test names others)"
        )
    elif labelled < given and not held_out:
        terminal.say(
            f"{given - labelled:,} labelled requests are in the test set too, and are not trained on"
        )
    facts = {
        "project": str(project.folder),
        "target": str(project.target),
        "strategy": project.settings.project.strategy,
        "labelled": labelled,
        "labelled_of_the_target": ours,
        "test": test,
        "test_of_the_target": ours_in_test,
        "intents": len(project.settings.intents),
        "slot_labels": len(project.settings.slots),
    }
    if as_json:
        terminal.print_json(facts | {"missing": missing})  # elsewhere it has been said
    else:
        terminal.show_made(facts, str(project.folder))
