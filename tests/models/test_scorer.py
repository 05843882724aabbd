"""The user's own model: what it may answer, what is refused, and how a server is asked."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from canvass.errors import OptionError, ScorerError
from canvass.models import scorer as scorer_module
from canvass.models.scorer import BATCH, WAITS, Scorer, check_address
from canvass.types import ModelAnswer, Slot, Utterance

LABELLED = [
    Utterance("play river", intent="Play", slots=(Slot(5, 10, "song"),)),
    Utterance("stop", intent="Stop", slots=()),
]
TEXTS = ["play blue moon", "stop the music now"]
GOOD = {"intent": "Play", "intent_probability": 0.75}
BOTH = {**GOOD, "slots": [{"start": 5, "end": 14, "label": "song"}], "slots_probability": 0.5}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Make a scorer of a function."""
    monkeypatch.setattr(scorer_module, "load_callable", lambda name, option: functions[name])
    functions = {}

    def make(function, **options):
        functions["mine:score"] = function
        return Scorer.of("mine:score", LABELLED, **options)

    return make


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (GOOD, ModelAnswer("Play", 0.75)),
        ({"intent": None, "intent_probability": 1}, ModelAnswer(None, 1)),
        (BOTH, ModelAnswer("Play", 0.75, (Slot(5, 14, "song"),), 0.5)),
        ({"slots": [], "slots_probability": np.float32(0.25)}, ModelAnswer(None, None, (), 0.25)),
        (ModelAnswer("Stop", np.float64(0.5)), ModelAnswer("Stop", 0.5)),
        (
            ModelAnswer(None, None, (Slot(np.int64(0), 4, "song"),), 1.0),
            ModelAnswer(None, None, (Slot(0, 4, "song"),), 1.0),
        ),
    ],
)
def test_answers_of_many_shapes(asked, said, expected):
    texts = []

    def score(some):
        texts.append(some)
        return [said] * len(some)

    assert asked(score).answers(TEXTS) == [expected] * 2
    assert texts == [TEXTS]
    assert asked(score).answers([]) == []
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            GOOD | {"intent_probability": float("nan")},
            "has the intent_probability nan, no number from 0 to 1",
        ),
        (GOOD | {"intent_probability": 1.01}, "has the intent_probability 1.01"),
        (GOOD | {"intent_probability": None}, "has the intent_probability None"),
        (GOOD | {"intent_probability": True}, "has the intent_probability True"),
        ({"intent": "Play"}, "has intent, but no intent_probability"),
        ({"slots_probability": 1}, "has slots_probability, but no slots"),
        (GOOD | {"confidence": 1}, "has 'confidence'"),
        ({}, "says nothing"),
        ("Play", "is 'Play'"),
        (GOOD | {"intent": "play"}, r"the intent 'play', which LABELLED does not have; did you mean Play\?"),
        (GOOD | {"intent": 3}, "the intent 3, which LABELLED does not have"),
        (
            BOTH | {"slots": [{"start": 0, "end": 4, "label": "verb"}]},
            "the slot label 'verb', which LABELLED does not",
        ),
        (BOTH | {"slots": [{"start": 5, "end": 99, "label": "song"}]}, "is out of bounds"),
        (BOTH | {"slots": [{"start": 5, "end": 14}]}, "lacks label"),
        (BOTH | {"slots": 7}, "field 'slots' is 7; expected a list"),
        (
            BOTH
            | {"slots": [{"start": 0, "end": 6, "label": "song"}, {"start": 5, "end": 9, "label": "song"}]},
            "has overlapping slots",
        ),
    ],
)
def test_an_answer_that_is_none(asked, answer, said):
    with pytest.raises(ScorerError, match=said) as refused:
        asked(lambda texts: [answer] * len(texts)).answers(TEXTS)
    assert "--scorer mine:score: the answer to 'play blue moon'" in str(refused.value)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda _: 1 / 0, "failed with ZeroDivisionError: 'division by zero'"),
        (lambda _: [GOOD], "gave 1 answers to 2 texts"),
        (lambda _: None, "answered None; expected a list"),
        (lambda _: "no", "answered 'no'; expected a list"),
        (
            lambda _: [GOOD, BOTH],
            "the answer to 'stop the music now' says intents and slots, and others intents;",
        ),
        (
            lambda _: [GOOD, {"slots": [], "slots_probability": 1}],
            "the answer to 'stop the music now' says slots, and others intents",
        ),
    ],
)
def test_a_function_that_fails(asked, function, said):
    with pytest.raises(ScorerError, match=said):
        asked(function).answers(TEXTS)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nowhere", "is no module:function, no folder"),
        ("no_such_module_of_mine:score", "importing no_such_module_of_mine failed"),
        ("json:no_such_function", "the module json has no no_such_function"),
        ("json:__name__", "is no function or class"),
        ("http://", "the address of a server is"),
        ("http://user:secret@host/x", "without a user and a password"),
    ],
)
def test_addresses_that_make_no_sense(address, said):
    with pytest.raises(OptionError, match=said) as refused:
        Scorer.of(address, LABELLED)
    assert "secret" not in str(refused.value)
    check_address("https://host:8443/score")


