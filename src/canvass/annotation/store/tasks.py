"""The life of a task as a table: its states, the events that move it, and what the answers to it amount to.

Rule 1: everything that decides the state of a task is in this file. Rule 2: this file knows neither a clock nor a
file nor a person; it is told whether a lease ran out, who holds a task, and what was said of it.

Theory of operation
-------------------

A task is one utterance for people to annotate. Two things move it.

Holding. A page takes a few tasks ahead of time (`lease`), and takes them again from time to time so that it keeps them.
A lease ends when the page gives the task back, or when its time is over; both are the event `release`, since
whoever closed a laptop has given the task back. A lease keeps others away and nothing more: an answer is welcome
with it, without it, and after it ran out.

Answering. Whatever arrives is written down first; `standing` then says which of a task's answers stand, and
`event_of` what these amount to. So the state does not depend on the way by which it was reached:

* The word of an adjudicator ends it (`adjudicate`), whatever the others said, also later.
* Two that say different things are a dispute (`disagree`), until one of them gives in or somebody adjudicates.
* Where all who were heard passed, the task is passed over (`skip`): nobody is offered it again, and history can take
  it up again.
* What an assistant answered alone stands until a person says anything of it, or it is withdrawn: its skip stands for
  nothing, and a task of which nothing stands goes back to the queue (`reopen`).
* Where those who said something agree, and as many people were heard as are wanted, it is done (`answer`). Someone
  who passed was heard, too: the other's word counts.
* Otherwise another person's answer is wanted (`reopen`): the task goes back to the queue, except when such a person
  holds it already, and nothing happens.

Only a task that nobody has ever held, and that has no answer, may be taken out of the queue (`withdraw`), because
newer models chose others: an answer must never find its task gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal

from canvass.annotation.store.records import NewAnswer, State

Event = Literal["lease", "release", "answer", "skip", "disagree", "adjudicate", "withdraw", "reopen"]

STATES: dict[State, str] = {
    "open": "waits for someone",
    "leased": "someone has it on their page, until a time",
    "answered": "enough people agree on it",
    "skipped": "whoever saw it passed",
    "disputed": "people said different things of it",
    "closed": "an adjudicator had the last word",
}

# What an event leads to, whatever was before; None: the task is no more.
FOLLOWING: dict[Event, State | None] = {
    "lease": "leased",
    "release": "open",
    "answer": "answered",
    "skip": "skipped",
    "disagree": "disputed",
    "adjudicate": "closed",
    "withdraw": None,
    "reopen": "open",
}
# Without a lease as well: it ran out, or the answer comes from a file, or late, or is a correction.
ANSWERING: tuple[Event, ...] = ("answer", "skip", "disagree", "adjudicate", "reopen")
EVENTS: dict[State, tuple[Event, ...]] = {
    "open": ("lease", "withdraw", *ANSWERING),
    "leased": ("lease", "release", *ANSWERING),
    "answered": ANSWERING,
    "skipped": ("skip", "answer", "adjudicate", "reopen"),
    "disputed": ("disagree", "answer", "skip", "adjudicate", "reopen"),
    "closed": ("adjudicate",),
}
# (state, event): the state after it. What is not here cannot happen.
TRANSITIONS = {(state, event): FOLLOWING[event] for state, events in EVENTS.items() for event in events}


def after(state: State, event: Event) -> State:
    """Look up the state after an event; raises ValueError where the event cannot happen, or ends the task.

    >>> after("open", "lease")
    'leased'
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise ValueError(f"{event!r} cannot happen to a task that is {state}")
    return following


def standing(answers: Sequence[NewAnswer]) -> list[NewAnswer]:
    """Find the answers to a task that stand; `answers` are all of them, in the order in which they arrived.

    An answer stands until another `replaces` it, or the same person gives a later one; of last words only the latest
    stands. Whoever corrects the last word has it (then the answer comes back with `adjudicates` set). A correction may
    arrive before what it corrects, since pages send again what got lost: it counts as the later all the same.
    """
    replaced = {answer.replaces for answer in answers}
    place: dict[tuple[bool, str], NewAnswer] = {}
    last_words: set[str | None] = set()
    for answer in _corrections_last(answers):
        last_word = answer.adjudicates or answer.replaces in last_words
        if last_word:
            last_words.add(answer.id)
        place[last_word, "" if last_word else answer.annotator] = replace(answer, adjudicates=last_word)
    stand = [answer for answer in place.values() if answer.id not in replaced]
    people = [answer for answer in stand if not answer.alone]
    return people or [answer for answer in stand if answer.kind != "skip"]


def _corrections_last(answers: Sequence[NewAnswer]) -> list[NewAnswer]:
    """Keep the order of arrival, but put what came too late right before what corrects it."""
    known = {answer.id: answer for answer in answers}
    ordered: dict[str, NewAnswer] = {}
    for answer in answers:
        chain: dict[str, NewAnswer] = {}
        current: NewAnswer | None = answer
        while current is not None and current.id not in ordered and current.id not in chain:
            chain[current.id] = current
            current = known.get(current.replaces or "")
        ordered.update(reversed(chain.items()))
    return list(ordered.values())


def event_of(stand: Sequence[NewAnswer], *, heard: int, wanted: int, held: bool) -> Event | None:
    """Say what the answers to a task that stand amount to.

    So many people were `heard`, who have answered or passed, also those whose answer somebody else corrected, and so
    many are `wanted`. `held`: somebody who has not answered the task holds it.
    """
    if not stand:
        return None if held else "reopen"
    if any(answer.adjudicates for answer in stand):
        return "adjudicate"
    said = [answer for answer in stand if answer.kind != "skip"]
    if not said:
        return "skip"
    if not all(agree(answer, other) for answer, other in combinations(said, 2)):
        return "disagree"
    if heard >= wanted:
        return "answer"
    return None if held else "reopen"


def counts(answer: NewAnswer, state: State) -> bool:
    """Whether an answer that stands counts as an annotation: of a closed task, the last word alone does."""
    return answer.kind != "skip" and (state == "answered" or (state == "closed" and answer.adjudicates))


def agree(answer: NewAnswer, other: NewAnswer) -> bool:
    """Whether two answers say the same of an utterance; flags, notes and times do not matter.

    Two that place it outside of the target agree unless both name a domain, or both an intent, and not the same one.
    """
    if answer.kind != other.kind:
        return False
    if answer.kind == "elsewhere":
        pairs = ((answer.domain, other.domain), (answer.intent, other.intent))
        return all(left is None or right is None or left == right for left, right in pairs)
    return (answer.domain, answer.intent, sorted(answer.slots or ())) == (
        other.domain,
        other.intent,
        sorted(other.slots or ()),
    )
