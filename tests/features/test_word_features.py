"""Word features: counts as in the reference, the same bytes for any order, and words of one kind together."""

import random
import subprocess
import sys
from itertools import chain

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canvass import archive
from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.errors import ModelFileError, TrainingError
from canvass.features import reference
from canvass.features.key_sample import LONGEST, SALT, KeySample
from canvass.features.word_features import (
    FEWEST_WORDS,
    KIND,
    PLACES,
    VERSION,
    WordFeatures,
    _adjoining_pairs,
    _vocabulary,
    context_counts,
    is_enough,
    is_nested,
    learn,
)
from canvass.seeding import hash64, mix64
from canvass.types import Utterance
from texts import NOTABLE, texts
from word_pools import KINDS, requests


def column(some):
    return pa.array(some, type=pa.string())


@pytest.fixture(scope="module")
def learnt():
    return learn(column(sorted(set(requests()))))


@given(st.lists(texts.map(key_of), max_size=8), st.integers(1, 6), st.integers(1, 9))
@example([key_of(text) for text in NOTABLE] * 2, 20, 7)
@example(["a b a", "", "b c a c"], 2, 100)
def test_counts_are_those_of_the_reference(keys, contexts, at_once):
    words, counts, starts, numbers = _vocabulary(column(keys))
    lowered = [word for key in keys for word in lowered_tokens(key)]
    assert sorted(words) == sorted({word for word in lowered if lowered.count(word) > 1})
    assert counts.tolist() == [lowered.count(word) for word in words] == sorted(counts, reverse=True)
    if not words:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("canvass.features.word_features.WORDS_AT_ONCE", at_once)
        found = context_counts(starts, numbers, len(words), contexts)
    assert found.shape == (len(words), PLACES * (contexts + 2))
    expected = reference.context_counts(keys, words, contexts)
    assert found.toarray().tolist() == [[*chain.from_iterable(places)] for places in expected]


def lowered_tokens(key):
    from canvass.corpus.characters import lower
    from canvass.corpus.spans import tokens

    return [lower(key[token.start : token.end]) for token in tokens(key)]


def draw_of(key):
    return mix64(hash64(key.encode()) ^ SALT) >> 11


@given(
    st.lists(st.sampled_from([f"key{'x' * (i % 7)} {i}" for i in range(40)]), max_size=60),
    st.integers(1, 400),
    st.data(),
)
@settings(deadline=None)
def test_the_sample_is_the_beginning_of_the_keys_in_the_order_of_their_draws(some, limit, data):
    expected, size = [], 0
    for key in sorted(set(some), key=draw_of):
        size += len(key)
        if size > limit:
            break
        expected.append(key)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(some)), max_size=4)))
    parts = [KeySample(limit) for _ in range(len(cuts) + 1)]
    for part, low, high in zip(parts, [0, *cuts], [*cuts, len(some)], strict=True):
        for key in some[low:high]:
            part.add(column([f"  {key} "]))
    merged = KeySample(limit)
    for part in data.draw(st.permutations(parts)):
        merged.merge(part)
    assert merged.keys().to_pylist() == expected


def test_what_is_no_request_is_left_out():
    sample = KeySample()
    sample.add(column(["", "  ", "a", "A", "x" * LONGEST, "x" * (LONGEST + 1)]))
    assert sorted(sample.keys().to_pylist()) == ["A", "a", "x" * LONGEST]


def test_threads_blocks_and_order_change_nothing():
    some = [Utterance(text) for text in requests(400)] * 3
    one = KeySample.of_pool(Pool.of(some, rows=7), limit=3000, threads=2).keys()
    other = KeySample.of_pool(Pool.of(some[::-1]), limit=3000, threads=1).keys()
    assert one.equals(other)
    assert 2000 < sum(len(key) for key in one.to_pylist()) <= 3000


def test_the_same_keys_give_the_same_bytes_in_any_order(learnt, tmp_path):
    keys = sorted(set(requests()))
    np.random.Generator(np.random.PCG64(1)).shuffle(keys)
    learnt.save(tmp_path / "one.npz")
    learn(column(keys)).save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    learn(column(keys[1:])).save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() != (tmp_path / "two.npz").read_bytes()


