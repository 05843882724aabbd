"""The report as one HTML file that asks for nothing else: light and dark, on a phone and on paper, without scripts."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from canvass.report import curve_figures, elements, origin, tables, words
from canvass.report.elements import text
from canvass.report.findings import EXPLAINED, LIKELY, NOT_WORTH_IT, WORTH_IT
from canvass.report.measures import MAIN
from canvass.report.picture_figures import picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass.report.document import Report, TargetReport
    from canvass.report.findings import Finding

COLOURS = {WORTH_IT: "good", LIKELY: "good", NOT_WORTH_IT: "bad"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
TITLE = "What active learning would have saved"
SHOWN = 3  # strategies whose examples are open
PICTURE = (
    "Utterances of the pool before the first round, by the score of the logistic member and the main direction at "
    "right angles to it; each line is where a member of the committee changes its mind. Light: the committee is "
    "sure; dark: near the lines, where members disagree or the target's probability is between 5 and 95 %. "
    "Dots belong to the target, crosses do not; what a strategy chose is coloured."
)
LESSON = (
    "Drawing at random spends most of the budget on the left, on what is not the target; looking where members "
    "disagree spends part of it there, too. The majority filter keeps to the right, and the tagger then finds, "
    "among these, the utterances whose slots are hard, wherever they lie."
)


def as_html(report: Report) -> bytes:
    """Write the report as HTML.

    Raises
    ------
    ExtraMissingError
        If matplotlib is not installed.

    """
    style = files("canvass.report").joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(_title(report))}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def _title(report: Report) -> str:
    return f"{TITLE}: {words.listed(list(report.spec.targets), 3)}"


def _body(report: Report) -> Iterator[str]:
    spec = report.spec
    yield f"<header><h1>{TITLE}</h1>"
    yield (
        f'<p class="muted">A study with hidden labels: {words.plural(len(spec.targets), "target")}, '
        f"{words.plural(spec.seeds, 'seed')}, {words.plural(len(spec.schedule), 'round')}, "
        f"{sum(spec.schedule):,} {spec.budget_unit} annotated in each run. Errors are slot errors, a wrong intent "
        "counting as one.</p>"
    )
    yield from map(_warning, report.warnings)
    several = len(report.targets) > 1
    if several:
        links = "".join(
            f'<li><a href="#t{place}">{text(one.facts.target)}</a></li>'
            for place, one in enumerate(report.targets)
        )
        yield f'<nav aria-label="Targets"><ul>{links}<li><a href="#made">How it was made</a></li></ul></nav>'
    yield "</header><main>"
    for table in tables.overall(report):
        yield f"<section>{elements.table(table, 'h2')}</section>"
    for place, one in enumerate(report.targets):
        yield f'<section id="t{place}">'
        yield from _target(one, f"t{place}")
        yield "</section>"
    yield from _made(report)
    yield "</main>"


def _warning(sentence: str) -> str:
    return f'<p class="warning"><strong>Warning.</strong> {text(sentence)}</p>'


def _target(one: TargetReport, name: str) -> Iterator[str]:
    yield f"<h2>{text(one.facts.target)}</h2>"
    yield from map(_warning, one.warnings)
    if not one.rows:
        yield _warning("No run of a strategy is finished for this target.")
        return
    yield from map(_finding, one.findings)
    yield f'<p class="note">{text(origin.facts(one.facts))}</p>'
    yield from _curves(one, name)
    emphasised = [finding.name for finding in one.findings]
    for table in tables.of_target(one):
        yield elements.table(table, "h3", emphasised)
    yield from _pictures(one, name)
    yield from _examples(one, emphasised)


def _finding(found: Finding) -> str:
    colour = COLOURS.get(found.verdict, "muted")
    figures = "".join(
        f"<div><dt>{text(one.label)}</dt><dd><b>{text(one.value)}</b> <span>{text(one.detail)}</span></dd></div>"
        for one in found.figures
    )
    return (
        f'<div class="finding"><span class="verdict {colour}">{text(found.verdict.capitalize())}</span> '
        f'<span class="note">({text(EXPLAINED[found.verdict])})</span><p>{text(found.sentence)}</p>'
        f"<dl>{figures}</dl></div>"
    )


def _curves(one: TargetReport, name: str) -> Iterator[str]:
    yield "<h3>Learning curves</h3>"
    yield elements.legend(curve_figures.looks_of(one))
    wide = curve_figures.learning_curves(one, MAIN, "utterances", f"{name}-main", wide=True)
    narrow = curve_figures.learning_curves(one, MAIN, "utterances", f"{name}-phone", wide=False)
    seeds = (
        ""
        if one.curves[one.rows[0].name].sums.shape[0] == 1
        else " Bands: 95 % intervals of the mean over seeds."
    )
    yield (
        f'<figure><div class="wide">{wide}</div><div class="narrow">{narrow}</div><figcaption>Slot error rate against '
        f"utterances annotated, means over the seeds.{seeds} Dashed: trained on the whole pool.</figcaption></figure>"
    )
    saved = curve_figures.savings(one, f"{name}-saved")
    if saved:
        yield (
            f'<figure class="small">{saved}<figcaption>Annotations saved: {text(one.baseline)} was run on to three '
            "times the budget; dotted lines lead from where a strategy ends to where it gets as far. An arrow: not "
            "even then.</figcaption></figure>"
        )
    others = [measure for measure in one.measures if measure is not MAIN]
    for title, unit, measures in (
        ("Other measures", "utterances", others),
        ("All measures, counted in tokens", "tokens", one.measures),
        ("All measures, counted in slots", "slots", one.measures),
    ):
        panels = "".join(
            "<figure>"
            + curve_figures.learning_curves(one, measure, unit, f"{name}-{unit}-{measure.name}", wide=False)
            + "</figure>"
            for measure in measures
        )
        yield f'<details><summary>{title}</summary><div class="panels">{panels}</div></details>'


def _pictures(one: TargetReport, name: str) -> Iterator[str]:
    if not one.scenes:
        return
    yield f"<h3>What the strategies look at</h3><p>{LESSON}</p>"
    drawn = [picture(scene, one.scenes, f"{name}-scene{place}") for place, scene in enumerate(one.scenes)]
    panels = "".join(
        f"<figure>{svg}<figcaption>{text(scene.words)}</figcaption></figure>"
        for svg, scene in zip(drawn, one.scenes, strict=True)
    )
    yield f'<div class="panels">{panels}</div><p class="note">{PICTURE} Seed {one.scenes[0].seed}.</p>'


def _examples(one: TargetReport, emphasised: Sequence[str]) -> Iterator[str]:
    if not one.examples:
        return
    yield (
        '<h3>What was chosen first</h3><p class="note">The first choices of the first seed: the gold slots, and what '
        "the models made of them before they were annotated; underlined where that was wrong.</p>"
    )
    order = [name for name in (*emphasised[:1], one.baseline, "random") if name in one.examples]
    shown = list(dict.fromkeys([*order, *one.examples]))
    first = "".join(elements.examples(name, one.examples[name]) for name in shown[:SHOWN])
    yield f'<div class="examples">{first}</div>'
    if shown[SHOWN:]:
        rest = "".join(elements.examples(name, one.examples[name]) for name in shown[SHOWN:])
        yield f'<details><summary>The other strategies</summary><div class="examples">{rest}</div></details>'


def _made(report: Report) -> Iterator[str]:
    yield '<section id="made"><h2>How it was made</h2><dl>'
    yield "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in origin.options(report.spec)
    )
    yield f"<dt>runs</dt><dd>{report.finished:,} of {report.planned:,} finished</dd></dl>"
    for command, versions in origin.calls(report):
        yield f'<pre>{text(command)}</pre><p class="note">{text(versions)}</p>'
    yield "</section>"
