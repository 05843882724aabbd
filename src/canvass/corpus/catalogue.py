"""Catalogue of public corpora: addresses and checksums of their files, licences, and formats.

Addresses name a commit or a release, so that the bytes never change; the SHA-256 of each file identifies them. No
publisher states checksums. Those here were published by users of the files, as the comments say, and collected from
their repositories in November 2026. Those of CLINC150 could be recomputed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from canvass.errors import OptionError, nearest

GITHUB = "https://raw.githubusercontent.com"
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


# Release 1.1, whose archive the README of github.com/alexa/massive links at commit f966f218. The checksum and the size:
# ten repositories state the same ones, such as the notes on sources of several benchmarks. The locales are the 51 of
# release 1.0 and ca-ES.
_MASSIVE = File(
    "https://amazon-massive-nlu-dataset.s3.amazonaws.com/amazon-massive-dataset-1.1.tar.gz",
    "4cba5faa11c71437928e17cb1b9b3d8b8e727e7ea363a3a9a8045e19c0491577",
    40_251_390,
)
_MASSIVE_LOCALES = (  # noqa: SIM905 - fifty strings are harder to read than three lines
    "af-ZA am-ET ar-SA az-AZ bn-BD ca-ES cy-GB da-DK de-DE el-GR en-US es-ES fa-IR fi-FI fr-FR he-IL hi-IN hu-HU hy-AM "
    "id-ID is-IS it-IT ja-JP jv-ID ka-GE km-KH kn-IN ko-KR lv-LV ml-IN mn-MN ms-MY my-MM nb-NO nl-NL pl-PL pt-PT ro-RO "
    "ru-RU sl-SL sq-AL sv-SE sw-KE ta-IN te-IN th-TH tl-PH tr-TR ur-PK vi-VN zh-CN zh-TW"
).split()

# sonos/nlu-benchmark, commit b86ac7f1. The checksums of the files to train on are pinned by one repository (that of
# BookRestaurant by two); those of the files to validate on by heiko-hotz/jev-evaluation, data/snips-provenance-v1.json.
_SNIPS = (
    f"{GITHUB}/sonos/nlu-benchmark/b86ac7f1577868c42158d0dec77db50956046696/2017-06-custom-intent-engines"
)
_SNIPS_SUMS = {
    "AddToPlaylist": (
        "fee1b4645352e70ed8a40f1f87c3b53fc3bf75f8ebc82252a22b82c107e75b01",
        "14cc9ee49ae477b1452632a6e835498cf4c32da397b16967c82abb3e50403e83",
    ),
    "BookRestaurant": (
        "7677e82cd6e9a8191f0a4502568c786278c984900b4796d3628e46f1abf73ef4",
        "4f7258ccc768b777b2eb8916532db9aa50dbd058ddf1ffb0dc59218963e7442a",
    ),
    "GetWeather": (
        "86f414b2ad8a993134d85d16e25e5d337beae47cef993c0af2a5f440405c60f6",
        "60c095e193655d6ca92be220fed3926ca25e18cd70c85664145efe25d80993af",
    ),
    "PlayMusic": (
        "901ddbe9781d1fdb8196e789c543f80df3d29ca6e237da64947905adcc0312e4",
        "922212775e26259d5bffeaf79b6048d070ca017d229df00b2cc9800f71c75d20",
    ),
    "RateBook": (
        "bb43e4b74134300d5766f6b420d0357a63402987a225f6dc92c806c9c040ce04",
        "c1f8b4114da0bb5e8afd78a8062766e18b2eabb0e717539598db01b09d04619b",
    ),
    "SearchCreativeWork": (
        "87b3432de48c71c205aa5238b41d9e3f2d70bdfcd0bea2427544fb9e4bd5e5bb",
        "8a5e830eddb185d3e4a9d27ded140a145d04766bdce0e58834676ede32d13e77",
    ),
    "SearchScreeningEvent": (
        "5447e9440c02e2fb08c3ae16b9f58a4d1332b4bc77fd34691402b02aa4399765",
        "81e1445713e03c7c3e615353c5f3fee05f369fe9834100b9b9735900a96b9498",
    ),
}

# pswietojanski/slurp, commit 8eb16545. The checksums are stated by one repository, with the numbers of lines that the
# paper has; that of the test set by two others, too.
_SLURP = f"{GITHUB}/pswietojanski/slurp/8eb16545762be97ace75334109d73824217311f1/dataset/slurp"

# clinc/oos-eval, commit 828f8093. Ten repositories state the checksum of data_full.json, one of them with its size and
# git blob. Both were recomputed: a test puts data_full.json together from its records, and domains.json was made from
# the stored text of the file at that commit.
_CLINC = f"{GITHUB}/clinc/oos-eval/828f8093932c8fe6ca7936c3d2e52903b1c523de/data"

# xliuhw/NLU-Evaluation-Data, commit f6071b49, under CC BY 4.0 (its first README said CC BY-SA 3.0). Four repositories
# state the checksum, one of them with the commit.
_HWU = f"{GITHUB}/xliuhw/NLU-Evaluation-Data/f6071b496b17d71e6eb43f543af0707f4ff30557/AnnotatedData"

# The paper names fb.me/mtop_dataset; projects that read the corpus give this address, which names no release. One of
# them states the checksum; others read the licence in the archive (mtop/LICENSE.txt), CC BY-SA 4.0.
_MTOP = File(
    "https://dl.fbaipublicfiles.com/mtop/mtop.zip",
    "0c086500aed2ed48d3df383c91664b152e4a46e2adef6a635fa16d508ebaec0b",
)

CORPORA = (
    Corpus(
        name="massive",
        title="MASSIVE 1.1: requests to a voice assistant in 52 locales, the translations of SLURP",
        licence="CC BY 4.0",
        licence_address="https://creativecommons.org/licenses/by/4.0/",
        homepage="https://github.com/alexa/massive",
        citation="FitzGerald et al., MASSIVE: A 1M-Example Multilingual Natural Language Understanding Dataset with 51 "
        "Typologically-Diverse Languages, 2022, arXiv:2204.08582; and the paper of SLURP",
        format="massive",
        splits=("train", "dev", "test"),
        parts=(Part(_MASSIVE, member=f"1.1/data/{LOCALE}.jsonl"),),
        locales=tuple(_MASSIVE_LOCALES),
        locale="en-US",
    ),
    Corpus(
        name="snips",
        title="SNIPS: crowd-sourced requests for seven intents, each a few thousand times",
        licence="CC0 1.0",
        licence_address="https://creativecommons.org/publicdomain/zero/1.0/",
        homepage="https://github.com/sonos/nlu-benchmark",
        citation="Coucke et al., Snips Voice Platform: an embedded Spoken Language Understanding system for "
        "private-by-design voice interfaces, 2018, arXiv:1805.10190",
        format="snips-benchmark",
        splits=("train", "test"),
        parts=tuple(
            Part(File(f"{_SNIPS}/{intent}/{name}", checksum), split)
            for intent, sums in _SNIPS_SUMS.items()
            for split, name, checksum in zip(
                ("train", "test"),
                (f"train_{intent}_full.json", f"validate_{intent}.json"),
                sums,
                strict=True,
            )
        ),
        note="no domains; the test set is what the benchmark calls validation",
    ),
    Corpus(
        name="slurp",
        title="SLURP: spoken requests to a home robot, written down",
        licence="CC BY 4.0",
        licence_address="https://creativecommons.org/licenses/by/4.0/",
        homepage="https://github.com/pswietojanski/slurp",
        citation="Bastianelli et al., SLURP: A Spoken Language Understanding Resource Package, EMNLP 2020",
        format="slurp",
        splits=("train", "dev", "test"),
        parts=(
            Part(
                File(
                    f"{_SLURP}/train.jsonl",
                    "4a05a3de6c7f028aff298c4a90196e6a3fecd1938d96fb1c125d6fd10d5e301e",
                ),
                "train",
            ),
            Part(
                File(
                    f"{_SLURP}/devel.jsonl",
                    "00d346b183ecc2d160853cd3dc20e8ccd207d9e1809cf6e2c05182076bd0ecc9",
                ),
                "dev",
            ),
            Part(
                File(
                    f"{_SLURP}/test.jsonl", "fe3449af69b42fda7163345482556066c35a80f7e552a6d67e212a0e2f0783cc"
                ),
                "test",
            ),
        ),
        note="the text alone; the recordings are under another licence (CC BY-NC 4.0)",
    ),
    Corpus(
        name="clinc150",
        title="CLINC150: 150 intents of ten domains, and requests that are out of scope",
        licence="CC BY 3.0",
        licence_address="https://creativecommons.org/licenses/by/3.0/",
        homepage="https://github.com/clinc/oos-eval",
        citation="Larson et al., An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction, "
        "EMNLP-IJCNLP 2019",
        format="clinc150",
        splits=("train", "dev", "test"),
        parts=(
            Part(
                File(
                    f"{_CLINC}/data_full.json",
                    "36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0",
                    2_495_390,
                )
            ),
        ),
        domains=File(
            f"{_CLINC}/domains.json",
            "b947b579d3b8e74b06f93b01083d8efaff2888b43a3e362533bd88a6e1211b3a",
            3_818,
        ),
        note="no slots; requests out of scope have the intent oos and no domain",
    ),
    Corpus(
        name="hwu64",
        title="HWU64: crowd-sourced requests to a home robot, 18 domains",
        licence="CC BY 4.0",
        licence_address="https://creativecommons.org/licenses/by/4.0/",
        homepage="https://github.com/xliuhw/NLU-Evaluation-Data",
        citation="Liu et al., Benchmarking Natural Language Understanding Services for building Conversational Agents, "
        "IWSDS 2019, arXiv:1903.05566",
        format="hwu64",
        splits=(),
        parts=(
            Part(
                File(
                    f"{_HWU}/NLU-Data-Home-Domain-Annotated-All.csv",
                    "5f6dbf6d38fc111217924945ac59c554e0b926d5aa836ecdd0d089d2ca48e1d9",
                )
            ),
        ),
        note="the whole annotated table, which defines no split; many of its requests are also in SLURP",
    ),
    Corpus(
        name="mtop",
        title="MTOP: requests to an assistant in six languages, eleven domains",
        licence="CC BY-SA 4.0",
        licence_address="https://creativecommons.org/licenses/by-sa/4.0/",
        homepage="https://fb.me/mtop_dataset",
        citation="Li et al., MTOP: A Comprehensive Multilingual Task-Oriented Semantic Parsing Benchmark, EACL 2021",
        format="mtop",
        splits=("train", "dev", "test"),
        parts=(
            Part(_MTOP, "train", f"mtop/{LOCALE}/train.txt"),
            Part(_MTOP, "dev", f"mtop/{LOCALE}/eval.txt"),
            Part(_MTOP, "test", f"mtop/{LOCALE}/test.txt"),
        ),
        locales=("en", "de", "es", "fr", "hi", "th"),
        note="share-alike: what is made from it and published must have the same licence; only the outermost intents",
    ),
)


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
