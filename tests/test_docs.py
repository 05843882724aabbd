"""The docs are tests: every command in them is run, every block of Python, and generated parts must be current."""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from canvass.cli.main import main
from canvass.corpus import demo_corpus
from canvass.corpus.formats import label_studio, prodigy, rasa
from canvass.corpus.formats.losses import Losses, carried
from canvass.corpus.formats.markup import chunks_of
from examples import labelled_and_rest
from exchange_samples import zipped
from pools import opinion_records

ROOT = Path(__file__).parent.parent
START = (ROOT / "docs" / "start.md").read_text()
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# Run by the tests of their own, or only on a machine where one may wait.
NOT_HERE = (
    "make ",
    "git clone",
    "pip install",
    "python -m benchmarks.",
    "canvass demo",
    "canvass corpus get",
    "canvass label-studio",
)

SHELL = set("|&;<>*?$`")  # what a shell would make something of


def blocks(language):
    for page in PAGES:
        for found in re.finditer(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
            yield pytest.param(
                found[1], id=f"{page.name}:{page.read_text()[: found.start()].count(chr(10)) + 1}"
            )


def sessions():
    """The commands of each block, in their order: one may read what another wrote."""
    for block in blocks("console"):
        lines = [line[2:] for line in block.values[0].splitlines() if line.startswith("$ ")]
        if here := [line for line in lines if not line.startswith(NOT_HERE)]:
            # Studies take seconds; the slow test below runs them as well.
            studies = any(line.startswith("canvass simulate") for line in here)
            yield pytest.param(here, id=block.id, marks=[pytest.mark.slow] if studies else [])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files that the docs speak of."""
    path = tmp_path_factory.mktemp("docs")
    labelled, rest = labelled_and_rest()

    def write(name, utterances, *, labels):
        with (path / name).open("w", encoding="utf-8") as file:
            for i, one in enumerate(utterances):
                record = {"id": f"{name}-{i}", "text": one.text}
                if labels:
                    record |= {"domain": one.domain, "intent": one.intent}
                    if one.slots is not None:
                        record["slots"] = [
                            {"start": s.start, "end": s.end, "label": s.label} for s in one.slots
                        ]
                file.write(json.dumps(record, ensure_ascii=False) + "\n")

    write("labelled.jsonl", labelled, labels=True)
    write("test.jsonl", rest, labels=True)
    write("pool.jsonl", rest, labels=False)
    with (path / "scored.jsonl").open("w", encoding="utf-8") as file:
        for record in opinion_records(rest):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    (path / "pool").mkdir()
    write("pool/a.jsonl", rest[::2], labels=False)
    write("pool/b.jsonl", rest[1::2], labels=False)
    with (path / "dated.jsonl").open("w", encoding="utf-8") as file:
        for i, one in enumerate(rest):
            file.write(json.dumps({"text": one.text, "at": f"2026-11-{i % 28 + 1:02}"}) + "\n")
    (path / "requests.txt").write_text("\n".join(one.text for one in rest), encoding="utf-8")
    # What other tools export.
    for name, kind in (
        ("nlu.yml", rasa.FORMAT),
        ("db-out.jsonl", prodigy.FORMAT),
        ("export.json", label_studio.FORMAT),
    ):
        losses = Losses()
        kind.write_annotated(str(path / name), carried(labelled, kind.carries, losses), losses)
    (path / "agent.zip").write_bytes(agent(labelled))
    return path


def agent(utterances):
    """Export an agent of Dialogflow."""
    members = {"agent.json": {"language": "en"}}
    for one in utterances:
        members.setdefault(f"intents/{one.intent}.json", {"name": one.intent})
        phrases = members.setdefault(f"intents/{one.intent}_usersays_en.json", [])
        chunks = [
            {"text": words} | ({"alias": label} if label is not None else {})
            for words, label in chunks_of(one)
        ]
        phrases.append({"data": chunks, "isTemplate": False})
    return zipped(members)


@pytest.fixture
def folder(files, tmp_path):
    """A folder of its own for each block: two pages may make a project of the same name."""
    return shutil.copytree(files, tmp_path / "docs")


@pytest.mark.parametrize("lines", list(sessions()))
def test_commands_in_the_docs_run(folder, lines, monkeypatch, capfd):
    """Without starting Python for each: what is not a command of canvass alone is given to a shell."""
    monkeypatch.chdir(folder)
    for line in lines:
        words = shlex.split(line)
        if words[0] != "canvass" or SHELL & set(line):
            run_in_a_shell(line, folder)
            continue
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        errors = capfd.readouterr().err
        assert not ended.value.code, errors
        assert "Traceback" not in errors


@pytest.mark.slow
def test_the_first_hour_gains_what_the_docs_say(tmp_path, monkeypatch, capfd):
    """The commands of docs/start.md on requests of which a third are labelled, by somebody who knows all intents."""
    monkeypatch.chdir(tmp_path)
    known = demo_corpus.generate(seed=3, size=1500)
    gold = {one.text: one.intent for one in known}
    rows = [[one.text, "" if number % 3 else one.intent] for number, one in enumerate(known)]
    with Path("requests.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "intent"], *rows])
    lines = [line[2:] for block in blocks("console hour") for line in block.values[0].splitlines()]
    assert len(lines) == 11
    told = []
    for line in lines:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as ended:
            main()
        read = capfd.readouterr()
        assert not ended.value.code, read.err
        told.append(read.out)
        if line.endswith("batch.csv"):
            answer_batch(gold)
    curve = [entry["intent_error"] for entry in json.loads(told[-3])["curve"]]
    assert curve == [0.43, 0.38, 0.38]
    labels = len({intent for _, intent in rows} - {""})
    figures = re.search(
        r"500 of them labelled with (\d+) intents.*?(\d+) % to (\d+) %.*?at (\d+) %", START, re.DOTALL
    )
    assert [int(figure) for figure in figures.groups()] == [labels, *(round(100 * error) for error in curve)]
    with Path("labelled.csv").open(encoding="utf-8", newline="") as file:
        assert sum(bool(row["intent"]) for row in csv.DictReader(file)) == 600


def answer_batch(gold):
    """Correct the predicted intents of batch.csv, as somebody in a spreadsheet would."""
    with Path("batch.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["predicted_intent"] = gold[row["text"]]
    with Path("batch.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@pytest.mark.slow
@pytest.mark.parametrize("lines", list(sessions()))
def test_commands_in_the_docs_run_as_they_are(folder, lines):
    for line in lines:
        run_in_a_shell(line, folder)


def run_in_a_shell(line, folder):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def imports_much(case):
    """Whether a program imports another tool, which takes seconds."""
    return bool(re.search(r"import (small_text|skactiveml|spacy)|from (small_text|skactiveml|spacy)", case))


def programs():
    for block in blocks("python"):
        marks = [pytest.mark.slow] if imports_much(block.values[0]) else []
        yield pytest.param(block.values[0], id=block.id, marks=marks)


@pytest.mark.parametrize("program", list(programs()))
def test_python_in_the_docs_runs(folder, program, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    exec(compile(program, "docs", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.slow
def test_generated_parts_are_current():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_lead_somewhere():
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(
            r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        )
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_the_index_leads_to_every_page():
    """With decisions by their own index."""
    index = ROOT / "docs" / "README.md"
    reached, waiting = set(), [index, ROOT / "docs" / "decisions" / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        if page.name == "README.md":
            linked = [
                (page.parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+\.md)", page.read_text())
            ]
            waiting += [link for link in linked if link not in reached]
    assert [page for page in PAGES if page not in reached and page != ROOT / "README.md"] == []


def test_every_strategy_and_command_is_in_the_docs():
    from canvass.cli.main import COMMANDS
    from canvass.strategies import STRATEGIES

    everything = "\n".join(page.read_text() for page in PAGES)
    assert [name for name in STRATEGIES if f"`{name}`" not in everything] == []
    assert [name for name in COMMANDS if f"`canvass {name}`" not in everything] == []


def test_the_readme_names_the_test_command_that_ci_runs():
    assert "make test" in (ROOT / "README.md").read_text()
    assert "\nmake test" in (ROOT / ".ci" / "run").read_text()
