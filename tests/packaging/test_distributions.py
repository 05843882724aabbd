"""Wheel and sdist are what users get: installed into empty environments, away from the checkout, they do the job."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = ("3.11", "3.12", "3.13")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distributions")]


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def outside():
    """Give the environment without what points into the checkout."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def interpreter(version):
    """Find a Python of this version; None where there is none that starts."""
    candidates = [f"python{version}", *Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python")]
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            done = subprocess.run(
                [found, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.stdout.strip() == version:
                return found
    return None


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


def test_metadata_is_what_an_index_wants(distributions):
    files = sorted(map(str, distributions.iterdir()))
    assert [Path(name).name.split("-")[0] for name in files] == ["canvass_nlu", "canvass_nlu"]
    run(sys.executable, "-m", "twine", "check", "--strict", *files)


def test_the_wheel_holds_the_package_and_its_data_alone(distributions):
    (wheel,) = distributions.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"canvass", "canvass_nlu"}
    package = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "canvass").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package == {name for name in names if name.startswith("canvass/")}
    (source,) = distributions.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "src/canvass/__init__.py"} <= held


INSTALL_LINE = re.compile(r"pip install '?(?:/src|\.)(?:\[([a-z,-]+)\])?'?")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_install_line_of_the_docs_is_of_a_wheel_that_resolves(distributions):
    (wheel,) = distributions.glob("*.whl")
    extras = {extra for page in PAGES for extra in INSTALL_LINE.findall(page.read_text())}
    assert {"", "annotate", "dask", "spark"} <= extras
    for page in PAGES:
        lines = [
            line for line in page.read_text().splitlines() if "pip install" in line and "canvass" in line
        ]
        assert all(INSTALL_LINE.search(line) for line in lines), f"{page}: {lines}"
    everything = ",".join(sorted(extras - {""}))
    done = run(
        sys.executable, "-m", "pip", "install", "--dry-run", "--no-build-isolation", f"{wheel}[{everything}]"
    )
    assert "does not provide the extra" not in done


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
@pytest.mark.parametrize("version", VERSIONS)
def test_it_works_where_nothing_else_is(distributions, tmp_path, version, kind):
    if version != VERSIONS[0] and kind == "*.tar.gz":
        pytest.skip("the sdist makes the same wheel for every version: it is tried with the first")
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    (file,) = distributions.glob(kind)
    run(python, "-m", "venv", tmp_path / "env")
    pip = (tmp_path / "env" / "bin" / "python", "-m", "pip", "install", "--quiet")
    run(*pip, "--require-hashes", "--requirement", ROOT / "requirements" / "build.txt")
    run(*pip, "--require-hashes", "--requirement", ROOT / "requirements" / "demo.txt")
    run(*pip, "--no-deps", "--no-build-isolation", file)
    canvass = tmp_path / "env" / "bin" / "canvass"
    # The steps of docs/scale.md's Containerfile, after the installation.
    assert "RUN canvass compile" in (ROOT / "docs" / "scale.md").read_text()
    options = {"cwd": tmp_path, "env": outside() | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}}
    run(canvass, "compile", **options)
    assert "fewer errors" in run(canvass, "demo", **options)
    records = [
        {"text": f"play {word}", "domain": "music", "intent": "Play", "slots": [{"start": 5, "end": 5 + len(word), "label": "song"}]}
        for word in ("river", "hello", "jolene", "help", "blue", "creep", "zombie", "fields", "roar", "halo")
    ]  # fmt: skip
    others = [
        {"text": f"wake me at {hour}", "domain": "alarm", "intent": "Set", "slots": []} for hour in range(10)
    ]
    lines = [json.dumps(record) + "\n" for record in [*records, *others]]
    (tmp_path / "labelled.jsonl").write_text("".join(lines))
    (tmp_path / "pool.txt").write_text("play naïve 歌\nplay some jazz\nwake me up\nplay purple rain\n")
    run(
        canvass,
        "select",
        "labelled.jsonl",
        "pool.txt",
        "--target",
        "domain:music",
        "--size",
        "2",
        "-o",
        "batch.jsonl",
        **options,
    )
    assert len((tmp_path / "batch.jsonl").read_text().splitlines()) == 2
    run(
        canvass, "simulate", "labelled.jsonl", "--test", "fifth", "--target", "domain:music", "--strategy", "random", "--seeds", "1",
        "--seed-size", "3", "--negatives", "3", "--rounds", "1", "--batch", "1", "--out", "study", **options,
    )  # fmt: skip
    run(canvass, "report", "study", "--out", "report.md", **options)
    assert "random" in (tmp_path / "report.md").read_text()
