"""Public corpora: files are downloaded into a cache, and converted to a folder of canvass's JSON Lines.

The cache has a folder for each corpus with its published files. A copy of the cache on a web server is a mirror; a
cache filled by hand needs no network.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from canvass import __version__
from canvass.corpus.catalogue import LARGEST, LOCALE, Corpus, File, Part
from canvass.corpus.download import Expected, digest_of, download, unpack
from canvass.corpus.formats import jsonl
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import row_named
from canvass.corpus.formats.located import read_document
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.errors import FileError, InputError, OptionError
from canvass.files import whole_folder
from canvass.types import Utterance

WITHOUT_SPLITS = "all"  # name of the file of a corpus without splits
SPLITS = {"val": "dev", "validation": "dev", "devel": "dev", "eval": "dev"}
# Some published corpora have a few bad records, whose annotation spells another text. More mean an unexpected file.
MOST_BAD = 0.02
UNLIMITED = 1 << 62
DIGITS = 64  # of a SHA-256


@dataclass
class ConvertedCorpus:
    """The account of a converted corpus.

    * `folder`: where it was written.
    * `utterances`: number of utterances of each split.
    * `bad`: bad records that were left out.
    * `losses`: what canvass cannot represent.
    """

    folder: Path
    utterances: dict[str, int]
    bad: BadLines
    losses: Losses = field(default_factory=Losses)


def cache_folder() -> Path:
    """Return the platform's cache folder for corpora."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        named = os.environ.get("XDG_CACHE_HOME", "")
        # The XDG specification says to ignore relative paths.
        base = Path(named) if Path(named).is_absolute() else Path.home() / ".cache"
    return base / "canvass" / "corpora"


