"""Pools from a small grammar, whose words are of known kinds."""

import random

from canvass.types import Slot, Utterance

KINDS = {
    "verb": [f"verb{i}" for i in range(60)],
    "artist": [f"artist{i}" for i in range(280)],
    "place": [f"place{i}" for i in range(280)],
    "day": [f"day{i}" for i in range(12)],
}
FRAMES = (
    "{verb} a song by {artist} now",
    "what is the weather in {place} on {day}",
    "please {verb} some {artist} on {day}",
)


def requests(count=3000, seed=0, kinds=KINDS, frames=FRAMES):
    draw = random.Random(seed)
    return [
        draw.choice(frames).format(**{kind: draw.choice(words) for kind, words in kinds.items()})
        for _ in range(count)
    ]


def opaque(count, seed):
    """Make words that say nothing of their kind."""
    draw = random.Random(seed)
    return sorted({"".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=5)) for _ in range(count)})


NAMES = {"artist": opaque(300, 1), "place": opaque(300, 2), "day": opaque(20, 3)}
KIND_OF = {word: kind for kind, words in NAMES.items() for word in words}
# Only who has read the others knows an artist from a place in the first two.
NAMING = (
    "tell me about {artist}", "tell me about {place}", "play a song by {artist} now", "weather in {place} on {day}",
    "weather in {place}", "who is {artist} or {artist}",
)  # fmt: skip


def annotated(text):
    slots, start = [], 0
    for word in text.split():
        if word in KIND_OF:
            slots.append(Slot(start, start + len(word), KIND_OF[word]))
        start += len(word) + 1
    return Utterance(text, domain="one", intent=text.split()[0], slots=tuple(slots))


def named_requests(count):
    """Make distinct requests, in order, whose names say nothing of their kind."""
    return sorted(set(requests(count, kinds=NAMES, frames=NAMING)))
