"""Catalogue of public corpora, those of `catalogue.toml`: addresses and checksums of files, licences, and formats."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from canvass.errors import OptionError, nearest

LARGEST = 200_000_000  # bytes accepted of a file whose size is unknown
LOCALE = "{locale}"  # in the name of a member: replaced by the locale that is asked for


@dataclass(frozen=True)
class File:
    """A file to download.

    * `address`: its address, https.
    * `sha256`: SHA-256 of its bytes, hexadecimal.
    * `size`: number of its bytes; None if it is unknown.

    >>> File("https://example.org/corpus/train.jsonl", "00").name
    'train.jsonl'
    """

    address: str
    sha256: str
    size: int | None = None

    @property
    def name(self) -> str:
        """The file name: the last part of the address."""
        return urlsplit(self.address).path.rpartition("/")[2]


class Part(NamedTuple):
    """A file, or a member of an archive, to read.

    `split` is the split of all its utterances; None if each utterance names its own.
    """

    file: File
    split: str | None = None
    member: str = ""


@dataclass(frozen=True)
class Corpus:
    """A public corpus.

    * `name`, `title`: its name in commands, and a description.
    * `licence`, `licence_address`: name of the licence, and its address.
    * `homepage`, `citation`: where it is published, and the paper to cite.
    * `format`: name of its reader in the table of formats.
    * `splits`: splits that the corpus defines; without any, it is converted to a single file.
    * `parts`: the files to read.
    * `locales`, `locale`: all locales, and the default one.
    * `domains`: a file that maps domains to intents, where the format does not.
    * `note`: a remark for the reader of the catalogue.
    """

    name: str
    title: str
    licence: str
    licence_address: str
    homepage: str
    citation: str
    format: str
    splits: tuple[str, ...]
    parts: tuple[Part, ...]
    locales: tuple[str, ...] = ("en",)
    locale: str = "en"
    domains: File | None = None
    note: str = ""

    def files(self) -> Iterator[File]:
        """Yield each file once."""
        files = [part.file for part in self.parts] + ([] if self.domains is None else [self.domains])
        yield from dict.fromkeys(files)


def _file(base: str, entry: dict[str, Any]) -> File:
    return File(base + entry.pop("file"), entry.pop("sha256"), entry.pop("size", None))


def _corpus(name: str, entry: dict[str, Any]) -> Corpus:
    base = entry.pop("base")
    parts = tuple(Part(_file(base, part), **part) for part in entry.pop("parts"))
    domains = _file(base, entry.pop("domains")) if "domains" in entry else None
    lists: dict[str, Any] = {key: tuple(entry.pop(key)) for key in ("splits", "locales") if key in entry}
    return Corpus(name, parts=parts, domains=domains, **lists, **entry)


_ENTRIES = tomllib.loads(files("canvass.corpus").joinpath("catalogue.toml").read_text(encoding="utf-8"))
CORPORA = tuple(_corpus(name, entry) for name, entry in _ENTRIES.items())


def corpus_named(name: str) -> Corpus:
    """Find a corpus by name, in any case.

    >>> corpus_named("SNIPS").licence
    'CC0 1.0'

    Raises OptionError if the catalogue has no corpus of this name.
    """
    corpus = next((corpus for corpus in CORPORA if corpus.name == name.lower()), None)
    if corpus is None:
        names = [corpus.name for corpus in CORPORA]
        raise OptionError(f"{name!r} is no known corpus{nearest(name, names)} (there are {', '.join(names)})")
    return corpus


def locale_of(corpus: Corpus, wanted: str | None) -> str:
    """Choose a locale of a corpus: the wanted one, in any case and with `-` or `_`, or the default.

    >>> locale_of(corpus_named("massive"), "DE_de")
    'de-DE'

    Raises OptionError if the corpus does not have the wanted locale.
    """
    if wanted is None:
        return corpus.locale
    known = {locale.lower(): locale for locale in corpus.locales}
    locale = known.get(wanted.lower().replace("_", "-"))
    if locale is None:
        raise OptionError(
            f"--locale {wanted!r}: the corpus {corpus.name} does not have it{nearest(wanted, list(corpus.locales))} "
            f"(it has {', '.join(corpus.locales)})"
        )
    return locale
