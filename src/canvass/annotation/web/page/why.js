// Why an utterance was chosen: votes, scores and confidence, in a column beside it.

import { bar, make } from "./dom.js";
import { counted, percent, targetName } from "./words.js";

/** Fill the section for a task. */
export function why(root, task, project) {
  root.replaceChildren(make("h2", { textContent: "Why this one" }), ...parts(task, project));
}

function parts(task, { target, annotates_slots: slots, assistant }) {
  const seen = make("p", { textContent: `Seen ${counted(task.count, "time")}.` });
  const leaves = assistant ? [make("p.leaves", { textContent: `The assistant ${assistant}` })] : [];
  if (task.blind) {
    const whose = assistant ? "live traffic and the error of the assistant are" : "live traffic is";
    return [
      make("p", {
        textContent: `Drawn at random, and shown without a prediction so that it does not sway you. From these the error on ${whose} estimated.`,
      }),
      seen,
      ...leaves,
    ];
  }
  const { prediction } = task;
  const sure = prediction?.by ? [suggested(prediction)] : sureness(prediction, slots);
  return [task.why ? chosen(task.why) : imported(), ...votes(task, target), ...sure, seen, ...columns(task.columns), ...leaves];
}

/** Whose suggestion it is, where it is not the models'. */
const suggested = ({ by, confidence }) =>
  make("p.suggested", {}, "Suggested by the assistant ", make("b", { dir: "auto", textContent: by }), confidence < 1 ? ", which is not sure." : ", which is sure: check it all the same.");

/** What the pool says of it besides, where the project shows that. */
const columns = (found) =>
  found
    ? [make("dl.columns", {}, ...Object.entries(found).flatMap(([name, value]) => [make("dt", { dir: "auto", textContent: name }), make("dd", { dir: "auto", textContent: String(value) })]))]
    : [];

const imported = () => make("p", { textContent: "Handed out or imported by somebody of the project." });

// What was chosen before there were models.
const PHRASES = {
  match: "It has the words of a seed phrase.",
  near: "It is near to a seed phrase, by its letters or by words like its words.",
};

function chosen(reason) {
  if (PHRASES[reason.why]) return make("p", { textContent: `${PHRASES[reason.why]} Models choose once there are five requests of the target and five others.` });
  const fill = reason.why === "fill" ? " It fills up the batch: too few passed the filter." : "";
  return make(
    "p",
    {},
    "Place ",
    make("b", { textContent: reason.rank }),
    " of its batch by ",
    make("b", { textContent: reason.strategy }),
    ", score ",
    make("b.number", { textContent: short(reason.score) }),
    `.${fill}`,
  );
}

const short = (score) => (Math.abs(score) < 0.001 && score !== 0 ? score.toExponential(1) : score.toFixed(3));

function votes({ why: reason }, target) {
  const members = Object.entries(reason?.members ?? {});
  if (!members.length) return [];
  const [positive, all] = reason.votes;
  const name = targetName(target);
  return [
    make("p", {}, make("b", { textContent: `${positive} of ${all}` }), ` members say ${name || "yes"}:`),
    make("ul.members", {}, ...members.map(([member, score]) => voter(member, score))),
  ];
}

/** A bar from the middle: to the right for yes. Scores have no common scale, so its length only hints. */
function voter(member, score) {
  const strength = bar((0.5 * Math.abs(score)) / (1 + Math.abs(score)));
  strength.classList.add(score > 0 ? "yes" : "no");
  return make(
    "li",
    {},
    make("span", { textContent: member }),
    strength,
    make("span.number", { textContent: `${score > 0 ? "+" : "−"}${Math.abs(score).toFixed(2)}` }),
    make("span.vote", { textContent: score > 0 ? "yes" : "no" }),
  );
}

function sureness(prediction, slots) {
  if (!prediction) return [make("p", { textContent: "The models have no prediction for it yet." })];
  const found = slots ? [meter("Slots", prediction.confidence)] : [];
  if (prediction.intent) found.unshift(meter("Intent", prediction.intent_probability));
  return [make("p", { textContent: "How sure the models are:" }), make("dl.meters", {}, ...found.flat())];
}

const meter = (name, share) => [make("dt", { textContent: name }), make("dd", {}, bar(share), make("span.number", { textContent: percent(share) }))];
