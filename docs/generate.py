"""Write the generated parts of the docs: the table of strategies, the help of all commands, the list of modules.

`python docs/generate.py` writes them; `--check` only says which are stale (a test runs it).
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from canvass.annotation.project.settings import ProjectSettings, Settings
from canvass.annotation.project.settings_file import LABELS, settings_text
from canvass.annotation.store.records import State
from canvass.annotation.store.schema import SCHEMA
from canvass.annotation.store.tasks import STATES, TRANSITIONS, Event
from canvass.cli.main import app
from canvass.corpus.catalogue import CORPORA
from canvass.corpus.formats import FORMATS
from canvass.strategies import DEFAULT, DEFAULT_FOR_ALL, STRATEGIES

DOCS = Path(__file__).parent
SOURCE = DOCS.parent / "src" / "canvass"
LAYERS = runpy.run_path(str(DOCS.parent / "tests" / "test_layers.py"))["LAYERS"]
COMMANDS = (
    "select",
    "discover",
    "watch",
    "train",
    "predict",
    "evaluate",
    "new",
    "annotate",
    "next",
    "import",
    "status",
    "judge",
    "labels",
    "export",
    "backup",
    "convert",
    "formats",
    "corpus",
    "corpus list",
    "corpus get",
    "label-studio",
    "label-studio push",
    "label-studio pull",
    "label-studio serve",
    "simulate",
    "report",
    "curve",
    "words",
    "demo",
    "compile",
    "strategies",
)
# Formats that share a page with another.
PAGES_OF_SEVERAL = dict.fromkeys(("jsonl", "csv", "tsv", "parquet", "text"), "canvass") | {
    "snips-benchmark": "snips",
    "rasa-md": "rasa",
    "rasa-json": "rasa",
    "dialogflow-cx": "dialogflow",
    "json": "canvass",
    "label-studio-csv": "label-studio",
    "ludown": "luis",
    "lex-v1": "lex",
    "snips-yaml": "snips",
    "topv2": "mtop",
    "rhasspy": "home-assistant",
    "padatious": "home-assistant",
    "tokens": "canvass",
}
TWINS_ONLY = "tests and docs only"
EVENTS: dict[Event, str] = {
    "lease": "a page takes it, or keeps it",
    "release": "it is given back, or its time is over",
    "answer": "those who said something agree, and enough were heard",
    "skip": "all who were heard passed",
    "disagree": "two said different things",
    "adjudicate": "an adjudicator said what counts",
    "reopen": "another person's answer is wanted, or an assistant's was withdrawn",
    "withdraw": "newer models chose others, and nobody has seen it",
}


def diagram() -> str:
    """Draw the table as a Mermaid state diagram, one arrow for each pair of states."""
    lines = ["stateDiagram-v2", "    [*] --> open"]
    arrows: dict[tuple[State, State | None], list[Event]] = {}
    for (state, event), following in TRANSITIONS.items():
        arrows.setdefault((state, following), []).append(event)
    lines += [
        f"    {state} --> {following or '[*]'}: {', '.join(events)}"
        for (state, following), events in arrows.items()
    ]
    return "\n".join(lines)


def strategies() -> str:
    """Make the table of strategies."""
    lines = ["| strategy | filter | score | models | from |", "| --- | --- | --- | --- | --- |"]
    for one in STRATEGIES.values():
        name = f"**`{one.name}`**" if one.name in (DEFAULT, DEFAULT_FOR_ALL) else f"`{one.name}`"
        models = ", ".join(sorted(one.models)) or "none"
        lines.append(f"| {name} | {one.filter} | {one.formula} | {models} | {one.source} |")
    return "\n".join(lines)


def commands() -> str:
    """Print the help of every command, as on a terminal of 100 columns."""
    runner, environment = CliRunner(), {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    parts = []
    for words in ([], *(name.split() for name in COMMANDS)):
        result = runner.invoke(app, [*words, "--help"], prog_name="canvass", env=environment)
        if result.exit_code:
            raise RuntimeError(f"canvass {' '.join(words)} --help: {result.output}")
        shown = result.stdout
        shown = "\n".join(line.rstrip() for line in shown.strip("\n").splitlines())
        title = " ".join(["canvass", *words])
        parts.append(f"## `{title}`\n\n```text\n{shown}\n```")
    return "\n\n".join(parts)


def layout() -> str:
    """List every module with the first sentence of its docstring, by package, in the order of the layers."""
    lines = []
    for package in itertools.chain.from_iterable(LAYERS):
        path = SOURCE / package
        if path.is_dir():
            lines += [
                f"\n### `{package}`\n\n{first_sentence(package)}.\n",
                "| module | what it is |",
                "| --- | --- |",
            ]
            modules = sorted(
                ".".join(file.relative_to(SOURCE).with_suffix("").parts)
                for file in path.rglob("*.py")
                if file.name != "__init__.py"
            )
            lines += [
                f"| `{module.removeprefix(package + '.')}` | {first_sentence(module)} |" for module in modules
            ]
        else:
            lines.append(f"\n### `{package}`\n\n{first_sentence(package)}.")
    return "\n".join(lines)


def first_sentence(module: str) -> str:
    """Take the first line of a module's docstring."""
    path = SOURCE / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return docstring.splitlines()[0].rstrip(".").replace("|", "\\|")


