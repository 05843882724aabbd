"""The queue that benchmarks of the page serve has all that the page asks of a queue."""

import sys
from pathlib import Path

from projects import make_project

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.servers.browser import StillQueue

from canvass.annotation.web.api import project
from canvass.annotation.web.reading import Reader
from canvass.annotation.web.service import Service


def test_the_page_can_be_shown(tmp_path):
    with make_project(tmp_path / "music") as music:
        service = Service(music, StillQueue())
        assert project(service, Reader({}, "project", ()))["assistant"] is None
        assert service.queue_shape()["assistant"] == ""
