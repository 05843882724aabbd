// What a label means: two lines below the labels, and, where they are too few, all of it on a card beside the label.

import { find, make, show } from "./dom.js";
import { bracketed, guideline } from "./help.js";

const PAUSE = 200; // milliseconds in which the mouse may go from the label to its card
const ROOM = 8; // pixels between the card and what is around it

function overlap(...elements) {
  const [one, other] = elements.map((element) => element.getBoundingClientRect());
  return one.top < other.bottom && other.top < one.bottom && one.left < other.right && other.left < one.right;
}

export class Guide {
  constructor(line, card) {
    Object.assign(this, { line, card });
    this.timer = 0;
    card.addEventListener("mouseenter", () => clearTimeout(this.timer));
    card.addEventListener("mouseleave", () => this.show(null));
  }

  /** Explain a label, or nothing; `beside` is its element. While somebody types in `field`, the card covers nothing that is needed. */
  show(item, beside = null, field = null) {
    clearTimeout(this.timer);
    const parts = item ? guideline(item) : [];
    this.line.replaceChildren(...(parts.length ? [make("b", { textContent: item.name }), " ", ...parts] : []));
    show(this.card, false);
    if (beside && this.line.scrollHeight > this.line.clientHeight + 1) this.open(item, beside.getBoundingClientRect(), field);
  }

  /** The mouse left a label, perhaps for its card. */
  leave() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(null), this.card.hidden ? 0 : PAUSE);
  }

  open({ name, description, examples }, { left, top, bottom }, field) {
    this.card.replaceChildren(
      make("b", { textContent: name }),
      make("p", { dir: "auto", textContent: description }),
      make("ul", {}, ...(examples ?? []).map((example) => make("li", { dir: "auto" }, ...bracketed(example)))),
    );
    show(this.card, true);
    const { style, offsetWidth, offsetHeight } = this.card;
    const { clientWidth, clientHeight } = document.documentElement;
    style.setProperty("left", `${Math.max(ROOM, Math.min(left, clientWidth - offsetWidth - ROOM))}px`);
    const above = top - offsetHeight - ROOM;
    style.setProperty("top", `${above >= ROOM ? above : Math.max(ROOM, Math.min(bottom + ROOM, clientHeight - offsetHeight - ROOM))}px`);
    if (field && [find("words"), find("actions"), field].some((element) => overlap(element, this.card))) show(this.card, false);
  }

  words(textContent) {
    this.show(null);
    this.line.textContent = textContent;
  }

  hint(textContent) {
    this.show(null);
    this.line.replaceChildren(make("span.hint", { textContent }));
  }
}