def formats() -> str:
    """Make the table of formats, each with a link to its page."""
    lines = [
        "| format | extensions | can | recognised by | carries, beside the text | loses |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in FORMATS:
        uses = ("annotations", one.read), ("pool", one), ("write", one.write_annotated)
        cells = (
            f"[`{one.name}`](formats/{PAGES_OF_SEVERAL.get(one.name, one.name)}.md)",
            " ".join((*(f"`{extension}`" for extension in one.extensions), *["folder"] * one.reads_folders)),
            ", ".join(name for name, use in uses if use is not None),
            one.sniffed or "the extension",
            ", ".join(name for name in one.carries if name != "text") or "nothing",
            one.loses or "nothing",
        )
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def corpora() -> str:
    """Make the table of the public corpora."""
    lines = ["| corpus | licence | locales | files | format |", "| --- | --- | --- | --- | --- |"]
    for one in CORPORA:
        locales = f"{len(one.locales)}, `{one.locale}` if none is named" if len(one.locales) > 1 else "en"
        files = ", ".join(f"`{name}.jsonl`" for name in one.splits or ("all",))
        page = PAGES_OF_SEVERAL.get(one.format, one.format)
        note = f"; {one.note}" if one.note else ""
        lines.append(
            f"| [`{one.name}`]({one.homepage}): {one.title.partition(': ')[2]}{note} | "
            f"[{one.licence}]({one.licence_address}) | {locales} | {files} | [`{one.format}`](formats/{page}.md) |"
        )
    return "\n".join(lines)


def tasks() -> str:
    """Draw the life of a task, and say what its states and events are."""
    states = [f"| `{name}` | {words} |" for name, words in STATES.items()]
    events = [f"| {name} | {words} |" for name, words in EVENTS.items()]
    return "\n".join(
        [f"```mermaid\n{diagram()}\n```\n", "| state or event | meaning |", "| --- | --- |", *states, *events]
    )


def keys() -> str:
    """Make the table of the page's keys, from the table that the keyboard is read by."""
    source = (SOURCE / "annotation" / "web" / "page" / "keys.js").read_text()
    signs = javascript(source, "const SIGNS = ")

    def written(name: str) -> str:
        return f"`{' '.join(signs.get(part, part) for part in re.split(r'[+](?=.)', name))}`"

    lines = ["| | keys | what they do |", "| --- | --- | --- |"]
    for group in javascript(source, "export const KEYS = "):
        title = group["title"]
        for names, _, *words in group["rows"]:
            shown = ", ".join(written(name) for name in names) or words[0]
            lines.append(f"| {title} | {shown} | {words[-1]} |")
            title = ""
    return "\n".join(lines)


def javascript(source: str, beginning: str) -> Any:
    """Read a constant of a script: JSON, but for names without quotes and commas at the end."""
    text = source.partition(beginning)[2].partition(";\n\n")[0]
    quoted = re.sub(r"^(\s*)(\w+):", r'\1"\2":', text, flags=re.MULTILINE)
    return json.loads(re.sub(r",(\s*[\]}])", r"\1", quoted))


def settings() -> str:
    """Print canvass.toml as it is at first, up to the labels."""
    example = Settings(project=ProjectSettings(target="domain:music", pool=("/data/requests.parquet",)))
    text = settings_text(example)
    return f"```toml\n{text[: text.index('# ' + LABELS['intents'][:20])].rstrip()}\n```"


def schema() -> str:
    """Print the schema of the database."""
    return f"```sql\n{SCHEMA.strip()}\n```"


PARTS = {
    "corpora": (DOCS / "corpora.md", corpora),
    "formats": (DOCS / "formats.md", formats),
    "strategies": (DOCS / "strategies.md", strategies),
    "commands": (DOCS / "commands.md", commands),
    "layout": (DOCS / "layout.md", layout),
    "tasks": (DOCS / "projects.md", tasks),
    "keys": (DOCS / "annotate.md", keys),
    "settings": (DOCS / "projects.md", settings),
    "schema": (DOCS / "projects.md", schema),
}


def main() -> int:
    """Write, or check, every generated part; returns the number of stale ones when checking."""
    stale = []
    for name, (path, make) in PARTS.items():
        before = path.read_text()
        pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        if not pattern.search(before):
            sys.exit(f"docs/{path.name} has no place for the part {name}")
        made = make()
        after = pattern.sub(lambda found, made=made: f"{found[1]}{made}{found[2]}", before)  # type: ignore[misc]
        if after != before:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(after)
    print(
        "\n".join(
            f"docs/{name} {'is stale; run make docs' if '--check' in sys.argv else 'written'}"
            for name in stale
        )
    )
    return len(stale) if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
