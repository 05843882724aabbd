"""The labelling configuration of a project there: read, made from the labels of a project here, or completed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import LabelGuide
from canvass.corpus.formats.column_names import listed
from canvass.corpus.formats.label_studio_regions import Controls
from canvass.corpus.spans import text_tokens
from canvass.errors import InputError, shown
from canvass.types import ELSEWHERE

INTENT, DOMAIN = "intent", "domain"
LONGEST = 1_000_000  # characters
DECLARATION = "<!"  # of entities, which can grow without an end; comments begin so, too
COMMENT = "<!--"
MANY = 30  # choices that are more are folded into a menu
COLOURS = (  # of much the same lightness, so that black text can be read on each
    *("#e69f00", "#56b4e9", "#2bb673", "#d4c400", "#5a9bd4", "#e8743b"),
    *("#cc79a7", "#9b8ade", "#8fb339", "#c9956b", "#4fc1b0", "#e58fb1"),
)
WORDS_PER_TOKEN = 0.5  # in languages that put blanks between words it is more


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

    Raises InputError if it is not XML, shows no text, or has several Choices, or Labels, of which none is named so.

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


@dataclass(frozen=True)
class Wanted:
    """What people must be able to choose: intents, slot labels, and the domains that something else may belong to.

    `whole_words` is whether the mouse selects words, in place of characters.
    """

    intents: tuple[LabelGuide, ...]
    slots: tuple[LabelGuide, ...]
    domains: tuple[str, ...] = ()
    whole_words: bool = False

    @classmethod
    def of(cls, project: Project) -> Wanted:
        """Collect the labels of a project; `elsewhere` says that a text is not of the target."""
        target = project.target
        intents = list(project.intents())
        if target.kind == "intent":
            by_name = {intent.name: intent for intent in intents}
            intents = [by_name.get(name, LabelGuide(name=name)) for name in target.intents]
        if ELSEWHERE not in {intent.name for intent in intents}:
            intents.append(LabelGuide(name=ELSEWHERE, description=f"Not of {target}"))
        others = (
            []
            if target.kind != "domain"
            else [domain for domain in project.given.domains if domain != target.name]
        )
        whole_words = not project.settings.page.inside_tokens and _has_blanks(project)
        return cls(tuple(intents), project.slots(), tuple(others), whole_words)


def _has_blanks(project: Project) -> bool:
    """Whether the labelled texts have blanks between words; Chinese, say, has not."""
    texts = [utterance.text for utterance in project.labelled]
    tokens = sum(len(text_tokens(text)) for text in texts)
    return sum(len(text.split()) for text in texts) >= WORDS_PER_TOKEN * tokens


def labelling_config(wanted: Wanted) -> str:
    """Write a labelling configuration: Labels for slots, Choices for the intent, and for domains of what is not ours.

    The same labels give the same text.
    """
    view = ET.Element("View")
    if wanted.slots:
        labels = ET.SubElement(view, "Labels", name="slot", toName="text")
        _add(labels, "Label", wanted.slots)
    text = ET.SubElement(view, "Text", name="text", value="$text")
    if wanted.whole_words:
        text.set("granularity", "word")
    # With nothing but `elsewhere` to choose, choosing nothing says that it is of the target.
    required = "true" if len(wanted.intents) > 1 else "false"
    intents = _choices(view, "intent", len(wanted.intents), required=required)
    _add(intents, "Choice", wanted.intents)
    if wanted.domains and any(intent.name == ELSEWHERE for intent in wanted.intents):
        domains = _choices(view, "domain", len(wanted.domains), required="false")
        domains.attrib |= {
            "visibleWhen": "choice-selected",
            "whenTagName": "intent",
            "whenChoiceValue": ELSEWHERE,
        }
        _add(domains, "Choice", [LabelGuide(name=name) for name in wanted.domains])
    return _text(view)


def _choices(view: ET.Element, name: str, count: int, *, required: str) -> ET.Element:
    shape = {"layout": "select"} if count > MANY else {"showInLine": "true"}
    fixed = {"name": name, "toName": "text", "choice": "single", "required": required}
    return ET.SubElement(view, "Choices", fixed | shape)


def _add(control: ET.Element, tag: str, guides: Iterable[LabelGuide]) -> None:
    for guide in guides:
        element = ET.SubElement(control, tag, value=guide.name)
        if tag == "Label":
            element.set("background", COLOURS[(len(control) - 1) % len(COLOURS)])
        if guide.description:
            element.set("hint", guide.description)


def completed(config: str, wanted: Wanted, where: str) -> tuple[str, tuple[str, ...]]:
    """Add the labels that a configuration lacks to its controls, leave all else as it is, and name those labels.

    Raises InputError if it cannot be read, or has not the shape that answers can be read from: one Choices for the
    intent that takes one choice, one Labels for slots, with values of their own.
    """
    labelling = read_labelling(config, where)
    names = labelling.controls.intent, labelling.controls.slot
    root = ET.fromstring(config, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))  # noqa: S314 - checked above
    added: list[str] = []
    for tag, choice, name, present, guides, what in (
        ("Choices", "Choice", names[0], labelling.intents, wanted.intents, "intents"),
        ("Labels", "Label", names[1], labelling.slots, wanted.slots, "slots"),
    ):
        missing = [guide for guide in guides if guide.name not in present]
        if name is None:
            if guides:
                raise InputError(
                    f"{where} has no {tag} of the text for {what}; add one there (Settings, Labeling Interface, Code), "
                    "or leave out --project, and one is made"
                )
            continue
        control = next(element for element in root.iter(tag) if element.get("name") == name)
        if control.get("choice") == "multiple":
            raise InputError(
                f'{where}: {tag} {name!r} takes several choices; an intent is one: set choice="single"'
            )
        if control.get("value"):
            raise InputError(
                f"{where}: {tag} {name!r} takes its choices from each task ({control.get('value')}); write them into "
                f"the configuration: {listed([guide.name for guide in guides])}"
            )
        _add(control, choice, missing)
        added += [guide.name for guide in missing]
    return _text(root) if added else config, tuple(added)


def _text(root: ET.Element) -> str:
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")
