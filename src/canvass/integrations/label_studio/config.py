"""The labelling configuration of a project: one that is made from its labels, or one that is there and is completed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canvass.annotation.project.settings import LabelGuide
from canvass.corpus.formats.column_names import listed
from canvass.corpus.spans import text_tokens
from canvass.errors import InputError
from canvass.integrations.label_studio.labelling import read_labelling
from canvass.types import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass.annotation.project.project import Project

MANY = 30  # choices that are more are folded into a menu
COLOURS = (  # of much the same lightness, so that black text can be read on each
    *("#e69f00", "#56b4e9", "#2bb673", "#d4c400", "#5a9bd4", "#e8743b"),
    *("#cc79a7", "#9b8ade", "#8fb339", "#c9956b", "#4fc1b0", "#e58fb1"),
)
WORDS_PER_TOKEN = 0.5  # in languages that put blanks between words it is more


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
            else [domain for domain in project.domains() if domain != target.name]
        )
        whole_words = not project.settings.page.inside_tokens and _has_blanks(project)
        return cls(tuple(intents), project.slots(), tuple(others), whole_words)


def _has_blanks(project: Project) -> bool:
    """Whether the labelled texts have blanks between words; Chinese, say, has not."""
    texts = [utterance.text for utterance in project.labelled]
    tokens = sum(len(text_tokens(text)[1]) for text in texts)
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


@dataclass(frozen=True)
class Completed:
    """A configuration that offers all labels, and those that it did not."""

    config: str
    added: tuple[str, ...]


def completed(config: str, wanted: Wanted, where: str) -> Completed:
    """Add the labels that a configuration lacks to its controls, and leave everything else as it is.

    Raises
    ------
    InputError
        If it cannot be read, or has not the shape that answers can be read from: one Choices for the intent that takes
        one choice, one Labels for slots, with values of their own.

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
    return Completed(_text(root) if added else config, tuple(added))


def _text(root: ET.Element) -> str:
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")
