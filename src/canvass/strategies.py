"""The strategies: which models they use, which utterances they keep, and the score by which these are ranked.

Filters and scores are pure functions of arrays. The smallest score is annotated first; ties go by key. A new
strategy is one function and one row of `STRATEGIES`: the command line, the docs, the studies and the tests read the
table.

Letters: y_lg, y_hg, y_sq are the raw scores of the members; p_lg = 1 / (1 + exp(-y_lg)); p_intent and p_crf the
probabilities of the likeliest intent and of the best tag sequence; p_1 = p_intent, p_2, ... those of all intents, the
largest first; q_intent and q_slots what another model says of intent and slots. Products are sums of logs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from canvass.errors import OptionError, nearest
from canvass.types import ALL

Scores = NDArray[np.float64]
Mask = NDArray[np.bool_]

Model = Literal["committee", "intents", "tagger"]
GIVEN_PROBABILITIES = ("intent_probability", "slots_probability")
LOGISTIC = 0  # the committee's first member
SUREST = 2.0**-40  # the smallest -log p that a draw tells from 0
SMALLEST_MARGIN = 2.0**-54  # of two intents that are as likely
SMALLEST_DRAW = 2.0**-54  # what a draw of 0 counts as: half a step


class Evidence(NamedTuple):
    """What a score may look at; N candidates, M members.

    `members` float64 (N, M): raw scores y_m; `log_intent`, `log_crf` float64 (N,); `lengths` int32 (N,): T, at
    least 1; `uniform` float64 (N,): a draw from [0, 1) by hash of the key; `margin` float64 (N,): p_1 - p_2, and
    `entropy` float64 (N,): that of all intents, in nats. What its strategy does not need says
    nothing.
    """

    members: Scores
    log_intent: Scores
    log_crf: Scores
    lengths: NDArray[np.int32]
    uniform: Scores
    margin: Scores
    entropy: Scores
    given_score: Scores
    given_intent: Scores
    given_slots: Scores


def positive_votes(members: Scores) -> NDArray[np.int16]:
    """Count the members that call each row positive: int16 (N,). Member by member, since their columns are long."""
    votes = np.zeros(len(members), dtype=np.int16)
    for m in range(members.shape[1]):
        votes += members[:, m] > 0
    return votes


def majority(members: Scores) -> Mask:
    """Keep what more members call positive than negative; a score of exactly 0 counts as negative."""
    return np.asarray(2 * positive_votes(members) > members.shape[1])


def no_majority(members: Scores) -> Mask:
    """Keep what `majority` leaves out: where a filter's misses are looked for."""
    return ~majority(members)


def disagree(members: Scores) -> Mask:
    """Keep what the members do not agree on: their signs are not all equal."""
    votes = positive_votes(members)
    return np.asarray((votes > 0) & (votes < members.shape[1]))


def logistic_positive(members: Scores) -> Mask:
    """Keep what the logistic member calls positive."""
    return np.asarray(members[:, LOGISTIC] > 0)


def log_target(members: Scores) -> Scores:
    """Compute log p_lg without overflow (logaddexp works value by value: no bit depends on the place)."""
    return np.asarray(-np.logaddexp(0.0, -members[:, LOGISTIC]))


def nearest_to_zero(members: Scores) -> Scores:
    """abs(y_lg): uncertainty on either side; also ranks what a filter left out, to fill a batch."""
    return np.asarray(np.abs(members[:, LOGISTIC]))


def by_chance(evidence: Evidence) -> Scores:
    """Rank by the draw of the key."""
    return evidence.uniform.copy()


def uncertainty(evidence: Evidence) -> Scores:
    """abs(y_lg)."""
    return nearest_to_zero(evidence.members)


def logistic(evidence: Evidence) -> Scores:
    """y_lg."""
    return evidence.members[:, LOGISTIC].copy()


