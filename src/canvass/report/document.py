"""The content of a report as records, which HTML, Markdown and JSON have in common."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from canvass.errors import InputError
from canvass.report.chosen_examples import Example, examples_of
from canvass.report.findings import Finding, findings_of, warnings_of_study, warnings_of_target
from canvass.report.learning_curves import UNITS, Curve, TargetRuns
from canvass.report.projections import Scene, scenes_of
from canvass.report.table_rows import Row, rows_of
from canvass.simulation.measures import MAIN, MEASURES, Measure, has_slots, main_measure, totals
from canvass.simulation.spec import Spec, TargetFacts
from canvass.simulation.store import Study

VERSION = 1


@dataclass(frozen=True)
class TargetReport:
    """The report on one target.

    * `facts`: numbers of utterances that the runs start from.
    * `warnings`, `findings`: sentences.
    * `baseline`: the headline baseline.
    * `planned`: strategies of the study and the baseline, finished or not.
    * `rows`: figures of each strategy with a finished run, the lowest slot error rate first.
    * `curves`: learning curve of each of these strategies.
    * `long_run`: the prolonged run of the headline baseline; None if it is missing.
    * `ceiling`: each measure of the model trained on the whole pool, mean over the seeds; empty without such a run.
    * `scenes`: projections of the first round.
    * `examples`: first choices of each strategy.
    """

    facts: TargetFacts
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...]
    baseline: str
    planned: tuple[str, ...]
    rows: tuple[Row, ...]
    curves: dict[str, Curve]
    long_run: Curve | None
    ceiling: dict[str, float]
    scenes: tuple[Scene, ...]
    examples: dict[str, tuple[Example, ...]]

    @property
    def has_slots(self) -> bool:
        """Whether there are slots; words and columns of them are left out if not."""
        return has_slots(curve.sums for curve in self.curves.values())

    @property
    def main(self) -> Measure:
        """The measure that strategies are compared by."""
        return main_measure(slots=self.has_slots)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The main measure, and the others that vary within the study; without slots they are all the same."""
        if not self.has_slots:
            return (self.main,)
        return tuple(measure for measure in MEASURES.values() if measure is MAIN or self.varies(measure))

    def varies(self, measure: Measure) -> bool:
        """Tell whether a measure takes more than one value; the intent error rate of a single intent does not."""
        values = {float(value) for curve in self.curves.values() for value in measure.rate(curve.sums).flat}
        return len(values) > 1


@dataclass(frozen=True)
class Report:
    """The report of a study; `planned` and `finished` are numbers of runs.

    `provenance` holds the stored records of the commands that ran the study.
    """

    spec: Spec
    warnings: tuple[str, ...]
    planned: int
    finished: int
    targets: tuple[TargetReport, ...]
    provenance: tuple[dict[str, Any], ...]


def report_of(study: Study) -> Report:
    """Build the report of a study, whether or not it is finished.

    Raises InputError if no run of a strategy is finished.
    """
    if not any(run.name.kind != "ceiling" for run in study.runs):
        raise InputError(
            f"{study.folder}: no run of a strategy is finished, and there is nothing to report; give the command of "
            "the study again to go on with it"
        )
    return Report(
        study.spec,
        warnings_of_study(study),
        len(study.spec.runs()),
        len(study.runs),
        tuple(_target(study, name) for name in study.spec.targets),
        study.provenance,
    )


def _target(study: Study, name: str) -> TargetReport:
    runs = TargetRuns.of(study, name)
    curves = runs.curves()
    rows = rows_of(runs, curves)
    facts = study.facts[name]
    findings = findings_of(runs, rows)
    ceilings = [totals(run.errors[-1]) for run in runs.ceiling.values()]
    return TargetReport(
        facts=facts,
        warnings=warnings_of_target(facts),
        findings=findings,
        baseline=runs.long_baseline,
        planned=runs.planned,
        rows=rows,
        curves=curves,
        long_run=Curve.of(runs.long_baseline, runs.prolonged) if runs.prolonged else None,
        ceiling={
            measure.name: sum(float(measure.rate(sums)) for sums in ceilings) / len(ceilings)
            for measure in MEASURES.values()
            if ceilings
        },
        scenes=scenes_of(runs, findings[0].name if findings else None),
        examples=examples_of(runs, slots=has_slots(curve.sums for curve in curves.values())),
    )


def as_json(report: Report) -> bytes:
    """Write the report as JSON, with unrounded figures and the points of the curves; null where there is no value."""
    document = {
        "kind": "report",
        "version": VERSION,
        "options": report.spec.as_dict(),
        "runs": {"planned": report.planned, "finished": report.finished},
        "warnings": report.warnings,
        "targets": [_target_dict(target) for target in report.targets],
        "provenance": report.provenance,
    }
    return json.dumps(_finite(document), ensure_ascii=False, indent=1).encode() + b"\n"


def _target_dict(target: TargetReport) -> dict[str, Any]:
    rows = []
    for row in target.rows:
        against = {
            name: {
                **compared.difference._asdict(),
                **{k: v for k, v in compared._asdict().items() if k != "difference"},
            }
            for name, compared in row.against.items()
        }
        figures = {name: value for name, value in vars(row).items() if name not in {"against", "equal_cost"}}
        figures |= {
            "words": {**row.words.difference._asdict(), "fewer": row.words.fewer} if row.words else None,
            "routing": row.routing.as_dict() if row.routing else None,
            "worst_family": {"family": row.worst_family[0], **row.worst_family[1]._asdict()}
            if row.worst_family
            else None,
            "against": against,
            "equal_cost": row.equal_cost,
        }
        rows.append(figures)
    return {
        "target": target.facts.target,
        "facts": target.facts,
        "warnings": target.warnings,
        "baseline": target.baseline,
        "findings": target.findings,
        "strategies": rows,
        "missing_strategies": [name for name in target.planned if name not in target.curves],
        "ceiling": target.ceiling,
        "curves": {name: curve_points(curve) for name, curve in target.curves.items()},
        "long_run": curve_points(target.long_run) if target.long_run else None,
        "examples": target.examples,
    }


def curve_points(curve: Curve) -> dict[str, Any]:
    """Convert a curve to lists: the amount annotated in each unit, and the mean and band of each measure."""
    points: dict[str, Any] = {"seeds": list(curve.seeds)}
    points |= {unit: curve.x(unit).tolist() for unit in UNITS}
    for measure in MEASURES.values():
        points[measure.name] = {
            part: values.tolist() for part, values in curve.band(measure)._asdict().items()
        }
    return points


def _finite(value: Any) -> Any:
    """Make values of JSON: NaN and infinities, which it lacks, become None, records objects, and tuples lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(member) for name, member in value.items()}
    if hasattr(value, "_asdict"):
        return _finite(value._asdict())
    if is_dataclass(value) and not isinstance(value, type):
        return _finite(asdict(value))
    return [_finite(member) for member in value] if isinstance(value, (list, tuple)) else value
