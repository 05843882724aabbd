// Finding tasks and answers by words, label, annotator, and what they are: a lead those of everybody, others their own.

import { api, ofServer } from "./api.js";
import { make } from "./dom.js";
import { answered, line } from "./lines.js";
import { openPanel } from "./panel.js";
import { timeOf } from "./words.js";

const PAGE = 30;
const PAUSE = 200; // milliseconds after the last letter until the server is asked
const FIELDS = { label: "label", by: "annotator", is: "is", source: "source", unsure: "unsure" };
const HINT = "words · label:Name · is:flagged, noted, skipped, disputed, elsewhere, corrected, copied, answered or open · source:selected, blind or imported · unsure:50 (percent). A name with blanks stands in quotes: label:\"book title\".";
const OF_EVERYBODY = "by:Name · ";

/** What was typed as the parameters of the server: `by:Ada is:flagged blue moon`. */
export function parsed(typed) {
  const found = { words: [] };
  for (const [, field, quoted, word] of typed.matchAll(/(?:(label|by|is|source|unsure):)?(?:"([^"]*)"?|(\S+))/g)) {
    const value = quoted ?? word;
    if (field && value) found[FIELDS[field]] = value;
    else if (value) found.words.push(value);
  }
  return { ...found, words: found.words.join(" ") || null };
}

/**
 * `own` is the name of whoever finds their own answers alone, null for a lead. `open(task, answer)` is called for what is
 * chosen; the answer is null where there is none.
 */
export function search({ look, open, own, typed = "" }) {
  const body = openPanel("Search", { wide: true });
  const field = make("input", { type: "text", value: typed, "aria-label": "Search", placeholder: "blue moon is:flagged", autocomplete: "off", spellcheck: false });
  const list = make("ol.items");
  const state = make("p.muted", { role: "status" });
  const more = make("button.more", { textContent: "More", hidden: true, onclick: () => load(list.childElementCount) });
  let asked = 0;
  async function load(offset) {
    const number = (asked += 1);
    try {
      const { items } = await api.search({ ...parsed(field.value), ...(own === null ? {} : { annotator: own }), limit: PAGE, offset });
      if (number !== asked) return; // something else was typed meanwhile
      const rows = items.map((one) => item(one, look, open));
      if (offset) list.append(...rows);
      else list.replaceChildren(...rows);
      more.hidden = items.length < PAGE;
      state.textContent = list.childElementCount ? "" : "Nothing is found.";
    } catch (error) {
      const words = ofServer(error).message;
      if (number !== asked) return;
      list.replaceChildren();
      more.hidden = true;
      state.textContent = words;
    }
  }
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => load(0), PAUSE);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) list.querySelector("button")?.click();
  });
  body.append(make("p.search", {}, field), make("p.muted", { textContent: own === null ? OF_EVERYBODY + HINT : HINT }), state, list, more);
  field.focus();
  load(0);
}

function item({ task, answer }, look, open) {
  const said = answer ? answered(task, answer, look) : make("span.answered", {}, line(task.text, [], look), make("span.facts", {}, make("b", { textContent: "no answer" })));
  const who = answer ? make("span.who", { dir: "auto", textContent: `${answer.annotator} ${timeOf(answer.at)}` }) : make("span.who", { textContent: "open" });
  return make("li", {}, make("button.item", { onclick: () => open(task, answer) }, who, said));
}
