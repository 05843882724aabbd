"""What an assistant that answers alone gets wrong: studies in which nobody corrects what it and the models agree on.

    python -m benchmarks.study.alone ../shared/data/snips intent:AddToPlaylist intent:BookRestaurant

The assistant is wrong in a share of the frames, whatever the models say, and always sure; or it is a model itself, over
character n-grams (`benchmarks.study.scorer`), trained on 300 utterances of the target that nothing else sees, which
errs where the models do. Requests are those that `majority-joint` chooses in 10 batches of 20, which the models find
hardest. Printed: in how many it is wrong, how many it answers alone, how many of these wrongly, and the slot error rate
at the end, beside that of people who answer everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from benchmarks.study.scorer import SCHEDULE, Model, studies
from canvass.annotation.assistant.assistant import SURE
from canvass.metrics import score
from canvass.simulation.noise import Annotator
from canvass.simulation.runs import Run
from canvass.simulation.simulated_assistant import HIDDEN, Check, SimulatedAssistant
from canvass.simulation.start import learn_words
from canvass.types import Frame

if TYPE_CHECKING:
    from canvass import Utterance
    from canvass.types import Prediction

ERRORS = (0.2, 0.4)
TRAINING = 300  # utterances of the target that the model is trained on


@dataclass(frozen=True)
class Alone(SimulatedAssistant):
    """Answers what it and the models say alike, but for the hidden share, which a perfect person answers."""

    model: Model | None = None
    wrong: list[bool] = field(default_factory=list)  # each suggestion
    wrong_alone: list[bool] = field(default_factory=list)  # each answer that nobody checks

    def suggest(self, gold: Utterance) -> Utterance:
        """Annotate as the model does, if there is one."""
        if self.model is None:
            return super().suggest(gold)
        (answer,) = self.model([gold.text])
        return replace(gold, intent=answer.intent, slots=answer.slots)

    def check(self, gold: Utterance, person: Utterance, prediction: Prediction | None) -> Check:
        """Answer alone, or leave it to a person."""
        suggestion = self.suggest(gold)
        wrong = self._frame(suggestion) != self._frame(gold)
        self.wrong.append(wrong)
        agreed = (
            prediction is not None
            and prediction.intent_probability * prediction.confidence >= SURE
            and self.target.matches(suggestion)
            and Frame.of(prediction.intent, prediction.slots, of_target=True) == self._frame(suggestion)
        )
        if not agreed or self._draw("hidden", gold) < HIDDEN:
            return Check(person, 0.0, False, 0.0, False)
        self.wrong_alone.append(wrong)
        return Check(suggestion, 0.0, wrong, 0.0, False)


def main() -> None:
    """Run the studies, and print a line for each."""
    for corpus, target, seed, whole in studies(__doc__):
        taken = [utterance for utterance in whole.pool if target.matches(utterance)][:TRAINING]
        hidden = set(taken)
        start = replace(whole, pool=tuple(row for row in whole.pool if row not in hidden))
        model = Model([*taken, *(row for row in start.labelled if not target.matches(row))], target)
        words, knows = learn_words(start), Annotator.of(seed, 0.0, corpus.rest)
        people = Run(start, target, "majority-joint", SCHEDULE, seed, words=words)
        *_, last = people.states()
        print(f"{target}, start {seed}, people: {score(last.errors).slot_error_rate:.1%}", flush=True)
        for error in (*ERRORS, None):
            assistant = Alone(seed, error or 0.0, 0.0, knows, target, None if error else model)
            *_, last = replace(people, assistant=assistant).states()
            who = "a model" if error is None else "errors of its own"
            alone = f"alone in {len(assistant.wrong_alone)}, of which {sum(assistant.wrong_alone)} wrong"
            print(
                f"{target}, start {seed}, {who}: {sum(assistant.wrong)} of {len(assistant.wrong)} wrong, {alone}; "
                f"{score(last.errors).slot_error_rate:.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
