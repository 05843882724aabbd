"""Files as teams have them: each is read right, or what is not read is told; with the kind of mistake that it stands for."""

import csv
import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.conversion import convert
from canvass.corpus.formats import delimited, files_of, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import NO_ANNOTATION, BadLines
from canvass.corpus.labelled import read_labelled
from canvass.corpus.pool import Pool
from canvass.errors import FileError, InputError, OptionError
from canvass.types import Slot, Utterance
from parameters import slow_unless


def lines(*records):
    return "".join(
        (record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)) + "\n"
        for record in records
    )


def huggingface(columns, features):
    table = pa.table(columns)
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), sink)
    return sink.getvalue()


def classes(*names):
    return {"names": list(names), "_type": "ClassLabel"}


def of_tokens(*names):
    return {"feature": classes(*names), "_type": "Sequence"}


def archive(**members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return sink.getvalue()


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def read(name, **options):
    """Read as `convert` does; returns the utterances and the account of losses."""
    from canvass.corpus.formats.choice import annotated_utterances
    from canvass.corpus.formats.losses import Losses

    columns = options.pop("columns", Columns())
    losses = Losses(options.pop("strict", False))
    bad = BadLines(options.pop("skip_bad", 0), losses=losses)
    files = files_of([name], options.get("format"), columns, bad, annotated=True)
    found = [
        utterance
        for file in files
        for _, utterance in annotated_utterances(file, options.get("format"), columns, bad)
    ]
    return found, losses, bad


TASK = {
    "text": "ring Ines",
    "spans": [{"start": 5, "end": 9, "label": "who"}],
    "_task_hash": 2,
    "answer": "accept",
}
RING = Utterance("ring Ines", slots=(Slot(5, 9, "who"),))
LONG = " ".join(f"word{number}" for number in range(12_000))
GREET, HALT = Utterance("hello", intent="greet"), Utterance("halt", intent="stop")
ALL_OUTSIDE = "".join(f"word{number} O\n" for number in range(180))
DRIVE = Utterance("drive to Oslo", slots=(Slot(9, 13, "city"),))

SLURP = {
    "slurp_id": 1,
    "sentence": "stop",
    "sentence_annotation": "stop",
    "scenario": "play",
    "action": "stop",
}
MASSIVE = {
    "id": "1",
    "locale": "en-US",
    "utt": "ring Ines",
    "annot_utt": "ring [who : Ines]",
    "intent": "call",
}
SAID = Utterance("ring Ines", id="1", intent="call", slots=RING.slots)


def spoken(text):
    return Utterance(text, id="1", domain="play", intent="play_stop", slots=())


# Of each kind the files, the name that is read, the columns, the tolerated bad lines, and the utterances.
READ = {
    "a long first record, Prodigy": (
        {"a.jsonl": lines({"text": LONG, "answer": "reject", "_task_hash": 1}, TASK)}, "a.jsonl", {}, 0, [RING]),
    "a long first record, doccano": (
        {"a.jsonl": lines({"text": LONG, "label": []}, {"text": "ring Ines", "label": [[5, 9, "who"]]})}, "a.jsonl", {}, 0,
        [Utterance(LONG, slots=()), RING]),
    "a long first record, JSON": (
        {"a.json": json.dumps([{"data": {"text": LONG}, "annotations": []}, {"id": 3, "data": {"text": "ring Ines"}, "annotations": [
            {"result": [{"type": "labels", "from_name": "slot", "value": {"start": 5, "end": 9, "labels": ["who"]}}]}]}])},
        "a.json", {}, 0, [Utterance("ring Ines", id="3", slots=(Slot(5, 9, "who"),))]),
    "a long beginning, YAML": (
        {"nlu.yml": 'version: "3.1"\nresponses:\n' + "".join(f"  utter_{number}:\n  - text: {'x' * 90}\n" for number in range(900))
         + "nlu:\n- intent: greet\n  examples: |\n    - hello\n"}, "nlu.yml", {}, 0, [Utterance("hello", intent="greet", slots=())]),
    "a broken line, doccano": (
        {"a.jsonl": lines({"text": "hello", "label": ["greet"]}, '{"text"', {"text": "halt", "label": ["stop"]})}, "a.jsonl", {}, 3,
        [GREET, HALT]),
    "a broken line of two, doccano": (
        {"a.jsonl": lines("{broken", {"text": "halt", "label": ["stop"]})}, "a.jsonl", {}, 3, [HALT]),
    "a broken line, Prodigy": (
        {"a.jsonl": lines({"text": "hello", "label": "greet", "answer": "accept"}, "{", {"text": "no", "label": "greet", "answer": "reject"})},
        "a.jsonl", {}, 1, [GREET]),
    "a broken line, CoNLL": (
        {"a.txt": "drive O\nto O\nOslo B-city\n\n" * 9 + "broken\n\n"}, "a.txt", {}, 1, [DRIVE] * 9),
    "no entity for long, CoNLL": (
        {"a.txt": ALL_OUTSIDE + "\ndrive O\nto O\nOslo B-city\n"}, "a.txt", {}, 0,
        [Utterance(ALL_OUTSIDE.replace(" O\n", " ").strip(), slots=()), DRIVE]),
    "no entity at all, CoNLL": ({"a.txt": "w O\n" * 5 + "\n"}, "a.txt", {}, 0, [Utterance("w w w w w", slots=())]),
    "no entity for very long, CoNLL": (
        {"a.txt": "w\tO\n\n" * 90_000 + "drive\tO\nto\tO\nOslo\tB-city\n"}, "a.txt", {}, 0, [Utterance("w", slots=())] * 90_000 + [DRIVE]),
    "one odd record, null": (
        {"a.jsonl": lines({"text": "um", "label": None}, {"text": "hello", "label": ["greet"]})}, "a.jsonl", {}, 0, [Utterance("um"), GREET]),
    "one odd record, absent": (
        {"a.jsonl": lines({"text": "um"}, {"text": "hello", "label": ["greet"]})}, "a.jsonl", {}, 0, [Utterance("um"), GREET]),
    "one odd record, a string": (
        {"a.jsonl": lines({"text": "hello", "label": "greet"}, {"text": "halt", "label": ["stop"]})}, "a.jsonl", {}, 0, [GREET, HALT]),
    "one odd record, Prodigy": ({"a.jsonl": lines({"text": "um"}, TASK)}, "a.jsonl", {}, 0, [Utterance("um"), RING]),
    "one odd record, Label Studio": (
        {"a.json": json.dumps([{"data": {"text": "um"}}, {"id": 1, "data": {"text": "halt"}, "annotations": [
            {"result": [{"type": "choices", "from_name": "intent", "value": {"choices": ["stop"]}}]}]}])}, "a.json", {}, 0,
        [Utterance("halt", id="1", intent="stop")]),
    "Prodigy without an answer, spans": ({"a.jsonl": lines({"text": "ring Ines", "spans": TASK["spans"], "meta": {"source": "x"}})}, "a.jsonl", {}, 0, [RING]),
    "Prodigy without an answer, options": (
        {"a.jsonl": lines({"text": "hello", "options": [{"id": "greet", "text": "Greet"}], "accept": ["greet"]})}, "a.jsonl", {}, 0, [GREET]),
    "Prodigy without an answer, tokens": (
        {"a.jsonl": lines({"text": "ring Ines", "tokens": [{"text": "ring", "start": 0, "end": 4, "id": 0}, {"text": "Ines", "start": 5, "end": 9, "id": 1}],
                           "spans": [{"token_start": 1, "token_end": 1, "label": "who"}]})}, "a.jsonl", {}, 0, [RING]),
    "a header with a blank": ({"a.csv": "text, intent\nhello,greet\n"}, "a.csv", {}, 0, [GREET]),
    "a header with a capital": ({"a.csv": "Text,Intent\nhello,greet\n"}, "a.csv", {}, 0, [GREET]),
    "a header with both, TSV": ({"a.tsv": " TEXT \tIntent \nhello\tgreet\n"}, "a.tsv", {}, 0, [GREET]),
    "a column of texts with another name, doccano": (
        {"a.jsonl": lines({"id": 7, "data": "ring Ines", "label": [[5, 9, "who"]]})}, "a.jsonl", {"text": "data"}, 0,
        [Utterance("ring Ines", id="7", slots=(Slot(5, 9, "who"),))]),
    "a column of texts with another name, classes": (
        {"a.jsonl": lines({"body": "hello", "label": ["greet"]})}, "a.jsonl", {"text": "body"}, 0, [GREET]),
    "a column of texts with another name, Prodigy": (
        {"a.jsonl": lines({"sentence": "ring Ines", "spans": TASK["spans"], "answer": "accept"})}, "a.jsonl", {"text": "sentence"}, 0, [RING]),
    "another column of tags": (
        {"a.parquet": huggingface({"tokens": [["drive", "to", "Oslo"]], "entity_tags": [[0, 0, 1]]}, {"entity_tags": of_tokens("O", "B-city")})},
        "a.parquet", {}, 0, [DRIVE]),
    "another column of classes": (
        {"a.parquet": huggingface({"text": ["halt"], "category": [1]}, {"category": classes("greet", "stop")})}, "a.parquet", {}, 0, [HALT]),
    "tags without B and I": (
        {"a.parquet": huggingface({"tokens": [["Ines", "left", "New", "York"]], "ner_tags": [[1, 0, 2, 2]]}, {"ner_tags": of_tokens("O", "person", "location")})},
        "a.parquet", {}, 0, [Utterance("Ines left New York", slots=(Slot(0, 4, "person"), Slot(10, 18, "location")))]),
    "tags without B and I, as strings": (
        {"a.parquet": huggingface({"tokens": [["Ines", "left"]], "ner_tags": [["person", "O"]]}, {})},
        "a.parquet", {}, 0, [Utterance("Ines left", slots=(Slot(0, 4, "person"),))]),
    "tags in another scheme": (
        {"a.parquet": huggingface({"tokens": [["Ines", "left", "New", "York"]], "ner_tags": [[1, 0, 2, 3]]}, {"ner_tags": of_tokens("O", "S-person", "B-city", "E-city")})},
        "a.parquet", {}, 0, [Utterance("Ines left New York", slots=(Slot(0, 4, "person"), Slot(10, 18, "city")))]),
    "numbered tokens": (
        {"a.conll": "# sent_id = 9\n1\tdrive\tO\tO\n2\tto\tO\tO\n3\tOslo\tB-city\tO\n"}, "a.conll", {}, 0,
        [Utterance("drive to Oslo", id="9", slots=(Slot(9, 13, "city"),))]),
    "numbered tokens, UNER": (
        {"a.iob2": "# sent_id = s1\n# text = Oslo's fine.\n1\tOslo\tB-LOC\t-\tmay\n2\t's\tO\t-\tmay\n3\tfine\tO\t-\tmay\n4\t.\tO\t-\tmay\n\n"}, "a.iob2", {}, 0,
        [Utterance("Oslo's fine.", id="s1", slots=(Slot(0, 4, "LOC"),))]),
    "numbered tokens, contracted": (
        {"a.conll": "# text = im Haus\n1-2\tim\t_\tO\n1\tim\tADP\tO\n2\tHaus\tNOUN\tB-place\n2.1\tx\tX\tO\n"}, "a.conll", {}, 0,
        [Utterance("im Haus", slots=(Slot(3, 7, "place"),))]),
    "numbered tokens, contracted without a tag": (
        {"a.conllu": "# text = don't go Ines\n1-2\tdon't\t_\t_\n1\tdo\tO\t_\n2\tn't\tO\t_\n3\tgo\tO\t_\n4\tInes\tB-who\t_\n\n"}, "a.conllu", {}, 0,
        [Utterance("don't go Ines", slots=(Slot(9, 13, "who"),))]),
    "tokens with blanks": (
        {"a.conll": "drive\tO\nto\tO\nNew York\tB-city\n"}, "a.conll", {}, 0, [Utterance("drive to New York", slots=(Slot(9, 17, "city"),))]),
    "comments between tokens": (
        {"a.conll": "drive O\n# a remark of somebody\nto O\nOslo B-city\n"}, "a.conll", {}, 0, [DRIVE]),
    "the tag is not last": (
        {"a.conll": "drive\tO\tann 1\nto\tO\tann 1\nOslo\tB-city\tann 2\n"}, "a.conll", {}, 0, [DRIVE]),
    "a rejected span": (
        {"a.jsonl": lines(TASK | {"spans": [TASK["spans"][0] | {"answer": "accept"}, {"start": 0, "end": 4, "label": "who", "answer": "reject"}]})},
        "a.jsonl", {}, 0, [RING]),
    "an ignored span": (
        {"a.jsonl": lines(TASK | {"spans": [*TASK["spans"], {"start": 0, "end": 4, "label": "who", "answer": "ignore"}]})}, "a.jsonl", {}, 0, [RING]),
    "a rejected task with a broken span": (
        {"a.jsonl": lines(TASK | {"answer": "reject", "spans": [{"start": 4, "end": 99, "label": "x"}]}, TASK)}, "a.jsonl", {}, 0, [RING]),
    "an ignored task with spans over each other": (
        {"a.jsonl": lines(TASK | {"answer": "ignore", "spans": [{"start": 0, "end": 4, "label": "x"}, {"start": 0, "end": 6, "label": "y"}]}, TASK)}, "a.jsonl", {}, 0, [RING]),
    "options with numbers": (
        {"a.jsonl": lines({"text": "hello", "options": [{"id": 0, "text": "greet"}], "accept": [0], "answer": "accept"})}, "a.jsonl", {}, 0, [GREET]),
    "options with numbers, unknown": (
        {"a.jsonl": lines({"text": "hello", "accept": [4], "answer": "accept"})}, "a.jsonl", {}, 0, [Utterance("hello", intent="4")]),
    "accepted, and nothing marked": (
        {"a.jsonl": lines({"text": "hello", "_view_id": "ner_manual", "answer": "accept"})}, "a.jsonl", {}, 0, [Utterance("hello", slots=())]),
    "doccano before its release 1": (
        {"a.jsonl": lines({"id": 1, "text": "ring Ines", "meta": {}, "annotation_approver": None, "labels": [[5, 9, "who"]]})}, "a.jsonl", {}, 0,
        [Utterance("ring Ines", id="1", slots=(Slot(5, 9, "who"),))]),
    "doccano, spans with names": (
        {"a.jsonl": lines({"id": 1, "text": "ring Ines", "annotations": [{"label": "who", "start_offset": 5, "end_offset": 9, "user": 1}]})}, "a.jsonl", {}, 0,
        [Utterance("ring Ines", id="1", slots=(Slot(5, 9, "who"),))]),
    "Label Studio before its release 1": (
        {"a.json": json.dumps([{"id": 4, "data": {"text": "halt"}, "completions": [{"result": [{"type": "choices", "from_name": "intent", "value": {"choices": ["stop"]}}]}]}])},
        "a.json", {}, 0, [Utterance("halt", id="4", intent="stop")]),
    "Label Studio, CSV": (
        {
            "a.csv": "text,id,intent,slot,annotator,annotation_id,created_at,updated_at,lead_time\n"
            'ring Ines,1,call,"[{""start"":5,""end"":9,""text"":""Ines"",""labels"":[""who""]}]",1,7,x,x,1.5\n'
            'halt,2,"{""choices"": [""stop""]}",,1,8,x,x,1.5\n'
        },
        "a.csv",
        {},
        0,
        [
            Utterance("ring Ines", id="1", intent="call", slots=(Slot(5, 9, "who"),)),
            Utterance("halt", id="2", intent="stop", slots=()),
        ],
    ),
    "Label Studio, TSV": (
        {"a.tsv": "text\tid\ttone\tannotator\tannotation_id\tlead_time\nhalt\t2\t\t1\t8\t1.5\n"},
        "a.tsv",
        {},
        0,
        [Utterance("halt", id="2")],
    ),
    "words without tags": ({"d/seq.in": "my card is gone\n", "d/label": "lost_card\n"}, "d", {}, 0, [Utterance("my card is gone", intent="lost_card")]),
    "words without tags, by the beginning": ({"train.in": "a b\nc\n", "train.label": "x\ny\n"}, "train.in", {}, 0, [Utterance("a b", intent="x"), Utterance("c", intent="y")]),
    "a Wit app": (
        {"a.zip": archive(**{"app/app.json": {}, "app/utterances/utterances-1.json": {"utterances": [{"text": "halt", "intent": "stop", "entities": [], "traits": []}]}})},
        "a.zip", {}, 0, [Utterance("halt", intent="stop", slots=())]),
    "a Wit app, packed by a Mac": (
        {"a.zip": archive(**{"app.json": {}, "__MACOSX/._app.json": "\0", "utterances/utterances-1.json": {"utterances": [{"text": "halt", "intent": "stop", "entities": []}]}})},
        "a.zip", {}, 0, [Utterance("halt", intent="stop", slots=())]),
    "a Wit app, unpacked": (
        {"bot/app.json": "{}", "bot/utterances/utterances-1.json": json.dumps({"utterances": [{"text": "halt", "intent": "stop", "entities": []}]})},
        "bot", {}, 0, [Utterance("halt", intent="stop", slots=())]),
    "a language with digits": (
        {"a.zip": archive(**{"agent.json": {}, "intents/p.json": {"name": "p"}, "intents/p_usersays_es-419.json": [{"data": [{"text": "toca"}], "isTemplate": False}]})},
        "a.zip", {}, 0, [Utterance("toca", intent="p", slots=())]),
    "Dialogflow, unpacked": (
        {"a/agent.json": "{}", "a/intents/p.json": '{"name": "p"}', "a/intents/p_usersays_zh-hant.json": '[{"data": [{"text": "播"}], "isTemplate": false}]'},
        "a", {}, 0, [Utterance("播", intent="p", slots=())]),
    "a long first record, SLURP": ({"a.jsonl": lines(SLURP | {"sentence": LONG, "sentence_annotation": LONG}, SLURP)}, "a.jsonl", {}, 0, [spoken(LONG), spoken("stop")]),
    "a long first record, tokens": (
        {"a.jsonl": lines({"tokens": ["w"] * 40_000, "ner_tags": ["O"] * 40_000}, {"tokens": ["drive", "to", "Oslo"], "ner_tags": ["O", "O", "B-city"]})}, "a.jsonl", {}, 0,
        [Utterance(" ".join("w" * 40_000), slots=()), DRIVE]),
    "a long first row, semicolons": ({"a.csv": f'"text";"intent"\n"{LONG}; and";x\nhalt;stop\n'}, "a.csv", {}, 0, [Utterance(f"{LONG}; and", intent="x"), HALT]),
    "a broken first line, MASSIVE": ({"a.jsonl": lines('{"utt": "x"', MASSIVE, MASSIVE)}, "a.jsonl", {}, 1, [SAID, SAID]),
    "a broken line, MTOP": ({"a.tsv": "broken\n1\tIN:GO\t0:4:SL:WHO\tInes goes\tdom\ten_XX\t[IN:GO [SL:WHO Ines ] goes ]\t{}\n"}, "a.tsv", {}, 1,
        [Utterance("Ines goes", id="1", domain="dom", intent="GO", slots=(Slot(0, 4, "WHO"),))]),
    "one odd record, MASSIVE": ({"a.jsonl": lines(MASSIVE, {"id": "2", "utt": "halt", "intent": "stop"})}, "a.jsonl", {}, 0, [SAID, Utterance("halt", id="2", intent="stop")]),
    "one odd record, SLURP": ({"a.jsonl": lines({"sentence": "halt", "intent": "stop"}, SLURP)}, "a.jsonl", {}, 0, [HALT, spoken("stop")]),
    "a header with capitals, TOPv2": (
        {"a.tsv": "Domain\tUtterance\tSemantic_Parse\nroad\tto Oslo\t[IN:GO to [SL:CITY Oslo ] ]\n"}, "a.tsv", {}, 0,
        [Utterance("to Oslo", domain="road", intent="GO", slots=(Slot(3, 7, "CITY"),))]),
    "no entity for long, CoNLL with tabs and carriage returns": (
        {"a.txt": "w\tO\r\n" * 30 + "\r\ndrive\tO\r\nto\tO\r\nOslo\tB-city\r\n"}, "a.txt", {}, 0, [Utterance(" ".join("w" * 30), slots=()), DRIVE]),
    "quoted cells between semicolons": ({"a.csv": '"text";"intent"\n"hello; you";"greet"\n'}, "a.csv", {}, 0, [Utterance("hello; you", intent="greet")]),
    "bars, with semicolons and commas in texts": ({"a.tsv": "text|intent\nhello, you; all|greet\n"}, "a.tsv", {}, 0, [Utterance("hello, you; all", intent="greet")]),
    "Label Studio, CSV with semicolons": (
        {"a.csv": "text;id;intent;annotator;annotation_id;lead_time\nhalt;1;stop;1;2;1.0\n"}, "a.csv", {}, 0, [Utterance("halt", id="1", intent="stop")]),
    "Label Studio, JSON_MIN without annotators": (
        {"a.json": json.dumps([{"id": 1, "text": "ring Ines", "intent": "call", "tags": [{"start": 5, "end": 9, "text": "Ines", "labels": ["who"]}]}])}, "a.json", {}, 0,
        [Utterance("ring Ines", id="1", intent="call", slots=(Slot(5, 9, "who"),))]),
    "doccano, one class by its number": ({"a.jsonl": lines({"id": 1, "text": "halt", "annotations": [{"label": 3, "user": 1}]})}, "a.jsonl", {}, 0, [Utterance("halt", id="1", intent="3")]),
    "doccano, the same class by two people": ({"a.jsonl": lines({"id": 1, "text": "halt", "annotations": [{"label": 3, "user": 1}, {"label": 3, "user": 2}]})}, "a.jsonl", {}, 0, [Utterance("halt", id="1", intent="3")]),
    "Prodigy, nothing chosen": ({"a.jsonl": lines({"text": "hello", "options": [{"id": "a"}], "accept": [], "answer": "accept"})}, "a.jsonl", {}, 0, [Utterance("hello")]),
    "Prodigy, null for spans and answer": (
        {"a.jsonl": lines({"text": "hello", "spans": None, "answer": None, "_view_id": "spans_manual"})}, "a.jsonl", {}, 0, [Utterance("hello", slots=())]),
    "Rasa, role and group": (
        {"nlu.yml": 'nlu:\n- intent: go\n  examples: |\n    - to [Oslo]{"entity": "city", "role": "to", "group": "2"} or [Rome]{"entity": "city", "group": "1"}\n'}, "nlu.yml", {}, 0,
        [Utterance("to Oslo or Rome", intent="go", slots=(Slot(3, 7, "city:to:2"), Slot(11, 15, "city::1")))]),
    "blanks at the rims, LUIS": (
        {"a.json": json.dumps({"luis_schema_version": "7", "utterances": [{"text": "to Oslo now", "intent": "go", "entities": [{"entity": "city", "startPos": 2, "endPos": 7}]}]})},
        "a.json", {}, 0, [Utterance("to Oslo now", intent="go", slots=(Slot(3, 7, "city"),))]),
    "blanks at the rims, Rasa": ({"nlu.yml": "nlu:\n- intent: go\n  examples: |\n    - to [ Oslo](city)\n"}, "nlu.yml", {}, 0, [Utterance("to  Oslo", intent="go", slots=(Slot(4, 8, "city"),))]),
    "UTF-16, CoNLL": ({"a.conll": "drive O\nto O\nOslo B-city\n".encode("utf-16")}, "a.conll", {}, 0, [DRIVE]),
    "UTF-16, YAML": ({"nlu.yml": "nlu:\n- intent: greet\n  examples: |\n    - hellö\n".encode("utf-16")}, "nlu.yml", {}, 0, [Utterance("hellö", intent="greet", slots=())]),
    "UTF-32": ({"a.csv": "text,intent\nhellö,greet\n".encode("utf-32")}, "a.csv", {}, 0, [Utterance("hellö", intent="greet")]),
    "a Mac's folder": (
        {"p/__MACOSX/._a.jsonl": "\0", "p/._a.jsonl": "\0", "p/.DS_Store": "x", "p/_old/b.jsonl": lines({"text": "old"}), "p/a.jsonl": lines({"text": "hello", "intent": "greet"})}, "p", {}, 0,
        [GREET]),
    "Dialogflow, packed by a Mac": (
        {"a.zip": archive(**{"__MACOSX/intents/._p.json": "\0", "agent.json": {}, "intents/p.json": {"name": "p"}, "intents/p_usersays_en.json": [{"data": [{"text": "hi"}]}]})},
        "a.zip", {}, 0, [Utterance("hi", intent="p", slots=())]),
    "UTF-16 of Excel": ({"a.csv": "text\tintent\r\nhellö\tgreet\r\n".encode("utf-16")}, "a.csv", {}, 0, [Utterance("hellö", intent="greet")]),
    "UTF-16, the other way round": ({"a.jsonl": b"\xfe\xff" + lines({"text": "hellö"}).encode("utf-16-be")}, "a.jsonl", {}, 0, [Utterance("hellö")]),
    "UTF-16, JSON": (
        {"a.json": json.dumps({"play": [{"data": [{"text": "ö", "entity": "x"}]}]}, ensure_ascii=False).encode("utf-16")}, "a.json", {}, 0,
        [Utterance("ö", intent="play", slots=(Slot(0, 1, "x"),))]),
    "UTF-8 with a mark": ({"a.csv": "\ufefftext;intent\nhello;greet\n"}, "a.csv", {}, 0, [GREET]),
    "semicolons": ({"a.csv": "text;intent\nhello, you;greet\n"}, "a.csv", {}, 0, [Utterance("hello, you", intent="greet")]),
    "tabs": ({"a.csv": "text\tintent\nhello, you\tgreet\n"}, "a.csv", {}, 0, [Utterance("hello, you", intent="greet")]),
    "commas in TSV": ({"a.tsv": 'text,intent\n"hello, you",greet\n'}, "a.tsv", {}, 0, [Utterance("hello, you", intent="greet")]),
    "semicolons and another name": ({"a.csv": "utt;intent\nhello, you;greet\n"}, "a.csv", {"text": "utt"}, 0, [Utterance("hello, you", intent="greet")]),
    "a half quoted cell among others": ({"a.csv": 'text,intent\n"5" screen,size\nhalt,stop\n'}, "a.csv", {}, 1, [HALT]),
    "an inch mark in a plain cell": ({"a.csv": 'text,intent\na 5" screen,size\n'}, "a.csv", {}, 0, [Utterance('a 5" screen', intent="size")]),
    "Rasa, commented out": (
        {"nlu.yml": "nlu:\n- intent: greet\n  examples: |\n    - hello\n    # - hi\n"}, "nlu.yml", {}, 0, [Utterance("hello", intent="greet", slots=())]),
    "blanks at the rims of a slot": (
        {"a.jsonl": lines({"text": "drive to Oslo", "slots": [{"start": 8, "end": 13, "label": "city"}]})}, "a.jsonl", {}, 0, [DRIVE]),
    "a slot of blanks": ({"a.jsonl": lines({"text": "a b", "slots": [{"start": 1, "end": 2, "label": "x"}]})}, "a.jsonl", {}, 0, [Utterance("a b", slots=())]),
    "words without blanks, with the text": ({"a.conll": "# text = 去 北京\n去 O\n北 B-city\n京 I-city\n"}, "a.conll", {}, 0, [Utterance("去 北京", slots=(Slot(2, 4, "city"),))]),
    "words without blanks": ({"a.conll": "去 O\n北 B-city\n京 I-city\nnow O\n"}, "a.conll", {}, 0, [Utterance("去北京 now", slots=(Slot(1, 3, "city"),))]),
    "words without blanks, seq": (
        {"d/seq.in": "去 北 京 ， 好\n", "d/seq.out": "O B-city I-city O O\n", "d/label": "go\n"}, "d", {}, 0,
        [Utterance("去北京，好", intent="go", slots=(Slot(1, 3, "city"),))]),
}  # fmt: skip


@pytest.mark.parametrize("kind", slow_unless(lambda kind: kind != "no entity for very long, CoNLL", READ))
def test_it_is_read_right(store, kind):
    files, name, columns, skip_bad, expected = READ[kind]
    store(files)
    found, _, bad = read(name, columns=Columns(**columns), skip_bad=skip_bad)
    assert found == expected
    assert bool(bad.count) == bool(skip_bad)


OTHER = {"start": 5, "end": 9, "entity": "who", "value": "Ines"}
# Of each kind the files, the name, the columns, and what is told, with its number and where.
TOLD = {
    "a column of labels": ({"a.csv": "text,label\nhello,greet\nhalt,stop\n"}, "a.csv", {}, "the field 'label' of the file", 2, "a.csv:2 ('greet'; --columns intent=label"),
    "a column of labels, TSV": ({"a.tsv": "text\tclass\nhello\tgreet\n"}, "a.tsv", {}, "the field 'class' of the file", 1, "a.tsv:2"),
    "a column of labels, Parquet": ({"a.parquet": huggingface({"text": ["hello"] * 3, "y": ["a", None, "b"]}, {})}, "a.parquet", {}, "the field 'y' of the file", 2, "a.parquet"),
    "another key, entities": ({"a.jsonl": lines({"text": "ring Ines", "intent": "call", "entities": [OTHER]})}, "a.jsonl", {}, "the field 'entities' of the file", 1, "a.jsonl:1"),
    "another key, cats": ({"a.jsonl": lines({"text": "halt", "cats": {"stop": 1.0}})}, "a.jsonl", {}, "the field 'cats' of the file", 1, "a.jsonl:1"),
    "another key, Prodigy": ({"a.jsonl": lines(TASK | {"relations": [{"head": 0}]})}, "a.jsonl", {}, "the field 'relations' of the file", 1, "a.jsonl:1"),
    "another key, doccano": ({"a.jsonl": lines({"text": "hello", "label": ["greet"], "relations": [1]})}, "a.jsonl", {}, "the field 'relations' of the file", 1, "a.jsonl:1"),
    "numbers for labels": (
        {"a.jsonl": lines({"text": "EU halts", "annotations": [{"label": 7, "start_offset": 0, "end_offset": 2, "user": 1}]})}, "a.jsonl", {},
        "names of labels (the file has their numbers)", 1, "a.jsonl:1: $.annotations[0].label"),
    "a named column that a format does not have": (
        {"a.jsonl": lines(TASK | {"kind": "x"})}, "a.jsonl", {"intent": "kind"}, "the field 'spans' of the file", 1, "a.jsonl:1"),
    "two columns of classes": (
        {"a.parquet": huggingface({"text": ["who"], "coarse": [0], "fine": [1]}, {"coarse": classes("a", "b"), "fine": classes("c", "d")})},
        "a.parquet", {}, "the field 'fine' of the file", 1, "--columns intent=fine"),
    "two columns of tags": (
        {"a.parquet": huggingface({"tokens": [["Oslo"]], "pos_tags": [[0]], "ner_tags": [[1]]}, {"pos_tags": of_tokens("NN"), "ner_tags": of_tokens("O", "B-city")})},
        "a.parquet", {}, "the field 'pos_tags' of the file", 1, "a.parquet"),
    "inner names": ({"a.conll": "1\tUniversity\tB-ORG\tO\n2\tof\tI-ORG\tO\n3\tOslo\tI-ORG\tB-LOC\n"}, "a.conll", {}, "further columns of tags", 1, "a.conll:1: column 4"),
    "chunks": ({"a.conll": "Oslo NNP B-NP B-city\n"}, "a.conll", {}, "further columns of tags", 1, "a.conll:1: column 3"),
    "blanks that are not put in": ({"a.conll": "去 O\n北 B-city\n"}, "a.conll", {}, "whether tokens of scripts without blanks had some between them (joined without)", 1, "a.conll:1"),
    "blanks at the rims": ({"a.jsonl": lines({"text": "to Oslo", "slots": [{"start": 2, "end": 7, "label": "city"}]})}, "a.jsonl", {}, "white space at the rims of slots", 1, "a.jsonl:1: 'city' is ' Oslo'"),
    "Rasa, commented out": ({"nlu.yml": "nlu:\n- intent: greet\n  examples: |\n    - hello\n    # - hi\n"}, "nlu.yml", {}, "examples and lines that are commented out", 1, "nlu.yml:5"),
    "nobody annotated": ({"a.json": json.dumps([{"data": {"text": "um"}, "annotations": []}])}, "a.json", {}, "tasks without an annotation", 1, "a.json: $[0]"),
    "fields of tasks": (
        {"a.json": json.dumps([{"data": {"text": "um", "gold": "x"}, "annotations": [{"result": []}]}])}, "a.json", {}, "the field 'gold' of the file", 1, "a.json: $[0].data"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_not_read_is_told_and_strict_refuses_it(store, kind):
    files, name, columns, what, count, where = TOLD[kind]
    store(files)
    _, losses, _ = read(name, columns=Columns(**columns))
    assert losses.found[what].count == count
    assert where in losses.found[what].first
    with pytest.raises(InputError, match="would be lost; leave out --strict"):
        read(name, columns=Columns(**columns), strict=True, skip_bad=9)


def test_the_advice_of_a_loss_followed_works(store):
    store({"a.csv": "text,label\nhello,greet\n", "b.csv": 'text,"a,b"\nhello,greet\n'})
    assert read("a.csv", columns=Columns.parse("intent=label"), strict=True)[0] == [GREET]
    _, losses, _ = read("b.csv")
    (loss,) = losses.found.values()
    assert "--columns intent=a,,b takes" in loss.first
    assert read("b.csv", columns=Columns.parse("intent=a,,b"), strict=True)[0] == [GREET]


def test_rejected_answers_are_told_and_lose_nothing(store):
    store(
        {
            "a.jsonl": lines(
                TASK | {"answer": "reject"},
                TASK | {"spans": [*TASK["spans"], {"start": 0, "end": 4, "label": "x", "answer": "reject"}]},
            )
        }
    )
    found, losses, _ = read("a.jsonl", strict=True)
    assert found == [RING]
    assert {what: loss.count for what, loss in losses.found.items()} == {
        "tasks that were rejected or ignored": 1,
        "spans that were rejected": 1,
    }


def test_what_is_no_annotation_is_named_and_refuses_nothing(store):
    store(
        {
            "a.jsonl": lines(
                {"text": "hello", "created_at": "now", "Annotator": "ann", "empty": [], "none": None}
            ),
            "b.csv": ",text\n0,hello\n",
        }
    )
    _, losses, _ = read("a.jsonl", strict=True)
    assert (losses.found, losses.no_annotation) == ({}, {"created_at", "Annotator"})
    assert read("b.csv", strict=True)[1].no_annotation == {""}
    assert all(name == name.lower() for name in NO_ANNOTATION)
    done = convert(["a.jsonl"], "out.jsonl", strict=True)
    assert done.losses.no_annotation == {"created_at", "Annotator"}


def test_labelled_sets_and_strict(store):
    store({"a.csv": "text,intent,tone\nhello,greet,kind\n"})
    labelled = read_labelled(["a.csv"])
    assert [(what, loss.count) for what, loss in labelled.lost] == [("the field 'tone' of the file", 1)]
    with pytest.raises(InputError, match="tone"):
        read_labelled(["a.csv"], strict=True)


REFUSED = {
    "a half quoted cell": ({"a.csv": 'text,intent\n"5" screen,size\n'}, "a.csv", "a.csv:2: not a valid row"),
    "a half quoted cell over lines": ({"a.csv": 'text,intent\n"5 screen,size\nb,c\n"d" e,f\n'}, "a.csv", "a.csv:2: not a valid row, up to line 4"),
    "tags of two kinds": (
        {"a.parquet": huggingface({"tokens": [["a", "b"]], "ner_tags": [[1, 2]]}, {"ner_tags": of_tokens("O", "B-x", "person")})}, "a.parquet",
        "row 1: 'person' is no tag"),
    "Label Studio without the text": ({"a.json": json.dumps([{"id": 1, "data": {"body": "hi"}, "annotations": []}])}, "a.json", "(the record has: body)"),
    "Latin-1": ({"a.csv": "text\nhellö\n".encode("latin-1")}, "a.csv", "not valid UTF-8"),
    "UTF-16 without a mark": ({"a.csv": "text\nhello\n".encode("utf-16-le")}, "a.csv", "a.csv: the text looks like UTF-16 without a byte order mark"),
    "UTF-16 without a mark, JSON Lines": ({"a.jsonl": lines({"text": "a"}).encode("utf-16-be")}, "a.jsonl", "as in csv:utf-16-le"),
    "a quote in the middle, in the second cell": ({"a.csv": 'text,intent\nscreen,"si"ze\n'}, "a.csv", "a.csv:2: not a valid row"),
    "training data of Rasa at the wrong place": (
        {"p/config.yml": "pipeline: []\n", "p/data/nlu/faq.yml": "- intent: a\n  examples: |\n    - b\n", "p/data/nlu.yml": "nlu:\n- intent: a\n  examples: |\n    - b\n"}, "p",
        "p/data/nlu/faq.yml: in the data of a Rasa project"),
    "training data of Rasa without headings": ({"p/domain.yml": "x: 1\n", "p/data/nlu.md": "# nothing\n- hi\n"}, "p", "p/data/nlu.md: in the data of a Rasa project"),
    "half of UTF-16": ({"a.csv": "text\nhello\n".encode("utf-16")[:-1]}, "a.csv", "a.csv: not valid UTF-16"),
    "a broken file in a project of Rasa": (
        {"p/domain.yml": "intents: [a]\n", "p/data/nlu.yml": "nlu:\n- intent: a\n  examples: |\n    - b\n", "p/data/more.json": '{"x": 1}'}, "p",
        "p/data/more.json: in the data of a Rasa project, but no training data that can be read"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_in_a_sentence(store, kind):
    files, name, words = REFUSED[kind]
    store(files)
    with pytest.raises((InputError, FileError)) as caught:
        read(name)
    assert words in str(caught.value)


def test_an_encoding_that_is_asked_for(store):
    store(
        {"a.csv": "text,intent\nhellö,greet\n".encode("cp1252"), "pool.txt": "hellö\nyes\n".encode("cp1252")}
    )
    assert read("a.csv", format="csv:cp1252")[0] == [Utterance("hellö", intent="greet")]
    pool = Pool.open(["pool.txt"], format="text:latin-1")
    assert [row["text"] for block in pool.blocks() for row in block.batch.to_pylist()] == ["hellö", "yes"]
    assert read("a.csv", format="csv:latin-1")[0] == [Utterance("hellö", intent="greet")]
    with pytest.raises(InputError, match="not valid UTF-8"):
        read("a.csv", format="csv")
    with pytest.raises(OptionError, match="'csv:nix': 'nix' is no encoding of text"):
        read("a.csv", format="csv:nix")
    with pytest.raises(InputError, match=r"a\.csv: not valid ascii"):
        read("a.csv", format="csv:ascii")


def test_pools_in_other_encodings_and_dialects(store):
    rows = "text;id\n" + "".join(f'"hellö, ""{number}""";{number}\n' for number in range(3000))
    store({"a.csv": rows.encode("utf-16"), "b.csv": rows})
    for name in ("a.csv", "b.csv"):
        pool = Pool.open([name], rows=700)
        found = [(row["text"], row["id"]) for block in pool.blocks() for row in block.batch.to_pylist()]
        assert found == [(f'hellö, "{number}"', str(number)) for number in range(3000)]


def test_a_half_quoted_cell_in_a_pool(store):
    store({"a.csv": "text\n" + "fine\n" * 5000 + '"5" screen\n' + "fine\n"})
    with pytest.raises(InputError, match=r"a\.csv:5002: not a valid row"):
        list(Pool.open(["a.csv"], rows=100).blocks())
    pool = Pool.open(["a.csv"], rows=100, skip_bad=1)
    assert sum(block.batch.num_rows for block in pool.blocks()) == 5001
    assert pool.bad.count == 1


class Pieces:
    def __init__(self, data, size):
        self.data, self.size = data, size

    def read(self, size):
        piece, self.data = self.data[: self.size], self.data[self.size :]
        return piece


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_quotes_are_judged_as_the_csv_module_does(seed):
    generator = np.random.default_rng([5, seed])
    verdicts = set()
    for _ in range(800):
        data = "".join(generator.choice(list('ab,"\n""'), generator.integers(1, 15)))
        ended = delimited.Ended(Pieces(data.encode(), int(generator.integers(1, 5))), b"", ",")
        while ended.read(-1):
            pass
        try:
            list(csv.reader(io.StringIO(data, newline=""), strict=True))
            expected = True
        except csv.Error as error:
            expected = "unexpected end" in str(error)  # told by the last row
        assert ended.is_sound == expected, data
        verdicts.add(expected)
    assert verdicts == {True, False}


def passed(name):
    from canvass.corpus.formats.losses import Losses

    bad = BadLines(losses=Losses())
    return files_of([name], None, bad=bad), bad.losses.passed_over


def test_lines_of_something_else_are_no_utterances(store):
    files = {
        "p/requirements.txt": "rasa==1.10\n# tests\n",
        "p/data/nlu.yml": "nlu:\n- intent: a\n  examples: |\n    - b\n",
        "p/data/lookup/cities.txt": "Oslo\nRome\n",
        "p/README.md": "hi\n",
        "q/train.jsonl": lines({"text": "a"}),
        "q/words.txt": "a\nb\nc\n",
        "q/more.txt": "play it\nstop it\n",
        "r/vocab.txt": "a b\n",
    }
    store(files)
    assert passed("p") == (
        ["p/data/nlu.yml"],
        ["p/README.md", "p/requirements.txt", "p/data/lookup/cities.txt"],
    )
    assert passed("q") == (["q/train.jsonl"], ["q/more.txt", "q/words.txt"])
    assert passed("q/*.txt") == (["q/more.txt", "q/words.txt"], [])
    with pytest.raises(
        FileError, match=r"r: the folder holds no file that can be read here .* such as r/vocab.txt"
    ):
        passed("r")


def test_more_lists_of_words_are_no_utterances(store):
    names = ("requirements-dev.txt", "vocab_words.txt", "stopwords.txt", "lookup_cities.txt")
    store({f"p/{name}": "New York\nLos Angeles\n" for name in names})
    store(
        {
            "p/train.csv": "text,intent\nhello,greet\n",
            "q/requirements.txt": "a==1\n",
            "q/said.txt": "play it\nstop it\n",
        }
    )
    assert passed("p") == (["p/train.csv"], sorted(f"p/{name}" for name in names))
    assert passed("q") == (["q/said.txt"], ["q/requirements.txt"])


def test_tasks_that_nobody_annotated_are_why_there_is_no_utterance(store):
    store(
        {
            "a.json": json.dumps(
                [{"id": 1, "data": {"text": "hi"}, "annotations": [], "predictions": [{"result": []}]}]
            )
        }
    )
    for command in (lambda: convert(["a.json"], "out.jsonl"), lambda: read_labelled(["a.json"])):
        with pytest.raises(InputError, match=r"\(1 tasks without an annotation, left out"):
            command()


def test_what_was_passed_over_is_told_everywhere(store):
    store({"p/a.jsonl": lines({"text": "a", "intent": "b"}), "p/notes.docx": "x"})
    assert convert(["p"], "out.jsonl", strict=True).losses.passed_over == ["p/notes.docx"]
    assert [(what, loss.first) for what, loss in read_labelled(["p"]).lost] == [
        ("files that no format claims", "p/notes.docx")
    ]
    assert Pool.open(["p"]).passed_over == ("p/notes.docx",)


def test_groups_of_spans_are_told(store):
    spacy = pytest.importorskip("spacy", reason="the extra spacy is not installed")
    document = spacy.blank("en")("drive to Oslo")
    document.spans["sc"] = [document[2:3]]
    document.spans["empty"] = []
    store({"a.spacy": spacy.tokens.DocBin(docs=[document]).to_bytes()})
    _, losses, _ = read("a.spacy")
    assert losses.found["groups of spans (doc.spans)"].first == "a.spacy: document 1: ('sc',)"


SPANS = [{"start": 5, "end": 9, "label": "who"}]
TWO_READINGS = {
    "spans in Prodigy's names, classes in doccano's": ({"text": "ring Ines", "spans": SPANS, "cats": ["call"], "entities": [[0, 4, "verb"]]}, "doccano"),
    "spans in Prodigy's names, and a class": ({"text": "ring Ines", "spans": [*SPANS, {"start": 0, "end": 4, "label": "verb"}], "cats": ["call"]}, "prodigy"),
    "ours, and more of doccano": ({"text": "ring Ines", "intent": None, "label": [[5, 9, "who"]]}, "doccano"),
    "ours, and less of doccano": ({"text": "ring Ines", "intent": "call", "slots": SPANS, "labels": ["x"]}, "jsonl"),
    "the same in both": ({"text": "ring Ines", "intent": "call", "cats": ["call"]}, "doccano"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TWO_READINGS)
def test_of_two_readings_the_one_with_more_annotations_counts(store, kind):
    record, expected = TWO_READINGS[kind]
    store({"a.jsonl": lines({"text": "um"}, record, record), "a.json": json.dumps([record, record])})
    assert format_of("a.jsonl").name == expected
    whole = read("a.jsonl", format=expected)[0]
    assert read("a.jsonl")[0] == whole


def test_of_two_readings_with_as_many_annotations_the_user_chooses(store):
    record = {"text": "ring Ines", "spans": SPANS, "cats": ["call"]}
    store(
        {
            "d/a.jsonl": lines(record),
            "pages.yml": "nlu:\n- intent: a\n  examples: |\n    - b\nintents:\n  A:\n    data:\n      - sentences: [c]\n",
        }
    )
    for name in ("d/a.jsonl", "d"):
        with pytest.raises(
            OptionError,
            match="as prodigy and as doccano, with as many annotations, but others; say which format",
        ):
            read(name)
    with pytest.raises(OptionError, match="as rasa and as home-assistant"):
        convert(["pages.yml"], "out.jsonl")
    assert read("d/a.jsonl", format="doccano")[0] == [Utterance("ring Ines", intent="call")]
    assert read("d/a.jsonl", format="prodigy")[0] == [RING]


def test_ordinary_files_stay_what_they_are(store):
    store(
        {
            "a.txt": "play vitamin O\nroute O\nfor O\n",
            "b.jsonl": lines({"text": "a", "label": "x"}),
            "c.csv": 'text\n"a;b"\n',
        }
    )
    assert [format_of(name).name for name in ("a.txt", "b.jsonl", "c.csv")] == ["text", "jsonl", "csv"]


@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.jsonl", "train.parquet"])
def test_lists_of_phrases_beside_data_are_no_utterances(store, name):
    from canvass.corpus.formats import parquet

    data = {
        "train.csv": "text,intent\na b,c\n",
        "train.tsv": "text\tintent\na b\tc\n",
        "train.jsonl": lines({"text": "a b", "intent": "c"}),
    }
    store(
        {f"p/{other}": content for other, content in data.items() if other == name}
        | {"p/artists.txt": "miles davis\njohn coltrane\n"}
    )
    if name == "train.parquet":
        parquet.write("p/train.parquet", [{"text": "a b", "intent": "c"}])
    converted = convert(["p"], "out.jsonl")
    assert (converted.utterances, converted.losses.passed_over) == (1, ["p/artists.txt"])
    assert passed("p") == ([f"p/{name}"], ["p/artists.txt"])


def test_what_remarks_of_conll_u_say_is_told(store):
    row = "1\tInes\tB-WHO\t_\t"
    store({"a.conll": f"# text = Ines\n{row}SpaceAfter=No|Gloss=her\n\n# text = Ines\n{row}mia\n\n"})
    found, losses, _ = read("a.conll")
    assert found == [Utterance("Ines", slots=(Slot(0, 4, "WHO"),))] * 2
    assert losses.account() == [
        {"what": "the field 'Gloss' of the file", "count": 1, "first": "a.conll:1 ('her')"}
    ]
    assert losses.no_annotation == {"annotator"}


def test_a_tolerance_that_is_used_up_says_so_once(store):
    store({"nlu.yml": "nlu:\n- intent: a\n  examples: |\n    - b\n    c\n    d\n"})
    with pytest.raises(InputError) as caught:
        read("nlu.yml", skip_bad=1)
    assert str(caught.value).count("--skip-bad tolerates 1") == 1
