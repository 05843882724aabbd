"""One file from a server of the test's own, which misbehaves as servers do."""

import hashlib
import resource
import socket
import sys
import time

import pytest

from canvass.corpus.download import PAUSES, Expected, download
from canvass.errors import ExtraMissingError, FileError, OptionError, ServiceError
from file_server import Served, file_server

CONTENT = bytes(range(256)) * 1200  # several chunks
DIGEST = hashlib.sha256(CONTENT).hexdigest()
EXPECTED = Expected({DIGEST}, len(CONTENT))
HALF = len(CONTENT) // 2
TRIES = len(PAUSES) + 1


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def get(tmp_path):
    """Download what is served as /a; returns the file, what it was told, and the pauses."""

    class Got:
        target = tmp_path / "a.bin"

        def __call__(self, served, *, path="/a", others=None, expected=EXPECTED, timeout=10):
            self.told, self.pauses = [], []
            with file_server({path: served} | (others or {})) as self.address:
                return download(
                    f"{self.address}{path}",
                    self.target,
                    expected,
                    progress=lambda *seen: self.told.append(seen),
                    pause=self.pauses.append,
                    timeout=timeout,
                )

        def left(self):
            return sorted(path.name for path in tmp_path.iterdir())

        def is_right(self):
            return self.target.read_bytes() == CONTENT and self.left() == ["a.bin"]

    return Got()


def test_a_file_comes_whole(get):
    served = Served(CONTENT)
    assert get(served) == DIGEST
    assert get.is_right()
    assert 0 < get.told[0][0] < get.told[0][1] == len(CONTENT)
    assert get.told[-1] == (len(CONTENT), len(CONTENT))
    assert [seen for seen, _ in get.told] == sorted({seen for seen, _ in get.told})
    assert served.asked[0]["User-Agent"].startswith("canvass/")
    assert served.asked[0]["Accept-Encoding"] == "identity"
    assert get.pauses == []


def test_a_file_of_unknown_length_comes_whole(get):
    assert get(Served(CONTENT, length=False)) == DIGEST
    assert get.told[-1] == (len(CONTENT), None)
    assert get.is_right()


def test_what_is_broken_off_begins_anew(get):
    served = Served(CONTENT, cut=[HALF, 1000])
    assert get(served) == DIGEST
    assert get.is_right()
    assert len(served.asked) == 3
    assert get.pauses == list(PAUSES)


def test_a_slow_server_is_left_and_asked_again(get):
    served = Served(CONTENT, cut=[HALF], stall=True)
    start = time.monotonic()
    assert get(served, timeout=0.3) == DIGEST
    assert time.monotonic() - start < 10
    assert get.is_right()
    assert len(served.asked) == 2


def test_a_server_that_never_answers_is_given_up(get):
    with pytest.raises(ServiceError, match="nothing came for too long"):
        get(Served(CONTENT, cut=[0] * TRIES, stall=True), timeout=0.1)
    assert get.pauses == list(PAUSES)
    assert get.left() == []


def test_an_interrupted_run_leaves_nothing(get):
    def interrupt(_received, _total):
        raise KeyboardInterrupt

    with file_server({"/a": Served(CONTENT)}) as address, pytest.raises(KeyboardInterrupt):
        download(f"{address}/a", get.target, EXPECTED, progress=interrupt)
    assert get.left() == []


def test_cut_short_again_and_again(get):
    served = Served(CONTENT, cut=[HALF] * TRIES)
    with pytest.raises(ServiceError, match=r"the connection broke \(it ended before the file did\)"):
        get(served)
    assert len(served.asked) == TRIES
    assert get.pauses == list(PAUSES)
    assert get.left() == []


def test_what_is_there_stays_until_the_new_file_is_whole(get):
    get.target.write_bytes(b"old")
    with pytest.raises(ServiceError):
        get(Served(CONTENT, cut=[HALF] * TRIES))
    assert get.target.read_bytes() == b"old"
    assert get(Served(CONTENT)) == DIGEST
    assert get.is_right()


