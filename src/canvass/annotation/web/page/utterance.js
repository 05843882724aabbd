// The utterance in large letters: words, slots, the selection, unsure words. Only what changed is drawn again.

import { make } from "./dom.js";
import { overlaps, sameSlots } from "./spans.js";
import { cutAt, directionOf, isHidden, visible } from "./text.js";

export const UNSURE = 0.8; // below this probability the tagger's word is underlined, below the half of the rest strongly
export const VERY_UNSURE = 0.5;

export class Utterance {
  /** `look(name)` gives the classes of a label. */
  constructor(root, look) {
    this.root = root;
    this.look = look;
    this.stops = null;
    this.slots = [];
    this.boxes = new Map(); // slot -> its element
    this.marked = [0, 0]; // the numbers of the selected words
    this.chosen = null; // the element of the slot that is selected as a whole
  }

  /** Draw a text anew. `stops` are the words (or letters), `certainty` is [[start, end, probability]]. */
  open(text, stops, certainty) {
    Object.assign(this, { text, whole: stops, certainty });
    this.build(stops);
  }

  /** The words with the slots and the selection of the cursor. */
  show({ slots, selection }) {
    const stops = cutAt(this.whole, slots);
    if (stops !== this.whole ? !sameStops(stops, this.stops) : this.stops !== this.whole) this.build(stops);
    this.showSlots(slots);
    this.showSelection(selection);
  }

  build(stops) {
    this.stops = stops;
    this.slots = [];
    this.boxes.clear();
    this.marked = [0, 0];
    this.chosen = null;
    this.words = [];
    this.gaps = [];
    const all = document.createDocumentFragment();
    let end = 0;
    stops.forEach((stop, number) => {
      this.gaps.push(this.gap(all, end, stop.start));
      const string = this.text.slice(stop.start, stop.end);
      const word = make("span.word", { textContent: visible(string) });
      if (isHidden(string)) word.classList.add("hidden-character");
      word.number = number;
      this.words.push(word);
      all.append(word);
      end = stop.end;
    });
    this.gap(all, end, this.text.length);
    this.underline();
    this.root.dir = directionOf(this.text.string);
    this.root.setAttribute("aria-label", `Utterance: ${visible(this.text.slice(0, 500))}`);
    this.root.replaceChildren(all);
  }

  gap(parent, start, end) {
    if (start >= end) return null;
    const gap = make("span.gap", { textContent: visible(this.text.slice(start, end)) });
    parent.append(gap);
    return gap;
  }

  underline() {
    let number = 0;
    for (const [start, end, probability] of this.certainty) {
      if (probability >= UNSURE) continue;
      while (number < this.stops.length && this.stops[number].end <= start) number += 1;
      for (let i = number; i < this.stops.length && this.stops[i].start < end; i += 1) {
        this.words[i].classList.add(probability < VERY_UNSURE ? "very-unsure" : "unsure");
        this.words[i].title = `the tagger is ${Math.round(probability * 100)} % sure of this word`;
      }
    }
  }

  showSlots(slots) {
    if (slots === this.slots || sameSlots(slots, this.slots)) return;
    const named = new Map(slots.map((slot) => [nameOf(slot), slot]));
    for (const [name, box] of this.boxes) {
      if (named.has(name)) continue;
      box.tag.remove();
      if (this.chosen === box) this.letGo();
      box.replaceWith(...box.childNodes);
      this.boxes.delete(name);
    }
    for (const [name, slot] of named) if (!this.boxes.has(name)) this.boxes.set(name, this.wrap(slot));
    this.slots = slots;
  }

  wrap(slot) {
    const inside = this.words.slice(...this.range(slot));
    const box = make("span.slot", { dir: directionOf(this.text.slice(slot.start, slot.end)) });
    box.classList.add(...this.look(slot.label).split(" "));
    inside[0].before(box);
    for (let node = inside[0]; node; ) {
      const next = node === inside.at(-1) ? null : node.nextSibling;
      box.append(node);
      node = next;
    }
    // Its own direction: a label is not part of the sentence.
    box.tag = make("span.tag", {}, make("bdi", { dir: "ltr", textContent: slot.label }));
    box.append(box.tag);
    box.span = slot;
    return box;
  }

  showSelection(selection) {
    const [from, to] = selection ? this.range(selection) : [0, 0];
    for (let i = this.marked[0]; i < this.marked[1]; i += 1) {
      this.words[i].classList.remove("selected", "first", "last");
      this.gaps[i]?.classList.remove("selected");
    }
    this.marked = [from, to];
    this.letGo();
    if (selection?.slot) {
      this.choose(this.boxes.get(nameOf(selection.slot)));
    } else {
      for (let i = from; i < to; i += 1) {
        this.words[i].classList.add("selected");
        if (i > from) this.gaps[i]?.classList.add("selected");
      }
      this.words[from]?.classList.toggle("first", to > from);
      this.words[to - 1]?.classList.toggle("last", to > from);
    }
    if (to > from) this.words[to - 1].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  choose(box) {
    if (!box) return;
    this.chosen = box;
    box.classList.add("chosen");
    const handles = ["start", "end"].map((rim) => {
      const handle = make("span.handle", { "aria-hidden": "true", title: "drag to move the border" });
      handle.classList.add(rim);
      handle.dataset.rim = rim;
      return handle;
    });
    box.prepend(handles[0]);
    box.tag.before(handles[1]);
    box.tag.append(make("span.remove", { textContent: "×", "aria-hidden": "true", title: "remove (Backspace)" }));
  }

  letGo() {
    if (!this.chosen) return;
    this.chosen.classList.remove("chosen");
    for (const one of this.chosen.querySelectorAll(".handle, .remove")) one.remove();
    this.chosen = null;
  }

  /** The numbers [from, to) of the words of a span. */
  range(span) {
    const from = this.stops.findIndex((stop) => overlaps(stop, span));
    if (from < 0) return [0, 0];
    let to = from;
    while (to < this.stops.length && this.stops[to].start < span.end) to += 1;
    return [from, to];
  }

  /** Which way the first strong letter makes the text run. */
  get leftwards() {
    return this.root.dir === "rtl";
  }
}

const nameOf = (slot) => `${slot.start} ${slot.end} ${slot.label}`;
const sameStops = (some, others) =>
  others !== null && some.length === others.length && some.every((one, i) => one.end === others[i].end);
