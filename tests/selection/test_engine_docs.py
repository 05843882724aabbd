"""What docs/scale.md shows of Spark runs as it is shown."""

import re
from pathlib import Path

from canvass.corpus.pool import Pool
from canvass.selection.batch_file import candidate_record
from canvass.selection.engines import select_each
from canvass.selection.multi_target import Plans
from engine_clusters import needs_spark, spark_session
from examples import MUSIC, labelled_and_rest

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
PROGRAMS = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_job_is_the_one_that_the_tests_submit():
    from test_select_engines import JOB

    assert PROGRAMS[0] == JOB


class TestSpark:
    pytestmark = needs_spark

    def test_the_frame_to_frame_job(self, tmp_path, monkeypatch):
        from cli.commands import write

        monkeypatch.chdir(tmp_path)
        known, rest = labelled_and_rest()
        write(tmp_path / "labelled.jsonl", known)
        write(tmp_path / "pool.jsonl", rest, annotated=False)
        with spark_session("local[2]") as session:
            # Spark's paths are of the folder in which its process was started, which an earlier test may have done.
            program = PROGRAMS[1].replace('"pool.jsonl"', repr(str(tmp_path / "pool.jsonl")))
            program = program.replace('"batch.parquet"', repr(str(tmp_path / "batch.parquet")))
            exec(compile(program, str(PAGE), "exec"), {"spark": session})
            rows = session.read.parquet(str(tmp_path / "batch.parquet")).orderBy("rank").collect()
        expected = select_each(Plans.train(known, [MUSIC], size=5), Pool.open(["pool.jsonl"]))
        records = [candidate_record(one) for batch in expected for one in batch.candidates]
        assert [_without_nulls(row.asDict(recursive=True)) for row in rows] == [
            _without_nulls(record) for record in records
        ]


def _without_nulls(record):
    return {name: value for name, value in record.items() if value is not None}
