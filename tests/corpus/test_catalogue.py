"""The catalogue of public corpora: each entry is whole, and says which bytes it means."""

import re
from urllib.parse import urlsplit

import pytest

from canvass.corpus.catalogue import CORPORA, LARGEST, LOCALE, corpus_named, locale_of
from canvass.corpus.formats.format import row_named
from canvass.errors import OptionError

EACH = pytest.mark.parametrize("corpus", CORPORA, ids=[corpus.name for corpus in CORPORA])
COMMIT = re.compile(r"/[0-9a-f]{40}/")


@EACH
def test_an_entry_is_whole(corpus):
    for address in (corpus.licence_address, corpus.homepage, *(file.address for file in corpus.files())):
        assert urlsplit(address).scheme == "https"
        assert urlsplit(address).hostname
    assert corpus.licence.startswith("CC")
    assert corpus.title.startswith(corpus.name.upper())
    assert corpus.citation
    assert row_named(corpus.format).read is not None
    assert corpus.locale in corpus.locales
    assert len(set(corpus.locales)) == len(corpus.locales)
    assert set(corpus.splits) <= {"train", "dev", "test"}
    assert (len(corpus.locales) > 1) == any(LOCALE in part.member for part in corpus.parts)
    assert {part.split for part in corpus.parts} <= {None, *corpus.splits}


@EACH
def test_the_bytes_of_files_are_named(corpus):
    files = list(corpus.files())
    for file in files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size is None or 0 < file.size < LARGEST
        # A file of a repository is pinned to a commit.
        assert "github" not in file.address or COMMIT.search(file.address)
    # They lie side by side in the cache.
    assert len({file.name for file in files}) == len(files)
    assert len({file.sha256 for file in files}) == len(files)


def test_massive_has_its_locales():
    assert len(corpus_named("massive").locales) == 52
    assert all(re.fullmatch("[a-z]{2}-[A-Z]{2}", locale) for locale in corpus_named("massive").locales)


def test_the_nearest_name_is_suggested():
    assert corpus_named("SLURP").name == "slurp"
    with pytest.raises(OptionError, match="'masive' is no known corpus; did you mean massive"):
        corpus_named("masive")
    assert locale_of(corpus_named("massive"), None) == "en-US"
    assert locale_of(corpus_named("massive"), "de_de") == "de-DE"
    assert locale_of(corpus_named("snips"), "en") == "en"
    with pytest.raises(OptionError, match=r"does not have it; did you mean .*de-DE.*it has af-ZA, "):
        locale_of(corpus_named("massive"), "de-De1")
    with pytest.raises(OptionError, match=r"the corpus snips does not have it .*\(it has en\)"):
        locale_of(corpus_named("snips"), "fr")
