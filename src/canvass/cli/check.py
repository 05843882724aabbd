"""`canvass check`: what is probably wrong with an annotated set."""

from __future__ import annotations

from collections import Counter

from canvass.cli import options, terminal


def command(
    labelled: options.LabelledFiles,
    *,
    reading: options.LabelledOptions,
    as_json: options.JsonOption = False,
) -> None:
    """List what is probably wrong with annotated requests, before anything is trained on them.

    That is: one text with two intents or two taggings, names that differ by case or blanks, records without labels,
    intents with one example, texts without a word or with an endless one. Nothing is changed.
    """
    from canvass.annotation.quality.suspicions import suspicious
    from canvass.corpus.checking import check_labelled

    known = reading.read([labelled])
    findings = check_labelled(known)
    with terminal.busy("training on three quarters, judging the fourth"):
        findings += suspicious(known)
    if as_json:
        terminal.print_json(
            {
                "records": len(known.utterances),
                "counts": dict(Counter(finding.kind for finding in findings)),
                "findings": [{"kind": finding.kind, "words": finding.words} for finding in findings],
            }
        )
        return
    console = terminal.console()
    for finding in findings:
        console.print(
            terminal.harmless(f"{finding.kind}: {finding.words}"),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if not findings:
        console.print(f"{len(known.utterances):,} records: nothing found")
