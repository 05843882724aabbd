// The line at the top (saved or not), and the strips that say what is wrong.

import { find, make, say, show } from "./dom.js";
import { counted } from "./words.js";

/** Saved, on the way, or kept here until the server is back. */
export function showState(outbox, answeredHere) {
  const root = find("state");
  const { length } = outbox.waiting;
  const away = length > 0 && outbox.away !== "";
  root.className = away ? "away" : length ? "sending" : "";
  if (length) say(root, `${length} unsaved${away ? ", kept here" : " …"}`);
  else say(root, answeredHere ? "✓ All saved" : "");
}

/** `look(entry)` opens a refused answer again. */
export function showNotices({ outbox, ahead, look }) {
  const strips = [];
  const { waiting, refused, away } = outbox;
  const error = waiting.length ? away : (ahead.error?.message ?? "");
  if (error) strips.push(troubled(error, outbox, ahead));
  if (outbox.unsafe) {
    strips.push(strip("This browser cannot keep answers over a reload. Leave this page open until all is saved."));
  }
  for (const entry of refused) strips.push(refusal(entry, outbox, look));
  if (ahead.queue?.phase === "failed" && ahead.queue.message) strips.push(strip(sentence(ahead.queue.message)));
  if (ahead.queue?.assistant) strips.push(strip(sentence(ahead.queue.assistant)));
  const root = find("notices");
  const words = strips.map((one) => one.textContent).join("\n");
  if (root.dataset.words === words) return; // a strip that stays is not spoken again
  root.dataset.words = words;
  root.replaceChildren(...strips);
}

function troubled(error, outbox, ahead) {
  const { length } = outbox.waiting;
  const kept = length ? ` ${counted(length, "answer is", "answers are")} kept here, and sent by ${length === 1 ? "itself" : "themselves"}.` : "";
  const now = make("button.link", {
    textContent: "Try now",
    onclick: () => {
      outbox.now();
      ahead.fill();
    },
  });
  return strip(`${sentence(error)}${kept}`, now);
}

function refusal(entry, outbox, look) {
  return strip(
    `The answer to “${entry.text.slice(0, 60)}” was refused: ${sentence(entry.message)}`,
    make("button.link", { textContent: "Look at it again", onclick: () => look(entry) }),
    make("button.link", { textContent: "Throw it away", onclick: () => outbox.drop(entry) }),
  );
}

const strip = (words, ...buttons) => make("p.notice", { role: "status" }, make("span", { textContent: words, dir: "auto" }), ...buttons.flatMap((one) => [" ", one]));

const sentence = (words) => {
  const trimmed = words.trim();
  return trimmed[0].toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
};

/** What is said while there is nothing to annotate. */
export function showEmpty(ahead, ready) {
  const empty = !ahead.current;
  show(find("empty"), ready && empty);
  if (!ready || !empty) return;
  const { queue, error } = ahead;
  if (error) say(find("empty-words"), "Waiting for the server …");
  else if (!queue || queue.phase === "training" || queue.phase === "waiting") {
    say(find("empty-words"), queue?.message ? sentence(queue.message) : "The models are being trained on what is there, to choose the first utterances …");
  } else {
    const why = queue.message ? ` ${sentence(queue.message)}` : "";
    say(find("empty-words"), `Nothing is left to annotate at the moment. New utterances appear here by themselves.${why}`);
  }
}
