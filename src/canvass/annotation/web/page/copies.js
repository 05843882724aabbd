// The same answer for near duplicates: a list with ticks.

import { api, ofServer } from "./api.js";
import { make } from "./dom.js";
import { line, verdict } from "./lines.js";
import { fill, openPanel } from "./panel.js";
import { counted } from "./words.js";

/** `last` is {task, answer}, the newest answer of the annotator; `saved(tasks)` is called once others have it, too. */
export function copies({ annotator, look, last, saved }) {
  const body = openPanel("The same for near duplicates");
  if (!last || last.answer.kind === "skip") {
    body.append(make("p.muted", { textContent: "Answer a request first; its near duplicates can then have the same answer." }));
    return;
  }
  const { task, answer } = last;
  const said = make("p.muted", {}, make("b", { textContent: verdict(answer) }), " for ", make("q", { dir: "auto", textContent: task.text }));
  fill(body, api.listCopies(annotator, answer.id), ({ items, complete }) => {
    const some = complete ? "" : " Only a part of the pool was searched.";
    if (!items.length) return [said, make("p", { textContent: `There are none, in the queue or the pool.${some}` })];
    const ticks = items.map(({ exact }) => make("input", { type: "checkbox", checked: exact }));
    const rows = items.map((item, i) => make("li", {}, make("label.item", {}, ticks[i], make("span.answered", {}, line(item.text, item.slots, look), make("span.facts", { textContent: `seen ${counted(item.count, "time")}${item.exact ? "" : " · one word differs"}` })))));
    const give = make("button.main", {});
    const show = () => {
      const chosen = ticks.filter((tick) => tick.checked).length;
      give.textContent = `The same for ${chosen}`;
      give.disabled = !chosen;
    };
    const problem = make("p.problem", { role: "alert" });
    give.onclick = async () => {
      give.disabled = true;
      try {
        const done = await api.copyAnswer(annotator, answer.id, items.filter((_, i) => ticks[i].checked).map(({ key }) => key));
        body.replaceChildren(said, make("p", { role: "status", textContent: `${counted(done.saved.length, "request has", "requests have")} this answer now, too.` }));
        body.focus();
        saved(done.saved);
      } catch (error) {
        problem.textContent = ofServer(error).message;
        give.disabled = false;
      }
    };
    for (const tick of ticks) tick.onchange = show;
    show();
    requestAnimationFrame(() => give.focus());
    return [said, make("p.muted", { textContent: `What differs in a word is not ticked: look whether it means the same.${some}` }), make("ol.items", {}, ...rows), problem, make("p.buttons", {}, give)];
  });
}
