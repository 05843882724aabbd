"""The tables of a project's database, each column with its meaning, and the way from older tables to these.

The docs print `SCHEMA` as it stands here. Times are seconds of the epoch, offsets are code points, yes and no are 1
and 0. Documents are JSON: nobody searches in them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

# Schema versions:
#   1: the first
#   2: retired names of labels
#   3: answers that were looked at
#   4: answers that are copies
#
# If you change the schema: write the new one into SCHEMA, add a line above, raise VERSION, add what leads from the
# version before to MIGRATIONS (and a database of that version to the tests), and run `make docs`.
VERSION = 4
# What a file of ours carries in its header, at a place that SQLite keeps for it: "canv".
APPLICATION = 0x63616E76

RETIRED = """\
CREATE TABLE retired (
    -- Names of labels that are no longer given: they were renamed, merged or deleted. Answers keep the names that they
    -- were given with, and are read with today's.
    kind TEXT NOT NULL   -- what it labelled
        CHECK (kind IN ('intent', 'slot')),
    name TEXT NOT NULL,  -- the name
    became TEXT,         -- what took its place; NULL: it was deleted
    at REAL NOT NULL,    -- when
    PRIMARY KEY (kind, name)
);
"""
LOOKED_AT = """\
CREATE TABLE looked_at (
    -- Answers of the review list that somebody found right; a task comes back once it is answered anew.
    task INTEGER PRIMARY KEY REFERENCES tasks (id), -- what it is about
    sequence INTEGER NOT NULL,                      -- the newest answer to it at that time
    annotator TEXT NOT NULL,                        -- who looked
    at REAL NOT NULL                                -- when
);
"""
SCHEMA = f"""\
CREATE TABLE tasks (
    -- One utterance for people to annotate. A key has one task; a task that nobody has seen may go when newer models
    -- choose others, any other task stays for good.
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, so that a late answer cannot find another task
    key TEXT NOT NULL UNIQUE,              -- the normalised text: what makes two utterances the same
    text TEXT NOT NULL,                    -- as it was written; offsets refer to this
    utterance TEXT NOT NULL,               -- its id in the pool
    count INTEGER NOT NULL,                -- how often it was seen in the pool
    source TEXT NOT NULL                   -- why it is here
        CHECK (source IN ('selected', 'random', 'outside', 'handed out', 'imported')),
    weight REAL NOT NULL,                  -- what it counts in the estimate it was drawn for
    priority REAL NOT NULL,                -- the smallest is offered first
    wanted INTEGER NOT NULL,               -- how many people shall be heard
    guess TEXT,                            -- JSON: what the models thought when it was chosen
    reason TEXT,                           -- JSON: why it was chosen, other columns of the pool, the turns around it
    round INTEGER,                         -- after which training it was chosen or last confirmed; NULL: not by a queue
    state TEXT NOT NULL                    -- see annotation/store/tasks.py
        CHECK (state IN ('open', 'leased', 'answered', 'skipped', 'disputed', 'closed')),
    holder TEXT,                           -- who has it while it is leased
    until REAL NOT NULL,                   -- when the lease runs out; 0 without one
    seen INTEGER NOT NULL,                 -- whether anyone has ever held it, or an assistant answered it
    CHECK ((state = 'leased') = (holder IS NOT NULL))
);
CREATE INDEX tasks_by_priority ON tasks (state, priority, id);

