"""A pool with everything that a pool can have, and the batch that a plan should choose from it, by brute force."""

import functools
import math
import random
import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa

from canvass.corpus.normalise import key_of, keys
from canvass.corpus.pool import Pool
from canvass.corpus.spans import tokens
from canvass.models.nlu import NLU
from canvass.seeding import hash64, uniform
from canvass.selection.partial import Counters
from canvass.selection.variety import ALIKE, folded
from canvass.strategies import GIVEN_PROBABILITIES, STRATEGIES, Evidence
from canvass.types import Utterance
from examples import labelled_and_rest
from texts import NOTABLE

MEMBERS = ("logistic", "hinge", "squared")
SPACES = [" ", "  ", "\t", "\u00a0", "\u3000", "\n", " \x1c"]
LABELLED, REST = labelled_and_rest()
NOISE = [
    "play", "set", "timer", "rain", "in", "by", "river", "björk", "please", "song", "Łódź", "list", "U2", "add", "音楽", "!",
    "what's", "ten",
]  # fmt: skip
# Labelled, and too long for the pool: it is counted once, as labelled.
LONG = "play river ! " * 13 + "play it now"


def trained(target, **options):
    return NLU.train(LABELLED, target, iterations=15, bits=13, **options)


def respelled(text, dice):
    """Another text with the same key: other white space, decomposed characters."""
    words = (unicodedata.normalize(dice.choice(["NFC", "NFD"]), word) for word in text.split(" "))
    return dice.choice(["", *SPACES]) + dice.choice(SPACES).join(words) + dice.choice(["", *SPACES])


def pool_rows():
    dice = random.Random(11)
    found = []
    found += [
        Utterance(one.text, id=f"r{number}", count=dice.randrange(1, 5)) for number, one in enumerate(REST)
    ]
    noise = [" ".join(dice.choices(NOISE, k=dice.randrange(1, 8))) for _ in range(60)]
    found += [Utterance(text, id=f"n{number}") for number, text in enumerate(noise)]
    for one in dice.choices([*found, *LABELLED], k=150):
        identity = dice.choice([None, None, f"r{dice.randrange(10**4)}", "é", "\U00010000", "\uffff"])
        found.append(Utterance(respelled(one.text, dice), id=identity, count=dice.randrange(1, 10**6)))
    found += [Utterance(text, id=dice.choice([None, f"t{dice.randrange(100)}"])) for text in NOTABLE]
    found.append(Utterance("play river ! " * 13 + "play", id="forty tokens"))
    found.append(Utterance("play river ! " * 13 + "play it", id="forty-one tokens"))
    found.append(Utterance(respelled(LONG, dice), id="labelled and too long"))
    found.append(Utterance("x" * 3000, id=None, count=3))
    found.append(Utterance("play " * 20_000, id="very long"))
    dice.shuffle(found)
    return found


ROWS = pool_rows()


OWN = [name for name, row in STRATEGIES.items() if not row.columns]  # those that need no other model


def opinion_of(row):
    """What another model says of a row: of equal keys it may say different things."""
    draws = [round(uniform(7, role, f"{row.text}|{row.id}"), 2) for role in ("score", "intent", "slots")]
    return {
        "score": draws[0] - 0.5,
        "intent": None if draws[1] < 0.3 else f"intent {row.id}",
        "intent_probability": draws[1],
        "slots_probability": draws[2],
    }


def opinion_records(rows):
    return [{"text": row.text, "id": row.id, "count": row.count, **opinion_of(row)} for row in rows]


def pool_of(utterances, name, **options):
    """A pool in memory, with what another model says if the strategy of that name ranks by it."""
    if not STRATEGIES[name].columns:
        return Pool.of(utterances, **options)
    table = pa.Table.from_pylist(opinion_records(utterances))
    return Pool.from_table(table, model_columns=STRATEGIES[name].columns, **options)


