"""YAML without tags, doubled keys and aliases that explode; every value knows its line."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats.yaml_nodes import parse_yaml, read_yaml
from canvass.errors import InputError

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (
            "a: 1\nb: [no, 2026-01-01, 1e3, ~, null, '~', '']",
            {"a": "1", "b": ["no", "2026-01-01", "1e3", None, None, "~", ""]},
        ),
        ("a:\nb: !!str 3\nc: ! x", {"a": None, "b": "3", "c": "x"}),
        ("x: |\n  - a\n  - b #c\n", {"x": "- a\n- b #c\n"}),
        ("a: &x {b: c}\nd: [*x, *x]", {"a": {"b": "c"}, "d": [{"b": "c"}, {"b": "c"}]}),
        ("- a\n- - b\n", ["a", ["b"]]),
    ],
)
def test_values_are_strings_lists_and_mappings(text, value):
    assert parse_yaml(text, "f.yml").plain == value


def test_values_know_their_lines():
    document = parse_yaml("# first\na:\n- b: |\n    x\n  c: y\n", "f.yml")
    (item,) = document.mapping["a"].items
    assert (document.line, item.line, item.mapping["b"].line, item.mapping["c"].line) == (2, 3, 3, 5)
    assert item.mapping["b"].is_block
    assert not item.mapping["c"].is_block


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!python/object/apply:os.system [x]", "f.yml:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is refused"),
        ("x: 1\na: !mine x", "f.yml:2: the tag '!mine' is refused"),
        ("a: !!binary aGk=", "is refused"),
        ("a: 1\nb: 2\na: 3", "f.yml:3: the key 'a' was given before, on line 1"),
        ("? [a]\n: b", "the key of an entry is a list or a mapping"),
        ("a: &a [*a]", "the alias 'a' stands for nothing before it"),
        (BOMB, "f.yml:7: aliases make too much of too little"),
        ("&a0 a: x\n" + "".join(f"k{i}: &b{i} [*{'b' + str(i - 1) if i else 'a0'}]\n" for i in range(99)), "aliases make too much"),
        ("[" * 200_000, "nested more than 60 deep"),
        ("{a: " * 100_000, "nested more than 60 deep"),
        ("- " * 100_000, "nested more than 60 deep"),
        ("a: b\n---\nc: d", "f.yml:2: a second document begins"),
        ("a: [b", "f.yml:2: not valid YAML"),
        ("a:\n\t- b", "f.yml:2: not valid YAML"),
        ("a: b\nc: |\n  x\x01", "f.yml:3: the character '\\x01' is not allowed in YAML"),
        ('a: "\\ud800"', "f.yml:1: not valid YAML"),
    ],
)  # fmt: skip
def test_what_is_refused(text, words):
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yml")
    assert str(caught.value).startswith("f.yml")
    assert words in str(caught.value)


@pytest.mark.parametrize("failure", [yaml.MarkedYAMLError, RecursionError])
def test_what_the_parser_finds_too_deep_gets_our_sentence(failure, monkeypatch):
    text = "a: b\nc: " + "[" * 61

    def parse(*args, **options):
        if failure is RecursionError:
            raise failure("other words")
        mark = yaml.Mark("f", len(text), 1, len(text) - 5, None, None)
        raise failure(problem="other words", problem_mark=mark)

    monkeypatch.setattr(yaml, "parse", parse)
    with pytest.raises(InputError, match=r"^f\.yml(:2)?: values are nested more than 60 deep"):
        parse_yaml(text, "f.yml")


def test_files(tmp_path):
    path = tmp_path / "a.yml"
    path.write_bytes(b"\xef\xbb\xbfa: b")
    assert read_yaml(str(path)).plain == {"a": "b"}
    path.write_bytes(b"a: b\nc: \xff")
    with pytest.raises(InputError, match=r"a\.yml:2: not valid UTF-8"):
        read_yaml(str(path))


SCALARS = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(SCALARS, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, st.booleans())
def test_what_another_library_writes_is_read(value, flow):
    # Quoted, so that the strings are strings in any YAML.
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, default_style='"')
    assert parse_yaml(text, "f.yml").plain == value
