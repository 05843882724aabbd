"""Something unknown in a file of every format, at every place where it may stand: it is told, or refused."""

import copy
import csv
import io
import json
import re
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from canvass.corpus.conversion import convert
from canvass.corpus.formats import FORMATS
from canvass.corpus.formats.losses import LossRefusedError
from canvass.errors import CanvassError
from parameters import slow_unless
from sound_files import write_sound_file

KEY, WORDS = "odd_key", "odd words"
# Formats of JSON Lines, of tables with their delimiters, of YAML, and of lines of their own (with what is added).
OF_LINES = ("jsonl", "massive", "slurp", "prodigy", "doccano", "tokens")
OF_CELLS = {"csv": ",", "tsv": "\t", "hwu64": ";", "label-studio-csv": ",", "mtop": "\t", "topv2": "\t"}
OF_YAML = ("rasa", "home-assistant", "snips-yaml")
ADDED = {
    "rasa-md": {"a heading": f"## {KEY}\n- {WORDS}\n", "a comment": f"<!-- {KEY} -->\n", "a section": f"## regex:{KEY}\n- a\n"},
    "fasttext": {"a label": f"__label__Stop __label__{KEY} stop it\n"},
    "conll": {"a comment": f"# {KEY} = {WORDS}\nstop\tO\n", "a remark": f"# {KEY}\nstop\tO\n"},
    "rhasspy": {
        "a substitution": f"stop {KEY}:it\n",
        "a converter": f"stop 5!{KEY}\n",
        "a list": f"stop ${KEY}\n",
        "a value of a tag": f"stop it{{verb:{KEY}}}\n",
    },
    "padatious": {"a slot": f"stop {{{KEY}}}\n"},
    "ludown": {
        "an entity": f"@ list {KEY} =\n- x :\n",
        "a pattern": f"- stop {{{KEY}}}\n",
        "plain words": f"{KEY} stop\n",
        "a question": f"# ? {KEY}\n- again?\n",
        "a comment": f"> {KEY}\n",
        "a role": f"- stop {{@verb:{KEY}=it}}\n",
    },
    "brat": {"a note": f"#1\tAnnotatorNotes T1\t{KEY}\n", "an event": f"E1\t{KEY}:T1\n", "something": f"X1\t{KEY}\n"},
    "mindmeld": {},
}  # fmt: skip
# Tokens and choices to be made are no annotation, and lists of Home Assistant need not be said.
TAKEN_WHOLE = {"tokens", "options", "lists"}
# Further columns of MTOP and TOPv2 make bad rows, further files of MindMeld are passed over.
TOLD_OTHERWISE = {"mtop", "topv2", "mindmeld"}
NOTHING_ELSE = ("text", "seq")  # lines of text, or of tokens, that can say nothing else


def with_odd_members(value, place="$"):
    """Yield (place, value) with one unknown member in an object, for one object of each kind of place."""
    for where, change in dict(objects(value, place, ())).items():
        whole = copy.deepcopy(value)
        part = whole
        for step in change:
            part = part[step]
        part[KEY] = WORDS
        yield where, whole


def objects(value, place, steps):
    if isinstance(value, dict):
        yield place, steps
        for name, item in value.items():
            yield from objects(item, f"{place}.{name}", (*steps, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, f"{place}[]", (*steps, index))


def odd_lines(data):
    for place, records in with_odd_members([json.loads(line) for line in data.splitlines()]):
        yield place, "".join(json.dumps(record) + "\n" for record in records).encode()


def odd_document(data):
    for place, value in with_odd_members(json.loads(data)):
        yield place, json.dumps(value).encode()


def odd_yaml(data):
    documents = list(yaml.safe_load_all(data))
    for place, value in with_odd_members(documents):
        yield place, yaml.safe_dump_all(value, allow_unicode=True, sort_keys=False).encode()


def odd_cells(data, delimiter):
    rows = list(csv.reader(io.StringIO(data.decode()), delimiter=delimiter))
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, lineterminator="\n").writerows(
        [*row, WORDS if index else KEY] for index, row in enumerate(rows)
    )
    yield "a column", sink.getvalue().encode()


def odd_archive(data):
    with zipfile.ZipFile(io.BytesIO(data)) as sound:
        members = {name: sound.read(name) for name in sound.namelist()}
    changes = [("a member", {**members, f"{KEY}.json": b"{}", f"intents/{KEY}.txt": b"x"})]
    for name, content in members.items():
        if name.endswith(".json"):
            changes += [
                (f"{name}: {place}", {**members, name: changed}) for place, changed in odd_document(content)
            ]
    for place, changed in changes:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as archive:
            for name, content in changed.items():
                archive.writestr(name, content)
        yield place, sink.getvalue()


