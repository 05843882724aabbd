// Names to pick from: by number, by what is typed, or by a press. With many names it is a panel with a search field.

import { find, keepFocus, make, say, show } from "./dom.js";
import { begins, continues, digit, matching } from "./labels.js";

export const MANY = 24; // names; from here on those that do not match what is typed are put away, not only pale

export class Palette {
  /**
   * `pick(name)` and, where new names are allowed, `create(name)` are called; `guide` (a Guide) explains the one that is looked at.
   * `searched` keeps the search field in view; `bare` keeps "new" in view while nothing is typed.
   */
  constructor(root, { title, pick, create = null, guide = null, look = () => "", searched = false, bare = true }) {
    Object.assign(this, { root, pick, create, guide, look, searched, bare });
    this.items = [];
    this.place = -1; // of the highlighted one among the found; -1: none is
    this.finishing = null; // {name, typed}: what typing has just picked; further letters belong to its name
    this.title = make("span.palette-title", { textContent: title });
    this.field = make("input.typed", {
      type: "text",
      autocomplete: "off",
      spellcheck: false,
      placeholder: "search",
      "aria-label": `Search: ${title}`,
    });
    this.field.addEventListener("input", (event) => this.search(!event.isComposing));
    this.field.addEventListener("compositionend", () => this.search(true));
    this.list = make("span.chips", { role: "group", "aria-label": title });
    this.none = make("button.chip.new", { onclick: () => this.create(this.typed) });
    this.nothing = make("span.muted", { textContent: "no name or description has that" });
    root.classList.add("palette");
    root.append(this.title, this.field, this.list);
    keepFocus(root);
  }

  set(items) {
    this.items = items;
    this.chips = new Map(
      items.map((item) => {
        const number = make("kbd", { "aria-hidden": "true" });
        const chip = make("button.chip", { onclick: () => this.take(item.name) }, number, make("span.name", { textContent: item.name }), make("span.sure"));
        chip.number = number;
        chip.classList.add(...this.look(item.name).split(" ").filter(Boolean));
        chip.addEventListener("mouseenter", () => this.guide?.show(item, chip));
        chip.addEventListener("mouseleave", () => this.guide?.leave());
        chip.addEventListener("focus", () => this.guide?.show(item, chip));
        return [item.name, chip];
      }),
    );
    this.list.replaceChildren(...this.chips.values(), this.none, this.nothing);
    this.root.classList.toggle("many", items.length > MANY);
    this.show(this.current);
  }

  get typed() {
    return this.field.value;
  }

  get found() {
    return matching(this.items, this.typed);
  }

  /** Whether the keyboard is in the search field. */
  get searching() {
    return document.activeElement === this.field;
  }

  /** Whether keys go here. */
  activate(active) {
    if (this.active === active) return;
    this.active = active;
    this.clear();
  }

  clear() {
    this.field.value = "";
    this.place = -1;
    if (this.searching) find("words").focus({ preventScroll: true });
  }

  /** Put the keyboard into the search field: the character that is being pressed arrives there. */
  focus() {
    show(this.field, true);
    this.field.focus({ preventScroll: true });
  }

  /** Mark the name that holds now; `sure` says with it how sure the models are. */
  show(current, sure = "") {
    this.current = current;
    const { found, typed } = this;
    const places = new Map(found.map((item, i) => [item.name, i]));
    for (const [name, chip] of this.chips) {
      const place = places.get(name);
      chip.classList.toggle("out", place === undefined);
      chip.classList.toggle("high", place === this.place);
      chip.style.setProperty("order", typed ? (place ?? "") : "");
      chip.setAttribute("aria-pressed", String(name === current));
      say(chip.lastChild, name === current ? sure : "");
      say(chip.number, place === undefined ? "" : digit(place));
    }
    this.root.classList.toggle("active", this.active);
    show(this.field, this.searched || this.searching || typed !== "");
    show(this.none, this.create !== null && (typed === "" ? this.bare : !found.length));
    say(this.none, typed === "" ? "+ new" : `+ new: ${typed}`);
    show(this.nothing, this.create === null && !found.length && this.items.length > 0);
    const high = found[this.place];
    if (!high) return;
    const chip = this.chips.get(high.name);
    chip.scrollIntoView({ block: "nearest" });
    this.guide?.show(high, chip, this.field);
  }

  take(name) {
    this.clear();
    this.pick(name);
  }

  /** Take the name of that number; false where there is none. */
  takeNumber(number) {
    const item = this.found[number === "0" ? 9 : Number(number) - 1];
    if (item) this.take(item.name);
    return Boolean(item);
  }

  /** Something was typed. The only one left is taken at once where a word of its name begins so, anything else by Enter. */
  search(complete) {
    const { found, typed } = this;
    this.place = typed ? 0 : -1;
    if (complete && typed && found.length === 1 && begins(found[0].name, typed)) {
      this.finishing = { name: found[0].name, typed };
      this.take(found[0].name);
    } else this.show(this.current);
  }

  /** Whether a letter goes on with the name that was just picked. */
  finishes(letter) {
    const { finishing } = this;
    if (!finishing || !continues(finishing.name, finishing.typed, letter)) return false;
    finishing.typed += letter;
    return true;
  }

  step(direction) {
    const { length } = this.found;
    if (length) this.place = (Math.max(this.place, direction > 0 ? -1 : 0) + direction + length) % length;
    this.show(this.current);
  }

  /** Take the highlighted one, or make a new one; false where there is nothing to take. */
  enter() {
    const item = this.found[this.place];
    if (item) this.take(item.name);
    else if (this.typed) this.create?.(this.typed);
    return Boolean(item || this.typed);
  }
}
