"""home-assistant-intents as it is installed: its blocks of sentences, and their rules and lists, parsed."""

from __future__ import annotations

from typing import Any

from canvass.corpus.embedded.grammar import NEED, Node, parse
from canvass.corpus.embedded.speech import OPTIONAL
from canvass.errors import ExtraMissingError


def load_package() -> dict[str, Any]:
    """Load the English intents."""
    try:
        from home_assistant_intents import get_intents
    except ImportError:
        raise ExtraMissingError(NEED, "demo") from None
    package: dict[str, Any] | None = get_intents("en")
    if package is None:
        raise ExtraMissingError(NEED, "demo")
    return package


def kinds_of(block: dict[str, Any]) -> list[str]:
    """List the kinds of device that a block is about; none where it is about no device."""
    asked = [
        scope["domain"]
        for name in ("slots", "requires_context")
        if "domain" in (scope := block.get(name, {}))
    ]
    return [kind for entry in asked for kind in ([entry] if isinstance(entry, str) else entry)]


def parsed(body: str) -> Node:
    """Parse the body of a rule of ours, which is one big alternative."""
    return parse(f"({' '.join(body.split())})", OPTIONAL)


def parsed_rules(source: dict[str, Any]) -> dict[str, Node]:
    """Parse the expansion rules of the package or of a block."""
    return {name: parse(body, OPTIONAL) for name, body in source.get("expansion_rules", {}).items()}


def parsed_lists(source: dict[str, Any]) -> dict[str, Node | range]:
    """Parse the lists of the package or of a block; wildcards are left to our values."""
    found: dict[str, Node | range] = {}
    for name, entry in source.get("lists", {}).items():
        if "range" in entry:
            limits = entry["range"]
            found[name] = range(int(limits["from"]), int(limits["to"]) + 1, int(limits.get("step", 1)))
        elif "values" in entry:
            texts = [value if isinstance(value, str) else str(value["in"]) for value in entry["values"]]
            found[name] = parse(f"({'|'.join(texts)})", OPTIONAL)
    return found