CREATE TABLE answers (
    -- What people said. Rows are added and never changed, except for the two columns that say so.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they were written
    id TEXT NOT NULL UNIQUE,                     -- made by the page: a second sending of the same answer adds no row
    task INTEGER NOT NULL REFERENCES tasks (id), -- what it is about
    annotator TEXT NOT NULL,                     -- the name of who said it; assistant:NAME answered alone
    at REAL NOT NULL,                            -- when it was written
    kind TEXT NOT NULL                           -- domain, intent and slots; not of the target; or passed
        CHECK (kind IN ('frame', 'elsewhere', 'skip')),
    domain TEXT,                                 -- for `elsewhere`: where it belongs, if known
    intent TEXT,                                 -- likewise
    slots TEXT,                                  -- JSON: [[start, end, label], ...]; NULL: not annotated for slots
    flagged INTEGER NOT NULL,                    -- whether the annotator wants it looked at
    note TEXT NOT NULL,                          -- what the annotator wrote beside it
    seconds REAL NOT NULL,                       -- how long the utterance was in view
    replaces TEXT,                               -- the id of the answer that this one corrects
    adjudicates INTEGER NOT NULL,                -- whether it is, or corrects, the last word on a dispute; may change
    current INTEGER NOT NULL,                    -- 0 once a later answer has taken its place; may change
    shown TEXT,                                  -- JSON: the prediction that was in view, NULL where none was
    guess TEXT,                                  -- JSON: the models' prediction before the answer, shown or not
    copies TEXT                                  -- the id of the answer to a near duplicate that was given here, too
);
CREATE INDEX answers_by_task ON answers (task);
CREATE INDEX answers_by_annotator ON answers (annotator, at);
-- A person has one word on a task, and there is one last word.
CREATE UNIQUE INDEX answers_one_word ON answers (task, annotator) WHERE current = 1 AND adjudicates = 0;
CREATE UNIQUE INDEX answers_last_word ON answers (task) WHERE current = 1 AND adjudicates = 1;

CREATE TABLE rounds (
    -- Each training and selection of the queue.
    number INTEGER PRIMARY KEY,        -- from 0
    at REAL NOT NULL,                  -- when it ended
    answers INTEGER NOT NULL,          -- how many answers counted
    labelled INTEGER NOT NULL,         -- annotated utterances, given and answered
    target_labelled INTEGER NOT NULL,  -- those of the target among them
    slot_error_rate REAL,              -- on the held-out set; NULL: not measured
    intent_error REAL,                 -- likewise
    span_f1 REAL,                      -- likewise
    held_out INTEGER NOT NULL,         -- how many utterances these were measured on
    agreement REAL,                    -- Cohen's kappa with the predictions of the round before, on the stop set
    seconds REAL NOT NULL,             -- how long it took
    failure TEXT NOT NULL              -- why there are no new models; empty: there are
);

CREATE TABLE review (
    -- Answers that deserve a second look; written anew after each round.
    number INTEGER PRIMARY KEY,  -- their order
    kind TEXT NOT NULL,          -- contradicted: by models trained without it; twins: answered differently
    tasks TEXT NOT NULL,         -- JSON: [task, ...]
    text TEXT NOT NULL,          -- of the first
    words TEXT NOT NULL,         -- the reason, a sentence
    probability REAL NOT NULL    -- how sure the models are
);

CREATE TABLE labels (
    -- Intents and slot labels that were added while annotating.
    kind TEXT NOT NULL         -- what it labels
        CHECK (kind IN ('intent', 'slot')),
    name TEXT NOT NULL,        -- the label
    description TEXT NOT NULL, -- what the page shows as its guideline
    annotator TEXT NOT NULL,   -- who added it
    at REAL NOT NULL,          -- when
    PRIMARY KEY (kind, name)
);

{RETIRED}
{LOOKED_AT}
CREATE TABLE meta (
    -- Small facts, by name.
    name TEXT PRIMARY KEY, -- which
    value TEXT NOT NULL    -- what
);
"""

# version: the statements that lead to it from the version before.
MIGRATIONS: dict[int, str] = {2: RETIRED, 3: LOOKED_AT, 4: "ALTER TABLE answers ADD COLUMN copies TEXT;\n"}


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables; the caller has begun a transaction."""
    for statement in statements(SCHEMA):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring older tables up to date and record it; the caller has begun a transaction, which holds both or neither."""
    # Read in the transaction: another process may have done it in the meantime.
    before = version_of(connection) or 0
    for number in sorted(version for version in MIGRATIONS if version > before):
        for statement in statements(MIGRATIONS[number]):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number:d}")


def version_of(connection: sqlite3.Connection) -> int | None:
    """Read the version of the schema; None where the file is not one of canvass."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        return None
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def statements(script: str) -> Iterator[str]:
    """Take a script apart; `executescript` would commit the transaction that it stands in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