def sum_of_absolutes(evidence: Evidence) -> Scores:
    """Sum of abs(y_m), in the order of the members."""
    absolutes = np.abs(evidence.members)
    return sum((absolutes[:, m] for m in range(1, absolutes.shape[1])), absolutes[:, 0])


def absolute_sum(evidence: Evidence) -> Scores:
    """abs(sum of y_m): a confident yes may be offset by a confident no."""
    members = evidence.members
    return np.abs(sum((members[:, m] for m in range(1, members.shape[1])), members[:, 0]))


def target_and_tags(evidence: Evidence) -> Scores:
    """p_lg * p_crf."""
    return log_target(evidence.members) + evidence.log_crf


def tags_by_length(evidence: Evidence) -> Scores:
    """(log p_crf) / T, maximum normalised log-probability (Shen et al. 2017): does not favour long utterances."""
    return evidence.log_crf / evidence.lengths


def whole_frame(evidence: Evidence) -> Scores:
    """p_lg * p_intent * p_crf: the chance that domain, intent and slots are all right."""
    return log_target(evidence.members) + evidence.log_intent + evidence.log_crf


def draw_by(log_right: Scores, uniform: Scores, sharpness: float) -> Scores:
    """Score keys so that the k smallest are a draw without replacement, weighted by (1 - p) ** sharpness.

    The Gumbel-max trick for k keys (Kool, van Hoof, Welling 2019, "Stochastic beams and where to find them"): the
    score is -(sharpness * log(1 - p) + G), G = -log(-log u). A key's weight relative to another's is the ratio of the
    chances that it is drawn before it. Logarithms are taken value by value, so that no bit depends on the place.

    Parameters
    ----------
    log_right
        float64 (N,): log p, at most 0; values nearer to 0 than `SUREST` count as that.
    uniform
        float64 (N,): u, in [0, 1).
    sharpness
        0 draws evenly; the larger, the nearer to taking the smallest p.

    """
    return np.array(
        [
            math.log(-math.log(max(draw, SMALLEST_DRAW)))
            - sharpness * math.log(-math.expm1(min(value, -SUREST)))
            for value, draw in zip(log_right.tolist(), uniform.tolist(), strict=True)
        ],
        dtype=np.float64,
    ).reshape(len(uniform))


def drawn_frame(evidence: Evidence) -> Scores:
    """Draw in proportion to 1 - p_lg * p_intent * p_crf, the chance that the frame is wrong."""
    return draw_by(whole_frame(evidence), evidence.uniform, 1.0)


def sharply_drawn_frame(evidence: Evidence) -> Scores:
    """Draw in proportion to (1 - p_lg * p_intent * p_crf) ** 4."""
    return draw_by(whole_frame(evidence), evidence.uniform, 4.0)


def drawn_frame_by_length(evidence: Evidence) -> Scores:
    """Draw in proportion to (1 - (p_lg * p_intent * p_crf) ** (1 / T)) ** 2: long utterances are not favoured."""
    return draw_by(whole_frame(evidence) / evidence.lengths, evidence.uniform, 2.0)


def intent_and_tags(evidence: Evidence) -> Scores:
    """p_intent * p_crf, where there is no rest to tell the target from."""
    return evidence.log_intent + evidence.log_crf


def doubt_by_traffic(log_right: Scores, counts: Scores) -> Scores:
    """-sqrt(count) * (1 - p): of equal doubt, what is seen more often comes first (value by value, as `draw_by`)."""
    pairs = zip(log_right.tolist(), counts.tolist(), strict=True)
    return np.array([math.sqrt(count) * math.expm1(value) for value, count in pairs], dtype=np.float64)


def intent_alone(evidence: Evidence) -> Scores:
    """Log p_intent."""
    return evidence.log_intent.copy()


def breaking_ties(evidence: Evidence) -> Scores:
    """p_1 - p_2."""
    return evidence.margin.copy()


