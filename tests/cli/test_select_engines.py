"""`canvass select` on other engines, from other places, and parts of a pool."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import MUSIC, refused

from engine_clusters import JAVA

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
SELECT = ("select", "labelled.jsonl", "pool.jsonl", *MUSIC)
JOB = "from canvass.cli.main import program\n\nprogram()\n"


@pytest.fixture
def scheduler():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_batch(canvass, folder, scheduler):
    here = canvass(*SELECT)
    there = canvass(*SELECT, "--engine", "dask", "--scheduler", scheduler)
    assert (there.code, there.err) == (0, "")
    assert there.out == here.out
    assert here.out.count("\n") == 10
    facts = [
        json.loads(canvass(*SELECT, "--json", *more).out)
        for more in ((), ("--engine", "dask", "--scheduler", scheduler))
    ]
    for one in facts:
        assert set(one.pop("seconds")) == {"train", "select"}
    assert facts[0] == facts[1]


def test_files_that_cannot_be_read_are_counted(canvass, folder):
    (folder / "pool").mkdir()
    (folder / "pool.jsonl").rename(folder / "pool" / "a.jsonl")
    (folder / "pool" / "b.parquet").write_bytes(b"nothing")
    words = ("select", "labelled.jsonl", "pool", *MUSIC)
    assert refused(canvass(*words), "b.parquet", "not a Parquet file")
    result = canvass(*words, "--skip-bad-files", "--json")
    assert result.code == 0
    assert json.loads(result.out)["bad_files"] == 1
    assert (
        "1 file of the pool could not be read and count for nothing; the first: pool/b.parquet" in result.err
    )


def test_a_condition_leaves_files_out(canvass, folder):
    for day in ("2026-11-01", "2026-11-02"):
        (folder / "pool" / f"date={day}").mkdir(parents=True)
        lines = (folder / "pool.jsonl").read_text().splitlines(keepends=True)
        part = lines[::2] if day.endswith("1") else lines[1::2]
        (folder / "pool" / f"date={day}" / "a.jsonl").write_text("".join(part))
    one = canvass("select", "labelled.jsonl", "pool", *MUSIC, "--where", "date >= '2026-11-02'")
    other = canvass("select", "labelled.jsonl", "pool/date=2026-11-02", *MUSIC)
    assert (one.code, one.out) == (0, other.out)
    assert refused(canvass(*SELECT, "--where", "date >"), "--where 'date >' cannot be read")
    assert refused(
        canvass("select", "labelled.jsonl", "pool", *MUSIC, "--where", "day = 1"), "'day'", "(id, text)"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "ray"), "--engine 'ray' is not an engine"),
        (("--scheduler", "tcp://h:1"), "--scheduler belongs to --engine dask"),
        (("--engine", "dask", "--master", "yarn"), "--master belongs to --engine spark"),
        (
            ("--engine", "dask", "--scheduler", "nowhere"),
            "--scheduler nowhere: no Dask scheduler answers there",
        ),
        (
            ("--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--threads", "2"),
            "--threads is for this machine",
        ),
    ],
)
def test_mistakes(canvass, folder, words, said):
    assert refused(canvass(*SELECT, *words), said)


def test_standard_input_needs_this_machine(canvass, folder, scheduler):
    result = canvass("select", "labelled.jsonl", "-", *MUSIC, "--engine", "dask", "--scheduler", scheduler,
                     stdin=b'{"text": "play it"}\n')  # fmt: skip
    assert refused(result, "standard input (-) cannot be read by a cluster")


@pytest.mark.slow
def test_a_dask_cluster_of_this_machine(start, canvass, folder):
    process = start(*SELECT, "--engine", "dask", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, b"")
    assert out.decode() == canvass(*SELECT).out


@pytest.mark.slow
@pytest.mark.parametrize("delay", [2, 4, 8])
def test_ctrl_c_ends_everything(start, folder, delay):
    """The terminal sends it to all processes of the command."""
    lines = "".join(f'{{"text": "play song {number} by u2 please"}}\n' for number in range(100_000))
    with (folder / "pool.jsonl").open("w") as pool:
        for _ in range(150):  # more than any machine reads in that time
            pool.write(lines)
    process = start(*SELECT, "--engine", "dask", "--out", "batch.jsonl", start_new_session=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert not (folder / "batch.jsonl").exists()
    end = time.monotonic() + 30
    while members_of(process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert members_of(process.pid) == []


def members_of(group):
    """The living processes of a process group."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[2]) == group and words[0] != "Z":
                found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not JAVA, reason="Spark needs Java 17 or later, and there is none")
@pytest.mark.parametrize("way", ["select", "spark-submit"])
def test_spark_gives_the_same_batch(canvass, folder, way):
    pytest.importorskip("pyspark")
    here = canvass(*SELECT)
    (folder / "job.py").write_text(JOB)
    words = [*SELECT, "--engine", "spark", "--out", "batch.jsonl"]
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    submit = str(Path(sys.executable).parent / "spark-submit")
    command = [sys.executable, "job.py"] if way == "select" else [submit, "--master", "local[2]", "job.py"]
    done = subprocess.run([*command, *words], env=environment, capture_output=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "batch.jsonl").read_text() == here.out
