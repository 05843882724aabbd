"""A labelling configuration of Label Studio, read: which controls hold intents and slots, and what they offer."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from canvass.corpus.formats.column_names import listed
from canvass.corpus.formats.label_studio_regions import Controls
from canvass.errors import InputError, shown

INTENT, DOMAIN = "intent", "domain"
LONGEST = 1_000_000  # characters
DECLARATION = "<!"  # of entities, which can grow without an end; comments begin so, too
COMMENT = "<!--"


@dataclass(frozen=True)
class Labelling:
    """What a configuration asks of people.

    `controls` has the names of Choices, Labels and Text, `field` the name of the data that the Text shows. `intents`,
    `domains` and `slots` are the values that can be chosen, in their order; they are empty where there is no such
    control, or where it takes its values from the task. `has_slots` is whether there are Labels at all.
    """

    controls: Controls
    field: str
    intents: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    has_slots: bool = False


def read_labelling(config: str, where: str = "the labelling configuration") -> Labelling:
    """Read a labelling configuration.

    The Choices of intents are those named `intent`, or the only ones but for those named `domain`; Choices that belong
    to a region are not among them. Slots are those of the Labels named `slot`, or of the only ones.

    Raises
    ------
    InputError
        If it is not XML, shows no text, or has several Choices, or Labels, of which none is named so.

    >>> found = read_labelling(
    ...     '<View><Labels name="slot" toName="text"><Label value="artist"/></Labels><Text name="text" value="$text"/>'
    ...     '<Choices name="intent" toName="text"><Choice value="play"/></Choices></View>'
    ... )
    >>> found.intents, found.slots, found.field
    (('play',), ('artist',), 'text')
    """
    root = _parsed(config, where)
    texts = {
        element.get("name"): element.get("value", "") for element in root.iter("Text") if element.get("name")
    }
    choices = [
        element
        for element in root.iter("Choices")
        if _belongs(element, texts) and element.get("perRegion") != "true"
    ]
    labels = [element for element in root.iter("Labels") if _belongs(element, texts)]
    domain = next((element for element in choices if element.get("name") == DOMAIN), None)
    intent = _only([element for element in choices if element is not domain], INTENT, "Choices", where)
    slot = _only(labels, "slot", "Labels", where)
    shown_by = next((element for element in (intent, slot, domain) if element is not None), None)
    if shown_by is None:
        raise InputError(
            f"{where} has neither Choices nor Labels of a Text; canvass label-studio push writes one that has"
        )
    text = next(name for name in _targets(shown_by) if name in texts)
    return Labelling(
        Controls(
            intent=None if intent is None else intent.get("name"),
            slot=None if slot is None else slot.get("name"),
            text=text,
            domain=None if domain is None else domain.get("name"),
        ),
        field=texts[text].removeprefix("$"),
        intents=_values(intent, "Choice"),
        slots=_values(slot, "Label"),
        domains=_values(domain, "Choice"),
        has_slots=slot is not None,
    )


def _parsed(config: str, where: str) -> ET.Element:
    if len(config) > LONGEST:
        raise InputError(f"{where} has {len(config):,} characters; expected {LONGEST:,} at most")
    if config.count(DECLARATION) != config.count(COMMENT):
        raise InputError(
            f"{where} declares a document type or entities; expected plain tags, as Label Studio has them"
        )
    try:
        return ET.fromstring(config)  # noqa: S314 - nothing is declared in it, so nothing can grow or be loaded
    except (ET.ParseError, ValueError) as error:
        raise InputError(
            f"{where} is not XML ({error}); see it under Settings, Labeling Interface, Code"
        ) from error


def _belongs(control: ET.Element, texts: dict[str | None, str]) -> bool:
    return bool(control.get("name")) and any(name in texts for name in _targets(control))


def _targets(control: ET.Element) -> list[str]:
    return [name.strip() for name in control.get("toName", "").split(",")]


def _only(controls: list[ET.Element], name: str, what: str, where: str) -> ET.Element | None:
    named = next((control for control in controls if control.get("name") == name), None)
    if named is None and len(controls) > 1:
        names = listed([str(control.get("name")) for control in controls])
        raise InputError(
            f"{where} has several {what} ({names}), and none is named {shown(name)}; rename the right one"
        )
    return named if named is not None else next(iter(controls), None)


def _values(control: ET.Element | None, tag: str) -> tuple[str, ...]:
    """List what can be chosen; an alias stands in results in the place of its value."""
    if control is None:
        return ()
    values = (element.get("alias") or element.get("value") for element in control.iter(tag))
    return tuple(dict.fromkeys(value for value in values if value))