def check_folder(folder: Path) -> None:
    """Check that a folder can be written to, before anything is downloaded.

    Raises FileError if it is a file, is not empty, or its parent does not exist.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileError(f"{folder} is there already; name another folder with -o, or remove it")
    if not folder.absolute().parent.is_dir():
        raise FileError(
            f"{folder}: the folder {folder.absolute().parent} does not exist; create it or choose another"
        )


def checksums(values: Collection[str]) -> tuple[str, ...]:
    """Validate SHA-256 checksums from the command line; returns them in lower case.

    >>> checksums(["AB" * 32]) == ("ab" * 32,)
    True

    Raises OptionError if one is not 64 hexadecimal digits.
    """
    for value in values:
        if len(value) != DIGITS or set(value.lower()) - set("0123456789abcdef"):
            raise OptionError(f"--sha256 {value!r} is no SHA-256; expected {DIGITS} hexadecimal digits")
    return tuple(value.lower() for value in values)


def fetch(
    corpus: Corpus,
    cache: Path,
    *,
    mirror: str | None = None,
    accepted: Collection[str] = (),
    progress: Callable[[File, int, int | None], None] = lambda _file, _received, _total: None,
    download: Callable[..., str] = download,
) -> dict[File, tuple[Path, str]]:
    """Download the files of a corpus into the cache, except those that it already has with a right checksum.

    * `corpus`: a corpus of the catalogue.
    * `cache`: folder that has a folder for each corpus; it is created.
    * `mirror`: address below which the files are, laid out as in the cache; None for the addresses of the catalogue.
    * `accepted`: further SHA-256 that are accepted beside those of the catalogue.
    * `progress`: called with a file, the bytes received, and the total, None if the server does not state it.
    * `download`: downloads one file, as `canvass.corpus.download.download` does.

    Returns path and SHA-256 of each file. Raises ServiceError or FileError if a file cannot be downloaded or written;
    see `download`.
    """
    folder = cache / corpus.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{folder}: could not be made ({error.strerror or error}); choose another with --cache"
        ) from error
    fetched = {}
    for file in corpus.files():
        path = folder / file.name
        expected = Expected({file.sha256, *accepted}, LARGEST if accepted or file.size is None else file.size)
        digest = digest_of(path) if path.is_file() else ""
        if digest not in expected.sha256:
            address = file.address if mirror is None else f"{mirror.rstrip('/')}/{corpus.name}/{file.name}"
            digest = download(
                address,
                path,
                expected,
                progress=lambda received, total, file=file: progress(file, received, total),
            )
        fetched[file] = path, digest
    return fetched


def convert(
    corpus: Corpus, locale: str, files: dict[File, tuple[Path, str]], folder: Path
) -> ConvertedCorpus:
    """Write a corpus as canvass's JSON Lines, one file for each split, and a README.md with its licence and source.

    The folder is written atomically. Raises InputError if a file has an unexpected content, or more than `MOST_BAD` of
    its records are bad; FileError if the folder already exists, or cannot be written.
    """
    check_folder(folder)
    with whole_folder(folder) as hidden:
        bad = BadLines(UNLIMITED, losses=(losses := Losses()))
        splits = _read(corpus, locale, files, bad)
        for split, utterances in splits.items():
            jsonl.write_annotated(str(hidden / f"{split}.jsonl"), utterances, Losses())
        counts = {split: len(utterances) for split, utterances in splits.items()}
        (hidden / "README.md").write_text(_readme(corpus, locale, files, counts, bad.count), encoding="utf-8")
    return ConvertedCorpus(folder, counts, bad, losses)


def _read(
    corpus: Corpus, locale: str, files: dict[File, tuple[Path, str]], bad: BadLines
) -> dict[str, list[Utterance]]:
    domains = _domains(corpus, files)
    names = corpus.splits or (WITHOUT_SPLITS,)
    splits: dict[str, list[Utterance]] = {name: [] for name in names}
    kind = row_named(corpus.format)
    assert kind is not None, corpus.format
    assert kind.read is not None, corpus.format
    with tempfile.TemporaryDirectory(prefix="canvass-") as folder:
        for part in corpus.parts:
            path = _path_of(part, locale, files, Path(folder))
            for where, utterance in kind.read(str(path), Columns(), bad):
                split = part.split or SPLITS.get(utterance.split or "", utterance.split)
                if corpus.splits and split not in splits:
                    raise InputError(
                        f"{where}: the split {split!r} is none of {', '.join(corpus.splits)}; the file is another one "
                        "than was expected"
                    )
                domain = utterance.domain or domains.get(utterance.intent or "")
                completed = replace(utterance, domain=domain, split=split if corpus.splits else None)
                splits[split if corpus.splits and split else WITHOUT_SPLITS].append(completed)
    total = sum(map(len, splits.values()))
    if bad.count > MOST_BAD * (total + bad.count):
        raise InputError(
            f"{corpus.name}: {bad.count:,} of {total + bad.count:,} records are bad, the first: {bad.first}; the files "
            "are other ones than were expected"
        )
    if empty := [split for split, utterances in splits.items() if not utterances]:
        raise InputError(
            f"{corpus.name}: no utterance of {', '.join(empty)} is in the files; they are other ones"
        )
    return splits


def _path_of(part: Part, locale: str, files: dict[File, tuple[Path, str]], folder: Path) -> Path:
    """Give the path of a part; a member of an archive is unpacked into the folder."""
    path, _ = files[part.file]
    if not part.member:
        return path
    member = part.member.replace(LOCALE, locale)
    unpacked = folder / member.rpartition("/")[2]
    unpack(path, member, unpacked)
    return unpacked


def _domains(corpus: Corpus, files: dict[File, tuple[Path, str]]) -> dict[str, str]:
    """Map intents to domains, for a corpus that has a file of domains."""
    if corpus.domains is None:
        return {}
    document = read_document(str(files[corpus.domains][0]))
    return {intent.string(): domain for domain, intents in document.members() for intent in intents.items()}


def _readme(
    corpus: Corpus, locale: str, files: dict[File, tuple[Path, str]], counts: dict[str, int], left_out: int
) -> str:
    lines = [
        f"# {corpus.title}",
        "",
        f"* locale: {locale}",
        f"* licence: {corpus.licence}, {corpus.licence_address}",
        f"* from: {corpus.homepage}",
        f"* to cite: {corpus.citation}",
        *([f"* note: {corpus.note}"] if corpus.note else []),
        "",
        f"Changed: converted by canvass {__version__} to its JSON Lines; "
        + ", ".join(f"{count:,} utterances in {split}.jsonl" for split, count in counts.items())
        + f"; {left_out:,} bad records left out. Nobody who made the corpus has endorsed this.",
        "",
        "| file | SHA-256 |",
        "| --- | --- |",
        *(f"| {file.address} | `{digest}` |" for file, (_, digest) in files.items()),
    ]
    return "\n".join(lines) + "\n"


def summary(
    corpus: Corpus, locale: str, files: dict[File, tuple[Path, str]], converted: ConvertedCorpus
) -> dict[str, object]:
    """Summarise a converted corpus as values for JSON."""
    return {
        "corpus": corpus.name,
        "locale": locale,
        "licence": corpus.licence,
        "folder": str(converted.folder),
        "utterances": converted.utterances,
        "left_out": converted.bad.count,
        "lost": converted.losses.account(),
        "files": [
            {"address": file.address, "path": str(path), "sha256": digest}
            for file, (path, digest) in files.items()
        ],
    }
