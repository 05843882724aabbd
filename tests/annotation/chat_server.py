"""A server with the OpenAI chat protocol, on a socket, that answers as a test wants it to."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from canvass.seeding import uniform


class ChatServer:
    """Answers each request by `behave(handler, text)`, where `text` is the request asked about; keeps all bodies."""

    def __init__(self, behave):
        self.behave = behave
        self.bodies = []
        self.headers = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                outer.headers.append(dict(self.headers))
                assert self.path == "/v1/chat/completions"
                outer.behave(self, json.loads(body["messages"][-1]["content"])["request"])

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/v1"


@contextlib.contextmanager
def chat_server(behave):
    """Serve from a thread."""
    server = ChatServer(behave)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def reply(handler, content, *, status=200, usage=(100, 10), **message):
    """Send a chat completion, or bytes as they are."""
    tokens = {"prompt_tokens": usage[0], "completion_tokens": usage[1]} if usage else None
    document = {
        "choices": [{"message": {"role": "assistant", "content": content, **message}}],
        "usage": tokens,
    }
    data = content if isinstance(content, bytes) else json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def frame(utterance, **changes):
    """Write what an assistant that is right says of an utterance of the target."""
    slots = [
        {"label": slot.label, "words": utterance.text[slot.start : slot.end]}
        for slot in utterance.slots or ()
    ]
    said = {
        "text": utterance.text,
        "of_target": True,
        "intent": utterance.intent,
        "slots": slots,
        "sure": True,
    }
    return said | changes


def right(utterances, *, error=0.0):
    """Behave as an assistant that knows utterances, and takes a share `error` of them for others, by hash of the text."""
    known = {utterance.text: utterance for utterance in utterances}

    def behave(handler, text):
        said = frame(known[text])
        if uniform(3, "wrong", text) < error:
            said["slots"] = said["slots"][1:]
        reply(handler, json.dumps(said))

    return behave
