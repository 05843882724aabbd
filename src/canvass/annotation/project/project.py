"""A project folder: settings, the labelled set, the test set, the pool, and the store of all answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from canvass.annotation.project.annotations import (
    Given,
    label_counts,
    trainable,
    under_todays_names,
    utterance_of,
)
from canvass.annotation.project.creation import (
    DATABASE,
    LABELLED,
    LOCK,
    SETTINGS,
    TEST,
    WORDS,
    check_enough,
    guides_of,
    hold_out,
    refuse_folder,
    without_keys_of,
    write_project,
    write_words,
)
from canvass.annotation.project.locking import locked
from canvass.annotation.project.settings import ColumnsSettings, LabelGuide, ProjectSettings, Settings
from canvass.annotation.project.settings_file import read_settings
from canvass.annotation.store.label_names import KINDS, LabelKind
from canvass.annotation.store.records import Answer, Task
from canvass.annotation.store.task_store import Store
from canvass.corpus.formats.column_names import Columns, listed
from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.errors import FileError, InputError, OptionError, TrainingError, shown
from canvass.features.word_features import WordFeatures
from canvass.files import STANDARD_STREAM
from canvass.models.scorer import Scorer
from canvass.selection.seed_phrases import SeedPhrases, lacking
from canvass.strategies import STRATEGIES, default_for
from canvass.types import Target, Utterance


class Project:
    """A folder in which one target is annotated; made by `create`, found again by `open`.

    It holds canvass.toml (`settings`), canvass.db (`store`), labelled.jsonl (`labelled`) and test.jsonl (`test`), both
    copies, so that later edits of the originals change nothing. The pool stays where it is. `settings` are as they were
    read when the project was opened.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._store: Store | None = None
        self._read: Given | None = None
        self._opening = threading.Lock()

    @classmethod
    def create(
        cls,
        folder: str | Path,
        labelled: Sequence[Utterance],
        pool: Sequence[str],
        target: Target,
        *,
        test: Sequence[Utterance] | None = None,
        columns: Columns = Columns(),  # noqa: B008 - frozen
        words: WordFeatures | None = None,
        strategy: str | None = None,
        **settings: Any,
    ) -> Self:
        """Make a project; its folder appears whole or not at all.

        Without `test`, a fifth of `labelled` is held out by hash of the key, unless that is too few. With it, what is
        in both is left out of `labelled`. The names of `pool` are stored as absolute paths; `columns` are those of the
        pool. A target of `fewest` becomes the list of intents that it means in `labelled`. All rounds predict with
        `words`. `settings` are others of `ProjectSettings`; with `seed_phrases`, `labelled` may lack examples of the
        target.

        Raises FileError if the folder holds something already, a name of the pool has no file, or something cannot be
        written; TargetError or TrainingError if there are too few utterances of the target to train on, or to count
        errors on; InputError or OptionError if an option makes no sense, or the files of the pool do not agree.
        """
        place = Path(folder)
        refuse_folder(place)
        target = target.resolved(labelled)
        if STANDARD_STREAM in pool:
            raise OptionError(
                "a project reads its pool again and again, and standard input (-) can be read once; name files"
            )
        made = ProjectSettings(
            target=str(target),
            strategy=strategy or default_for(target),
            pool=tuple(os.path.abspath(name) for name in pool),  # noqa: PTH100 - a glob is no path
            test="fifth" if test is None else "file",
            **settings,
        )
        if made.scorer:
            Scorer.of(made.scorer, labelled, shortlist=made.shortlist)  # refuses what does not exist
            if Path(made.scorer).is_dir():
                made = replace(made, scorer=str(Path(made.scorer).absolute()))
        checked = Settings(
            project=made,
            columns=ColumnsSettings(
                **{column.name: getattr(columns, column.name) for column in fields(ColumnsSettings)}
            ),
        )
        checked.check(f"{place / SETTINGS}")
        # Most of what could be wrong with a pool is wrong from the start.
        next(open_pool(checked, place).blocks())
        if test is None:
            kept, measured = hold_out(labelled, target, made.seed)
        else:
            kept, measured = without_keys_of(labelled, test), list(test)
            if labelled and not kept:
                raise TrainingError(
                    "every request of LABELLED is in the --test set too, and nothing is left to train on; name other "
                    "requests with --test, or leave it out: a fifth of LABELLED is held out then"
                )
        if not (made.seed_phrases and lacking(kept, target)):
            check_enough(kept, measured, target, strategy=made.strategy, held_out=test is None)
        intents, slots = guides_of([*kept, *measured], target, seed=made.seed)
        made = made if measured else replace(made, test="none")
        checked = replace(checked, project=made, intents=intents, slots=slots)
        write_project(place, checked, kept, measured, words)
        return cls(place, checked)

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a project.

        Raises FileError if there is none in the folder, and InputError if canvass.toml is not as it should be, or lacks
        a label that is in use.
        """
        place = Path(folder)
        if not (place / SETTINGS).is_file():
            raise FileError(
                f"{place}: no project there ({SETTINGS} is missing); make one with canvass new, or name its "
                "folder"
            )
        project = cls(place, read_settings(place / SETTINGS))
        project._refuse_renamed()
        return project

    def _refuse_renamed(self) -> None:
        """Refuse settings that lack a label of the labelled or the test set; raises InputError.

        What is annotated keeps its names: models would go on predicting the old one, and the page would refuse it.
        """
        used = label_counts(filter(self.target.matches, (*self.labelled, *self.test)))
        names = self.store.names()
        for kind in KINDS:
            known = {guide.name for guide in under_todays_names(self.settings.guides(kind), names.of(kind))}
            mine = {name: count for (other, name), count in used.items() if other == kind and name}
            gone = sorted(mine.keys() - known)
            if gone:
                new = sorted(known - mine.keys())
                raise InputError(
                    f"{self.folder / SETTINGS}: [[{kind}s]] has no {shown(gone[0])} any more"
                    f"{f', but {listed(new)}' if new else ''}, and {mine[gone[0]]} annotated requests do; put it back, "
                    f"and use canvass labels {self.folder} to rename, merge or delete it"
                )

    def with_settings(self, settings: Settings) -> Self:
        """Take other settings for a while: the same folder and store, which this project closes."""
        other = type(self)(self.folder, settings)
        other._store = self.store  # noqa: SLF001 - one of our own
        return other

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def title(self) -> str:
        """Title of the page."""
        return self.settings.page.title or self.name

    @property
    def target(self) -> Target:
        """What is annotated, under today's names of its intents."""
        return self.store.names().target(self.settings.target)

    @property
    def store(self) -> Store:
        """The tasks and answers; opened at first use."""
        with self._opening:
            if self._store is None:
                self._store = Store(self.folder / DATABASE)
            return self._store

    def close(self) -> None:
        """Close the store, if it was opened."""
        with self._opening:
            if self._store is not None:
                self._store.close()
                self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the project while the block runs; reading, and saving answers, needs no lock.

        Raises ProjectInUseError where another process holds it, with the `purpose` which that one gave.
        """
        return locked(self.folder / LOCK, purpose)

    @property
    def given(self) -> Given:
        """What the project began with; it is read again after labels have changed."""
        names = self.store.names()
        given = self._read
        if given is None or given.names != names:
            self._read = given = Given(self.folder / LABELLED, self.folder / TEST, names)
        return given

    @property
    def labelled(self) -> tuple[Utterance, ...]:
        """What was annotated before the project began."""
        return self.given.labelled

    @property
    def test(self) -> tuple[Utterance, ...]:
        """What errors are counted on; never trained on, and never chosen."""
        return self.given.test

    @cached_property
    def words(self) -> WordFeatures | None:
        """Word features that all rounds predict with, frozen until `keep_words`; None where there are none."""
        from canvass.features.word_features import WordFeatures

        path = self.folder / WORDS
        return WordFeatures.load(path) if path.is_file() else None

    def keep_words(self, words: WordFeatures) -> None:
        """Predict with other word features from the next round on."""
        write_words(self.folder, self.store, words)
        self.__dict__["words"] = words

    def pool(self) -> Pool:
        """Open the pool; raises FileError, InputError or OptionError where its files are not as they should be."""
        return open_pool(self.settings, self.folder)

    def utterance_of(self, task: Task, answer: Answer) -> Utterance:
        """Read an answer as an annotated utterance."""
        return utterance_of(task, answer, self.target, self.given.domain_of_intent)

    def answered(self) -> list[Utterance]:
        """Give what people annotated here: one utterance a task that counts, in the order of the first answers."""
        return list(self._answered().values())

    def _answered(self) -> dict[str, Utterance]:
        target, domains = self.target, self.given.domain_of_intent
        return {
            task.key: utterance_of(task, answer, target, domains) for task, answer in self.store.accepted()
        }

    def annotated(self) -> list[Utterance]:
        """All that models are trained on: the labelled set, and what people annotated here, which comes first in doubt.

        Slots that begin or end inside a token are left out, since a tagger cannot learn them; so is what is in the test
        set.
        """
        test = {key_of(utterance.text) for utterance in self.test}
        answered = {key: trainable(said) for key, said in self._answered().items() if key not in test}
        left_out = answered.keys() | test
        before = [utterance for utterance in self.labelled if key_of(utterance.text) not in left_out]
        return [*before, *answered.values()]

    def seeds(self, labelled: Sequence[Utterance]) -> SeedPhrases | None:
        """Give the phrases that choose as long as the labelled requests cannot train models; None once they can.

        Raises InputError where a phrase has no word, and OptionError where the target is `all`.
        """
        phrases = self.settings.project.seed_phrases
        if not phrases or lacking(labelled, self.target) is None:
            return None
        return SeedPhrases.of(phrases, self.target, self.words)

    def scorer(self) -> Scorer | None:
        """Make the scorer of canvass.toml, which may use the labels of today and of before; None without one.

        Raises OptionError or ExtraMissingError if there is no such function, or it needs what is missing.
        """
        project = self.settings.project
        if not project.scorer:
            return None
        intents = {guide.name for guide in (*self.intents(), *self.settings.intents)}
        slots = {guide.name for guide in (*self.slots(), *self.settings.slots)}
        return Scorer.of_names(project.scorer, intents | self.given.intents, slots, project.shortlist)

    def intents(self) -> tuple[LabelGuide, ...]:
        """List the intents that annotators choose from."""
        return self.guides("intent")

    def slots(self) -> tuple[LabelGuide, ...]:
        """List the slot labels that annotators choose from."""
        return self.guides("slot")

    def guides(self, kind: LabelKind) -> tuple[LabelGuide, ...]:
        """List the labels of a kind, under the names of today: those of canvass.toml, then those added on the page."""
        added = (
            LabelGuide(name=label.name, description=label.description)
            for label in self.store.labels()
            if label.kind == kind
        )
        return under_todays_names((*self.settings.guides(kind), *added), self.store.names().of(kind))

    @property
    def annotates_slots(self) -> bool:
        """Whether slots are annotated here, which takes a label: without, an answer says nothing about slots."""
        return bool(self.slots())


def open_pool(settings: Settings, folder: Path) -> Pool:
    """Open the pool that settings name, from the folder of their project; raises as `Project.pool`."""
    project = settings.project
    return Pool.open(
        [str(folder / name) for name in project.pool],
        columns=settings.pool_columns,
        skip_bad=project.skip_bad,
        format=project.pool_format or None,
        where=project.where or None,
        model_columns=STRATEGIES[project.strategy].columns,
    )
