"""Conditions on the rows of a pool, such as `date >= '2026-11-01' and language in ('de', 'fr')`.

A column is part of the path (`date=2026-11-01/`, as Hive and Spark write it), and then excludes whole files; or a
column of a Parquet file, and then excludes row groups by their statistics, and rows; or a column of a CSV or TSV file,
or a field of JSON Lines. Values of these are compared as those of a path are: with a number as a number, else as texts.
Conditions are joined by `and`, `or` and parentheses. There is no `not`, so that a missing value never passes.
"""

from __future__ import annotations

import ast
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

from canvass.errors import InputError, OptionError

if TYPE_CHECKING:
    import pyarrow as pa

WORDS = dict.fromkeys(("and", "or", "in", "not", "is"), "") | {
    "null": "None",
    "true": "True",
    "false": "False",
}
SIGNS = {"=": "==", "<>": "!="}
TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|<>|[<>=!]=|=|\b[A-Za-z]+\b""")
PARTITION = re.compile(r"([^/=]+)=([^/]*)")
REMEMBERED = 1 << 16  # combinations of values whose answer is kept
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _python_of(token: re.Match[str]) -> str:
    """Translate a word or operator of SQL to Python."""
    word = token[0]
    return SIGNS.get(word) or (WORDS[word.lower()] or word.lower() if word.lower() in WORDS else word)


def partition_of(path: str) -> dict[str, str | None]:
    """Parse the partition columns of a path.

    >>> partition_of("s3://logs/date=2026-11-01/hour=07/part-0.parquet")
    {'date': '2026-11-01', 'hour': '07'}
    """
    from urllib.parse import unquote

    return {
        name: None if value == NO_VALUE else unquote(value)
        for name, value in PARTITION.findall(path.rpartition("/")[0])
    }


@dataclass(frozen=True)
class Where:
    """A condition on rows, made by `parse`; `words` is its text.

    >>> where = Where.parse("date >= '2026-11-01'")
    >>> where.columns(), where.decide({"date": "2026-10-31"}), where.decide({})
    (['date'], False, None)
    """

    words: str
    tree: ast.expr

    @classmethod
    def parse(cls, words: str) -> Self:
        """Parse a condition; raises OptionError for anything else."""
        python = TOKEN.sub(_python_of, words)
        try:
            tree = ast.parse(python.strip(), mode="eval").body
            where = cls(words, tree)
            where.decide({})
        except (SyntaxError, ValueError, RecursionError) as error:
            raise OptionError(
                f"--where {words!r} cannot be read ({getattr(error, 'msg', error)}); write conditions such as "
                "\"date >= '2026-11-01' and language in ('de', 'fr')\""
            ) from error
        return where

    def columns(self) -> list[str]:
        """List the names of the condition's columns, sorted."""
        return sorted({node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)})

    def decide(self, partition: Mapping[str, str | None]) -> bool | None:
        """Tell whether all rows of a file pass (True), none (False), or it depends on the rows (None)."""
        passes = _walk(self.tree, lambda name, sign, value: _by_path(partition, name, sign, value))
        return None if passes is None else bool(passes)

    def expression(self, schema: pa.Schema, path: str) -> Any:
        """Translate the condition on the rows of a Parquet file to an Arrow expression.

        Raises InputError if a column is neither in the path nor in the file, or cannot be compared with the value.
        """
        import pyarrow.compute as pc

        partition = partition_of(path)

        def compared(name: str, sign: ast.cmpop, value: Any) -> Any:
            if name in partition:
                return pc.scalar(bool(_by_path(partition, name, sign, value)))
            return _by_column(schema, path, name, sign, value)

        return _walk(self.tree, compared)


