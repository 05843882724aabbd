"""What an annotation of Label Studio says, as an answer of a project, or why it says none; nothing is stored here.

Both ways by which annotations come, `canvass label-studio pull` and the webhooks of `serve`, read them here, so that
an annotation that came both ways is one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from canvass.annotation.exchange.answer_files import AnswerFiles, GivenAnswer
from canvass.annotation.project.answer_rule import UnknownLabelError
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.label_studio_regions import regions_of
from canvass.corpus.formats.located import Value
from canvass.corpus.formats.validation import utterance_of
from canvass.corpus.normalise import key_of
from canvass.errors import InputError, shown
from canvass.integrations.label_studio.labelling import Labelling
from canvass.types import ELSEWHERE, Utterance

PREFIX = "label-studio"
NOBODY = "label-studio"  # whose an answer is until its person is known
CANVASS_ID = "canvass_id"  # in the data of a task
COLUMNS = Columns()
LONGEST_SECONDS = 86_400.0
LARGEST = (1 << 63) - 1
UNKNOWN = "?"

# Why an annotation is no answer: nothing was marked; its text is one that errors are counted on; it has labels that
# the project does not know; or it is malformed (no text, offsets outside of it, slots that overlap or cut words).
Why = Literal["empty", "in test", "labels", "malformed"]


@dataclass(frozen=True)
class Annotated:
    """An annotation that is an answer.

    `name` tells it from all others of its server; `given` has its key, its utterance and the answer, whose task and id
    are for whoever stores it. `moment` is when it was last changed, as Label Studio writes it, or empty. `others`
    counts regions that say neither an intent nor a slot.
    """

    name: str
    given: GivenAnswer
    moment: str
    others: int = 0


class UnusableError(InputError):
    """An annotation that is no answer: `why` in a word, and a sentence that says where and what to do."""

    def __init__(self, why: Why, sentence: str) -> None:
        super().__init__(sentence)
        self.why: Why = why


def why_of(error: InputError) -> Why:
    """Say in a word why `answer_of` found no answer."""
    if isinstance(error, UnusableError):
        return error.why
    return "labels" if isinstance(error, UnknownLabelError) else "malformed"


def annotation_name(project: object, annotation: object) -> str:
    """Name an annotation: project and annotation are Label Studio's numbers.

    >>> annotation_name(3, 17)
    'label-studio-3-17'
    """
    return f"{PREFIX}-{_number(project)}-{_number(annotation)}"


def annotator_name(completed_by: Any) -> str:
    """Name a person: by number, since that is all that webhooks say of them.

    >>> annotator_name(3), annotator_name({"id": 3, "email": "ada@example.org"})
    ('label-studio-3', 'label-studio-3')
    """
    number = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return f"{PREFIX}-{_number(number)}"


def answer_of(
    annotation: Mapping[str, Any], task: Mapping[str, Any], labelling: Labelling, known: AnswerFiles
) -> Annotated:
    """Read an annotation as an answer, with slots in code points of the project's own text.

    One that was cancelled is a `skip`; the intent `elsewhere` (where the project has none of that name), another domain
    or another domain's intent make a negative; everything else is a frame, whose slots are absent where the labelling
    configuration has none.

    `annotation` and `task` are objects of the API, an export or a webhook: the former has id, result, completed_by,
    was_cancelled, updated_at, lead_time; the latter id, project, data. What the project knows (`known`) counts nothing
    here, and takes on new labels only if it was made to.

    Raises InputError where the annotation is no answer; `why_of` tells the reasons apart.
    """
    project = task.get("project", annotation.get("project"))
    project = project.get("id") if isinstance(project, dict) else project
    name = annotation_name(project, annotation.get("id"))
    where = f"annotation {_number(annotation.get('id'))} of task {_number(task.get('id'))}"
    if UNKNOWN in name:
        raise InputError(f"{where}: the number of the annotation or of its project is missing")
    data = task.get("data")
    record = dict(data) if isinstance(data, dict) else {}
    text = record.get(labelling.field)
    if not isinstance(text, str):
        raise InputError(
            f"{where}: the task has no text (expected a string as {labelling.field!r} of its data)"
        )
    identity = record.get(CANVASS_ID)
    identity = identity if isinstance(identity, str) else None
    utterance = utterance_of({"text": text, "id": identity}, where, COLUMNS)
    result = annotation.get("result")
    regions = regions_of(
        Value(result if result is not None else [], where, "result"), text, labelling.controls
    )
    by = annotator_name(annotation.get("completed_by"))
    seconds = _seconds(annotation.get("lead_time"))
    moment = str(annotation.get("updated_at") or annotation.get("created_at") or "")
    if annotation.get("was_cancelled") is True:
        utterance = known.as_stored(where, replace(utterance, intent=None, slots=None))
        key = _usable_key(utterance, where, known)
        answer = NewAnswer("", 0, by, "skip", seconds=seconds)
        return Annotated(name, GivenAnswer(where, key, utterance, answer), moment, regions.others)
    domain, intent = regions.domain, regions.intent
    if ELSEWHERE in labelling.intents and ELSEWHERE not in known.rule.others:
        # The domain is asked for where the intent is `elsewhere`; one that was chosen before is of no meaning.
        domain = (
            (domain or ELSEWHERE) if intent == ELSEWHERE else None if intent in known.rule.intents else domain
        )
        intent = None if intent == ELSEWHERE else intent
    said = utterance_of(
        {
            "text": text,
            "id": utterance.id,
            "domain": domain,
            "intent": intent,
            "slots": regions.slots if labelling.has_slots else None,
        },
        where,
        COLUMNS,
    )
    _refuse_empty(said, labelling, known, where)
    _usable_key(said, where, known)
    given = known.answered(where, said)
    if given is None:
        raise UnusableError("empty", f"{where}: nothing was annotated")
    answer = replace(given.answer, annotator=by, seconds=seconds)
    return Annotated(name, replace(given, answer=answer), moment, regions.others)


def _refuse_empty(said: Utterance, labelling: Labelling, known: AnswerFiles, where: str) -> None:
    """Refuse what leaves the intent open though it was asked for: a slip, or half an annotation."""
    if said.domain is not None or said.intent is not None or labelling.controls.intent is None:
        return
    if known.rule.intents or known.project.target.kind == "intent":
        what = "has slots and no intent" if said.slots else "marks nothing"
        raise UnusableError("empty", f"{where}: {what}; choose an intent there, or skip the task")


def _usable_key(utterance: Utterance, where: str, known: AnswerFiles) -> str:
    key = key_of(utterance.text)
    if not key:
        raise InputError(f"{where}: the text is blank; leave the task out")
    if key in known.test:
        raise UnusableError(
            "in test",
            f"{where}: the text {shown(utterance.text)} is one that errors are counted on, and is not learned",
        )
    return key


def _number(value: object) -> str:
    """Write one of Label Studio's numbers; what is none is a question mark, so that it cannot become a name."""
    return str(value) if type(value) is int and 0 <= value <= LARGEST else UNKNOWN


def _seconds(value: Any) -> float:
    """Read how long it took; 0 where nobody knows."""
    return float(value) if type(value) in {int, float} and 0 <= value <= LONGEST_SECONDS else 0.0
