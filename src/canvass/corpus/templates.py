"""Sentence templates and their random expansion into annotated utterances, with the variation of spoken requests.

Notation: `(a|b)` is a choice, `[a]` is present with probability 1/2, `<rule>` stands for another rule, and
`{rule:label}` for one of its values, annotated with a label.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

Node: TypeAlias = "str | Alternatives"
Alternatives: TypeAlias = "list[list[Node]]"

TOKEN = re.compile(r"[()|\[\]]|<[^<>]+>|\{[^{}]+\}|[^()|\[\]<{]+")
ATTACHED = "-%°.?!"  # a word that begins with one of these has no blank before it
POSSESSIVE = re.compile(r"(?:aunt |uncle )?\w+'s ")
ARTICLES = frozenset({"the", "my", "our"})
VOWEL_SOUND = re.compile(r"[aei8]|o(?!ne)|hour|11\b|18\b|u(?!ni|se)")

UNUSUAL, IN_WORDS = 0.08, 0.35  # probabilities of a number outside its list, and of one spelt in words
SHORTEST_MISSPELT = 4  # letters


class Part(NamedTuple):
    """A word outside all slots (no label), or the text of a whole slot."""

    text: str
    label: str | None = None


class Draws:
    """Random choices from one stream of uniform numbers.

    Only `Generator.random` is used, whose stream numpy keeps stable across versions; it is called in blocks, since a
    call costs microseconds.

    >>> from canvass.seeding import generator
    >>> draws = Draws(generator(0, "example"))
    >>> draws.pick(["on", "off"]) in {"on", "off"}, 0 <= draws.uniform() < 1
    (True, True)
    """

    BLOCK = 1 << 15

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._block: list[float] = []

    def uniform(self) -> float:
        """Draw from [0, 1)."""
        if not self._block:
            self._block = self._generator.random(self.BLOCK).tolist()
        return self._block.pop()

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.uniform() < probability

    def pick(self, items: Sequence[Any], cumulative: Sequence[float] | None = None) -> Any:
        """Draw an item uniformly, or by weights, given as cumulative sums."""
        if cumulative is None:
            return items[int(self.uniform() * len(items))]
        return items[bisect_right(cumulative, self.uniform() * cumulative[-1])]


def parse(template: str) -> Alternatives:
    """Parse a template into its alternatives, each a list of literals, references and nested alternatives.

    >>> parse("pause [the] {timer name:name} timer")
    [['pause ', [['the'], []], ' ', '{timer name:name}', ' timer']]
    """
    open_groups: list[Alternatives] = [[[]]]
    for symbol in TOKEN.findall(template):
        if symbol in "([":
            open_groups.append([[]])
        elif symbol == "|":
            open_groups[-1].append([])
        elif symbol in ")]":
            group = open_groups.pop()
            open_groups[-1][-1].append(group + [[]] * len(group) if symbol == "]" else group)
        else:
            open_groups[-1][-1].append(symbol)
    (alternatives,) = open_groups
    return alternatives


class Grammar:
    """Rules by name: the body of a rule is a template (see `parse`), or a list of numbers.

    >>> from canvass.seeding import generator
    >>> grammar = Grammar({"room": "kitchen"})
    >>> grammar.expand(parse("light the {room}"), Draws(generator(0, "example")))
    [Part(text='light', label=None), Part(text='the', label=None), Part(text='kitchen', label='room')]
    """

    def __init__(self, rules: Mapping[str, str | list[float]]) -> None:
        self.rules: dict[str, Any] = {
            name: parse(body) if isinstance(body, str) else body for name, body in rules.items()
        }

    def expand(self, sentence: Alternatives, draws: Draws) -> list[Part]:
        """Expand a sentence at random into words and slots."""
        chunks: list[Part] = []
        self._follow(sentence, draws, chunks)
        parts: list[Part] = []
        literal = ""
        for text, label in [*chunks, Part("", "end")]:
            if label is None:
                literal += text
                continue
            parts += map(Part, literal.split())
            literal = ""
            if POSSESSIVE.match(text) and parts and parts[-1].text in ARTICLES:
                parts.pop()
            if text:
                parts.append(Part(text, label))
        return with_articles(parts)

    def _follow(self, alternatives: Alternatives, draws: Draws, chunks: list[Part]) -> None:
        for node in draws.pick(alternatives):
            if not isinstance(node, str):
                self._follow(node, draws, chunks)
            elif node[0] == "{":
                name, _, label = node[1:-1].partition(":")
                chunks.append(Part(self.value(name, draws), label or name))
            elif node[0] == "<":
                self._follow(self.rules[node[1:-1]], draws, chunks)
            else:
                chunks.append(Part(node))

    def value(self, name: str, draws: Draws) -> str:
        """Draw a value of a rule; white space is normalised to single blanks."""
        rule = self.rules[name]
        if not isinstance(rule[0], list):
            return self.numeral(rule, draws)
        chunks: list[Part] = []
        self._follow(rule, draws, chunks)
        return " ".join("".join(chunk.text for chunk in chunks).split())

    def numeral(self, numbers: list[float], draws: Draws) -> str:
        """Draw a number, rarely one outside the list but in its range, and write it in digits or in words."""
        number = draws.pick(numbers)
        if draws.chance(UNUSUAL):
            number = draws.pick(range(int(min(numbers)), int(max(numbers)) + 1))
        words = self.rules["number in words"]
        if number >= len(words) or not draws.chance(IN_WORDS):
            return f"{number:g}"
        word: str = words[int(number)][0]
        return word.strip() + (" and a half" if number % 1 else "")


def with_articles(parts: list[Part]) -> list[Part]:
    """Write `an` before a vowel sound and `a` before others."""
    following = [*(part.text for part in parts[1:]), ""]
    return [
        Part("an" if VOWEL_SOUND.match(text) else "a") if part in (Part("a"), Part("an")) else part
        for part, text in zip(parts, following, strict=True)
    ]


class Habits:
    """Variation of spoken and typed requests: openings, hesitations, dropped words, spelling errors.

    Each habit has its own probability; together they alter about half of all utterances. Words outside the slots are
    added, dropped or respelt; slots keep their labels, and their text except for its case.
    """

    def __init__(self, speech: Mapping[str, Any]) -> None:
        self._speech: dict[str, Any] = {
            name: _phrases(body) if isinstance(body, str) else body for name, body in speech.items()
        }
        self._often: Mapping[str, float] = speech["probabilities"]

    def apply(self, parts: list[Part], draws: Draws) -> list[Part]:
        """Apply each habit with its probability."""
        kind = self._kind(parts)
        for habit in (self.drop, self.hesitate, self.repeat):
            if draws.chance(self._often[habit.__name__]):
                parts = habit(parts, draws)
        if draws.chance(self._often["open"]):
            fitting = draws.chance(self._often["fitting"])
            parts = [*draws.pick(self._speech[f"before a {kind}" if fitting else "before anything"]), *parts]
        if draws.chance(self._often["end"]):
            parts = [*parts, *draws.pick(self._speech[f"after a {kind}"])]
        for spelling in (self.shorten, misspell, shout):
            if draws.chance(self._often[spelling.__name__]):
                parts = spelling(parts, draws)
        if draws.chance(self._often["punctuate"]):
            first = parts[0]._replace(text=parts[0].text[0].upper() + parts[0].text[1:])
            parts = [first, *parts[1:], Part("." if kind in ("command", "statement") else "?")]
        return parts

    def _kind(self, parts: list[Part]) -> str:
        """Classify a sentence by its first word."""
        first = parts[0].text.split()[0]
        kinds = ("question", "yes or no question")
        return next(
            (kind for kind in kinds if first in self._speech[f"first of a {kind}"]),
            "statement" if parts[0].label else "command",
        )

    def drop(self, parts: list[Part], draws: Draws) -> list[Part]:
        """Drop one function word, as in `set timer for ten minutes`, or all of them: `set timer ten minutes`."""
        small = [i for i in literals(parts) if parts[i].text in self._speech["droppable"]]
        dropped = small if draws.chance(self._often["all"]) else [draws.pick(small)] if small else []
        return [part for i, part in enumerate(parts) if i not in dropped] or parts

    def hesitate(self, parts: list[Part], draws: Draws) -> list[Part]:
        """Insert one hesitation, before any part but the first."""
        gaps = [i for i in range(1, len(parts)) if not attached(parts, i)]
        i = draws.pick(gaps or [0])
        return [*parts[:i], *draws.pick(self._speech["hesitations"]), *parts[i:]]

    def repeat(self, parts: list[Part], draws: Draws) -> list[Part]:
        """Repeat a word."""
        i = draws.pick(literals(parts) or [None])
        return parts if i is None else [*parts[: i + 1], *parts[i:]]

    def shorten(self, parts: list[Part], _: Draws) -> list[Part]:
        """Abbreviate words, as in `10 mins`."""
        return [
            part if part.label else Part(self._speech["short"].get(part.text, part.text)) for part in parts
        ]


def _phrases(alternatives: str) -> list[list[Part]]:
    return [list(map(Part, phrase.split())) for phrase in alternatives.split("|")]


def attached(parts: list[Part], i: int) -> bool:
    """Tell whether a part follows the one before it without a blank."""
    return i < len(parts) and parts[i].label is None and parts[i].text[:1] in ATTACHED


def literals(parts: list[Part]) -> list[int]:
    """List the indices of words outside the slots that have blanks around them."""
    return [
        i
        for i, part in enumerate(parts)
        if part.label is None and not attached(parts, i) and not attached(parts, i + 1)
    ]


def misspell(parts: list[Part], draws: Draws) -> list[Part]:
    """Swap, drop or double a letter of one word."""
    long = [i for i in literals(parts) if len(parts[i].text) >= SHORTEST_MISSPELT and parts[i].text.isalpha()]
    if not long:
        return parts
    i = draws.pick(long)
    text = parts[i].text
    letter = int(draws.uniform() * (len(text) - 1))
    head, pair, tail = text[:letter], text[letter : letter + 2], text[letter + 2 :]
    respelt = draws.pick((head + pair[::-1] + tail, head + pair[1] + tail, head + pair[0] + pair + tail))
    return [*parts[:i], Part(respelt), *parts[i + 1 :]]


def shout(parts: list[Part], _: Draws) -> list[Part]:
    """Write everything in capitals."""
    return [part._replace(text=part.text.upper()) for part in parts]


def join(parts: list[Part]) -> tuple[str, tuple[Slot, ...]]:
    """Join the parts into a text and the spans of its slots.

    >>> join([Part("dim to"), Part("40", "brightness"), Part("%")])
    ('dim to 40%', (Slot(start=7, end=9, label='brightness'),))
    """
    text = ""
    slots: list[Slot] = []
    for i, part in enumerate(parts):
        text += "" if not text or attached(parts, i) else " "
        if part.label is not None:
            slots.append(Slot(len(text), len(text) + len(part.text), part.label))
        text += part.text
    return text, tuple(slots)
