"""canvass.toml: the settings of a project as a file for people, with a comment for each; read by tomllib."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from canvass.annotation.project.settings import (
    AssistantSettings,
    ColumnsSettings,
    LabelGuide,
    PageSettings,
    ProjectSettings,
    QueueSettings,
    Settings,
    rules,
)
from canvass.annotation.store.label_names import LabelKind
from canvass.errors import FileError, InputError, nearest, shown
from canvass.files import whole_file

SECTIONS: dict[str, tuple[type[Any], str]] = {
    "project": (ProjectSettings, "What is chosen, how, and from what."),
    "columns": (ColumnsSettings, "The columns of the pool."),
    "queue": (QueueSettings, "How the queue is kept fresh."),
    "page": (PageSettings, "What the page shows and allows."),
    "assistant": (AssistantSettings, "What an assistant (canvass annotate --assistant) may cost."),
}
OLD_COLUMNS = "fields"  # the name of [columns] in projects made before 0.1
LABELS = {
    "intents": "The intents that annotators choose from. The page shows descriptions and examples as guidelines: edit "
    "them, add and remove.",
    "slots": "The slot labels; the value stands in [brackets] in their examples.",
}
HEADING = "The settings of a canvass project. A running server reads them when it starts."
WIDTH = 100


def write_settings(path: Path, settings: Settings) -> None:
    """Write the file, whole or not at all; raises FileError if it cannot be written."""
    with whole_file(path) as stream:
        stream.write(settings_text(settings).encode())


def settings_text(settings: Settings) -> str:
    """Write settings as TOML, with the words of each as a comment above it."""
    parts = [_comment(HEADING)]
    for name, (_, words) in SECTIONS.items():
        section = getattr(settings, name)
        lines = [f"{_comment(words)}\n[{name}]"]
        lines += [
            f"{_comment(rule.words)}\n{setting} = {_value(getattr(section, setting))}"
            for setting, rule in rules(section).items()
        ]
        parts.append("\n".join(lines))
    for name, words in LABELS.items():
        parts.append(_comment(words))
        parts += [_guide_text(name, guide) for guide in getattr(settings, name)]
    return "\n\n".join(parts) + "\n"


def _guide_text(section: str, guide: LabelGuide) -> str:
    lines = [f"{setting} = {_value(getattr(guide, setting))}" for setting in rules(guide)]
    return "\n".join([f"[[{section}]]", *lines])


def rewrite_guide(path: Path, kind: LabelKind, name: str, guide: LabelGuide | None) -> None:
    """Put a guide into the place of the one of this name, or take that one out; the rest of the file stays as it is.

    A file in which people have moved tables about is written anew, without their comments.

    Raises FileError and InputError as `read_settings` and `write_settings` do.
    """
    settings, section = read_settings(path), f"{kind}s"
    changed = (guide if known.name == name else known for known in settings.guides(kind))
    guides: dict[str, Any] = {section: tuple(filter(None, changed))}
    expected = replace(settings, **guides)
    text = path.read_text(encoding="utf-8")
    # A table ends before the next one, or before a comment.
    table = re.compile(rf"^\[\[{section}\]\]\n(?:[^\[#\n].*\n)*\n*", re.MULTILINE)

    def edited(match: re.Match[str]) -> str:
        read = tomllib.loads(match[0])[section][0]
        if read.get("name") != name:
            return match[0]
        return "" if guide is None else f"{_guide_text(section, guide)}\n\n"

    try:
        text = table.sub(edited, text)
        kept = _settings_of(text, path) == expected
    except (tomllib.TOMLDecodeError, InputError):
        kept = False
    with whole_file(path) as stream:
        stream.write((text if kept else settings_text(expected)).encode())


def _comment(words: str) -> str:
    return textwrap.fill(words, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _value(value: Any) -> str:
    if isinstance(value, str):
        # A string of JSON is one of TOML, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        one_line = ", ".join(map(_value, value))
        if len(one_line) < WIDTH - len("examples = []"):
            return f"[{one_line}]"
        return "[\n" + "".join(f"    {_value(item)},\n" for item in value) + "]"
    return json.dumps(value)


def read_settings(path: Path) -> Settings:
    """Read and check the file.

    Raises FileError if it is missing or cannot be read, and InputError if it is no TOML, has a key that is no setting
    (the nearest is named), lacks one that must be there, or a value makes no sense.
    """
    try:
        return _settings_of(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise FileError(f"{path}: could not be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not valid UTF-8 at byte {error.start}; write the file as UTF-8") from error


def _settings_of(text: str, path: Path) -> Settings:
    """Read and check the text of a file."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML ({error}); mend the line") from error
    if OLD_COLUMNS in document and "columns" not in document:
        document["columns"] = document.pop(OLD_COLUMNS)
    _refuse_unknown(document, [*SECTIONS, *LABELS], f"{path}: ", "section")
    for name, (kind, _) in SECTIONS.items():
        if isinstance(table := document.get(name), dict):
            _refuse_unknown(table, list(rules(kind)), f"{path}: {name}.", "setting")
    parts: dict[str, Any] = {}
    for name, (kind, _) in SECTIONS.items():
        parts[name] = _section(kind, document.get(name, {}), f"{path}: {name}")
    for name in LABELS:
        tables = document.get(name, [])
        if not isinstance(tables, list):
            raise InputError(f"{path}: {name} is {shown(tables)}; expected tables, each under [[{name}]]")
        parts[name] = tuple(
            _section(LabelGuide, table, f"{path}: {name}[{number}]") for number, table in enumerate(tables, 1)
        )
    settings = Settings(**parts)
    settings.check(str(path))
    return settings


def _section(kind: type[Any], table: Any, where: str) -> Any:
    if not isinstance(table, dict):
        raise InputError(f"{where} is {shown(table)}; expected a table of settings")
    _refuse_unknown(table, list(rules(kind)), f"{where}.", "setting")
    for setting in fields(kind):
        if setting.default is MISSING and setting.name not in table:
            raise InputError(
                f"{where}.{setting.name} is missing; write {setting.name} = ... ({setting.metadata['rule'].words})"
            )
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in table.items()})


def _refuse_unknown(table: Mapping[str, Any], known: list[str], where: str, what: str) -> None:
    for name in table:
        if name not in known:
            raise InputError(
                f"{where}{name} is no {what}{nearest(name, known)} (there are {', '.join(known)})"
            )
