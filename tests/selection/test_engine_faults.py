"""Clusters that fail: killed workers, a scheduler that goes away, Ctrl-C; each is survived, or one sentence."""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from canvass.corpus.pool import Pool
from canvass.errors import EngineError, InputError
from canvass.selection.engines import select_each
from canvass.selection.engines.dask import Dask
from canvass.selection.engines.spark import Spark, _sentence
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from engine_clusters import dask_client, needs_dask, needs_spark, run, small_rows, spark_session, write_shards
from examples import MUSIC
from pools import trained

WAIT = 120


@pytest.fixture(scope="module")
def plans():
    return Plans((Plan.of(trained(MUSIC), (), size=30),))


@pytest.fixture
def files(tmp_path):
    return write_shards(tmp_path, small_rows(), random.Random(2))


def killer(folder, times):
    """A plugin that kills its worker, really, as soon as it begins to score; at most so many times."""
    from distributed.diagnostics.plugin import WorkerPlugin

    class Killer(WorkerPlugin):
        name = "killer"

        def transition(self, key, start, finish, **_):
            if finish == "executing" and "-score" in str(key):
                for number in range(times):
                    with contextlib.suppress(FileExistsError):
                        pathlib.Path(folder, str(number)).touch(exist_ok=False)
                        os.kill(os.getpid(), signal.SIGKILL)

    return Killer()


@pytest.mark.slow
class TestDask:
    pytestmark = needs_dask

    def test_a_worker_killed_while_scoring_changes_nothing(self, plans, files, tmp_path):
        expected = select_each(plans, Pool.of(small_rows()))
        (tmp_path / "killed").mkdir()
        with dask_client(2, processes=True) as client:
            before = set(client.run(os.getpid).values())
            client.register_plugin(killer(str(tmp_path / "killed"), 1))
            assert run(Dask(client=client), plans, files, step=4000)[0] == expected
            assert len(list((tmp_path / "killed").iterdir())) == 1
            client.wait_for_workers(2, timeout=WAIT)
            assert set(client.run(os.getpid).values()) != before

    def test_a_worker_that_keeps_dying_is_a_sentence(self, plans, files, tmp_path):
        (tmp_path / "killed").mkdir()
        with dask_client(2, processes=True) as client:
            client.register_plugin(killer(str(tmp_path / "killed"), 10**6))
            with pytest.raises(
                EngineError, match="a worker died again and again while it scored the same shard"
            ):
                run(Dask(client=client), plans, files[:1])

    def test_a_scheduler_that_goes_away_is_a_sentence(self, plans, tmp_path):
        many = tmp_path / "pool.jsonl"
        line = '{"text": "play song %d by u2"}\n'
        many.write_text("".join(line % number for number in range(400_000)))
        code = "from distributed.cli.dask_scheduler import main; main()"
        words = ["--port", "0", "--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1",
                 "--scheduler-file", str(tmp_path / "scheduler.json")]  # fmt: skip
        scheduler = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.DEVNULL)
        worker = None
        try:
            address = scheduler_address(tmp_path / "scheduler.json")
            code = "from distributed.cli.dask_worker import main; main()"
            worker = subprocess.Popen(
                [sys.executable, "-c", code, address, "--no-dashboard", "--nthreads", "1"],
                stderr=subprocess.DEVNULL,
            )
            seen = []

            def kill_soon():
                while not seen:
                    time.sleep(0.01)
                scheduler.kill()

            thread = threading.Thread(target=kill_soon)
            thread.start()
            pool = Pool.open([str(many)])
            from canvass.selection.job import Job

            job = Job(plans, pool, 200_000)
            with pytest.raises(EngineError, match=r"tcp://.* went away before the job was done"):
                Dask(address, timeout=WAIT).run(job, lambda rows, _: seen.append(rows))
            thread.join()
        finally:
            for process in (worker, scheduler):
                if process is not None:
                    process.kill()
                    process.wait()