class Twin:
    """What a plan should choose, with one entry of a dict for every key and nothing bounded or in blocks."""

    def __init__(self, nlu, max_tokens=40):
        self.nlu = nlu
        self.excluded = {LONG, *(key_of(one.text) for one in LABELLED)}
        self.max_tokens = max_tokens
        self._evidence = {}
        self._lengths = {}
        self._predictions = {}
        self.shown = {}

    def length(self, key):
        if key not in self._lengths:
            self._lengths[key] = len(tokens(key))
        return self._lengths[key]

    def prediction(self, text):
        """What the models say of one text alone."""
        if text not in self._predictions:
            self._predictions[text] = self.nlu.predict([text])[0]
        return self._predictions[text]

    def evidence(self, key, seed):
        """The evidence of one key, from calls with one row."""
        if key not in self._evidence:
            column = keys(pa.array([key], type=pa.string()))
            length = self.length(key)
            members = np.zeros((1, 0))
            if self.nlu.committee is not None:
                members = self.nlu.committee.decision_function([key])
            log_intent = log_crf = np.zeros(1)
            margin = entropy = np.zeros(1)
            if self.nlu.intents is not None:
                _, log_intent, margin, entropy, _ = self.nlu.intents.predict(column)
            if self.nlu.tagger is not None:
                log_crf, lengths = self.nlu.tagger.confidence(column)
                assert lengths.tolist() == [length]
            self._evidence[key] = Evidence(
                members, log_intent, log_crf, np.array([length], dtype=np.int32), np.zeros(1), margin, entropy,
                *[np.zeros(1)] * 3,
            )  # fmt: skip
        return self._evidence[key]._replace(uniform=np.array([uniform(seed, "selection", key)]))

    def choose(self, rows, strategy, size, seed=0):
        """Return (chosen, counters, distinct keys read, distinct keys that passed)."""
        keep, score = STRATEGIES[strategy].keep, STRATEGIES[strategy].score
        entries = {}
        read = set()
        blank = labelled = too_long = 0
        for row in rows:
            key = key_of(row.text)
            if not key:
                blank += 1
                continue
            read.add(key)
            if key in self.excluded:
                labelled += 1
            elif self.length(key) > self.max_tokens:
                too_long += 1
            else:
                identity = f"{hash64(key.encode()):016x}" if row.id is None else row.id
                entries.setdefault(key, []).append((identity, row))
        found = []
        passed_rows = passed_keys = 0
        for key, rows_of_key in entries.items():
            evidence = self.evidence(key, seed)
            passes = keep is None or bool(keep(evidence.members)[0])
            passed_rows += len(rows_of_key) * passes
            passed_keys += passes
            scored = [
                (
                    float(score(given(evidence, opinion_of(row)))[0])
                    if passes
                    else abs(float(evidence.members[0, 0])),
                    identity,
                    row.text,
                    row,
                )
                for identity, row in rows_of_key
            ]
            # Of a key of which the other model says several things, what ranks first is what counts.
            value, identity, text, self.shown[key] = min(scored, key=lambda one: one[:3])
            count = sum(one[3].count for one in scored if one[0] == value)
            members = dict(zip(MEMBERS, evidence.members[0].tolist(), strict=False))
            why = "filter" if passes else "fill"
            found.append((not passes, value, key, identity, text, count, members, why))
        found.sort(key=lambda one: one[:3])
        if STRATEGIES[strategy].weigh is not None:
            found = weighed(found, max(8 * size, 500))
        random = strategy in {"random", "random-positive"}
        order = self.by_fewest if STRATEGIES[strategy].balanced else lambda fresh, _: fresh
        ordered = taking_turns(found, {*self.excluded}, size, variety=not random, order=order)
        chosen = [
            {
                "rank": rank, "id": identity, "text": text, "key": key, "count": count, "score": value,
                "members": members, "why": why, "strategy": strategy,
            }
            for rank, (_, value, key, identity, text, count, members, why) in enumerate(ordered, 1)
        ]  # fmt: skip
        return chosen, Counters(len(rows), blank, labelled, too_long, passed_rows), len(read), passed_keys

    def by_fewest(self, fresh, size):
        """Of the best four times the size, take one by one what is of the intent with the fewest examples so far."""
        fewest = Counter(one.intent for one in LABELLED if self.nlu.target.matches(one))
        best = fresh[: 4 * size]
        intents = {one[2]: self.prediction(one[4]).intent for one in best}
        ordered = []
        while best:
            # Of equals, min takes the first.
            ordered.append(best.pop(best.index(min(best, key=lambda one: fewest[intents[one[2]]]))))
            fewest[intents[ordered[-1][2]]] += 1
        return [*ordered, *(one for one in fresh if one not in ordered)]


def weighed(found, most):
    """Rank the `most` best of those that passed anew, by the square root of the count times 1 - p."""
    best = [
        (rest, math.sqrt(count) * math.expm1(value), key, identity, text, count, members, why)
        for rest, value, key, identity, text, count, members, why in found
        if why == "filter"
    ][:most]
    return [*sorted(best, key=lambda one: one[1]), *(one for one in found if one[-1] == "fill")]


def given(evidence, opinion):
    """The evidence with what another model says."""
    chances = [np.log(np.array([max(opinion[name], 2.0**-1022)])) for name in GIVEN_PROBABILITIES]
    return evidence._replace(
        given_score=np.array([opinion["score"]]), given_intent=chances[0], given_slots=chances[1]
    )


def taking_turns(found, excluded, size, *, variety=True, order=lambda fresh, _: fresh):
    """Leave out copies, and let near copies take turns: the twin of `canvass.selection.variety` in a plan, slowly."""
    forms = {folded(key) for key in excluded}
    bare_forms = {form.casefold() for form in forms}
    chosen, copies, seen = [], [], set()
    for fails in (False, True):
        fresh = []
        for one in (one for one in found if one[0] == fails):
            form = folded(one[2])
            if form not in forms and form.casefold() not in seen:
                seen.add(form.casefold())
                (copies if form.casefold() in bare_forms else fresh).append(one)
        room = size - len(chosen)
        fresh = fresh if fails else order(fresh, size)
        groups = []
        for one in fresh if variety else ():
            alike = next((group for group in groups if likeness(group[0][2], one[2]) >= ALIKE), None)
            groups.append([one]) if alike is None else alike.append(one)
        taken = fresh[:room] if not variety else []
        turns = sorted(
            (len(group) if turn >= max(2, math.ceil(room / 10)) else 0, fresh.index(one))
            for group in groups
            for turn, one in enumerate(group)
        )
        taken += [fresh[place] for place in sorted(place for _, place in turns[:room])]
        chosen += taken
    return [*chosen, *copies[: size - len(chosen)]]


def likeness(one, other):
    """Dice's coefficient of the words and pairs of words."""
    some, others = words_and_pairs(one), words_and_pairs(other)
    return 2 * len(some & others) / (len(some) + len(others)) if some and others else 0.0


@functools.cache
def words_and_pairs(key):
    words = [key[token.start : token.end].lower() for token in tokens(key) if token.is_word]
    words = ["0" if word.isnumeric() else word for word in words]
    return {*words, *(f"{words[i]} {words[i + 1]}" for i in range(len(words) - 1))}


def shown(batch):
    """The candidates of a batch in the form of the twin; predictions are compared apart."""
    names = ("rank", "id", "text", "key", "count", "score", "members", "why", "strategy")
    return [{name: getattr(one, name) for name in names} for one in batch.candidates]
