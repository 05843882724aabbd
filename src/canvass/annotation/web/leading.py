"""What only a lead of a project asks: exports, backups, changes of labels, and decisions on discovered groups."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from canvass.annotation.exchange.exporting import answer_records, write_export, write_records
from canvass.annotation.project.backing_up import ARCHIVE, back_up
from canvass.annotation.project.groups import groups_of, merge_groups, name_group, refuse_group, split_group
from canvass.annotation.project.labels import delete_label, label_uses, merge_label, rename_label
from canvass.annotation.store.label_names import KINDS
from canvass.annotation.web.reading import Reader
from canvass.annotation.web.service import Service
from canvass.annotation.web.shapes import LONGEST_KEY, LONGEST_LABEL
from canvass.corpus.formats.format import FORMATS

WRITTEN = {kind.name: kind for kind in FORMATS if kind.writes}
SHOWN = 5  # requests of a group
PARTS = ("annotated", "all", "answers")  # what was annotated here; and before; every answer
# What a change of a label, and one of a group, says.
LABEL_CHANGE = ("action", "kind", "name", "new")
GROUP_CHANGE = ("annotator", "action", "group", "new")


class Download(NamedTuple):
    """A file for the browser's folder of downloads; `note` says what it could not carry, or is empty."""

    name: str
    content: bytes
    note: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What tells a browser to keep it; names and sentences may have any characters."""
        return {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(self.name, safe='')}",
            "Canvass-Note": quote(self.note, safe=" "),
        }


def formats(_service: Service, _sent: Reader) -> dict[str, Any]:
    """List the formats that can be exported, and what each loses."""
    return {"formats": [{"name": kind.name, "loses": kind.loses} for kind in WRITTEN.values()]}


def export(service: Service, sent: Reader) -> Download:
    """Write a part of the annotations in a format: one file, or a zip archive where the format has several."""
    part, kind = sent.choice("part", PARTS), WRITTEN[sent.choice("format", tuple(WRITTEN))]
    project, lost = service.project, ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{project.name}-{part}{kind.extensions[0]}"
        if part == "answers":
            write_records(str(path), answer_records(project))
        else:
            losses = write_export(str(path), project, name=kind.name, everything=part == "all").losses
            lost = "; ".join(f"{loss['what']} ({loss['count']:,} x)" for loss in losses.account())
        files = sorted(Path(folder).iterdir())
        if len(files) == 1:
            return Download(files[0].name, files[0].read_bytes(), lost)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
        return Download(f"{project.name}-{part}.zip", packed.getvalue(), lost)


def backup(service: Service, _sent: Reader) -> Download:
    """Copy the project as it is now, as a zip archive."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{service.project.name}{ARCHIVE}"
        back_up(service.project, path)
        return Download(path.name, path.read_bytes())


def labels(service: Service, _sent: Reader) -> dict[str, Any]:
    """List the labels, and how many requests have each."""
    return {"labels": [asdict(use) for use in label_uses(service.project)]}


def change_label(service: Service, sent: Reader) -> dict[str, Any]:
    """Rename a label, merge it into another, or delete it; the models follow in the round that this begins."""
    action = sent.choice("action", ("rename", "merge", "delete"))
    kind, now = sent.choice("kind", tuple(KINDS)), service.now()
    name = sent.text("name", shortest=1, longest=LONGEST_LABEL)
    if action == "delete":
        delete_label(service.project, kind, name, now=now)
    else:
        change = rename_label if action == "rename" else merge_label
        change(service.project, kind, name, sent.text("new", shortest=1, longest=LONGEST_LABEL), now=now)
    service.queue.run_soon()
    return service.guidelines()


def groups(service: Service, _sent: Reader) -> dict[str, Any]:
    """List the groups that `canvass discover` sent and nobody has decided on, with their most typical requests."""
    found = groups_of(service.project)
    return {
        "groups": [
            asdict(group) | {"texts": group.texts[:SHOWN], "size": len(group.texts)} for group in found
        ]
    }


def change_group(service: Service, sent: Reader) -> dict[str, Any]:
    """Name a group as an intent, whose requests are queued, merge it into another, split it, or refuse it."""
    action = sent.choice("action", ("name", "merge", "split", "refuse"))
    first, project = sent.text("group", shortest=1, longest=LONGEST_KEY), service.project
    with service.deciding:
        if action == "name":
            intent, person = sent.name("new"), service.person(sent.annotator())
            name_group(project, first, intent, lambda: service.add_label("intent", intent, "", person))
        elif action == "merge":
            merge_groups(project, first, sent.text("new", shortest=1, longest=LONGEST_KEY))
        else:
            (split_group if action == "split" else refuse_group)(project, first)
    return service.guidelines()
