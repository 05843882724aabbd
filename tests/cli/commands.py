"""What the tests of the commands share: files, and what a refusal must look like."""

import json
import os
import re
import sys
from typing import NamedTuple

from canvass.cli.main import program

MUSIC = ("--target", "domain:music", "--size", "10")


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def text(self):
        """What a person reads on a terminal, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.out).replace("\r\n", "\n")


def run_command(terminal, words, folder, environment):
    """Run `canvass` in this process, with a terminal for standard input, output and error."""
    os.setsid()
    opened = os.open(terminal, os.O_RDWR)
    for number in range(3):
        os.dup2(opened, number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - they are open to the end
        for number, mode in enumerate("rww")
    )
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["canvass", *words]
    program()


def record(utterance, *, annotated=True):
    found = {"id": utterance.id or f"u-{utterance.text}", "text": utterance.text}
    if annotated:
        found |= {"domain": utterance.domain, "intent": utterance.intent}
        if utterance.slots is not None:
            found["slots"] = [{"start": s.start, "end": s.end, "label": s.label} for s in utterance.slots]
    return found


def write_records(path, records):
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), encoding="utf-8")


def write(path, utterances, *, annotated=True):
    write_records(path, [record(one, annotated=annotated) for one in utterances])


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def refused(result, *words):
    """One sentence on standard error with all these words, exit code 2, and nothing on standard output."""
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.startswith("canvass: ")
    assert result.err.count("\n") == 1
    assert result.err.endswith("\n")
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err, (word, result.err)
    return True
