"""The report as one self-contained HTML file without scripts, for light and dark screens, phones and paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files

from canvass.errors import plural
from canvass.report import curve_figures, elements, formatting, provenance, tables
from canvass.report.document import Report, TargetReport
from canvass.report.elements import text
from canvass.report.findings import EXPLAINED, LIKELY, NOT_WORTH_IT, WORTH_IT, Finding
from canvass.report.projections import draw_projection

COLOURS = {WORTH_IT: "good", LIKELY: "good", NOT_WORTH_IT: "bad"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
TITLE = "What active learning would have saved"
SHOWN = 3  # strategies whose examples are not folded away
PROJECTION = (
    "Utterances of the pool before the first round, by the score of the logistic member and the main direction at "
    "right angles to it; each line is where a member of the committee changes its mind. Light: the committee is "
    "sure; dark: near the lines, where members disagree or the target's probability is between 5 and 95 %. "
    "Dots belong to the target, crosses do not; what a strategy chose is coloured."
)
LESSON = (
    "Drawing at random spends most of the budget on the left, on what is not the target; looking where members "
    "disagree spends part of it there, too. The majority filter keeps to the right, and {judge} then finds, among "
    "these, the utterances whose {part} are hard, wherever they lie."
)
SLOT_ERRORS = "Errors are slot errors, a wrong intent counting as one."
GOLD_SLOTS = (
    ": the gold slots, and what the models made of them before they were annotated; underlined where that "
    "was wrong"
)


def as_html(report: Report) -> bytes:
    """Write the report as HTML.

    Raises ExtraMissingError if matplotlib is not installed.
    """
    return whole_page(_title(report), "\n".join(_body(report)))


def whole_page(title: str, body: str) -> bytes:
    """Write a self-contained page with a title and a body of HTML."""
    style = files("canvass.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def _title(report: Report) -> str:
    return f"{TITLE}: {formatting.listed(list(report.spec.targets), 3)}"


def _body(report: Report) -> Iterator[str]:
    spec = report.spec
    yield f"<header><h1>{TITLE}</h1>"
    yield (
        f'<p class="muted">A study with hidden labels: {plural(len(spec.targets), "target")}, '
        f"{plural(spec.seeds, 'seed')}, {plural(len(spec.schedule), 'round')}, "
        f"{sum(spec.schedule):,} {spec.budget_unit} annotated in each run. "
        f"{SLOT_ERRORS if any(target.has_slots for target in report.targets) else 'Errors are wrong intents.'}</p>"
    )
    yield from map(_warning, report.warnings)
    several = len(report.targets) > 1
    if several:
        links = "".join(
            f'<li><a href="#t{i}">{text(target.facts.target)}</a></li>'
            for i, target in enumerate(report.targets)
        )
        yield f'<nav aria-label="Targets"><ul>{links}<li><a href="#made">How it was made</a></li></ul></nav>'
    yield "</header><main>"
    for table in tables.overall(report):
        yield f"<section>{elements.table(table, 'h2')}</section>"
    for i, target in enumerate(report.targets):
        yield f'<section id="t{i}">'
        yield from _target(target, f"t{i}")
        yield "</section>"
    yield from _provenance(report)
    yield "</main>"


def _warning(sentence: str) -> str:
    return f'<p class="warning"><strong>Warning.</strong> {text(sentence)}</p>'


def _target(target: TargetReport, name: str) -> Iterator[str]:
    yield f"<h2>{text(target.facts.target)}</h2>"
    yield from map(_warning, target.warnings)
    if not target.rows:
        yield _warning("No run of a strategy is finished for this target.")
        return
    yield from map(_finding, target.findings)
    yield f'<p class="note">{text(provenance.facts(target.facts))}</p>'
    yield from _curves(target, name)
    emphasised = [finding.name for finding in target.findings]
    for table in tables.of_target(target):
        yield elements.table(table, "h3", emphasised)
    yield from _projections(target, name)
    yield from _examples(target, emphasised)


def _finding(finding: Finding) -> str:
    colour = COLOURS.get(finding.verdict, "muted")
    figures = "".join(
        f"<div><dt>{text(figure.label)}</dt><dd><b>{text(figure.value)}</b> "
        f"<span>{text(figure.detail)}</span></dd></div>"
        for figure in finding.figures
    )
    return (
        f'<div class="finding"><span class="verdict {colour}">{text(finding.verdict.capitalize())}</span> '
        f'<span class="note">({text(EXPLAINED[finding.verdict])})</span><p>{text(finding.sentence)}</p>'
        f"<dl>{figures}</dl></div>"
    )


def _curves(target: TargetReport, name: str) -> Iterator[str]:
    yield "<h3>Learning curves</h3>"
    yield elements.legend(curve_figures.looks_of(target))
    wide = curve_figures.draw_curves(target, target.main, "utterances", f"{name}-main", wide=True)
    narrow = curve_figures.draw_curves(target, target.main, "utterances", f"{name}-phone", wide=False)
    seeds = (
        ""
        if target.curves[target.rows[0].name].sums.shape[0] == 1
        else " Bands: 95 % intervals of the mean over seeds."
    )
    if any(row.words for row in target.rows):
        seeds += " Thin: the same choices, without word features."
    yield (
        f'<figure><div class="wide">{wide}</div><div class="narrow">{narrow}</div><figcaption>'
        f"{target.main.title.capitalize()} against utterances annotated, means over the seeds.{seeds} Dashed: trained "
        "on the whole pool.</figcaption></figure>"
    )
    saved = curve_figures.draw_savings(target, f"{name}-saved")
    if saved:
        yield (
            f'<figure class="small">{saved}<figcaption>Annotations saved: {text(target.baseline)} was run on to three '
            "times the budget; dotted lines lead from where a strategy ends to where it gets as far. An arrow: not "
            "even then.</figcaption></figure>"
        )
    others = [measure for measure in target.measures if measure is not target.main]
    shown = [("Other measures", "utterances", others)] if others else []
    shown += [
        (f"All measures, counted in {unit}", unit, [*target.measures])
        for unit in (("tokens", "slots") if target.has_slots else ("tokens",))
    ]
    for title, unit, measures in shown:
        panels = "".join(
            "<figure>"
            + curve_figures.draw_curves(target, measure, unit, f"{name}-{unit}-{measure.name}", wide=False)
            + "</figure>"
            for measure in measures
        )
        yield f'<details><summary>{title}</summary><div class="panels">{panels}</div></details>'


def _projections(target: TargetReport, name: str) -> Iterator[str]:
    if not target.scenes:
        return
    judge, part = ("the tagger", "slots") if target.has_slots else ("the intent classifier", "intents")
    lesson = LESSON.format(judge=judge, part=part)
    yield f"<h3>What the strategies look at</h3><p>{lesson}</p>"
    drawn = [
        draw_projection(scene, target.scenes, f"{name}-scene{i}") for i, scene in enumerate(target.scenes)
    ]
    panels = "".join(
        f"<figure>{svg}<figcaption>{text(scene.words)}</figcaption></figure>"
        for svg, scene in zip(drawn, target.scenes, strict=True)
    )
    yield f'<div class="panels">{panels}</div><p class="note">{PROJECTION} Seed {target.scenes[0].seed}.</p>'


def _examples(target: TargetReport, emphasised: Sequence[str]) -> Iterator[str]:
    if not target.examples:
        return
    yield (
        f'<h3>What was chosen first</h3><p class="note">The first choices of the first seed'
        f"{GOLD_SLOTS if target.has_slots else ''}.</p>"
    )
    order = [name for name in (*emphasised[:1], target.baseline, "random") if name in target.examples]
    shown = list(dict.fromkeys([*order, *target.examples]))
    first = "".join(elements.examples(name, target.examples[name]) for name in shown[:SHOWN])
    yield f'<div class="examples">{first}</div>'
    if shown[SHOWN:]:
        rest = "".join(elements.examples(name, target.examples[name]) for name in shown[SHOWN:])
        yield f'<details><summary>The other strategies</summary><div class="examples">{rest}</div></details>'


def _provenance(report: Report) -> Iterator[str]:
    yield '<section id="made"><h2>How it was made</h2><dl>'
    yield "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in provenance.options(report.spec)
    )
    yield f"<dt>runs</dt><dd>{report.finished:,} of {report.planned:,} finished</dd></dl>"
    for command, versions in provenance.calls(report):
        yield f'<pre>{text(command)}</pre><p class="note">{text(versions)}</p>'
    yield "</section>"
