"""A small labelled set and pool that tests share: music against the rest, written by hand and multiplied out."""

import itertools

from canvass.types import Slot, Target, Utterance

MUSIC = Target("domain", "music")
SONGS = ["river", "blue moon", "hey jude", "Łódź by night", "one", "so what", "音楽", "thriller"]
ARTISTS = ["joni mitchell", "miles davis", "tobymac", "björk", "the who", "u2"]
PATTERNS = [
    ("PlayMusic", ["play ", ("SongName",), " by ", ("ArtistName",)]),
    ("PlayMusic", ["put on ", ("SongName",)]),
    ("PlayMusic", ["i want to hear ", ("ArtistName",), " please"]),
    ("AddToPlaylist", ["add ", ("SongName",), " to my list"]),
    ("AddToPlaylist", ["save this song by ", ("ArtistName",)]),
]
OTHERS = [
    ("weather", "GetWeather", "what is the weather in {}"),
    ("weather", "GetWeather", "will it rain in {} tomorrow"),
    ("timers", "SetTimer", "set a timer for {} minutes"),
    ("timers", "StopTimer", "stop the {} timer please"),
]
PLACES = ["paris", "rome", "ten", "pasta", "New York", "oslo", "bern", "lima"]


def fill(intent, pattern, values):
    text, slots = "", []
    for part in pattern:
        if isinstance(part, tuple):
            value = values[part[0]]
            slots.append(Slot(len(text), len(text) + len(value), part[0]))
            text += value
        else:
            text += part
    return Utterance(text=text, domain="music", intent=intent, slots=tuple(slots))


def music():
    found = {}
    for (intent, pattern), song, artist in itertools.product(PATTERNS, SONGS, ARTISTS):
        utterance = fill(intent, pattern, {"SongName": song, "ArtistName": artist})
        found.setdefault(utterance.text, utterance)
    return list(found.values())


def others():
    return [
        Utterance(text=text.format(place), domain=domain, intent=intent, slots=None)
        for (domain, intent, text), place in itertools.product(OTHERS, PLACES)
    ]


def labelled_and_rest(every=3):
    """Every third utterance is labelled."""
    both = music() + others()
    return both[::every], [utterance for i, utterance in enumerate(both) if i % every]