class Server:
    """A server that answers each request by the next of some behaviours, and the last of them for ever."""

    def __init__(self, *behaviours):
        self.behaviours = list(behaviours)
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                behave = outer.behaviours.pop(0) if len(outer.behaviours) > 1 else outer.behaviours[0]
                behave(self, body["texts"])

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/score"


def answering(status=200, body=None, **headers):
    def behave(handler, texts):
        data = json.dumps({"predictions": [GOOD] * len(texts)}).encode() if body is None else body
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def cut(handler, _texts):
    """Promise more than is sent, and end."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"predictions": [')


def silent(_handler, _texts):
    threading.Event().wait(0.4)


@pytest.fixture
def serve(monkeypatch):
    """Start servers; waiting between attempts is noted, and takes no time."""
    pauses = []
    monkeypatch.setattr(scorer_module.time, "sleep", pauses.append)
    with contextlib.ExitStack() as stack:

        def start(*behaviours):
            server = Server(*behaviours)
            server.pauses = pauses
            thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            stack.callback(server.http.server_close)
            stack.callback(thread.join)
            stack.callback(server.http.shutdown)
            return server

        yield start


def test_a_server_is_asked_in_batches(serve):
    server = serve(answering())
    texts = [f"play {number}" for number in range(2 * BATCH + 1)]
    assert Scorer.of(server.address, LABELLED).answers(texts) == [ModelAnswer("Play", 0.75)] * len(texts)
    assert [len(request["texts"]) for request in server.requests] == [BATCH, BATCH, 1]
    assert [text for request in server.requests for text in request["texts"]] == texts
    assert all(request.keys() == {"texts"} for request in server.requests)


def test_what_passes_is_tried_again(serve, monkeypatch):
    monkeypatch.setattr(scorer_module, "SECONDS", 0.2)
    server = serve(answering(500), answering(429, Retry_After="7"), cut, silent, answering())
    assert len(Scorer.of(server.address, LABELLED).answers(TEXTS)) == 2
    assert server.requests == [{"texts": TEXTS}] * 5
    assert server.pauses == [WAITS[0], 7.0, *WAITS[2:4]]


@pytest.mark.parametrize(
    ("behaviour", "said", "times"),
    [
        (answering(503), "answered with status 503", len(WAITS) + 1),
        (answering(429), "answered with status 429", len(WAITS) + 1),
        (cut, r"cannot be reached .*, asked 6 times", len(WAITS) + 1),
        (answering(404, b"what?"), r"answered with status 404 \('what\?'\)", 1),
        (answering(307, b"", Location="http://elsewhere.invalid/"), "answered with status 307", 1),
        (answering(body=b"<html>"), "answered '<html>'; expected JSON", 1),
        (answering(body=b"[]"), r"answered '\[\]'; expected JSON, an object with the list predictions", 1),
        (answering(body=b'{"predictions": [{}]}'), "gave 1 predictions for 2 texts", 1),
        (answering(body=b'{"predictions": [{}, {}]}'), "says nothing", 1),
        (
            answering(body=b'{"predictions": [{"intent": "Play", "intent_probability": NaN}, 1]}'),
            "nan, no number",
            1,
        ),
    ],
)
def test_a_server_that_fails(serve, behaviour, said, times):
    server = serve(behaviour)
    with pytest.raises(ScorerError, match=said) as refused:
        Scorer.of(server.address, LABELLED).answers(TEXTS)
    assert server.address in str(refused.value)
    assert len(server.requests) == times


def test_a_server_that_is_not_there(serve):
    server = serve(answering())
    server.http.server_close()
    with pytest.raises(ScorerError, match=r"cannot be reached .*, asked 6 times; check that it runs"):
        Scorer.of(server.address, LABELLED).answers(TEXTS)
