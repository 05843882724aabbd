"""Pools from a small grammar, whose words are of known kinds."""

import random

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
