"""`canvass watch`: whether new requests are like those before."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.errors import CanvassError, EmptyPoolError, FileError, InputError, OptionError
from canvass.files import STANDARD_STREAM, check_outputs, write_whole
from canvass.types import Utterance

if TYPE_CHECKING:
    from canvass.corpus.pool import Pool
    from canvass.models.intents import IntentClassifier

CHANGED = 3  # exit code
KIND, VERSION = "watch", 3


def command(
    labelled: options.LabelledFiles,
    pool: options.PoolFiles,
    *,
    state: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Keep the reference and the names of the files that were read in this file (.json). Where it does not "
            "exist, the files of POOL become the reference.",
        ),
    ],
    window: Annotated[
        int, typer.Option(metavar="N", help="Wait until the new files have N requests or more.")
    ] = 1000,
    report: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write what changed to a page (.html).")
    ] = None,
    reading: options.LabelledOptions,
    pool_reading: options.PoolOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Compare the files of POOL that are new since the last call with a reference; for cron.

    Exit code 0: nothing changed, or nothing is new; 3: something changed; 2: an error. A window that is like the
    reference raises an alarm at most once in a hundred. The same call again changes nothing.
    """
    from canvass.selection.predicted_labels import label_classifier

    options.check_at_least_one("--window", window)
    if STANDARD_STREAM in pool:
        raise OptionError("POOL is standard input (-), which has no name to be remembered; name files")
    check_outputs({"--state": (state, ".json"), "--report": (report, ".html")}, [labelled, *pool])
    known = reading.read([labelled]).utterances
    classifier, lines = label_classifier(known), "\n".join(sorted(map(repr, known)))
    digest = hashlib.blake2b(lines.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    memory = _read(state, digest, len(classifier.names))
    opened = pool_reading.open(pool, reading)
    files = {file.file: file.size for file in opened.ranges}
    new = [name for name, size in files.items() if memory.get("files", {}).get(name, -1) != size]
    result: dict[str, Any] = {"new_files": len(new), "requests": 0, "changed": False, "changes": []}
    if new:
        opened = pool_reading.open(new, reading)
        result |= _compare(classifier, known, memory, opened, window=window)
        if result["state"] != "waiting":
            memory |= {"kind": KIND, "version": VERSION, "labelled": digest}
            memory["files"] = memory.get("files", {}) | files
            write_whole(state, json.dumps(memory, ensure_ascii=False).encode() + b"\n")
    else:
        result["state"] = "nothing new"
    if report is not None:
        from canvass.report.watch_page import as_html

        write_whole(report, as_html(result))
    if as_json:
        terminal.print_json(result)
    else:
        _show(result)
    if result["changed"]:
        raise typer.Exit(CHANGED)


def _compare(
    classifier: IntentClassifier,
    labelled: Sequence[Utterance],
    memory: dict[str, Any],
    opened: Pool,
    *,
    window: int,
) -> dict[str, Any]:
    """Count the new files, compare them with the reference, and put both into the memory."""
    from canvass.features.key_sample import KeySample
    from canvass.selection import watching

    sample = KeySample(watching.SAMPLE)
    total = None if opened.total_bytes is None else 2 * opened.total_bytes
    try:
        with terminal.progress("reading the new files twice", total) as advance:
            counts = watching.count(classifier, _told(opened.blocks(), advance), sample)
            sampled = watching.Sampled.of(sample, _told(opened.blocks(), advance))
    except EmptyPoolError:
        return {"state": "waiting"}
    if counts.requests < window:
        return {"state": "waiting", "requests": counts.requests}
    if "reference" not in memory:
        memory |= {"reference": counts.as_dict(), "sample": sampled.as_dict(), "windows": []}
        return {"state": "reference", "requests": counts.requests}
    memory["windows"] = [*memory["windows"], counts.as_dict()][-watching.RECENT :]
    reference, *windows = (
        watching.Counts.from_dict(record, len(classifier.names))
        for record in (memory["reference"], *memory["windows"])
    )
    found = watching.group_changes(labelled, watching.Sampled.from_dict(memory["sample"]), sampled)
    found += watching.changes(classifier, reference, windows, sampled.keys)
    return {
        "state": "compared",
        "requests": counts.requests,
        "changed": bool(found),
        "changes": [change._asdict() | {"examples": list(change.examples)} for change in found],
    }


def _told(blocks: Any, advance: Any) -> Any:
    for block in blocks:
        yield block
        advance(len(block.batch), block.consumed)


def _read(state: str, digest: str, labels: int) -> dict[str, Any]:
    """Read the memory of the last call; empty where there is none.

    Raises InputError if it is damaged, or LABELLED has changed, and FileError if it cannot be read.
    """
    from canvass.selection import watching

    try:
        content = Path(state).read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FileError(f"{state}: cannot be read ({error.strerror}); mend that") from error
    try:
        memory = json.loads(content)
        ours = memory["kind"] == KIND and memory["version"] == VERSION and isinstance(memory["files"], dict)
        for record in [memory["reference"], *memory["windows"]] if memory["labelled"] == digest else []:
            watching.Counts.from_dict(record, labels)
        watching.Sampled.from_dict(memory["sample"])
    except (KeyError, TypeError, ValueError, IndexError, CanvassError):
        ours = False
    if not ours:
        raise InputError(
            f"{state}: not what canvass watch of this version writes; remove it to begin with a new reference"
        )
    if memory["labelled"] != digest:
        raise InputError(
            f"{state}: LABELLED has changed since the reference was made; remove the file to begin with a new one"
        )
    return dict(memory)


def _show(result: dict[str, Any]) -> None:
    """Print a sentence, and a line with tabs for each change."""
    requests = f"{result['requests']:,} new requests"
    sentences = {
        "nothing new": "nothing new",
        "waiting": f"{requests}, too few for a window; they are kept for the next call",
        "reference": f"{requests} are the reference from now on",
        "compared": f"{requests}: " + ("changed" if result["changed"] else "as before"),
    }
    sys.stdout.write(sentences[result["state"]] + "\n")
    for change in result["changes"]:
        name = change["name"] or "(lost)"
        shares = f"{change['before']:.2%} -> {change['now']:.2%}"
        sys.stdout.write(
            "\t".join(map(terminal.harmless, (change["kind"], name, shares, *change["examples"]))) + "\n"
        )
