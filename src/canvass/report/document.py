"""The report as plain records: what every form of it, HTML, Markdown and JSON, shows."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from canvass.errors import InputError
from canvass.report.curves import UNITS, Curve, TargetRuns
from canvass.report.examples import Example, examples_of
from canvass.report.findings import (
    Finding,
    findings_of,
    warnings_of_study,
    warnings_of_target,
)
from canvass.report.measures import MAIN, MEASURES, totals
from canvass.report.pictures import Scene, scenes_of
from canvass.report.table_rows import Row, rows_of

if TYPE_CHECKING:
    from canvass.report.measures import Measure
    from canvass.simulation.spec import Spec, TargetFacts
    from canvass.simulation.store import Study

VERSION = 1


@dataclass(frozen=True)
class TargetReport:
    """All about one target; `rows` from the lowest slot error rate, `ceiling` by measure, mean over its seeds.

    `long_run` is the prolonged run of the headline `baseline`.
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
    def measures(self) -> tuple[Measure, ...]:
        """The measures that tell anything: one of which no strategy ever made an error does not."""
        return tuple(one for one in MEASURES.values() if one is MAIN or self.tells(one))

    def tells(self, measure: Measure) -> bool:
        """Whether a measure has more than one value anywhere: intent errors of one intent do not."""
        values = {float(value) for curve in self.curves.values() for value in measure.rate(curve.sums).flat}
        return len(values) > 1


@dataclass(frozen=True)
class Report:
    """A study, reported: `planned` and `finished` count runs."""

    spec: Spec
    warnings: tuple[str, ...]
    planned: int
    finished: int
    targets: tuple[TargetReport, ...]
    provenance: tuple[dict[str, Any], ...]


def report_of(study: Study) -> Report:
    """Report a study, finished or not.

    Raises
    ------
    InputError
        If no run of a strategy is finished.

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
        examples=examples_of(runs),
    )


def as_json(report: Report) -> bytes:
    """Write the report as JSON: figures in full, points of the curves, no pictures; null for what has no value."""
    document = {
        "kind": "report",
        "version": VERSION,
        "options": report.spec.as_dict(),
        "runs": {"planned": report.planned, "finished": report.finished},
        "warnings": report.warnings,
        "targets": [_plain_target(one) for one in report.targets],
        "provenance": report.provenance,
    }
    return json.dumps(_finite(document), ensure_ascii=False, indent=1).encode() + b"\n"


def _plain_target(one: TargetReport) -> dict[str, Any]:
    rows = []
    for row in one.rows:
        against = {
            name: {
                **compared.difference._asdict(),
                **{k: v for k, v in compared._asdict().items() if k != "difference"},
            }
            for name, compared in row.against.items()
        }
        plain = {name: value for name, value in vars(row).items() if name not in {"against", "equal_cost"}}
        plain |= {
            "saved": asdict(row.saved) if row.saved else None,
            "chosen": asdict(row.chosen) if row.chosen else None,
            "routing": row.routing.as_dict() if row.routing else None,
            "transfer": row.transfer._asdict() if row.transfer else None,
            "against": against,
            "equal_cost": {unit: found._asdict() for unit, found in row.equal_cost.items()},
        }
        rows.append(plain)
    return {
        "target": one.facts.target,
        "facts": asdict(one.facts),
        "warnings": one.warnings,
        "baseline": one.baseline,
        "findings": [asdict(finding) for finding in one.findings],
        "strategies": rows,
        "missing_strategies": [name for name in one.planned if name not in one.curves],
        "ceiling": one.ceiling,
        "curves": {name: curve_points(curve) for name, curve in one.curves.items()},
        "long_run": curve_points(one.long_run) if one.long_run else None,
        "examples": {name: [asdict(example) for example in some] for name, some in one.examples.items()},
    }


def curve_points(curve: Curve) -> dict[str, Any]:
    """Give a curve as lists: what was annotated, by unit, and mean and band of each measure."""
    found: dict[str, Any] = {"seeds": list(curve.seeds)}
    found |= {unit: curve.x(unit).tolist() for unit in UNITS}
    for measure in MEASURES.values():
        found[measure.name] = {
            part: values.tolist() for part, values in curve.band(measure)._asdict().items()
        }
    return found


def _finite(value: Any) -> Any:
    """Replace numbers that JSON does not have, NaN and infinities, by None; tuples and their like by lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if hasattr(value, "_asdict"):
        return _finite(value._asdict())
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value
