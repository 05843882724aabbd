// One annotated utterance on a line, to read: in the history, the review list and disputes.

import { make } from "./dom.js";
import { Text, visible } from "./text.js";

/** The text with its slots marked. */
export function line(string, slots, look) {
  const text = new Text(string);
  const root = make("span.line", { dir: "auto", "data-text": string });
  let end = 0;
  for (const slot of slots ?? []) {
    root.append(visible(text.slice(end, slot.start)));
    const box = make("span.slot", { dir: "auto" }, visible(text.slice(slot.start, slot.end)));
    box.classList.add(...look(slot.label).split(" "));
    box.append(make("span.tag", {}, make("bdi", { dir: "ltr", textContent: slot.label })));
    root.append(box);
    end = slot.end;
  }
  root.append(visible(text.slice(end, text.length)));
  return root;
}

/** What an answer says beside its slots. */
export function verdict(answer) {
  if (answer.kind === "skip") return "skipped";
  if (answer.kind === "frame") return answer.intent ?? "no intent";
  return answer.domain || answer.intent ? `elsewhere: ${answer.domain ?? answer.intent}` : "elsewhere";
}

/** An answer: its utterance, what it says, and its note. */
export function answered(task, answer, look) {
  return make(
    "span.answered",
    {},
    line(task.text, answer.slots, look),
    make(
      "span.facts",
      {},
      make("b", { textContent: verdict(answer) }),
      answer.copies ? make("span", { textContent: "copied" }) : null,
      answer.flagged ? make("span.flagged", { textContent: "⚑ flagged" }) : null,
      answer.note ? make("q", { dir: "auto", textContent: answer.note }) : null,
    ),
  );
}
