// Likely corrections, each by one key: what the next best taggings change in the best, cut into the places that change.

import { keepFocus, make } from "./dom.js";
import { overlaps, place, sameSlot } from "./spans.js";

export const OFFER_KEYS = [..."qwetadgv"];

/** The distinct changes {without, added} from the best slots to `others`, the likeliest first, as many as have a key. */
export function changesOf(best, others) {
  const found = new Map();
  for (const slots of others) for (const change of differences(best, slots)) found.set(JSON.stringify(change), change);
  return [...found.values()].slice(0, OFFER_KEYS.length);
}

/** The slots that are not among others. */
const only = (slots, others) => slots.filter((slot) => !others.some((other) => sameSlot(slot, other)));

/** What two lists of slots differ in; what overlaps is one change. */
export function differences(some, others) {
  const [without, added] = [only(some, others), only(others, some)];
  const changes = [];
  let end = -1;
  for (const slot of [...without, ...added].sort((one, other) => one.start - other.start || one.end - other.end)) {
    if (slot.start >= end) changes.push({ without: [], added: [] });
    changes.at(-1)[without.includes(slot) ? "without" : "added"].push(slot);
    end = Math.max(end, slot.end);
  }
  return changes;
}

/** Whether slots have a change. */
export const has = (slots, { without, added }) => {
  const holds = (slot) => slots.some((other) => sameSlot(slot, other));
  return added.every(holds) && !without.some(holds);
};

/** Make a change, or take it back; other slots that are in its way make room. */
export function toggle(slots, change, stops) {
  const [gone, put] = has(slots, change) ? [change.added, change.without] : [change.without, change.added];
  return put.reduce((all, slot) => place(all, slot, stops), only(slots, gone));
}

/** The line of offers below the utterance; `take(change)` is called for the one that is pressed. */
export class Offers {
  constructor(root, { look, take }) {
    Object.assign(this, { root, look, take });
    this.changes = [];
    keepFocus(root);
  }

  /** Draw those of a task; `text` is its Text, `prediction` what is predicted, or null where nothing shall be offered. */
  open(text, prediction) {
    this.changes = prediction ? changesOf(prediction.slots, prediction.alternatives) : [];
    this.chips = this.changes.map((change, i) => {
      const key = make("kbd", { textContent: OFFER_KEYS[i], "aria-hidden": "true" });
      return make("button.chip", { onclick: () => this.take(change) }, key, ...this.words(change, text));
    });
    const title = make("span.palette-title", { textContent: "Or" });
    this.root.replaceChildren(title, make("span.chips", { role: "group", "aria-label": "Likely changes" }, ...this.chips));
  }

  words({ without, added }, text) {
    const bare = without.filter((slot) => !added.some((other) => overlaps(slot, other)));
    return [
      ...added.flatMap((slot) => [make("span.name", { dir: "auto", textContent: text.slice(slot.start, slot.end) }), make(`span.tag.${this.look(slot.label).replaceAll(" ", ".")}`, { textContent: slot.label })]),
      ...bare.flatMap((slot) => [make("s", { dir: "auto", textContent: text.slice(slot.start, slot.end) }), make("span.tag", { textContent: "no label" })]),
    ];
  }

  /** Say which of them the slots have. */
  show(slots, usable) {
    this.chips.forEach((chip, i) => chip.setAttribute("aria-pressed", String(has(slots, this.changes[i]))));
    this.root.classList.toggle("letters-taken", !usable);
  }
}