def margin_and_tags(evidence: Evidence) -> Scores:
    """(p_1 - p_2) * p_crf. Logs are taken value by value, so that no bit depends on the place."""
    margins = np.maximum(evidence.margin, SMALLEST_MARGIN)
    return np.array([*map(math.log, margins.tolist())], dtype=np.float64) + evidence.log_crf


def negative_entropy(evidence: Evidence) -> Scores:
    """Sum of p_k log p_k."""
    return -evidence.entropy


def as_given(evidence: Evidence) -> Scores:
    """Rank by the score of another model, or by q_intent * q_slots."""
    return evidence.given_score.copy()


def mixed_frame(evidence: Evidence) -> Scores:
    """p_lg * sqrt(p_intent * q_intent) * sqrt(p_crf * q_slots): the geometric mean of two models, part by part."""
    intent = (evidence.log_intent + evidence.given_intent) / 2
    return log_target(evidence.members) + intent + (evidence.log_crf + evidence.given_slots) / 2


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of the table: the models a strategy cannot do without, its filter, its score, where it is from.

    `columns` are those of another model, of which the pool must have at least one. `weigh` makes other scores of those
    of the best and how often each was seen, float64 (N,): a key's counts are known at the end of the pool. If
    `balanced`, intents with few examples take turns in the batch (`canvass.selection.variety.in_turns`).
    """

    name: str
    models: frozenset[Model]
    keep: Callable[[Scores], Mask] | None
    score: Callable[[Evidence], Scores]
    formula: str
    source: str
    columns: tuple[str, ...] = ()
    weigh: Callable[[Scores, Scores], Scores] | None = None
    balanced: bool = False

    @property
    def filter(self) -> str:
        """The filter in words."""
        return "none" if self.keep is None else self.keep.__name__.replace("_", " ")

    @property
    def takes_answers(self) -> bool:
        """Whether probabilities of another model can take the place of ours in its score."""
        return (
            bool(self.models & {"intents", "tagger"}) and not self.columns and self.score != negative_entropy
        )

    @property
    def for_all(self) -> bool:
        """Whether it is for the target `all`: it ranks by models, and none of them tells a target from the rest."""
        return bool(self.models) and "committee" not in self.models


_COMMITTEE: frozenset[Model] = frozenset({"committee"})
_INTENTS: frozenset[Model] = frozenset({"intents"})
_TAGGED: frozenset[Model] = frozenset({"committee", "tagger"})
_FRAME: frozenset[Model] = frozenset({"intents", "tagger"})
_WHOLE = _COMMITTEE | _FRAME

STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("random", frozenset(), None, by_chance, "uniform", "article"),
        Strategy("uncertainty", _COMMITTEE, None, uncertainty, "abs(y_lg)", "article: the classical rule"),
        Strategy("al-logistic", _COMMITTEE, logistic_positive, logistic, "y_lg", "paper"),
        Strategy("qbc-sa", _COMMITTEE, disagree, sum_of_absolutes, "sum of abs(y_m)", "paper"),
        Strategy("qbc-as", _COMMITTEE, disagree, absolute_sum, "abs(sum of y_m)", "paper"),
        Strategy("majority-sa", _COMMITTEE, majority, sum_of_absolutes, "sum of abs(y_m)", "paper"),
        Strategy("majority-as", _COMMITTEE, majority, absolute_sum, "abs(sum of y_m)", "article"),
        Strategy("qbc-crf", _TAGGED, disagree, target_and_tags, "p_lg * p_crf", "paper"),
        Strategy(
            "majority-crf", _TAGGED, majority, target_and_tags, "p_lg * p_crf", "paper: the proposed one"
        ),
        Strategy("random-positive", _COMMITTEE, majority, by_chance, "uniform", "the honest baseline"),
        Strategy("majority-mnlp", _TAGGED, majority, tags_by_length, "(log p_crf) / T", "Shen et al. 2017"),
        Strategy(
            "majority-joint", _WHOLE, majority, whole_frame, "p_lg * p_intent * p_crf", "ours; the default"
        ),
        Strategy(
            "majority-drawn",
            _WHOLE,
            majority,
            drawn_frame,
            "drawn by 1 - p_joint",
            "ours; nearest to random-positive",
        ),
        Strategy(
            "majority-drawn-4", _WHOLE, majority, sharply_drawn_frame, "drawn by (1 - p_joint) ** 4", "ours"
        ),
        Strategy(
            "majority-drawn-length",
            _WHOLE,
            majority,
            drawn_frame_by_length,
            "drawn by (1 - p_joint ** (1/T)) ** 2",
            "ours",
        ),
        Strategy("joint", _FRAME, None, intent_and_tags, "p_intent * p_crf", "ours; for `--target all`"),
        Strategy(
            "margin-joint", _FRAME, None, margin_and_tags, "(p_1 - p_2) * p_crf", "ours; for `--target all`"
        ),
        Strategy(
            "margin-balanced",
            _FRAME,
            None,
            margin_and_tags,
            "(p_1 - p_2) * p_crf, intents in turn",
            "ours; the default for `--target all`",
            balanced=True,
        ),
        Strategy(
            "majority-traffic",
            _WHOLE,
            majority,
            whole_frame,
            "sqrt(count) * (1 - p_joint)",
            "ours; where errors count by traffic",
            weigh=doubt_by_traffic,
        ),
        Strategy(
            "joint-traffic",
            _FRAME,
            None,
            intent_and_tags,
            "sqrt(count) * (1 - p_intent * p_crf)",
            "ours; the same for `all`",
            weigh=doubt_by_traffic,
        ),
        Strategy("least-confidence", _INTENTS, None, intent_alone, "p_1", "Lewis and Gale 1994; for `all`"),
        Strategy("margin", _INTENTS, None, breaking_ties, "p_1 - p_2", "Scheffer et al. 2001; for `all`"),
        Strategy(
            "entropy", _INTENTS, None, negative_entropy, "sum of p_k log p_k", "Shannon 1948; for `all`"
        ),
        Strategy(
            "external",
            _COMMITTEE,
            majority,
            as_given,
            "column score, or q_intent * q_slots",
            "your model: columns of the pool",
            ("score", *GIVEN_PROBABILITIES),
        ),
        Strategy(
            "external-all",
            frozenset(),
            None,
            as_given,
            "column score, or q_intent * q_slots",
            "your model; for `all`",
            ("score", *GIVEN_PROBABILITIES),
        ),
        Strategy(
            "external-joint",
            _WHOLE,
            majority,
            mixed_frame,
            "p_lg * sqrt(p q), intent and slots",
            "your model and ours",
            GIVEN_PROBABILITIES,
        ),
    )
}
DEFAULT = "majority-joint"
DEFAULT_FOR_ALL = "margin-balanced"


def default_for(target: object) -> str:
    """Name the strategy for a target, or the words of one, where none is named."""
    return DEFAULT_FOR_ALL if str(target) == ALL else DEFAULT


def strategy_named(name: str) -> Strategy:
    """Find a strategy; raises OptionError with the nearest names."""
    if name not in STRATEGIES:
        raise OptionError(
            f"--strategy {name!r} is unknown{nearest(name, list(STRATEGIES))} (there are {', '.join(STRATEGIES)})"
        )
    return STRATEGIES[name]


def check_scorer(strategy: Strategy, shortlist: int, size: int) -> None:
    """Refuse a scorer whose answers would change nothing, or a shortlist smaller than the batch; raises OptionError."""
    if not strategy.takes_answers:
        fitting = ", ".join(name for name, row in STRATEGIES.items() if row.takes_answers)
        raise OptionError(
            f"--scorer gives probabilities of intents and slots, and --strategy {strategy.name} does not rank by "
            f"these; take one of {fitting}"
        )
    if shortlist < size:
        raise OptionError(
            f"--shortlist {shortlist} is smaller than the batch of {size}; the batch is chosen from it, so make "
            "it larger"
        )
