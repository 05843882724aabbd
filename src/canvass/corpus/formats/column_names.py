"""The names of the columns that files are read for; `--columns` on the command line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from canvass.errors import SHOWN_CHARACTERS, InputError, OptionError, nearest, shown

SHOWN_NAMES = 12
POOL_COLUMNS = ("text", "id", "count")
PROBABILITIES = ("intent_probability", "slots_probability")
MODEL_COLUMNS = ("score", "intent", *PROBABILITIES)
COMMA = "\0"  # stands for a doubled comma while commas are cut at


@dataclass(frozen=True)
class Columns:
    """The names that the columns of a file have; `--columns` on the command line.

    `model` says which of `MODEL_COLUMNS`, a model's opinion of each request, a pool is read for: see `with_model`. With
    `others`, a pool is read for all other columns, too, which the batch keeps.

    Raises
    ------
    OptionError
        If two of text, id and count are the same column.

    """

    text: str = "text"
    id: str = "id"
    count: str = "count"
    domain: str = "domain"
    intent: str = "intent"
    slots: str = "slots"
    split: str = "split"
    score: str = "score"
    intent_probability: str = "intent_probability"
    slots_probability: str = "slots_probability"
    conversation: str = "conversation"
    turn: str = "turn"
    audio: str = "audio"
    model: tuple[str, ...] = ()
    others: bool = False

    def __post_init__(self) -> None:
        names = {column: getattr(self, column) for column in POOL_COLUMNS}
        if len(set(names.values())) < len(names):
            given = ",".join(f"{column}={name}" for column, name in names.items())
            raise OptionError(f"--columns {given} must name three different columns")

    @classmethod
    def parse(cls, words: str) -> Columns:
        """Read `text=utt,intent=label`; columns that are not named keep their names.

        A comma in a name is doubled.

        Raises
        ------
        OptionError
            If a part is no COLUMN=NAME, or a column is unknown or named twice.

        >>> Columns.parse("text=utt,intent=label").intent
        'label'
        """
        known = COLUMN_NAMES
        names: dict[str, Any] = {}
        for part in words.replace(",,", COMMA).split(","):
            column, equals, name = part.replace(COMMA, ",").partition("=")
            column = column.strip()
            if not equals or not name:
                raise OptionError(
                    f"--columns {words!r}: {shown(column)} is no COLUMN=NAME; write them as in text=utt,intent=label"
                )
            if column not in known:
                raise OptionError(
                    f"--columns {words!r}: canvass reads no column {column!r}{nearest(column, known)}; name some of "
                    f"{', '.join(known)}"
                )
            if column in names:
                raise OptionError(f"--columns {words!r} names {column} twice; name it once")
            names[column] = name
        return cls(**names)

    @property
    def roles(self) -> tuple[str, ...]:
        """What a pool is read for."""
        return (*POOL_COLUMNS, *self.model)

    def of_a_pool(self) -> tuple[str, ...]:
        """Columns that a pool is read for, in the order of `roles`."""
        return tuple(getattr(self, role) for role in self.roles)

    def with_model(self, wanted: Sequence[str], names: Collection[str], where: str) -> Columns:
        """Read a pool for all columns of a model that are among `names`.

        An intent is of use only with its probability, and is left out without. Nothing changes if none are wanted, or
        `model` is given.

        Raises
        ------
        InputError
            If none of those that are wanted is there.

        """
        if not wanted or self.model:
            return self
        model = tuple(role for role in MODEL_COLUMNS if getattr(self, role) in names)
        renamed = [role for role in wanted if role in self.named() - {*model}]
        if renamed or not set(wanted) & set(model):
            wanted = renamed or wanted
            asked = " or ".join(repr(getattr(self, role)) for role in wanted)
            raise InputError(
                f"{where}: column {asked} is missing (there is: {listed(list(names))}), and the strategy ranks by it; "
                f"name the column with --columns {wanted[0]}=NAME, or take another strategy"
            )
        if "intent_probability" not in model:
            model = tuple(role for role in model if role != "intent")
        used = [getattr(self, role) for role in (*POOL_COLUMNS, *model)]
        if len(set(used)) < len(used):
            raise OptionError(
                f"--columns gives two columns one name, among {', '.join(used)}; name each apart"
            )
        return replace(self, model=model)

    def named(self) -> frozenset[str]:
        """Columns that have another name than the usual one."""
        usual = Columns()
        return frozenset(name for name in COLUMN_NAMES if getattr(self, name) != getattr(usual, name))

    def all(self) -> tuple[str, ...]:
        """Columns that an annotated set is read for."""
        return (*self.of_a_pool(), self.domain, self.intent, self.slots, self.split)


COLUMN_NAMES = [column.name for column in fields(Columns) if column.name not in {"model", "others"}]
USUAL = Columns()
ALL_COLUMNS = frozenset(COLUMN_NAMES)


def listed(names: Sequence[str]) -> str:
    """Show the names of columns in a sentence."""
    plain = (bool(name) and name.isprintable() and len(name) < SHOWN_CHARACTERS for name in names)
    some = [
        name if is_plain else shown(name) for name, is_plain in zip(names[:SHOWN_NAMES], plain, strict=False)
    ]
    return ", ".join([*some, "..."] if len(names) > SHOWN_NAMES else some) or "nothing"


def missing_column(
    where: str, column: str, has: Sequence[str], option: str = "--columns text=NAME"
) -> InputError:
    """Make the error for a column of texts that a file lacks; `option` is what names another."""
    return InputError(
        f"{where}: column {column!r} is missing (the file has: {listed(has)}); name the column with {option}"
    )
