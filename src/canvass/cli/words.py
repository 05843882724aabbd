"""`canvass words`: what the requests of a pool teach about words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import is_project, open_project
from canvass.errors import OptionError, TrainingError
from canvass.files import check_output, split_name, write_whole

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project
    from canvass.features.key_sample import KeySample
    from canvass.features.word_features import WordFeatures

POOL, OFF = "pool", "off"
WordsOption = Annotated[
    str,
    typer.Option(
        metavar="WHAT",
        help="Predict with word features learnt from POOL (pool), with those of a file that canvass words wrote "
        "(.npz), or without any (off). What is chosen does not depend on them.",
    ),
]
LEARNT = ".npz"
VECTORS = (".txt", ".vec")
GRAIN = 1  # whose clusters are shown: the middle one
SHOWN = 12  # words of a cluster


def command(
    pool: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL...",
            help="Unlabelled requests, as for canvass select; or one file that this command wrote (.npz), or the "
            "folder of a project, which then predicts with what is learnt anew from its pool.",
        ),
    ],
    *,
    near: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Show the words nearest to this one. May be repeated."),
    ] = None,
    out: Annotated[
        str | None,
        options.out_option(
            "Write what was learnt: .npz for --words of other commands, .txt or .vec for vectors in the text "
            "format of word2vec, which spaCy's init vectors reads (each also with .gz)."
        ),
    ] = None,
    threads: options.ThreadsOption = None,
    reading: options.InputOptions,
    pool_reading: options.PoolOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Learn from the requests of a pool which words are alike, and show it.

    Words that stand in the same places get similar vectors and the same cluster. Without --near it shows the
    clusters, the most frequent first. The same requests give the same bytes, in any order.
    """
    if out is not None:
        _check_out(out, pool)
    features = _learn_for_project(pool) or learn_or_load(pool, reading, pool_reading, threads)
    unknown = [word for word in near or () if features.row_of(word) is None]
    if unknown:
        raise OptionError(
            f"--near {unknown[0]!r}: fewer than two requests say this word, or it is not among the "
            f"{len(features.words):,} most frequent; name another"
        )
    if out is not None:
        _write(features, out)
    if as_json:
        terminal.print_json(_facts(features, near or ()))
    else:
        _show(features, near or ())


def _check_out(out: str, pool: Sequence[str]) -> None:
    ending, compression = split_name(out)
    if ending not in (LEARNT, *VECTORS) or (ending == LEARNT and compression is not None):
        raise OptionError(
            f"--out {out}: end the name in .npz, or in .txt or .vec (each also with .gz or .zst)"
        )
    check_output(out, pool)


def _learn_for_project(pool: Sequence[str]) -> WordFeatures | None:
    """Learn anew for a project; None if the names are not the folder of one. Raises as `learn_or_load`."""
    if len(pool) > 1 or not Path(pool[0]).is_dir() or not is_project(pool[0]):
        return None

    with open_project(pool[0]) as project, project.lock("learns word features"):
        features = learn_from(sample_of(project))
        project.keep_words(features)
    return features


def sample_of(project: Project) -> KeySample:
    """Sample the keys of the pool of a project."""
    from canvass.features.key_sample import KeySample

    pool = project.pool()
    with terminal.progress("reading the pool", pool.total_bytes) as advance:
        return KeySample.of_pool(pool, progress=advance)


def learn_or_load(
    names: Sequence[str],
    reading: options.InputOptions,
    pool_reading: options.PoolOptions,
    threads: int | None,
) -> WordFeatures:
    """Load the file that this command wrote, or learn from a pool.

    Raises CanvassError if the file is none, the pool cannot be read, or it teaches too little.
    """
    from canvass.features.key_sample import KeySample
    from canvass.features.word_features import WordFeatures
    from canvass.selection.engines.threads import check_threads

    check_threads(threads)
    if len(names) == 1 and Path(names[0]).suffix == LEARNT:
        return WordFeatures.load(names[0])
    opened = pool_reading.open(names, reading)
    with terminal.progress("reading the pool", opened.total_bytes) as advance:
        sample = KeySample.of_pool(opened, threads=threads, progress=advance)
    return learn_from(sample)


def learn_from(sample: KeySample) -> WordFeatures:
    """Learn from a sample of a pool; raises TrainingError if it teaches too little."""
    import pyarrow as pa

    from canvass.features.word_features import learn

    with terminal.busy("learning which words are alike"):
        keys = sample.keys()
        pa.default_memory_pool().release_unused()  # blocks of the pool
        return learn(keys)


def load_words(words: str) -> WordFeatures | None:
    """Load the file that --words names; None where it says pool or off.

    Raises OptionError, FileError or ModelFileError if it says something else, or the file cannot be read or is none.
    """
    from canvass.features.word_features import WordFeatures

    if words in {POOL, OFF}:
        return None
    if Path(words).suffix != LEARNT:
        raise OptionError(
            f"--words {words}: write pool, off, or the name of a file that canvass words wrote (.npz)"
        )
    return WordFeatures.load(words)


def warn_of_another_pool(words: str, features: WordFeatures, sample: KeySample) -> None:
    """Warn where the features of the file that --words names were learnt from other requests than a pool's."""
    from canvass.features.word_features import digest_of

    keys = sample.keys()
    if digest_of(keys) != features.digest:
        terminal.warn(
            f"--words {words}: learnt from {features.requests:,} requests that are not the {len(keys):,} sampled from "
            "this pool; if it has changed, or the file is of another one, learn anew with canvass words"
        )


def learn_if_enough(sample: KeySample) -> WordFeatures | None:
    """Learn from a sample of a pool; None, and a sentence for people, if it teaches too little."""
    try:
        return learn_from(sample)
    except TrainingError as error:
        tell_people(f"predictions are made without word features: {error}")
        return None


def tell_people(message: str) -> None:
    """Tell people on a terminal what is no warning."""
    if sys.stderr.isatty():
        terminal.say(message)


def _write(features: WordFeatures, out: str) -> None:
    if split_name(out)[0] == LEARNT:
        features.save(out)
    else:
        write_whole(out, features.word2vec_text().encode())


def _facts(features: WordFeatures, near: Sequence[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "requests": features.requests,
        "words": len(features.words),
        "digest": features.digest,
    }
    if near:
        facts["near"] = {word: [neighbour._asdict() for neighbour in features.nearest(word)] for word in near}
    else:
        facts["clusters"] = features.members(GRAIN)
    return facts


def _show(features: WordFeatures, near: Sequence[str]) -> None:
    """Print clusters or neighbours, a line each; tabs where nobody looks."""
    rows: list[tuple[str, ...]]
    columns: tuple[str, ...]
    if near:
        rows = [
            (word, neighbour.word, f"{neighbour.cosine:.2f}", f"{neighbour.seen:,}")
            for word in near
            for neighbour in features.nearest(word)
        ]
        columns = ("word", "near", "cosine", "seen")
    else:
        rows = [
            (f"{len(words):,}", " ".join(words[:SHOWN]) + (" ..." if len(words) > SHOWN else ""))
            for words in features.members(GRAIN)
        ]
        columns = ("words", "cluster")
    terminal.show_rows(columns, rows, right={"words", "cosine", "seen"})
    if terminal.interactive():
        terminal.show()
        terminal.show((f"{len(features.words):,} words of {features.requests:,} distinct requests", "dim"))
