// The last few answers under the desk: what they said, and whether the server has them. A press changes one.

import { find, make } from "./dom.js";
import { verdict } from "./lines.js";
import { visible } from "./text.js";

const SHOWN = 5;
const MOST = 200;

export class Recent {
  constructor(open, copies) {
    Object.assign(this, { open, copies });
    this.answers = []; // {task, answer, state}, the newest last
  }

  add(task, answer) {
    this.answers = this.answers.filter((one) => one.answer.id !== answer.replaces).slice(-MOST);
    this.answers.push({ task, answer, state: "unsaved" });
    this.render();
  }

  mark(id, state) {
    const found = this.answers.find((one) => one.answer.id === id);
    if (found) found.state = state;
    this.render();
  }

  /** Put earlier answers, the newest first, before those that are here. */
  recall(items) {
    const known = new Set(this.answers.flatMap(({ answer }) => [answer.id, answer.replaces]));
    const earlier = items.filter(({ answer }) => !known.has(answer.id)).reverse();
    this.answers.unshift(...earlier.map(({ task, answer }) => ({ task, answer, state: "saved" })));
    this.render();
  }

  get last() {
    return this.answers.at(-1) ?? null;
  }

  /** The answer before the one with this id, or the last. */
  before(id) {
    const place = this.answers.findIndex(({ answer }) => answer.id === id);
    return this.answers[(place < 0 ? this.answers.length : place) - 1] ?? null;
  }

  /** The oldest that the server has numbered. */
  get oldest() {
    return this.answers.find(({ answer }) => answer.sequence)?.answer.sequence ?? null;
  }

  render() {
    const signs = { unsaved: ["…", "not saved yet"], saved: ["✓", "saved"], refused: ["!", "refused"] };
    find("recent").replaceChildren(
      ...this.answers
        .slice(-SHOWN)
        .reverse()
        .map((one, i) => {
          const [sign, words] = signs[one.state];
          const { task, answer } = one;
          return make(
            "li",
            {},
            make(
              "button.link",
              { title: "change it", onclick: () => this.open(task, answer) },
              make("span.sign", { textContent: sign, title: words, "aria-label": words, role: "img" }),
              make("span.text", { dir: "auto", textContent: visible(task.text.slice(0, 200)) }),
              make("span.muted", { textContent: verdict(answer) }),
            ),
            i === 0 && answer.kind !== "skip" ? make("button.same", { textContent: "same for others", title: "b", onclick: () => this.copies() }) : null,
          );
        }),
    );
  }
}