def odd_columns(data):
    table = pq.read_table(io.BytesIO(data))
    sink = io.BytesIO()
    pq.write_table(table.append_column(KEY, pa.array([WORDS] * len(table))), sink)
    yield "a column", sink.getvalue()


def odd_documents(data):
    import spacy

    def changed(change):
        documents = list(spacy.tokens.DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
        change(documents[1])
        attributes = [
            "ENT_IOB",
            "ENT_TYPE",
            "LEMMA",
            "TAG",
            "POS",
            "DEP",
            "HEAD",
            "ENT_KB_ID",
            "ENT_ID",
            "MORPH",
        ]
        return spacy.tokens.DocBin(attrs=attributes, docs=documents, store_user_data=True).to_bytes()

    def name_of_entity(document):
        document.set_ents([spacy.tokens.Span(document, 0, 1, "verb", kb_id=KEY)])

    yield "user data", changed(lambda document: document.user_data.update({KEY: WORDS}))
    yield "a group", changed(lambda document: document.spans.update({KEY: [document[0:1]]}))
    yield "an id", changed(name_of_entity)
    yield "a lemma", changed(lambda document: setattr(document[0], "lemma_", KEY))
    yield "a tag", changed(lambda document: setattr(document[0], "tag_", KEY))


def odd_tokens(data):
    """Add lines of a format of its own; for CoNLL, a column as well."""
    if data.startswith(b"# "):
        rows = [
            line + (b"\todd_key" if line.endswith((b"\tO", b"-verb")) else b"") for line in data.split(b"\n")
        ]
        yield "a column behind", b"\n".join(rows)
        rows = [line.replace(b"\t", b"\todd_key\t") for line in data.split(b"\n")]
        yield "a column between", b"\n".join(rows)


def odd_files(kind, data):
    if kind.name in OF_LINES:
        yield from odd_lines(data)
    elif kind.name in OF_CELLS:
        yield from odd_cells(data, OF_CELLS[kind.name])
    elif kind.name in OF_YAML:
        yield from odd_yaml(data)
    elif kind.name in ("parquet", "huggingface"):
        yield from odd_columns(data)
    elif kind.name == "spacy":
        yield from odd_documents(data)
    elif data.startswith(b"PK"):
        yield from odd_archive(data)
    elif kind.name in ADDED:
        yield from ((place, data + words.encode()) for place, words in ADDED[kind.name].items())
        yield from odd_tokens(data) if kind.name == "conll" else ()
    else:
        yield from odd_document(data)


# Those with the most parts, which take a quarter of a second or more.
LARGE = {
    "spacy",
    "dialogflow-cx",
    "label-studio",
    "home-assistant",
    "dialogflow",
    "snips",
    "alexa",
    "clu",
    "lex",
}


@pytest.mark.parametrize(
    "kind",
    slow_unless(
        lambda kind: kind.name not in LARGE, [kind for kind in FORMATS if kind.name not in NOTHING_ELSE]
    ),
    ids=lambda kind: kind.name,
)
def test_what_nobody_asked_for_is_told_or_refused(tmp_path, kind):
    if kind.name == "spacy":
        pytest.importorskip("spacy", reason="the extra spacy is not installed")
    path = write_sound_file(kind, tmp_path)
    silent, refused = [], 0
    for place, changed in odd_files(kind, path.read_bytes()):
        path.write_bytes(changed)
        for override in (kind.name, None):
            try:
                losses = convert([str(path)], str(tmp_path / "out.jsonl"), source=override).losses
            except CanvassError:
                continue
            told = [*losses.account(), *losses.passed_over, (tmp_path / "out.jsonl").read_text()]
            member, _, steps = place.rpartition(": ")
            names = {f"{path}: {member}", *re.split(r"[.\[\]]+", steps)}
            excepted = TAKEN_WHOLE | losses.no_annotation | set(losses.passed_over)
            is_told_whole = any(f"the field {name!r}" in str(told) for name in names)
            if "odd" not in str(told) and not is_told_whole and not excepted & names:
                silent.append((place, override))
            if "odd" in str(losses.account()) and not set(losses.found) <= {"comments"}:
                refused += 1
                with pytest.raises(LossRefusedError):
                    convert([str(path)], str(tmp_path / "out.jsonl"), source=override, strict=True)
    assert silent == []
    assert refused or kind.name in TOLD_OTHERWISE