def test_another_file_than_expected_is_not_kept(get):
    served = Served(b"something else", cut=[3])
    with pytest.raises(ServiceError) as caught:
        get(served)
    digest = hashlib.sha256(b"something else").hexdigest()
    assert f"has the SHA-256 {digest}, and {DIGEST} was expected" in str(caught.value)
    assert f"--sha256 {digest}" in str(caught.value)
    assert get.left() == []
    assert get(served, expected=Expected({DIGEST, digest}, 100)) == digest


@pytest.mark.parametrize("length", [True, False])
def test_more_than_expected_is_refused(get, length):
    with pytest.raises(ServiceError, match="at most 1,000 were expected"):
        get(Served(CONTENT, length=length), expected=Expected({DIGEST}, 1000))
    assert get.left() == []
    assert get.told == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "has no such file"),
        (403, "refuses"),
        (401, "not public"),
        (410, "any more"),
        (418, "answers 418"),
    ],
)
def test_what_will_not_get_better_is_said_at_once(get, status, words):
    served = Served(CONTENT, statuses=[status])
    with pytest.raises(ServiceError, match=words) as caught:
        get(served)
    assert caught.value.status == status
    assert "127.0.0.1" in str(caught.value)
    assert get.pauses == []
    assert get.left() == []


def test_what_may_get_better_is_tried_again(get):
    served = Served(CONTENT, statuses=[503, 429])
    assert get(served) == DIGEST
    assert get.pauses == list(PAUSES)
    get.target.unlink()
    with pytest.raises(ServiceError, match=r"cannot answer now \(502\)"):
        get(Served(CONTENT, statuses=[502] * TRIES))


def test_redirections_are_followed(get):
    get(Served(location="/b"), others={"/b": Served(CONTENT)})
    assert get.is_right()


@pytest.mark.parametrize(
    ("first", "others"),
    [
        ("/a", {}),
        ("/b", {"/b": Served(location="/a")}),
        ("/1", {f"/{n}": Served(location=f"/{n + 1}") for n in range(1, 40)}),
        ("file:///etc/passwd", {}),
    ],
    ids=["itself", "circle", "chain", "file"],
)
def test_redirections_that_lead_nowhere(get, first, others):
    with pytest.raises(ServiceError, match="without an end, or to one that is not of the web"):
        get(Served(location=first), others=others)
    assert get.pauses == []


def test_nobody_there(get):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/a"
        pauses = []
        with pytest.raises(ServiceError, match=r"cannot be reached \(Connection refused\)"):
            download(address, get.target, EXPECTED, pause=pauses.append)
    assert pauses == []
    with pytest.raises(ServiceError, match="cannot be reached"):
        download("http://nobody.invalid/a", get.target, EXPECTED, pause=pauses.append)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/a", "a/b", "http://", ""])
def test_only_addresses_of_the_web(get, address):
    with pytest.raises(OptionError, match="no address of a file"):
        download(address, get.target, EXPECTED)


def test_a_proxy_of_the_environment_is_used(get, monkeypatch):
    monkeypatch.delenv("no_proxy")
    served = Served(CONTENT)
    with file_server({"http://example.invalid/a": served}) as address:
        monkeypatch.setenv("http_proxy", address)
        assert download("http://example.invalid/a", get.target, EXPECTED) == DIGEST
    assert served.asked[0]["Host"] == "example.invalid"


def test_a_full_disk_is_a_sentence(get):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, before[1]))
    try:
        with pytest.raises(FileError, match=r"a\.bin: could not be written \(File too large\)"):
            get(Served(CONTENT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert get.left() == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        download("http://127.0.0.1:1/a", tmp_path / "none" / "a", EXPECTED)


def test_without_the_extra(get, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ExtraMissingError, match=r"pip install 'canvass-nlu\[corpora\]'"):
        get(Served(CONTENT))
    assert get.left() == []