class RowFilter:
    """Which records of a file meet a condition: those of JSON Lines, or cells of a table (`names`, its columns).

    >>> keeps = RowFilter(Where.parse("n > 7 and lang = 'de'"), "pool.jsonl")
    >>> keeps({"n": 12, "lang": "de"}), keeps({"n": "9", "lang": "de"}), keeps({"n": 12}), keeps({"n": None})
    (True, True, False, False)
    """

    def __init__(self, where: Where, path: str, names: Sequence[str] | None = None) -> None:
        self._where = where
        self._partition = partition_of(path)
        self.columns = [name for name in where.columns() if name not in self._partition]
        unknown = [name for name in self.columns if names is not None and name not in names]
        if names is not None and unknown:
            raise unknown_column(unknown[0], path, names)
        self._known: dict[tuple[str | None, ...], bool] = {}
        self._unseen = set(self.columns)  # columns that no record has had
        self._fields: list[str] = []  # of the first record

    def __call__(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record meets the condition; raises InputError if a value cannot be compared."""
        if self._unseen:
            self._fields = self._fields or list(record)
            self._unseen -= record.keys()
        return self.meets(tuple(_as_in_path(record.get(name)) for name in self.columns))

    def refuse_unseen(self, path: str) -> None:
        """Refuse a column that none of the records of a file has had; raises InputError."""
        unseen = [name for name in self.columns if name in self._unseen]
        if unseen and self._fields:
            raise unknown_column(unseen[0], path, self._fields)

    def meets(self, values: tuple[str | None, ...]) -> bool:
        """Tell the same from the values of `columns`; each combination is looked at once."""
        if values not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            record = self._partition | dict(zip(self.columns, values, strict=True))
            self._known[values] = self._where.decide(record) is True
        return self._known[values]


def _as_in_path(value: Any) -> str | None:
    """Write a value of JSON as a path would have it."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def unknown_column(name: str, path: str, names: Sequence[str]) -> InputError:
    """Make the error for a column that a file does not have."""
    return InputError(
        f"--where names {name!r}, which is neither in the path of {path} ({name}=.../) nor one of its columns "
        f"({', '.join(names[:12])})"
    )


def _walk(node: ast.expr, compared: Callable[[str, ast.cmpop, Any], Any]) -> Any:
    """Evaluate a condition; `compared` evaluates each comparison, and None stands for "unknown"."""
    if isinstance(node, ast.BoolOp):
        return _joined(
            [_walk(operand, compared) for operand in node.values], is_or=isinstance(node.op, ast.Or)
        )
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.left, ast.Name):
        value = ast.literal_eval(node.comparators[0])
        sign = node.ops[0]
        if isinstance(sign, ast.In | ast.NotIn):
            if not isinstance(value, tuple | list) or not value:
                raise ValueError("after `in` stands a list: ('de', 'fr')")
        elif (value is None) != isinstance(sign, ast.Is | ast.IsNot):
            raise ValueError("`is` and `is not` go with null, and null with nothing else")
        elif not isinstance(value, str | int | float | None):
            raise ValueError("a column is compared with a text or a number")
        return compared(node.left.id, sign, value)
    raise ValueError("expected a column, a comparison and a value, joined by and, or and parentheses")


def _joined(operands: list[Any], *, is_or: bool) -> Any:
    """Join operands by `or` or `and`; each is True, False, None or an Arrow expression."""
    if any(operand is is_or for operand in operands):
        return is_or  # it decides alone
    rest = [operand for operand in operands if not isinstance(operand, bool)]
    if not rest or any(operand is None for operand in rest):
        return None if rest else not is_or
    return reduce(operator.or_ if is_or else operator.and_, rest)


def _by_path(partition: Mapping[str, str | None], name: str, sign: ast.cmpop, value: Any) -> bool | None:
    """Compare a column of the path, with a number as a number; None if the path does not have it."""
    if name not in partition:
        return None
    stated = partition[name]
    if isinstance(sign, ast.Is | ast.IsNot):
        return (stated is None) == isinstance(sign, ast.Is)
    if stated is None:
        return False
    if isinstance(sign, ast.In | ast.NotIn):
        return any(_like(stated, member) == member for member in value) == isinstance(sign, ast.In)
    try:
        return bool(COMPARED[type(sign)](_like(stated, value), value))
    except TypeError:
        raise InputError(
            f"--where compares {name!r} with {value!r}, but a path or a row has {name}={stated}; write a text in quotes"
        ) from None


def _like(stated: str, value: Any) -> Any:
    """Convert a value of a path to the type of another value, if possible."""
    if isinstance(value, bool):
        return {"true": True, "false": False}.get(stated.lower(), stated)
    if isinstance(value, int | float):
        try:
            return float(stated)
        except ValueError:
            return stated
    return stated


def _by_column(schema: pa.Schema, path: str, name: str, sign: ast.cmpop, value: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in schema.names:
        raise unknown_column(name, path, schema.names)
    column, kind = pc.field(name), schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if isinstance(sign, ast.Is | ast.IsNot):
        return column.is_null() if isinstance(sign, ast.Is) else column.is_valid()
    try:
        if isinstance(sign, ast.In | ast.NotIn):
            is_in = column.isin(pa.array(list(value)).cast(kind))
            return is_in if isinstance(sign, ast.In) else ~is_in & column.is_valid()
        return COMPARED[type(sign)](column, pa.scalar(value).cast(kind))
    except pa.ArrowException as error:
        raise InputError(
            f"--where compares {name!r} with {value!r}, but in {path} it is {kind} ({error}); write one "
            "of that kind"
        ) from error
