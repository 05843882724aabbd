"""The commands of docs/label-studio.md and docs/coming-from.md that need a Label Studio, line for line, with a real one."""

import re
from pathlib import Path

import pytest
from commands import write
from label_studio_server import needs_label_studio
from people_there import annotate, next_task

from canvass.annotation.project.project import Project
from canvass.corpus.formats import label_studio as tasks_format
from canvass.corpus.formats.losses import Losses, carried
from canvass.integrations.label_studio.link import Link
from examples import labelled_and_rest

pytestmark = needs_label_studio

DOCS = Path(__file__).parents[3] / "docs"
ADDRESS = "http://localhost:8080"
# The ML backend waits for requests; its commands are run by tests of their own.
NOT_HERE = ("pip install", "canvass label-studio serve")


def sessions():
    for page in ("label-studio.md", "coming-from.md"):
        for block in re.findall(
            r"^```console\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE
        ):
            lines = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
            if any("label-studio push" in line for line in lines):
                yield pytest.param([one for one in lines if not one.startswith(NOT_HERE)], id=page)


@pytest.mark.parametrize("lines", list(sessions()))
def test_commands_in_the_docs_run(lines, *, label_studio, client, canvass, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known, rest = labelled_and_rest(2)
    write(tmp_path / "labelled.jsonl", known)
    write(tmp_path / "pool.jsonl", rest, annotated=False)
    kind = tasks_format.FORMAT
    losses = Losses()
    kind.write_annotated("export.json", carried(known, kind.carries, losses), losses)
    (tmp_path / "token").write_text(label_studio.personal.value)
    assert len(lines) > 3
    for line in lines:
        name, *words = line.split()
        assert name == "canvass"
        done = canvass(*(label_studio.url if one == ADDRESS else one for one in words))
        assert done.code == 0, (line, done.err)
        if words[1] == "push":
            with Project.open(words[2]) as project:
                number = Link.of(project.store).project
            annotate(client, next_task(client, number), "PlayMusic")
        if words[1] == "pull":
            assert '"answered": 1' in done.out
