"""`canvass label-studio push` and `pull`: what they say without a Label Studio. With one: test_rounds.py."""

import sys

import pytest
from projects import make_project

from canvass.integrations.label_studio.tokens import VARIABLE

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "0123456789abcdef0123456789abcdef01234567")
    with make_project(tmp_path / "music") as made:
        return made.folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("push",), "--url is missing, and nothing of this project was pushed yet"),
        (("pull",), "--url is missing, and nothing of this project was pushed yet"),
        (("push", "--url", "label-studio"), "--url 'label-studio' is no address of a server"),
        (("push", "--url", NOBODY), f"{NOBODY}: Label Studio cannot be reached (Connection refused)"),
        (("pull", "--url", NOBODY), f"{NOBODY}: Label Studio cannot be reached (Connection refused)"),
        (("push", "--url", NOBODY, "--size", "0"), "--size 0 makes no sense"),
        (("push", "--url", NOBODY, "--project", "1", "--new-project"), "leave one out"),
        (("pull", "--url", NOBODY, "--annotator", "ada"), "--annotator 'ada': expected EMAIL=NAME"),
        (
            ("pull", "--url", NOBODY, "--token-file", "none"),
            "--token-file none: cannot be read (No such file",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(canvass, folder, words, said):
    verb, *options = words
    done = canvass("label-studio", verb, folder, *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_no_token(canvass, folder, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    done = canvass("label-studio", "push", folder, "--url", NOBODY)
    assert done.code == 2
    assert "write it into a file and name that with --token-file, or set LABEL_STUDIO_API_KEY" in done.err


def test_another_address_is_asked_about(canvass, folder, tmp_path):
    from canvass.annotation.project.project import Project
    from canvass.integrations.label_studio.link import Link

    with Project.open(folder) as project:
        Link.of(project.store).at("http://one.test", 3).kept(project.store)
    assert canvass("label-studio", "pull", folder).err.startswith(
        "canvass: http://one.test: Label Studio cannot be"
    )


def test_without_the_extra(canvass, folder, monkeypatch):
    monkeypatch.delitem(sys.modules, "canvass.integrations.label_studio.client", raising=False)
    monkeypatch.setitem(sys.modules, "httpx", None)
    done = canvass("label-studio", "push", folder, "--url", NOBODY)
    assert (done.code, done.out) == (2, "")
    assert "pip install 'canvass-nlu[label-studio]'" in done.err


def test_the_group_names_its_commands(canvass):
    shown = canvass("label-studio", "--help")
    assert shown.code == 0
    for name in ("push", "pull", "serve"):
        assert f"\n  {name} " in shown.out
