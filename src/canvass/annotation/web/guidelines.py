"""What annotators choose from: domains, intents and slot labels, with the words that explain them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from canvass.annotation.project.settings import LabelGuide


@dataclass(frozen=True, slots=True)
class Guidelines:
    """The labels of a project: those of its settings, then those that were added on the page.

    `domains` and `domain_of` (the domain of each intent) are those of the labelled set, the rest's as well as the
    target's.
    """

    domains: Sequence[str]
    domain_of: Mapping[str, str]
    intents: Sequence[LabelGuide]
    slots: Sequence[LabelGuide]

    @property
    def intent_names(self) -> list[str]:
        """The intents of the target."""
        return [guide.name for guide in self.intents]

    @property
    def slot_names(self) -> list[str]:
        """The slot labels."""
        return [guide.name for guide in self.slots]

    @property
    def shapes(self) -> dict[str, list[dict[str, Any]]]:
        """Intents and slot labels as the page reads them."""
        return {"intents": _guide_shapes(self.intents), "slots": _guide_shapes(self.slots)}


def _guide_shapes(guides: Sequence[LabelGuide]) -> list[dict[str, Any]]:
    return [
        {"name": guide.name, "description": guide.description, "examples": list(guide.examples)}
        for guide in guides
    ]
