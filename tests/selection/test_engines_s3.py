"""Pools on S3, by a real server of its protocol on this machine: local and on a cluster, as by path."""

import logging
import random

import pytest

from canvass.corpus import storage
from canvass.corpus.pool import Pool
from canvass.errors import FileError
from canvass.selection.engines import Threads, select_each
from canvass.selection.engines.dask import Dask
from canvass.selection.multi_target import Plans
from canvass.selection.plan import Plan
from engine_clusters import dask_client, needs_dask, run, small_rows, write_shards
from examples import MUSIC
from pools import trained

pytestmark = [*needs_dask, pytest.mark.slow]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A bucket with a pool in it, and the same pool by path."""
    moto = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        storage._system.cache_clear()
        folder = tmp_path_factory.mktemp("s3")
        write_shards(folder, small_rows(), random.Random(4))
        client = boto3.client("s3")
        client.create_bucket(Bucket="logs")
        for path in folder.rglob("*.*"):
            client.upload_file(str(path), "logs", f"requests/{path.relative_to(folder)}")
        client.put_object(Bucket="logs", Key="requests/_SUCCESS", Body=b"")
        yield folder
    server.stop()
    storage._system.cache_clear()


@pytest.fixture(scope="module")
def plans():
    return Plans((Plan.of(trained(MUSIC), (), size=40),))


@pytest.mark.parametrize("name", ["s3://logs/requests", "s3://logs", "s3://logs/requests/**/*.*"])
def test_a_bucket_is_a_folder(bucket, plans, name):
    here, there = Pool.open([str(bucket)]), Pool.open([name])
    assert [file.removeprefix("s3://logs/requests/") for file in there.files] == sorted(
        file.removeprefix(f"{bucket}/") for file in here.files
    )
    assert there.total_bytes == here.total_bytes
    assert select_each(plans, there) == select_each(plans, here)


@pytest.mark.parametrize("step", [None, 5000])
def test_a_cluster_reads_it_itself(bucket, plans, step):
    expected = select_each(plans, Pool.open([str(bucket)]))
    assert run(Threads(2), plans, ["s3://logs/requests"], step=step)[0] == expected
    with dask_client(2, processes=True) as client:
        assert run(Dask(client=client), plans, ["s3://logs/requests"], step=step)[0] == expected


def test_conditions_on_the_path(bucket):
    pool = Pool.open(["s3://logs/requests/b"], where="day = 1")
    assert pool.files == Pool.open(["s3://logs/requests/b/day=1"]).files
    assert sum(len(block.batch) for block in pool.blocks()) > 10
    with pytest.raises(FileError, match="leaves out all"):
        Pool.open(["s3://logs/requests/b"], where="day > 1")


def test_what_is_not_there(bucket):
    with pytest.raises(FileError, match="s3://logs/none: no such file or folder"):
        Pool.open(["s3://logs/none"])
    with pytest.raises(FileError, match=r"s3://nowhere/a\.jsonl: no such file or folder"):
        Pool.open(["s3://nowhere/a.jsonl"])
