"""The review list: answers that models contradict with confidence, and near duplicates that were answered differently.

Models that were trained on an answer seldom contradict it. So the answers are cut into folds by hash, and each fold is
judged by models that were trained without it (cross-fitting, as confident learning does: Northcutt, Jiang, Chuang
2021).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from canvass.annotation.project.project import Project
from canvass.annotation.quality.near_duplicates import near_duplicates
from canvass.annotation.store.records import Answer, ReviewItem, Task
from canvass.corpus.normalise import key_of
from canvass.errors import CanvassError
from canvass.features.word_features import WordFeatures
from canvass.models.nlu import NLU
from canvass.models.tagger import ITERATIONS_FOR_SELECTION
from canvass.seeding import uniform
from canvass.strategies import LOGISTIC
from canvass.types import Prediction, Slot, Target, Utterance

Accepted = Sequence[tuple[Task, Answer]]

FOLDS = 4
SURE = 0.95
MOST = 50  # items of either kind: nobody reads a longer list


def review(
    accepted: Accepted,
    annotated: Sequence[Utterance],
    target: Target,
    *,
    seed: int = 0,
    words: WordFeatures | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> list[ReviewItem]:
    """Make the review list: contradicted answers by falling probability, then near duplicates.

    `annotated` is all that models are trained on; `words` are features that they predict with; `stopped` is asked
    before each training, and ends the work early.
    """
    keyed = [(key_of(utterance.text), utterance) for utterance in annotated]
    items = contradicted(accepted, dict(keyed), target, seed=seed, words=words, stopped=stopped)
    mine = {task.key for task, _ in accepted}
    given = [utterance for key, utterance in keyed if key not in mine]
    return [*items[:MOST], *near_duplicates(accepted, given, target)[:MOST]]


def review_of(
    project: Project,
    annotated: Sequence[Utterance] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> list[ReviewItem]:
    """Make the review list of a project; `annotated` is all that its models are trained on, if it was read already."""
    return review(
        project.store.accepted(),
        project.annotated() if annotated is None else annotated,
        project.target,
        seed=project.settings.project.seed,
        words=project.words,
        stopped=stopped,
    )


def contradicted(
    accepted: Accepted,
    annotated: Mapping[str, Utterance],
    target: Target,
    *,
    seed: int = 0,
    words: WordFeatures | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> list[ReviewItem]:
    """List answers that models which have not seen them contradict with a probability of at least `SURE`.

    An answer that replaces another, or ends a dispute, was thought over already, and is left out. A fold whose models
    cannot be trained without it says nothing.
    """
    folds: list[list[tuple[Task, Answer]]] = [[] for _ in range(FOLDS)]
    for task, answer in accepted:
        if answer.replaces is None and not answer.adjudicates and task.key in annotated:
            folds[int(uniform(seed, "review", task.key) * FOLDS)].append((task, answer))
    items: list[ReviewItem] = []
    for fold in filter(None, folds):
        if stopped():
            break
        left_out = {task.key for task, _ in fold}
        rest = [utterance for key, utterance in annotated.items() if key not in left_out]
        try:
            nlu = NLU.train(rest, target, seed=seed, iterations=ITERATIONS_FOR_SELECTION, words=words)
        except CanvassError:
            continue  # the labelled set is so small that this fold has all of the target, or all of the rest
        items += judge(nlu, fold)
    return sorted(items, key=lambda item: (-item.probability, item.tasks))


def judge(nlu: NLU, fold: Accepted) -> list[ReviewItem]:
    """List the answers of a fold that models contradict."""
    texts = [task.text for task, _ in fold]
    nothing: list[Prediction | None] = [None] * len(texts)
    predicted = [*nlu.predict(texts)] if nlu.can_predict else nothing
    positive = [0.5] * len(texts)  # nobody knows
    if nlu.committee is not None:
        members = nlu.committee.decision_function(texts)
        agree = (members > 0).all(axis=1) | (members <= 0).all(axis=1)
        chance = np.exp(-np.logaddexp(0.0, -members[:, LOGISTIC]))
        positive = np.where(agree, chance, 0.5).tolist()
    items = []
    for (task, answer), prediction, chance_of_target in zip(fold, predicted, positive, strict=True):
        said = _contradiction(task, answer, prediction, chance_of_target)
        if said is not None:
            items.append(ReviewItem("contradicted", (task.id,), task.text, *said))
    return items


def _contradiction(
    task: Task, answer: Answer, prediction: Prediction | None, positive: float
) -> tuple[str, float] | None:
    """Say what the models hold against an answer, and how sure they are; the first thing that is wrong is enough."""
    if answer.kind == "elsewhere":
        sure = positive >= SURE
        return (
            ("answered as not of the target; the models take it for the target", positive) if sure else None
        )
    if 1 - positive >= SURE:
        return "answered as of the target; the models take it for something else", 1 - positive
    if prediction is None:
        return None
    if (
        prediction.intent != answer.intent
        and prediction.intent is not None
        and prediction.intent_probability >= SURE
    ):
        return f"answered {answer.intent}; the models say {prediction.intent}", prediction.intent_probability
    if (
        answer.slots is not None
        and prediction.tagged
        and set(prediction.slots) != set(answer.slots)
        and prediction.confidence >= SURE
    ):
        mine, theirs = (_marked(task.text, slots) for slots in (answer.slots, prediction.slots))
        return f"answered {mine}; the models mark {theirs}", prediction.confidence
    return None


def _marked(text: str, slots: Sequence[Slot]) -> str:
    return ", ".join(f"{slot.label} {text[slot.start : slot.end]!r}" for slot in sorted(slots)) or "no slot"