def test_words_of_one_kind_are_near_and_in_one_cluster(learnt):
    kind_of = {word: kind for kind, words in KINDS.items() for word in words}
    pairs = [
        (kind_of.get(near.word), kind)
        for kind, words in KINDS.items()
        for word in words
        for near in learnt.nearest(word, 5)
    ]
    assert sum(found == kind for found, kind in pairs) > 0.97 * len(pairs)
    for words in learnt.members(-1):
        assert len({kind_of.get(word) for word in words if word in kind_of}) <= 1
    assert is_nested(learnt.clusters)
    assert np.allclose(np.linalg.norm(learnt.vectors, axis=1), 1, atol=1e-5)
    assert learnt.nearest("VERB1") == learnt.nearest("verb1") != []
    assert learnt.nearest("verb") == []


@pytest.mark.parametrize(
    ("characters", "of"),
    [("一二三四五六七八九十", "歌人町日"), ("กขคงจฉชซฌญ", "สหฬอ"), ("😀😁😂🤣😃😄😅😆😉😊", "🎵🎸🎷🎺")],
)
def test_where_no_blanks_are_each_character_is_a_word(monkeypatch, characters, of):
    monkeypatch.setattr("canvass.features.word_features.FEWEST_WORDS", 100)
    start = ord(characters[0])
    kinds = {
        kind: [chr(start + 60 * number + i) for i in range(60)]
        for number, kind in enumerate(("one", "two", "three", "four"))
    }
    kinds = {
        kind: [word for word in words if len(lowered_tokens(word)) == 1] for kind, words in kinds.items()
    }
    frames = (f"{of[0]}{{one}}{of[1]}{{two}}", f"{{three}}{of[2]}{{four}}{of[3]}")
    some = sorted(set(requests(4000, kinds=kinds, frames=frames)))
    found = learn(column(some))
    assert {near.word for near in found.nearest(kinds["one"][0], 5)} <= set(kinds["one"])


def test_right_to_left(monkeypatch):
    monkeypatch.setattr("canvass.features.word_features.FEWEST_WORDS", 100)
    kinds = {
        kind: [f"{stem}{chr(0x5D0 + i // 20)}{chr(0x5D0 + i % 20)}" for i in range(70)]
        for kind, stem in (("one", "שיר"), ("two", "עיר"), ("three", "יום"))
    }
    found = learn(
        column(
            sorted(
                set(
                    requests(
                        4000, kinds=kinds, frames=("נגן {one} ביום {three}", "מזג אוויר ב {two} ביום {three}")
                    )
                )
            )
        )
    )
    assert {near.word for near in found.nearest(kinds["two"][0], 5)} <= set(kinds["two"])


@pytest.mark.parametrize(
    "some",
    [
        [],
        ["play"],
        ["play jazz", "play rock"],
        [f"word{i}" for i in range(5000)],
        [" ".join(["go"] * 10_000)],
        [" ".join(f"w{i}" for i in range(10_000))],
    ],
)
def test_too_little_is_told_in_a_sentence(some):
    with pytest.raises(
        TrainingError, match=f"too little to learn word features from: .* and {FEWEST_WORDS} are needed"
    ):
        learn(column(some))


def test_words_that_stand_in_the_same_places(recwarn):
    texts = [f"{verb} thing{number}" for number in range(510) for verb in ("fetch", "bring")]
    clusters = learn(pa.array(texts)).clusters
    assert clusters.shape[0] == 512
    assert is_nested(clusters)
    assert not [one for one in recwarn if "clusters" in str(one.message)]


def test_long_lines_teach_as_well():
    words = [f"w{i}" for i in range(600)]
    found = learn(column([" ".join(words * 30)]))
    assert set(found.words) == set(words)


def test_a_file_holds_all(learnt, tmp_path):
    path = tmp_path / "words.npz"
    learnt.save(path)
    found = WordFeatures.load(path)
    assert (found.words, found.requests, found.digest) == (learnt.words, learnt.requests, learnt.digest)
    for name in ("counts", "vectors", "clusters"):
        assert np.array_equal(getattr(found, name), getattr(learnt, name))
        assert getattr(found, name).dtype == getattr(learnt, name).dtype


