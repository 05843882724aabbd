"""A sound file of every format with the same forty utterances, for the tests of recognition, damage and conversion."""

import io
import json
import zipfile

from canvass.corpus.formats.losses import Losses, carried
from canvass.corpus.formats.validation import record_of
from canvass.types import Slot, Utterance
from public_corpora import HWU_COLUMNS, mtop_line

INTENTS = ("PlayMusic", "AddToPlaylist", "Stop")
ANNOTATED = [
    Utterance(
        f'play {"jazz " * (index % 4)}naïve 😀 "{index}"',
        id=f"u{index}",
        domain="music",
        intent=INTENTS[index % 3],
        slots=(Slot(0, 4, "verb"),) if index % 2 else (),
    )
    for index in range(40)
]


def lines(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def document(value):
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def archive(members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, value in members.items():
            packed.writestr(zipfile.ZipInfo(name), json.dumps(value, ensure_ascii=False))
    return sink.getvalue()


def chunks(utterance, **names):
    """Cut an utterance where its slots begin and end; `names` make what a chunk says of its slot."""
    found = []
    end = 0
    for slot in utterance.slots:
        found.append({"text": utterance.text[end : slot.start]})
        found.append(
            {"text": utterance.text[slot.start : slot.end]} | {key: make(slot) for key, make in names.items()}
        )
        end = slot.end
    return [chunk for chunk in [*found, {"text": utterance.text[end:]}] if chunk["text"]]


def by_intent():
    return {name: [one for one in ANNOTATED if one.intent == name] for name in INTENTS}


def snips_benchmark():
    return {
        name: [{"data": chunks(one, entity=lambda slot: slot.label)} for one in some]
        for name, some in by_intent().items()
    }


def slurp():
    for index, one in enumerate(ANNOTATED):
        yield {
            "slurp_id": index,
            "sentence": one.text,
            "sentence_annotation": one.text.replace("play", "[verb : play]") if one.slots else one.text,
            "intent": "music_play",
            "action": "play",
            "scenario": "music",
            "tokens": [{"surface": word, "id": place} for place, word in enumerate(one.text.split())],
            "recordings": [{"file": "audio-1.flac", "status": "correct"}],
            "entities": [{"span": [0], "type": "verb"}] if one.slots else [],
        }


def clinc150():
    return {
        "train": [[one.text, one.intent] for one in ANNOTATED[:30]],
        "oos_test": [[one.text, "oos"] for one in ANNOTATED[30:]],
    }


def hwu64():
    yield f"{HWU_COLUMNS}\n"
    for one in ANNOTATED:
        quoted = one.text.replace("play", "[verb : play]" if one.slots else "play").replace('"', '""')
        yield f'1;1;music;play;;"{quoted}";;;;;\n'


def mtop():
    for index, one in enumerate(ANNOTATED):
        yield mtop_line(
            index, one.text, "0:4:SL:verb" if one.slots else "", f"[IN:{one.intent} [SL:verb play ] ]"
        )


def dialogflow():
    members = {"agent.json": {"language": "en"}, "package.json": {"version": "1.0.0"}}
    for name, some in by_intent().items():
        members[f"intents/{name}.json"] = {"name": name, "auto": True}
        members[f"intents/{name}_usersays_en.json"] = [
            {
                "id": one.id,
                "data": chunks(one, alias=lambda slot: slot.label, meta=lambda slot: f"@{slot.label}"),
                "isTemplate": False,
                "count": 0,
            }
            for one in some
        ]
    return members


def lex():
    metadata = {"schemaVersion": "1.0", "fileFormat": "LexJson", "resourceType": "BotLocale"}
    members = {"manifest.json": {"metadata": metadata}}
    for name, some in by_intent().items():
        members[f"Bot/BotLocales/en_US/Intents/{name}/Intent.json"] = {
            "name": name,
            "sampleUtterances": [{"utterance": one.text} for one in some],
        }
    return members


def luis():
    return {
        "luis_schema_version": "7.0.0",
        "culture": "en-us",
        "intents": [{"name": name} for name in INTENTS],
        "entities": [{"name": "verb"}],
        "utterances": [
            {
                "text": one.text,
                "intent": one.intent,
                "entities": [
                    {"startPos": slot.start, "endPos": slot.end - 1, "entity": slot.label}
                    for slot in one.slots
                ],
            }
            for one in ANNOTATED
        ],
    }


def wit():
    return {
        "utterances": [
            {
                "text": one.text,
                "intent": one.intent,
                "entities": [
                    {
                        "entity": f"{slot.label}:{slot.label}",
                        "start": slot.start,
                        "end": slot.end,
                        "body": one.text[slot.start : slot.end],
                        "entities": [],
                    }
                    for slot in one.slots
                ],
                "traits": [],
            }
            for one in ANNOTATED
        ]
    }


def rasa_md():
    for name, some in by_intent().items():
        yield f"## intent:{name}\n"
        yield from (
            f"- {one.text.replace('play', '[play](verb)') if one.slots else one.text}\n" for one in some
        )


def rasa_json():
    examples = [
        {
            "text": one.text,
            "intent": one.intent,
            "entities": [
                {"start": slot.start, "end": slot.end, "value": "play", "entity": slot.label}
                for slot in one.slots
            ],
        }
        for one in ANNOTATED
    ]
    return {"rasa_nlu_data": {"common_examples": examples}}


def of_tokens():
    for one in ANNOTATED:
        words = one.text.split()
        yield {
            "id": one.id,
            "tokens": words,
            "ner_tags": ["B-verb" if one.slots else "O", *["O"] * (len(words) - 1)],
        }


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def home_assistant():
    yield "language: en\nlists:\n  verb:\n    values: [play]\nintents:\n"
    for name, some in by_intent().items():
        yield f"  {name}:\n    data:\n    - sentences:\n"
        yield from (
            f"      - {quoted(one.text.replace('play', '{verb}' if one.slots else 'play'))}\n" for one in some
        )


def snips_yaml():
    for name, some in by_intent().items():
        yield f"---\ntype: intent\nname: {name}\nutterances:\n"
        marked = [one.text.replace("play", "[verb](play)" if one.slots else "play") for one in some]
        yield from (f"- {quoted(text)}\n" for text in marked)


def rhasspy():
    for name, some in by_intent().items():
        yield f"[{name}]\n"
        yield from (f"{one.text.replace('play', 'play{verb}' if one.slots else 'play')}\n" for one in some)


def padatious():
    return "".join(f"{one.text}\n" for one in ANNOTATED)


def ludown():
    for name, some in by_intent().items():
        yield f"# {name}\n"
        yield from (
            f"- {one.text.replace('play', '{@verb=play}' if one.slots else 'play')}\n" for one in some
        )


def topv2():
    yield "domain\tutterance\tsemantic_parse\n"
    for one in ANNOTATED:
        parse = one.text.replace("play", "[SL:verb play ]" if one.slots else "play")
        yield f"music\t{one.text}\t[IN:{one.intent} {parse} ]\n"


def brat():
    start = 0
    for index, one in enumerate(ANNOTATED):
        if one.slots:
            yield f"T{index}\tverb {start} {start + 4}\tplay\n"
        start += len(one.text) + 1


def lex_v1():
    intents = [
        {"name": name, "slots": [], "sampleUtterances": [one.text for one in some]}
        for name, some in by_intent().items()
    ]
    return {
        "metadata": {"schemaVersion": "1.0", "importType": "LEX"},
        "resource": {"name": "bot", "intents": intents},
    }


def label_studio_table():
    yield "text,id,intent,slot,annotator,annotation_id,created_at,lead_time\n"
    for index, one in enumerate(ANNOTATED):
        regions = [
            {"start": slot.start, "end": slot.end, "text": "play", "labels": [slot.label]}
            for slot in one.slots
        ]
        cells = [
            one.text,
            str(index),
            one.intent,
            json.dumps(regions) if regions else "",
            "1",
            str(index),
            "now",
            "2.5",
        ]
        quoted_cells = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        yield ",".join(quoted_cells) + "\n"


READ_ONLY = {
    "label-studio-csv": lambda: "".join(label_studio_table()).encode(),
    "home-assistant": lambda: "".join(home_assistant()).encode(),
    "snips-yaml": lambda: "".join(snips_yaml()).encode(),
    "rhasspy": lambda: "".join(rhasspy()).encode(),
    "padatious": lambda: padatious().encode(),
    "ludown": lambda: "".join(ludown()).encode(),
    "topv2": lambda: "".join(topv2()).encode(),
    "brat": lambda: "".join(brat()).encode(),
    "lex-v1": lambda: document(lex_v1()),
    "rasa-md": lambda: "".join(rasa_md()).encode(),
    "rasa-json": lambda: document(rasa_json()),
    "json": lambda: document([record_of(one) for one in ANNOTATED]),
    "tokens": lambda: lines(of_tokens()),
    "snips-benchmark": lambda: document(snips_benchmark()),
    "slurp": lambda: lines(slurp()),
    "clinc150": lambda: document(clinc150()),
    "hwu64": lambda: "".join(hwu64()).encode(),
    "mtop": lambda: "".join(mtop()).encode(),
    "dialogflow": lambda: archive(dialogflow()),
    "lex": lambda: archive(lex()),
    "luis": lambda: document(luis()),
    "wit": lambda: document(wit()),
}


def write_sound_file(kind, folder):
    """Write a file of a format; returns its path. What belongs to it stands beside it."""
    path = folder / f"whole{kind.extensions[0]}"
    if kind.name == "brat":
        path.with_suffix(".txt").write_text("".join(f"{one.text}\n" for one in ANNOTATED))
    if kind.write_annotated is None:
        path.write_bytes(READ_ONLY[kind.name]())
    else:
        losses = Losses()
        kind.write_annotated(str(path), carried(ANNOTATED, kind.carries, losses), losses)
    return path
