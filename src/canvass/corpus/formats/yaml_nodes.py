"""YAML without its dangers: strings, lists and mappings with their lines; no tags, no aliases that explode.

Values stay the strings that were written (`no` is an intent's name, not False), and null is None: each format knows
what it expects where. PyYAML parses; nothing is constructed from what a file asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from canvass.corpus.formats.losses import SETTINGS, BadLines
from canvass.corpus.formats.sources import AS_UTF8, BYTE_ORDER_MARK, whole
from canvass.errors import InputError, location, shown

DEEPEST = 60
# More bytes, and more values once aliases are followed, than a file that people write will ever have.
LARGEST_FILE = 1 << 28
MOST_VALUES = 5_000_000
TOO_DEEP = f"values are nested more than {DEEPEST} deep; expected a flat file"
NULLS = ("", "~", "null", "Null", "NULL")
STRING_TAGS = (None, "tag:yaml.org,2002:str", "!")


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the file that it stands in, and the line it begins on.

    `values` counts the values within, aliases followed, and `height` how deep they are nested, itself included.
    """

    value: str | list[Node] | dict[str, Node] | None
    path: str
    line: int
    values: int = 1
    height: int = 1
    is_block: bool = False  # written as a block, "|": its lines are lines of the file

    @property
    def mapping(self) -> dict[str, Node]:
        """The entries of a mapping; of anything else, none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The items of a list; of anything else, none."""
        return self.value if isinstance(self.value, list) else []

    @property
    def where(self) -> str:
        """The place, for a sentence."""
        return location(self.path, self.line)

    def wrong(self, words: str) -> InputError:
        """Make the error for a value that is not what was expected."""
        return InputError(f"{self.where}: {shown(self.plain)} {words}")

    def tell_unread(self, bad: BadLines, known: AbstractSet[str]) -> None:
        """Note the entries of a mapping that are not among the known ones, as `BadLines.unused` does."""
        others = {name: node.plain for name, node in self.mapping.items() if name not in known}
        bad.unused(others, known, self.where, settings=SETTINGS)

    @property
    def plain(self) -> Any:
        """The value without lines, for a sentence."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        return [node.plain for node in self.value] if isinstance(self.value, list) else self.value


def read_yaml(path: str) -> Node:
    """Read a file of one YAML document.

    Raises InputError if it is not YAML, has tags, keys that appear twice, or too many or too deeply nested values.
    """
    data = whole(path, LARGEST_FILE).removeprefix(BYTE_ORDER_MARK)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{location(path, line)}: not valid UTF-8; {AS_UTF8}") from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: str) -> Node:
    r"""Parse one YAML document; raises as `read_yaml` does, naming `path`.

    >>> parse_yaml("intent: no\nexamples: [a, 'b']", "nlu.yml").plain
    {'intent': 'no', 'examples': ['a', 'b']}
    """
    import yaml

    try:
        return _Builder(
            path, yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        ).document()
    except RecursionError as error:
        raise InputError(f"{path}: {TOO_DEEP}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        # The parser reads a line ahead of its events, so its own limit may come before ours.
        if line and any(map(_is_deep, text.split("\n")[line - 1 : line])):
            raise InputError(f"{location(path, line)}: {TOO_DEEP}") from error
        raise InputError(
            f"{location(path, line)}: not valid YAML ({error.problem or error.context}); "
            "look at the indentation and quotes"
        ) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise InputError(
            f"{location(path, line)}: the character {shown(chr(max(int(error.character), 0)))} is not allowed in YAML; "
            "write it as an escape in double quotes"
        ) from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({shown(str(error))}); write the file anew") from error


def _is_deep(line: str) -> bool:
    """Tell whether the brackets of a line are nested deeper than a file may be."""
    steps = ((character in "[{") - (character in "]}") for character in line)
    return max(itertools.accumulate(steps), default=0) > DEEPEST


class _Builder:
    """Builds nodes from PyYAML's events, whose nesting its parser follows without recursion."""

    def __init__(self, path: str, events: Iterator[Any]) -> None:
        self._path, self._events = path, events
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node:
        import yaml

        roots: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if roots:
                    raise self._error(event, "a second document begins; expected one in a file")
                roots.append(self._node(next(self._events), 1))
        return roots[0] if roots else Node(None, self._path, 1)

    def _error(self, event: Any, words: str) -> InputError:
        return InputError(f"{location(self._path, event.start_mark.line + 1)}: {words}")

    def _node(self, event: Any, depth: int) -> Node:
        import yaml

        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._error(event, f"the alias {shown(event.anchor)} stands for nothing before it")
            return self._anchors[event.anchor]
        if event.tag not in STRING_TAGS:
            raise self._error(event, f"the tag {shown(event.tag)} is refused; data need none, so take it out")
        if depth > DEEPEST:
            raise self._error(event, TOO_DEEP)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            null = event.implicit[0] and event.value in NULLS
            node = Node(None if null else event.value, self._path, line, is_block=event.style == "|")
        elif isinstance(event, yaml.SequenceStartEvent):
            items = list(self._sequence(depth))
            node = self._above(event, items, items)
        else:
            entries = dict(self._mapping(depth))
            node = self._above(event, entries, list(entries.values()))
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _above(self, event: Any, value: list[Node] | dict[str, Node], inner: list[Node]) -> Node:
        """Make the node above others; what aliases stand for counts each time."""
        values = 1 + sum(node.values for node in inner)
        height = 1 + max((node.height for node in inner), default=0)
        if values > MOST_VALUES or height > DEEPEST:
            raise self._error(event, "aliases make too much of too little; write the values out")
        return Node(value, self._path, event.start_mark.line + 1, values, height)

    def _sequence(self, depth: int) -> Iterator[Node]:
        import yaml

        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, depth: int) -> Iterator[tuple[str, Node]]:
        import yaml

        seen: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            name = "" if key.value is None else key.value
            if not isinstance(name, str):
                raise self._error(event, "the key of an entry is a list or a mapping; expected a name")
            if name in seen:
                raise self._error(
                    event, f"the key {shown(name)} was given before, on line {seen[name]}; take one out"
                )
            seen[name] = key.line
            yield name, self._node(next(self._events), depth + 1)