def scheduler_address(path):
    import json

    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(path.read_text())["address"]
        time.sleep(0.1)
    raise TimeoutError(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_scheduler_is_a_sentence(plans, files):
    pytest.importorskip("distributed")
    with pytest.raises(
        EngineError, match=r"--scheduler tcp://127\.0\.0\.1:1: no Dask scheduler answers there"
    ):
        run(Dask("tcp://127.0.0.1:1", timeout=1), plans, files)


def interrupt_after(progress_calls):
    """A progress function that presses Ctrl-C, as a terminal does, at the first news."""

    def progress(rows, size):
        progress_calls.append(rows)
        if len(progress_calls) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


@pytest.fixture
def long_pool(tmp_path):
    lines = ['{"text": "play song %d by u2 please"}\n' % number for number in range(3000)]  # noqa: UP031
    for number in range(40):
        (tmp_path / f"{number}.jsonl").write_text("".join(lines))
    return Pool.open([str(tmp_path)])


def test_a_shard_that_is_scored_again_is_reported_once():
    from canvass.selection.engines.dask import _reported

    class Client:
        def subscribe_topic(self, topic, tell):
            self.tell = tell

        def unsubscribe_topic(self, topic):
            pass

    client, told = Client(), []
    shards = [SimpleNamespace(size=size) for size in (10, 20, 30)]
    with _reported(client, "topic", shards, lambda *news: told.append(news)) as report_rest:
        for shard in (1, 1, 0):
            client.tell((0.0, {"shard": shard, "rows": 5}))
        assert told == [(5, 20), (5, 10)]
        report_rest(17)
        client.tell((0.0, {"shard": 2, "rows": 7}))
    assert told == [(5, 20), (5, 10), (7, 30)]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_cancels_what_waits_on_dask(plans, long_pool, monkeypatch):
    from canvass.selection.engines import dask
    from canvass.selection.job import Job, score_shard

    scored = []

    def score_slowly(*words):
        scored.append(words)
        time.sleep(0.2)  # so that the key is pressed before the end, on a busy machine too
        return score_shard(*words)

    monkeypatch.setattr(dask, "score_shard", score_slowly)
    with dask_client(1) as client:
        job = Job(plans, long_pool, 130_000)
        seen = []
        with pytest.raises(KeyboardInterrupt):
            Dask(client=client).run(job, interrupt_after(seen))
        end = time.monotonic() + 20
        while any(client.processing().values()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(client.processing().values())
        assert len(scored) < 40
        # The cluster is as good as before.
        assert client.submit(sum, [1, 2]).result() == 3


class TestSpark:
    pytestmark = needs_spark

    def test_ctrl_c_cancels_the_job(self, plans, long_pool):
        from canvass.selection.job import Job

        with spark_session("local[1]") as session:
            job = Job(plans, long_pool, 130_000)
            seen = []
            with pytest.raises(KeyboardInterrupt):
                Spark(session=session).run(job, interrupt_after(seen))
            tracker = session.sparkContext.statusTracker()
            end = time.monotonic() + 30
            while tracker.getActiveJobsIds() and time.monotonic() < end:
                time.sleep(0.1)
            assert not tracker.getActiveJobsIds()
            assert sum(seen) < 40 * 3000
            assert session.range(5).count() == 5

    def test_an_executor_killed_while_scoring_changes_nothing(self, plans, files, tmp_path):
        """On two executors, each a process of its own."""
        expected = select_each(plans, Pool.of(small_rows()))
        with spark_session("local-cluster[2,1,1024]", spark__executor__memory="1g") as session:
            session.range(10).count()  # the executors are there
            before = executors()
            assert len(before) == 2
            killed = []

            def kill(rows, size):
                if not killed:
                    killed.append(before[0])
                    os.kill(before[0], signal.SIGKILL)

            pool = Pool.open(files)
            from canvass.selection.job import Job

            job = Job(plans, pool, 2000)
            assert job.finish(Spark(session=session).run(job, kill)) == expected
            assert killed
            assert before[0] not in executors()

    def test_a_worker_that_keeps_dying_is_a_sentence(self, plans, files):
        stop = threading.Event()
        with spark_session("local[2,4]") as session:
            session.range(2).mapInArrow(lambda rows: rows, "id long").count()

            def kill_workers():
                while not stop.is_set():
                    for process in python_workers():
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(process, signal.SIGKILL)
                    time.sleep(0.02)

            thread = threading.Thread(target=kill_workers)
            thread.start()
            try:
                with pytest.raises(EngineError, match="a worker died 4 times while it scored the same shard"):
                    run(Spark(session=session), plans, files)
            finally:
                stop.set()
                thread.join()


def descendants():
    """Processes that this one started, directly or not: {pid: (parent, command line)}."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found[int(folder.name)] = (parent, words)
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in found.items() if parent in ours} - ours:
        ours |= more
    return {pid: found[pid] for pid in ours if pid in found}


def executors():
    return sorted(pid for pid, (_, words) in descendants().items() if "CoarseGrainedExecutorBackend" in words)


def python_workers():
    """The processes that a daemon of PySpark has forked, but not the daemon."""
    daemons = {pid for pid, (_, words) in descendants().items() if "pyspark.daemon" in words}
    return [pid for pid, (parent, _) in descendants().items() if parent in daemons and pid in daemons]


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ("Job aborted.\n  File x\ncanvass.errors.InputError: a.jsonl:7: not valid JSON\n\n\tat org.apache", InputError,
         "a.jsonl:7: not valid JSON"),
        ("[JAVA_GATEWAY_EXITED] Java gateway process exited before sending its port number.", EngineError, "needs Java 17"),
        ("x\nModuleNotFoundError: No module named 'canvass'\n", EngineError, "an executor cannot load canvass"),
        ("Job aborted due to stage failure: Task 3 in stage 1.0 failed 4 times: ExecutorLostFailure (executor 2", EngineError, "a worker died 4 times"),
        ("\n  All masters are unresponsive! Giving up.\nmore", EngineError,
         "--master spark://h:1: the job was not done (All masters are unresponsive! Giving up.)"),
        ("", EngineError, "no reason given"),
    ],
)  # fmt: skip
def test_what_spark_says_becomes_a_sentence(said, error, words):
    found = _sentence(said, "spark://h:1")
    assert type(found) is error
    assert words in str(found)
    assert "\n" not in str(found)
