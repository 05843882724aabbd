"""How people word what the templates merely accept.

The templates belong to a recogniser, which is lenient: it takes `bring the lights on around my kitchen`. The
rules here replace the package's rules of the same name; the more often something is written, the likelier.
"""

from __future__ import annotations

RULES: dict[str, str] = {
    "all": "all|all|all the|all the|all of the|all my|all our|every|every single",
    "any": "any|any|any|any of the|some of the",
    "are_any": "are any|are any|are any|are any of the|are there any",
    "are_all": "are all|are all|are all the|are all of the",
    "close": "close|close|close|close|shut|shut|lower",
    "everywhere": """
        everywhere|everywhere|all over the house|in the whole house|throughout the house|in every room|
        around the house|in the entire apartment|in all the rooms|across the flat|on every floor|in our
        house""",
    "here": "in here|here|in this room|in the room|in my room|in this area",
    "how_many": "how many|how many|how many of the",
    "in": "in|in|in|in|in|in|in|in|in|in|in|at",
    "is": "is",
    "lockable": "(door|window|gate|garage door|lock|shutter)[s]",
    "media": "music|music|movie|show|tv show|song|track|media player",
    "numeric_value_set": "set|set|set|set|change|change|make|adjust|turn|turn up|turn down",
    "open": "open|open|open|open|raise|open up|lift",
    "set": "set|set|set|change|change|make|turn",
    "temp": "temperature|temperature|temperature|temp",
    "the": "the|the|the|the|the|the|the|the|the|the|the|the|the|my|my|our",
    "timer_set": "set|set|set|set|set|start|start|create",
    "track": "song|song|song|track|track",
    "turn": "turn|turn|turn|turn|turn|switch|switch",
    "what_is": "what's|what's|what's|what is|what is|tell me",
    "which": "which|which|which|what|which of the",
}

# Where a word of the rules fits badly with a kind of device.
RULES_OF_KIND: dict[str, dict[str, str]] = {
    "valve": {"open": "open|open|open|open up|turn on", "close": "close|close|close|shut|shut off|turn off"},
    "person": {"in": "in|in|at"},
}

# Lists of the templates that are worded more naturally.
LISTS: dict[str, str] = {
    "volume_step": "up|down",
    "timer_half": "half|half|half|half|half|half|half|1/2",
    "color": "white|red|orange|yellow|green|blue|purple|brown|pink|turquoise",
    "cover_classes": """
        blinds|blinds|blinds|curtains|curtains|curtains|shades|shutters|windows|doors|garage door|garage
        door|garage doors|awning|gate|gates|door|window|curtain|blind|shade|shutter|awnings""",
}

# How often an optional word or <rule> is said, where that is not half of the time.
OPTIONAL: dict[str, float] = {
    "<set>": 0.85,
    "<numeric_value_set>": 0.85,
    "<turn>": 0.8,
    "<the>": 0.7,
    "<in>": 0.95,
    "<is>": 0.9,
    "<temp>": 0.7,
    "the": 0.8,
    "the ...": 0.97,
    "in": 0.95,
    "on": 0.9,
    "of": 0.9,
    "to": 0.85,
    "by": 0.85,
    "is": 0.85,
    "and": 0.75,
    "a": 0.6,
    "a|an|the|my": 0.85,
    "the|my": 0.85,
    "my|the": 0.9,
    "s": 0.75,
    "list": 0.9,
    "floor": 0.9,
    "speed": 0.6,
    "brightness": 0.8,
    "color": 0.3,
    "current": 0.3,
    "everywhere": 0.2,
    "that": 0.4,
    "position": 0.15,
    "volume": 0.9,
    "like": 0.5,
    "mode": 0.8,
    "mower": 0.2,
    "shopping": 0.75,
    "how much": 0.9,
    "home assistant": 0.6,
}

# Among the alternatives of a template, these are said several times as often as the others.
LIKELY: dict[str, int] = {
    " ": 3,
    "in": 3,
    "on": 2,
    "off": 3,
    "from": 5,
    "<numeric_value_set>": 8,
    "<close>": 2,
    "<open>": 2,
}

# Templates that begin with these words are said less often than the others.
STIFF: dict[str, float] = {
    "activate": 0.25,
    "deactivate": 0.25,
    "(change|transition)": 0.4,
    "(light": 0.5,
    "light": 0.5,
}

# Recognised, but hardly ever meant as a request.
UNSAID = frozenset({"[<the>] {name}", "timer[s] status"})
