"""Agreement: `all lights are` for `all light is`, `an 8 minute timer` for `a 8 minutes timer`.

The templates spell out neither number nor articles.
"""

from __future__ import annotations

from canvass.corpus.embedded.parts import Part, label, word

PLURALS = {
    noun: f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    for noun in ("light", "lamp", "fan", "switch", "lock", "door", "window", "gate", "shutter", "timer")
}
SINGULARS = {plural: noun for noun, plural in PLURALS.items()}
UNITS = frozenset({"hour", "minute", "second", "degree"})
MANY = frozenset({"all", "any", "some", "many"})
SUBJECTS = frozenset({"name", "area", "floor", "device_class"})
VOWEL_SOUNDS = ("a", "e", "i", "o", "u", "8", "11", "18", "80")
DETERMINERS = frozenset({"the", "my", "our", "a", "an"})
ONE_BY_ONE = frozenset({"every", "single", "each"})


def plural(text: str) -> bool:
    """Whether a noun phrase is plural: an English plural ends in s, nearly always."""
    return text.endswith("s") and not text.endswith(("ss", "us", "is"))


def numbered(parts: list[Part]) -> list[Part]:
    """Say `all lights` and `every light`."""
    kept = list(parts)
    for index, part in enumerate(parts):
        if part.label is not None or (part.text not in MANY and part.text not in ONE_BY_ONE):
            continue
        noun = index + 1
        while word(parts, noun) in DETERMINERS | {"of"} or label(parts, noun) in ("area", "floor"):
            noun += 1
        text = word(parts, noun)
        if label(parts, noun) == "device_class" and part.text in MANY and not plural(parts[noun].text):
            kept[noun] = parts[noun]._replace(text=parts[noun].text + "s")
        elif text and part.text in MANY:
            kept[noun] = parts[noun]._replace(text=PLURALS.get(text, text))
        elif text:
            kept[noun] = parts[noun]._replace(text=SINGULARS.get(text, text))
    return kept


def measured(parts: list[Part]) -> list[Part]:
    """Say `for 5 minutes`, `a 5 minute timer`, `one hour`, `half an hour`."""
    kept: list[Part] = []
    for index, part in enumerate(parts):
        bare = part.text.removeprefix("-").removesuffix("s")
        if part.label is not None or bare not in UNITS:
            kept.append(part)
        elif word(parts, index + 1).startswith("timer"):
            kept.append(part._replace(text=part.text.removesuffix("s")))
        elif index and parts[index - 1].text in ("1", "one", "an", "a"):
            kept.append(Part(bare))
        else:
            kept.append(Part(f"{bare}s"))
    return kept


def agreed(parts: list[Part]) -> list[Part]:
    """Choose between is and are by the subject, which follows the verb in a question and precedes a state."""
    kept = list(parts)
    for index, part in enumerate(parts):
        if part.label is not None or part.text not in ("is", "are"):
            continue
        subject = index + 1
        while word(parts, subject) in DETERMINERS or label(parts, subject) in ("area", "floor"):
            subject += 1
        if label(parts, subject) == "state" or word(parts, subject) in ("on", "off", "out"):
            subject = index - 1
        text = word(parts, subject)
        if text in MANY:
            kept[index] = Part("are")
        elif label(parts, subject) in SUBJECTS or text in PLURALS or text in SINGULARS:
            kept[index] = Part("are" if plural(parts[subject].text) else "is")
    return kept


def articled(parts: list[Part]) -> list[Part]:
    """Choose between a and an."""
    kept = list(parts)
    for index, part in enumerate(parts[:-1]):
        if part.label is None and part.text in ("a", "an"):
            following = parts[index + 1].text
            vowel = following.startswith(VOWEL_SOUNDS) and not following.startswith(("one", "uni", "use"))
            kept[index] = part._replace(text="an" if vowel or following.startswith("hour") else "a")
    return kept