def damage(name, change):
    def apply(header, arrays):
        arrays[name] = change(arrays[name].copy())

    return apply


def set_at(row, value):
    def change(array):
        array[row] = value
        return array

    return change


@pytest.mark.parametrize(
    "change",
    [
        damage("vectors", lambda array: array[:-1]),
        damage("vectors", lambda array: array.astype(np.float64)),
        damage("vectors", set_at(3, np.nan)),
        damage("clusters", set_at(3, -1)),
        damage("clusters", set_at((0, 0), 5000)),
        damage("clusters", lambda array: array[:, :2]),
        damage("clusters", lambda array: array[:, ::-1].copy()),
        damage("counts", set_at(0, 0)),
        lambda header, arrays: header.update(words=header["words"][:-1]),
        lambda header, arrays: header.update(words=header["words"][:-1] + header["words"][:1]),
        lambda header, arrays: header.update(requests="many"),
        lambda header, arrays: header.pop("digest"),
        lambda header, arrays: arrays.pop("counts"),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence(learnt, tmp_path, change):
    path = tmp_path / "words.npz"
    learnt.save(path)
    header, arrays = archive.load(path, KIND, VERSION)
    change(header, arrays)
    archive.save(path, KIND, VERSION, header, arrays)
    with pytest.raises(ModelFileError, match=r"words\.npz is damaged"):
        WordFeatures.load(path)


def test_another_version_or_kind_is_told_in_a_sentence(learnt, tmp_path):
    path = tmp_path / "words.npz"
    learnt.save(path)
    header, arrays = archive.load(path, KIND, VERSION)
    archive.save(path, KIND, VERSION + 1, header, arrays)
    with pytest.raises(ModelFileError, match=f"has version {VERSION + 1} of the word features format"):
        WordFeatures.load(path)
    archive.save(path, "model", 1, header, arrays)
    with pytest.raises(ModelFileError, match="is a model file; expected a word features file"):
        WordFeatures.load(path)


@pytest.mark.slow
def test_vectors_are_read_by_spacy(learnt, tmp_path):
    spacy = pytest.importorskip("spacy")
    path = tmp_path / "vectors.txt"
    path.write_text(learnt.word2vec_text())
    command = [sys.executable, "-m", "spacy", "init", "vectors", "en", str(path), str(tmp_path / "model")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    vocabulary = spacy.load(tmp_path / "model").vocab
    row = learnt.row_of("artist7")
    assert np.allclose(vocabulary["artist7"].vector, learnt.vectors[row], atol=1e-5)
    assert vocabulary.vectors.n_keys == len(learnt.words)


@pytest.mark.parametrize(
    ("first", "count"), [(0x0E01, 40), (0x0E81, 40), (0x1780, 35), (0x1000, 40), (0x3041, 80)],
    ids=["Thai", "Lao", "Khmer", "Myanmar", "Hiragana"],
)  # fmt: skip
def test_an_alphabet_without_blanks_teaches(first, count):
    """With fewer characters than FEWEST_WORDS, but many pairs of them."""
    draw = random.Random(first)
    letters = [chr(first + i) for i in range(count)]
    letters = [letter for letter in letters if len(lowered_tokens(f"{letter}{letter}")) == 2]
    words = ["".join(draw.choices(letters, k=3)) for _ in range(300)]
    some = sorted({"".join(draw.choices(words, k=3)) for _ in range(900)})
    assert is_enough(column(some))
    found = learn(column(some))
    assert set(found.words) == set(letters)
    assert found.clusters.max() > 3
    assert not is_enough(column(some[:9]))


def test_clitics_and_signs_are_no_pairs():
    """So that what is too little in scripts with blanks stays too little."""
    some = column(["joni's joni’s prince's", "a.m. 5$ #jazz", "x", "joni's", ""])
    assert len(_adjoining_pairs(some)) == 0
    assert len(np.unique(_adjoining_pairs(column(["กข คง", "กข", "ขก"])))) == 3
    assert len(_adjoining_pairs(column(["ก", "ข", "", "ค"]))) == 0
