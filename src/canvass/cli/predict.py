"""`canvass predict`: what a model thinks of each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.files import STANDARD_STREAM, check_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canvass.corpus.pool import Pool
    from canvass.models.nlu import NLU

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model file, written by canvass train.", show_default=False)
]


def command(
    model: Model,
    pool: options.PoolFiles,
    *,
    out: Annotated[
        str,
        options.out_option(
            "Write to this file: .jsonl, .csv, .tsv or .parquet, or - for JSONL on standard output."
        ),
    ] = STANDARD_STREAM,
    reading: options.InputOptions,
    pool_format: options.PoolFormat = None,
) -> None:
    """Predict whether requests belong to the target, and their intent and slots.

    Each request is written with is_target, the members' scores, and the intent and slots that it has if it
    does belong to the target.
    """
    from canvass.corpus.pool import Pool
    from canvass.models.nlu import NLU

    options.check_table(out)
    options.check_format("--pool-format", pool_format)
    nlu = NLU.load(model)
    opened = Pool.open(pool, columns=reading.names, skip_bad=reading.skip_bad, format=pool_format)
    terminal.warn_of_passed_over(opened.passed_over)
    check_output(out, [model, *opened.files])
    _write(nlu, opened, out)
    if opened.bad.count:
        lines = "line was" if opened.bad.count == 1 else "lines were"
        terminal.warn(f"{opened.bad.count} bad {lines} skipped; the first: {opened.bad.first}")
    if out != STANDARD_STREAM:
        terminal.show_written(out)


def _write(nlu: NLU, pool: Pool, out: str) -> None:
    """Write the predictions; on a terminal line by line, so that no text acts on it."""
    from canvass.corpus.formats import output_format_of

    if out == STANDARD_STREAM and terminal.interactive():
        # The result itself runs over the terminal: a bar would be torn by it.
        for record in _records(nlu, pool, lambda _units, _share: None):
            terminal.print_json(record)
        return
    write = output_format_of(out).write
    assert write is not None, "the command checked it"
    with terminal.progress("predicting", pool.total_bytes) as advance:
        write(out, _records(nlu, pool, advance))


def _records(nlu: NLU, pool: Pool, advance: Callable[[int, int], None]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    from canvass.corpus.normalise import keys
    from canvass.evaluation import takes_for_target
    from canvass.models.committee import MEMBERS
    from canvass.selection.batch_file import prediction_record

    for block in pool.blocks():
        rows = block.batch.to_pylist()
        texts = [row["text"] for row in rows]
        predictions = nlu.predict(texts) if nlu.can_predict else [None] * len(rows)
        members = None if nlu.committee is None else nlu.committee.decision_function(texts)
        taken = takes_for_target(nlu, keys(pa.array(texts, type=pa.string())))
        targeted = [True] * len(rows) if taken is None else taken.tolist()
        scores = [[]] * len(rows) if members is None else members.tolist()
        for row, prediction, is_target, score in zip(rows, predictions, targeted, scores, strict=True):
            yield {
                **row,
                "is_target": is_target,
                **{f"score_{member}": value for member, value in zip(MEMBERS, score, strict=False)},
                **prediction_record(prediction),
            }
        advance(len(rows), block.consumed)
