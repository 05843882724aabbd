"""From the files of a public corpus to a folder of canvass's own, whole or not at all."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from canvass.corpus import download as downloads
from canvass.corpus import public
from canvass.corpus.catalogue import CORPORA, corpus_named
from canvass.corpus.download import unpack
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.jsonl import FORMAT
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.public import cache_folder, check_folder, checksums, convert, fetch
from canvass.errors import FileError, InputError, OptionError, ServiceError
from canvass.types import Slot, Utterance
from public_corpora import LAYOUTS, json_lines, tar_gz, zipped

CLINC = Path(__file__).parents[3] / "shared" / "data" / "clinc150"
EXPECTED = {
    "massive": Utterance("wake me up at five am", "0", 1, "alarm", "alarm_set", (Slot(14, 21, "time"),), "test"),
    "snips": Utterance("play jazz", None, 1, None, "AddToPlaylist", (Slot(5, 9, "genre"),), "test"),
    "slurp": Utterance("wake me at eight", "300", 1, "alarm", "alarm_set", (Slot(11, 16, "time"),), "test"),
    "clinc150": Utterance("hello", None, 1, "small_talk", "greeting", None, "test"),
    "hwu64": Utterance(
        "wake me up at nine am on friday ", None, 1, "alarm", "alarm_set", (Slot(14, 21, "time"), Slot(25, 31, "date"))
    ),
    "mtop": Utterance("has angelika sent", "1", 1, "messaging", "GET_MESSAGE", (Slot(4, 12, "SENDER"),), "test"),
}  # fmt: skip
COUNTS = {
    "massive": {"train": 2, "dev": 1, "test": 1},
    "snips": {"train": 13, "test": 14},
    "slurp": {"train": 99, "dev": 1, "test": 1},
    "clinc150": {"train": 2, "dev": 2, "test": 2},
    "hwu64": {"all": 2},
    "mtop": {"train": 2, "dev": 2, "test": 2},
}


@pytest.fixture
def cached(tmp_path):
    """Put the files of a corpus into a cache, and convert them."""

    def make(name, *, locale=None, change=None):
        corpus = corpus_named(name)
        files = {}
        for file in corpus.files():
            path = tmp_path / file.name
            content = LAYOUTS[name]()[file.name]
            path.write_bytes(change(content) if change else content)
            files[file] = path, "0" * 64
        return convert(corpus, locale or corpus.locale, files, tmp_path / "out")

    return make


def read(path):
    return [utterance for _, utterance in FORMAT.read(str(path), Columns(), BadLines())]


def test_each_corpus_has_a_layout():
    assert list(LAYOUTS) == [corpus.name for corpus in CORPORA]
    for corpus in CORPORA:
        assert sorted(LAYOUTS[corpus.name]()) == sorted(file.name for file in corpus.files())


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_corpus_is_converted(cached, tmp_path, name):
    made = cached(name)
    assert made.utterances == COUNTS[name]
    assert sorted(path.name for path in made.folder.iterdir()) == sorted(
        ["README.md", *(f"{split}.jsonl" for split in COUNTS[name])]
    )
    for split, count in COUNTS[name].items():
        utterances = read(made.folder / f"{split}.jsonl")
        assert len(utterances) == count
        assert {utterance.split for utterance in utterances} == {None if split == "all" else split}
    last = read(made.folder / f"{list(COUNTS[name])[-1]}.jsonl")
    assert last[0] == EXPECTED[name]
    readme = (made.folder / "README.md").read_text()
    corpus = corpus_named(name)
    for words in (
        corpus.licence,
        corpus.licence_address,
        corpus.citation,
        *(file.address for file in corpus.files()),
    ):
        assert words in readme
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_is_special_in_a_corpus(cached, tmp_path):
    cached("snips")
    music = [row for row in read(tmp_path / "out" / "train.jsonl") if row.intent == "PlayMusic"]
    assert music == [Utterance("play 🍕 café".replace("🍕", "\U0001f355"), None, 1, None, "PlayMusic", (Slot(7, 11, "album"),), "train")]  # fmt: skip


def test_bad_records_are_left_out_and_told(cached):
    made = cached("slurp")
    assert made.bad.count == 1
    assert re.search(r"train\.jsonl:8", made.bad.first)
    assert "1 bad records left out" in (made.folder / "README.md").read_text()


def test_what_has_no_place_is_told(cached):
    (what,) = cached("mtop").losses.found
    assert what == "intents inside of slots, with their slots"


def test_a_locale(cached):
    assert read(cached("massive", locale="de-DE").folder / "dev.jsonl")[0].text == "weck mich um fünf uhr"


def test_offsets_in_bytes(cached):
    (utterance,) = read(cached("mtop", locale="fr").folder / "dev.jsonl")
    assert [utterance.text[slot.start : slot.end] for slot in utterance.slots] == ["Zoé"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("massive", lambda data: data[: len(data) // 2], "damaged or cut short|archive is damaged"),
        ("massive", lambda _: tar_gz({"1.1/data/fr-FR.jsonl": b"{}"}), "has no 1.1/data/en-US.jsonl"),
        ("massive", lambda _: tar_gz({"1.1/data/en-US.jsonl": b"{}\n"}), "of 1 records are bad"),
        ("massive", lambda _: tar_gz({"1.1/data/en-US.jsonl": json_lines([{"utt": "a", "locale": "b"}])}), "the split None is none of train, dev, test"),
        ("massive", lambda _: tar_gz({"1.1/data/en-US.jsonl": json_lines([{"utt": "a", "locale": "b", "partition": "dev"}])}), "no utterance of train, test"),
        ("massive", lambda _: b"no archive", "not a gzip|damaged"),
        ("mtop", lambda _: zipped({"mtop/en/eval.txt": ""}), "has no 'mtop/en/train.txt'"),
        ("mtop", lambda _: b"no archive", "not a zip archive"),
        ("slurp", lambda data: data + b"{}\n" * 9, "records are bad, the first"),
        ("clinc150", lambda _: b"{", "not valid JSON"),
        ("hwu64", lambda _: b"a;b\n1;2\n", "'answer_annotation' is missing"),
    ],
)  # fmt: skip
def test_another_file_than_expected_leaves_nothing(cached, tmp_path, name, change, words):
    with pytest.raises(InputError, match=words):
        cached(name, change=change)
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tar_gz({"zeros": bytes(300_000), "wanted": b"x"}))
    unpack(path, "wanted", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"x"
    monkeypatch.setattr(downloads, "LARGEST_TOTAL", 200_000)
    with pytest.raises(InputError, match="would unpack to more"):
        unpack(path, "wanted", tmp_path / "other")
    monkeypatch.undo()
    monkeypatch.setattr(downloads, "MOST_MEMBERS", 0)
    with pytest.raises(InputError, match="more than 0 members"):
        unpack(path, "wanted", tmp_path / "other")


def test_a_folder_that_is_there(cached, tmp_path):
    (tmp_path / "out").mkdir()
    cached("hwu64")  # an empty folder may be filled
    with pytest.raises(FileError, match="is there already"):
        cached("hwu64")
    with pytest.raises(FileError, match="does not exist"):
        check_folder(tmp_path / "none" / "out")


def clinc150_as_published():
    """Put data_full.json together again: as Python 2 wrote it, with a blank after each comma, also at the end of a line."""
    parts = {name: [] for name in ("oos_val", "val", "train", "oos_test", "test", "oos_train")}
    for split in ("train", "dev", "test"):
        with gzip.open(CLINC / f"{split}.jsonl.gz", "rt") as lines:
            for record in map(json.loads, lines):
                parts[record["id"].split("-")[1]].append([record["text"], record["intent"]])
    return json.dumps(parts, indent=4, separators=(", ", ": ")).encode()


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.skipif(not CLINC.exists(), reason="the corpora of ../shared/data are not here")
def test_clinc150_as_it_is_published(tmp_path):
    corpus = corpus_named("clinc150")
    content = clinc150_as_published()
    data = corpus.parts[0].file
    assert (len(content), hashlib.sha256(content).hexdigest()) == (data.size, data.sha256)
    domains = LAYOUTS["clinc150"]()["domains.json"]
    downloads = Downloads({"data_full.json": content, "domains.json": domains})
    files = fetch(corpus, tmp_path, accepted=[hashlib.sha256(domains).hexdigest()], download=downloads)
    made = convert(corpus, "en", files, tmp_path / "out")
    assert made.utterances == {"train": 15_100, "dev": 3_100, "test": 5_500}
    assert made.bad.count == 0
    with gzip.open(CLINC / "dev.jsonl.gz", "rt") as lines:
        expected = [(record["text"], record["intent"]) for record in map(json.loads, lines)]
    assert sorted(
        (utterance.text, utterance.intent) for utterance in read(made.folder / "dev.jsonl")
    ) == sorted(expected)


class Downloads:
    """Stands in for the network."""

    def __init__(self, content):
        self.content, self.addresses = content, []

    def __call__(self, address, target, wanted, *, progress):
        self.addresses.append(address)
        name = address.rpartition("/")[2]
        digest = hashlib.sha256(self.content[name]).hexdigest()
        if digest not in wanted.sha256:
            raise ServiceError(digest)
        progress(len(self.content[name]), len(self.content[name]))
        target.write_bytes(self.content[name])
        return digest


def own_sums(corpus, files):
    return [hashlib.sha256(content).hexdigest() for content in files.values()]


def test_what_is_in_the_cache_is_not_asked_for(tmp_path):
    corpus = corpus_named("clinc150")
    files = LAYOUTS["clinc150"]()
    downloads = Downloads(files)
    accepted = own_sums(corpus, files)
    seen = []
    words = {"accepted": accepted, "download": downloads, "progress": lambda *received: seen.append(received)}
    fetched = fetch(corpus, tmp_path / "new" / "cache", **words)
    assert downloads.addresses == [file.address for file in corpus.files()]
    assert [(file.name, total) for file, _, total in seen] == [(name, len(files[name])) for name in files]
    assert {path.relative_to(tmp_path) for path, _ in fetched.values()} == {
        Path("new/cache/clinc150") / name for name in files
    }
    assert fetch(corpus, tmp_path / "new" / "cache", **words) == fetched
    assert len(downloads.addresses) == len(files)
    # What was changed in the cache is asked for anew.
    next(iter(fetched.values()))[0].write_text("{}")
    assert fetch(corpus, tmp_path / "new" / "cache", **words) == fetched
    assert len(downloads.addresses) == len(files) + 1
    with pytest.raises(ServiceError):
        fetch(corpus, tmp_path / "other", download=downloads)


def test_a_mirror_is_a_copy_of_the_cache(tmp_path):
    files = LAYOUTS["snips"]()
    downloads = Downloads(files)
    corpus = corpus_named("snips")
    fetch(
        corpus, tmp_path, mirror="http://here/corpora/", accepted=own_sums(corpus, files), download=downloads
    )
    assert downloads.addresses[0] == "http://here/corpora/snips/train_AddToPlaylist_full.json"
    assert len(downloads.addresses) == 14


def test_a_cache_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="choose another with --cache"):
        fetch(corpus_named("snips"), tmp_path / "file")


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setattr(public.sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    assert cache_folder() == tmp_path / "kept" / "canvass" / "corpora"
    for none in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", none)
        assert cache_folder() == tmp_path / ".cache" / "canvass" / "corpora"
    monkeypatch.setattr(public.sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "canvass" / "corpora"


def test_checksums_of_a_person():
    assert checksums(["AB" * 32]) == ("ab" * 32,)
    for wrong in ("ab", "xy" * 32, ""):
        with pytest.raises(OptionError, match="expected 64 hexadecimal digits"):
            checksums([wrong])


def test_the_account_is_json(cached, tmp_path):
    made = cached("slurp")
    corpus = corpus_named("slurp")
    account = public.summary(corpus, "en", dict.fromkeys(corpus.files(), (tmp_path, "0")), made)
    assert json.loads(json.dumps(account)) == account
