"""Real examples of the formats that teams exchange, small but with their traps, and what they must read as."""

import io
import json
import zipfile

from canvass.types import Slot, Utterance


def zipped(members):
    """Make a zip archive of JSON members; the same bytes at any time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            archive.writestr(
                entry, content if isinstance(content, bytes) else json.dumps(content), zipfile.ZIP_DEFLATED
            )
    return stream.getvalue()


def lines(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def document(content):
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


LABEL_STUDIO = [
    {
        "id": 101,
        "data": {"text": "😀 play jazz", "canvass_id": "u1"},
        "annotations": [
            {
                "id": 7,
                "completed_by": {"id": 1, "email": "ann@example.org"},
                "was_cancelled": False,
                "ground_truth": False,
                "updated_at": "2026-03-01T10:00:00Z",
                "result": [
                    {"id": "a", "from_name": "intent", "to_name": "text", "type": "choices", "value": {"choices": ["play_music"]}},
                    {"id": "b", "from_name": "slot", "to_name": "text", "type": "labels", "value": {"start": 8, "end": 12, "text": "jazz", "labels": ["genre"]}},
                ],
            }
        ],
        "predictions": [{"model_version": "r1", "score": 0.2, "result": []}],
    },
    {
        "id": 102,
        "data": {"text": "stop"},
        "annotations": [
            {"id": 8, "completed_by": 2, "was_cancelled": True, "result": []},
            {
                "id": 9,
                "completed_by": 3,
                "was_cancelled": False,
                "result": [{"id": "c", "from_name": "intent", "to_name": "text", "type": "choices", "value": {"choices": ["stop"]}}],
            },
        ],
    },
    {"id": 103, "data": {"text": "nobody came"}, "annotations": [], "predictions": []},
]  # fmt: skip
PLAY = Utterance("😀 play jazz", intent="play_music", slots=(Slot(7, 11, "genre"),))

# name: (name of the file, bytes, utterances)
SAMPLES = {
    "conll": (
        "a.conll",
        b"-DOCSTART- -X- O\n\n# intent: play_music\nplay NN _ O\nmiles NN _ B-artist\ndavis NN _ I-artist\n\nstop VB _ O\n",
        [
            Utterance("play miles davis", intent="play_music", slots=(Slot(5, 16, "artist"),)),
            Utterance("stop", slots=()),
        ],
    ),
    "label-studio": (
        "a.json",
        document(LABEL_STUDIO),
        [
            Utterance("😀 play jazz", id="u1", intent="play_music", slots=(Slot(7, 11, "genre"),)),
            Utterance("stop", id="102", intent="stop", slots=()),
        ],
    ),
    "prodigy": (
        "a.jsonl",
        lines(
            {
                "text": "😀 play jazz",
                "tokens": [
                    {"text": "😀", "start": 0, "end": 1, "id": 0, "ws": True},
                    {"text": "play", "start": 2, "end": 6, "id": 1, "ws": True},
                    {"text": "jazz", "start": 7, "end": 11, "id": 2, "ws": False},
                ],
                "spans": [{"start": 7, "end": 11, "token_start": 2, "token_end": 2, "label": "genre"}],
                "options": [{"id": "play_music", "text": "Play"}, {"id": "stop", "text": "Stop"}],
                "accept": ["play_music"],
                "answer": "accept",
                "_input_hash": 12,
                "_task_hash": -3,
                "_view_id": "blocks",
            },
            {"text": "hm", "spans": [], "accept": [], "answer": "ignore", "_input_hash": 1, "_task_hash": 2},
            {"text": "stop", "label": "stop", "answer": "accept", "_input_hash": 5, "_task_hash": 6},
        ),
        [PLAY, Utterance("stop", intent="stop")],
    ),
    "doccano": (
        "a.jsonl",
        lines(
            {"id": 1, "text": "😀 play jazz", "cats": ["play_music"], "entities": [[7, 11, "genre"]], "Comments": []},
            {"id": 2, "text": "stop", "cats": ["stop"], "entities": [], "Comments": []},
        ),
        [
            Utterance("😀 play jazz", id="1", intent="play_music", slots=(Slot(7, 11, "genre"),)),
            Utterance("stop", id="2", intent="stop", slots=()),
        ],
    ),
    "clu": (
        "a.json",
        document(
            {
                "projectFileVersion": "2022-10-01-preview",
                "stringIndexType": "Utf16CodeUnit",
                "metadata": {"projectKind": "Conversation", "projectName": "music", "language": "en-us"},
                "assets": {
                    "projectKind": "Conversation",
                    "intents": [{"category": "play_music"}],
                    "entities": [{"category": "genre"}],
                    "utterances": [
                        {
                            "text": "😀 play jazz",
                            "intent": "play_music",
                            "language": "en-us",
                            "dataset": "Train",
                            "entities": [{"category": "genre", "offset": 8, "length": 4}],
                        },
                        {"text": "stop", "intent": "None", "entities": []},
                    ],
                },
            }
        ),
        [
            Utterance("😀 play jazz", intent="play_music", slots=(Slot(7, 11, "genre"),), split="train"),
            Utterance("stop", intent="None", slots=()),
        ],
    ),
    "luis": (
        "a.json",
        document(
            {
                "luis_schema_version": "7.0.0",
                "culture": "en-us",
                "name": "music",
                "intents": [{"name": "play_music"}],
                "entities": [{"name": "genre"}],
                "patterns": [],
                "utterances": [
                    {
                        "text": "😀 play jazz",
                        "intent": "play_music",
                        "entities": [{"entity": "genre", "startPos": 8, "endPos": 11}],
                    },
                    {
                        "text": "fly to Paris",
                        "intent": "fly",
                        "entities": [{"entity": "city", "startPos": 7, "endPos": 11, "role": "to"}],
                    },
                ],
            }
        ),
        [PLAY, Utterance("fly to Paris", intent="fly", slots=(Slot(7, 12, "city:to"),))],
    ),
    "wit": (
        "a.json",
        document(
            {
                "utterances": [
                    {
                        "text": "😀 play jazz",
                        "intent": "play_music",
                        "entities": [{"entity": "genre:genre", "start": 7, "end": 11, "body": "jazz", "entities": []}],
                        "traits": [],
                    },
                    {
                        "text": "fly to Paris",
                        "intent": "fly",
                        "entities": [{"entity": "wit$location:to", "start": 7, "end": 12, "body": "Paris", "entities": []}],
                        "traits": [],
                    },
                    {"text": "blah", "entities": [], "traits": []},
                ]
            }
        ),
        [
            PLAY,
            Utterance("fly to Paris", intent="fly", slots=(Slot(7, 12, "wit$location:to"),)),
            Utterance("blah", slots=()),
        ],
    ),
    "dialogflow": (
        "a.zip",
        zipped(
            {
                "agent.json": {"description": "", "language": "en"},
                "package.json": {"version": "1.0.0"},
                "intents/play.json": {"id": "i1", "name": "play music", "auto": True},
                "intents/play_usersays_en.json": [
                    {
                        "id": "p1",
                        "data": [
                            {"text": "😀 play ", "userDefined": False},
                            {"text": "jazz", "alias": "genre", "meta": "@music-genre", "userDefined": True},
                            {"text": " now", "meta": "@sys.ignore", "userDefined": False},
                        ],
                        "isTemplate": False,
                        "count": 0,
                    }
                ],
                "intents/old.json": {
                    "name": "weather",
                    "userSays": [
                        {"id": "p2", "data": [{"text": "rain in "}, {"text": "Rome", "meta": "@sys.geo-city"}], "isTemplate": False}
                    ],
                },
                "entities/music-genre.json": {"name": "music-genre"},
                "entities/music-genre_entries_en.json": [{"value": "jazz", "synonyms": ["jazz"]}],
            }
        ),
        [
            Utterance("rain in Rome", id="p2", intent="weather", slots=(Slot(8, 12, "sys.geo-city"),)),
            Utterance("😀 play jazz now", id="p1", intent="play music", slots=(Slot(7, 11, "genre"),)),
        ],
    ),
    "lex": (
        "a.zip",
        zipped(
            {
                "manifest.json": {"metadata": {"schemaVersion": "1.0", "fileFormat": "LexJson", "resourceType": "Bot"}},
                "Music/Bot.json": {"name": "Music"},
                "Music/BotLocales/en_US/BotLocale.json": {"identifier": "en_US"},
                "Music/BotLocales/en_US/Intents/Play/Intent.json": {
                    "name": "Play",
                    "sampleUtterances": [{"utterance": "play {Genre}"}, {"utterance": "music please"}],
                },
                "Music/BotLocales/en_US/Intents/Play/Slots/Genre/Slot.json": {"name": "Genre", "slotTypeName": "Genres"},
                "Music/BotLocales/en_US/SlotTypes/Genres/SlotType.json": {
                    "name": "Genres",
                    "slotTypeValues": [{"sampleValue": {"value": "jazz"}, "synonyms": [{"value": "swing"}]}, {"sampleValue": {"value": "folk"}}],
                },
                "Music/BotLocales/en_US/Intents/FallbackIntent/Intent.json": {"name": "FallbackIntent", "sampleUtterances": None},
            }
        ),
        [
            *(Utterance(f"play {genre}", intent="Play", slots=(Slot(5, 5 + len(genre), "Genre"),)) for genre in ("jazz", "swing", "folk")),
            Utterance("music please", intent="Play", slots=()),
        ],
    ),
}  # fmt: skip
