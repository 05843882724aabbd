"""canvass.toml: what is written is read back, and every mistake is one sentence that names file and key."""

import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.annotation.project.settings import (
    ColumnsSettings,
    LabelGuide,
    PageSettings,
    ProjectSettings,
    QueueSettings,
    Settings,
    rules,
    with_changes,
)
from canvass.annotation.project.settings_file import SECTIONS, read_settings, settings_text, write_settings
from canvass.errors import FileError, InputError
from canvass.types import Target

SMALL = Settings(project=ProjectSettings(target="domain:music", pool=("/data/pool.jsonl",)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FILLED = TEXTS.filter(str.strip)
SHARES = st.floats(0, 0.5)
POSITIVE = st.floats(0, exclude_min=True, allow_infinity=False)
GUIDES = st.lists(
    st.builds(
        LabelGuide,
        name=FILLED,
        description=TEXTS,
        examples=st.lists(TEXTS.filter(bool), max_size=3).map(tuple),
    ),
    max_size=3,
    unique_by=lambda one: one.name,
).map(tuple)
ANY = st.builds(
    Settings,
    project=st.builds(
        ProjectSettings,
        target=st.one_of(
            FILLED.map("domain:{}".format), FILLED.map(lambda name: str(Target("intent", name)))
        ),
        strategy=st.sampled_from(["majority-joint", "random"]),
        seed=st.integers(0, 2**63 - 1),
        pool=st.lists(TEXTS.filter(bool), min_size=1, max_size=3).map(tuple),
        pool_format=st.sampled_from(["", "csv"]),
        skip_bad=st.integers(0, 5),
        max_tokens=st.integers(1, 99),
        test=st.sampled_from(["fifth", "file"]),
    ),
    columns=st.lists(FILLED, min_size=3, max_size=3, unique=True).map(
        lambda names: ColumnsSettings(text=names[0], id=names[1], count=names[2])
    ),
    queue=st.builds(
        QueueSettings,
        size=st.integers(1, 99),
        retrain_after=st.integers(1, 99),
        idle_seconds=POSITIVE,
        random_share=SHARES,
        outside_share=SHARES,
        overlap=SHARES,
    ),
    page=st.builds(
        PageSettings,
        title=TEXTS,
        lease_minutes=POSITIVE,
        new_labels=st.booleans(),
        inside_tokens=st.booleans(),
        audio_addresses=st.sampled_from([(), ("https://audio.example", "http://10.0.0.1:80")]),
    ),
    intents=GUIDES,
    slots=GUIDES,
)


@given(ANY)
def test_what_is_written_is_read_back(tmp_path_factory, settings):
    settings.check("here")
    path = tmp_path_factory.mktemp("settings") / "canvass.toml"
    write_settings(path, settings)
    assert read_settings(path) == settings
    assert settings_text(read_settings(path)) == path.read_text(encoding="utf-8")


def test_every_setting_stands_in_the_file_under_its_words():
    text = settings_text(SMALL)
    document = tomllib.loads(text)
    for name, (section, _) in SECTIONS.items():
        assert list(document[name]) == list(rules(section))
        for rule in rules(section).values():
            assert f"# {rule.words.split()[0]} " in text or f"# {rule.words}" in text
    assert max(map(len, text.splitlines())) <= 100


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


BAD = [
    ('[projct]\ntarget = "all"', "projct is no section; did you mean project?"),
    (
        '[project]\ntarget = "all"\nstrategie = "joint"',
        "project.strategie is no setting; did you mean strategy?",
    ),
    ('[project]\npool = ["p"]', "project.target is missing"),
    ('[project]\ntarget = "domain:music"', "project.pool is missing"),
    ('[project]\ntarget = "music"\npool = ["p"]', "project.target is 'music'; expected domain:NAME"),
    ('[project]\ntarget = "domain:m"\npool = "p"', "project.pool is 'p'; expected a list of at least one"),
    ('[project]\ntarget = "domain:m"\npool = []', "project.pool is (); expected a list of at least one"),
    ('[project]\ntarget = "domain:m"\npool = ["p"]\nstrategy = "majority-crv"', "did you mean majority-crf"),
    ('[project]\ntarget = "all"\npool = ["p"]', "there is no rest; take margin-balanced, margin or random"),
    (
        '[project]\ntarget = "domain:m"\npool = ["p"]\nseed = true',
        "project.seed is True; expected a whole number",
    ),
    ("[queue]\nsize = 0", "queue.size is 0; expected a whole number of at least 1"),
    ("[queue]\nsize = 5.0", "queue.size is 5.0"),
    ("[queue]\noverlap = 1.5", "queue.overlap is 1.5; expected a number from 0 to 1"),
    ("[queue]\nrandom_share = nan", "queue.random_share is nan; expected a number from 0 to 1"),
    ("[queue]\nrandom_share = 0.7\noutside_share = 0.4", "sum to more than 1"),
    ("[queue]\nidle_seconds = inf", "queue.idle_seconds is inf; expected a number above 0"),
    ('[page]\nnew_labels = "yes"', "page.new_labels is 'yes'; expected true or false"),
    ("page = 3", "page is 3; expected a table"),
    ('[columns]\nid = "text"', "must be three different columns"),
    ('[fields]\nid = "text"', "must be three different columns"),
    ('[columns]\nid = "n"\n[fields]\nid = "n"', "fields is no section"),
    ("intents = 3", "expected tables, each under [[intents]]"),
    ('[[intents]]\ndescription = "x"', "intents[1].name is missing"),
    ('[[slots]]\nname = "a"\n[[slots]]\nname = "a"', "slots has 'a' twice"),
    ('[[slots]]\nname = "a"\nexamples = [1]', "slots[1].examples is (1,); expected a list of strings"),
    ("[project", "not valid TOML"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[words for _, words in BAD])
def test_a_mistake_is_one_sentence(tmp_path, text, words):
    if "[project" not in text:
        # Bare keys belong to no section, and so come first.
        whole = '[project]\ntarget = "domain:m"\npool = ["p"]\n'
        text = f"{text}\n{whole}" if " = 3" in text and "[" not in text else f"{whole}{text}"
    path = write(tmp_path / "canvass.toml", text + "\n")
    with pytest.raises(InputError) as refused:
        read_settings(path)
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match="could not be read"):
        read_settings(tmp_path / "canvass.toml")
    (tmp_path / "canvass.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(InputError, match="not valid UTF-8 at byte 5"):
        read_settings(tmp_path / "canvass.toml")


def test_what_is_left_out_has_its_default(tmp_path):
    path = write(
        tmp_path / "canvass.toml", '[project]\ntarget = "domain:music"\npool = ["/data/pool.jsonl"]\n'
    )
    assert read_settings(path) == SMALL
    assert str(SMALL.target) == "domain:music"
    assert (SMALL.columns.text, SMALL.columns.count) == ("text", "count")
    assert (SMALL.queue.size, SMALL.queue.retrain_after, SMALL.page.lease_minutes) == (50, 10, 10)
    assert math.isclose(SMALL.queue.random_share, 0.1)


def test_changes_make_a_copy():
    changed = with_changes(SMALL, "page", inside_tokens=True)
    assert (changed.page.inside_tokens, SMALL.page.inside_tokens) == (True, False)
    assert changed.project is SMALL.project
