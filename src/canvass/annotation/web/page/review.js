// What to look at again: disputes, answers that the models contradict, twins with different answers, flags and notes.

import { api, ofServer } from "./api.js";
import { make } from "./dom.js";
import { answered } from "./lines.js";
import { fill, openPanel } from "./panel.js";
import { counted, percent } from "./words.js";

/**
 * `open(task, answer, {words})` and `adjudicate(task, answers)` are called for what is chosen, and `fine(tasks)` for what
 * is right as it is; `settled` is the set of tasks that were answered since the lists were made.
 */
export function review({ look, open, adjudicate, fine, settled }) {
  const body = openPanel("Look at these again");
  fill(body, Promise.all([api.disputes(), api.review()]), ([disputes, found]) => {
    const disputed = disputes.items.filter(({ task }) => !settled.has(task.id));
    const items = left(found.items, settled);
    const [flagged, doubted] = [true, false].map((wanted) => items.filter(({ kind }) => (kind === "flagged") === wanted));
    const shown = (one) => doubt(one, look, open, fine);
    if (!disputed.length && !items.length) {
      return make("p.muted", { textContent: "Nothing: the models and the annotators agree with all answers." });
    }
    return [
      ...section("Disputes", "Two people answered differently. Decide what counts.", disputed.map((one) => dispute(one, look, adjudicate))),
      ...section("Second look", "Nothing here need be wrong; the models only think so.", doubted.map(shown)),
      ...section("Flags and notes", "Of everybody.", flagged.map(shown)),
    ];
  });
}

/** What the list shows, and the badge counts. */
const left = (items, settled) => items.filter(({ tasks }) => !tasks.every(({ task }) => settled.has(task.id)));

function section(title, words, items) {
  if (!items.length) return [];
  return [
    make("h3", {}, title, " ", make("span.count", { textContent: items.length })),
    make("p.muted", { textContent: words }),
    make("ol.items", {}, ...items),
  ];
}

function dispute({ task, answers }, look, adjudicate) {
  return make(
    "li",
    {},
    make(
      "button.item",
      { onclick: () => adjudicate(task, answers) },
      ...answers.map((answer) =>
        make("span.said", {}, make("span.who", { dir: "auto", textContent: answer.annotator }), answered(task, answer, look)),
      ),
    ),
  );
}

function doubt({ kind, words, probability, tasks }, look, open, fine) {
  const sure = kind === "contradicted" && !words.includes("%") ? make("span.number", { textContent: `${percent(probability)} sure` }) : null;
  const row = make(
    "li.doubt",
    {},
    make("p", {}, make("span", { dir: "auto", textContent: words }), " ", sure),
    ...tasks.map(({ task, answers }) => {
      const answer = answers.findLast((one) => one.current) ?? answers.at(-1);
      return make("button.item", { onclick: () => open(task, answer, { words }) }, answered(task, answer, look));
    }),
  );
  const settle = make("button.fine", { textContent: "Looked at, fine", title: "x, with the request in focus" });
  settle.onclick = async () => {
    settle.disabled = true;
    const next = row.nextElementSibling?.querySelector("button.item");
    try {
      await fine(tasks.map(({ task }) => task.id));
      row.remove();
      next?.focus();
    } catch (error) {
      row.append(make("p", { role: "alert", textContent: ofServer(error).message }));
      settle.disabled = false;
    }
  };
  row.addEventListener("keydown", (event) => event.key === "x" && settle.click());
  row.firstChild.append(settle);
  return row;
}

/** How many there are, for the badge. */
export async function toReview(settled) {
  const [disputes, found] = await Promise.all([api.disputes(), api.review()]);
  return disputes.items.filter(({ task }) => !settled.has(task.id)).length + left(found.items, settled).length;
}

export const reviewWords = (number) => (number ? counted(number, "thing") + " to look at again" : "nothing to look at again");
