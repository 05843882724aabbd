// The desk: the utterance in view, the answer that is being made of it, and every command.

import { actions } from "./actions.js";
import * as cursor from "./cursor.js";
import { Clock } from "./clock.js";
import { find, keepFocus, make, say, show } from "./dom.js";
import { Draft, firstForm, formOf, same } from "./draft.js";
import { Guide } from "./guide.js";
import { answered } from "./lines.js";
import { VIEWS } from "./keys.js";
import { newId } from "./outbox.js";
import { Offers, toggle } from "./offers.js";
import { MANY, Palette } from "./palette.js";
import { listen } from "./pointer.js";
import { sameSlots } from "./spans.js";
import { tab } from "./storage.js";
import { listenToRecording, playOrPause, surround } from "./surroundings.js";
import { letters, Text, words } from "./text.js";
import { UNSURE, Utterance } from "./utterance.js";
import { described, selectionWords, speak } from "./voice.js";
import { why } from "./why.js";
import { notOf, percent, targetName } from "./words.js";

const MOVES = new Set(["move", "jump", "rim", "extend", "extendFar"]); // functions of the cursor
const FEW = 8; // as many intents are shown all the time; of more, the likeliest
const OTHERS = 4; // taggings that Space goes through, after the best
const LONG = 20000; // characters: the draft of a longer one is not kept over a reload

export class Desk {
  /**
   * `on` has finished(answer, task), back(visit), canGoBack(), look(name), newLabel(kind, name), open(view), left() for what lies outside
   * of the desk.
   */
  constructor(project, { prefix, annotator, on }) {
    Object.assign(this, { project, prefix, annotator, on });
    this.clock = new Clock();
    this.task = null;
    this.parked = null; // what was on the desk before the visit
    this.visit = null; // while an earlier answer is changed or a dispute decided: {replaces, adjudicates, words, answers}
    this.mode = "browse"; // what letters mean: browse (commands), words (labels), intent, domain
    this.byCharacter = false;
    this.view = new Utterance(find("words"), on.look);
    listen(this.view, {
      state: () => this.state,
      select: (span, facing) => this.apply(cursor.select(this.state, span, facing)),
      reach: (span, rim, drag) => this.apply(cursor.reach(this.state, this.context, span, rim), drag),
      remove: (slot) => this.apply(cursor.remove(cursor.select(this.state, slot), this.context)),
    });
    this.guide = new Guide(find("guide"), find("card"));
    const { guide } = this;
    const news = project.settings.new_labels;
    const intents = { title: "Intent", guide, pick: (name) => this.setIntent(name), create: news ? (name) => on.newLabel("intent", name) : null };
    this.intents = new Palette(find("intents"), intents);
    this.chooser = new Palette(find("chooser"), { ...intents, searched: true });
    this.labels = new Palette(find("labels"), {
      title: "Label",
      guide,
      look: on.look,
      pick: (name) => this.setLabel(name),
      create: news ? (name) => on.newLabel("slot", name) : null,
    });
    this.domains = new Palette(find("domains"), {
      title: "It belongs to",
      bare: false,
      pick: (name) => this.change({ domain: this.form.domain === name ? null : name }),
      create: news ? (name) => name && this.change({ domain: name }) : null,
    });
    this.offers = new Offers(find("offers"), { look: on.look, take: (change) => this.takeOffer(change) });
    this.showActions = actions(find("actions"), this);
    find("note").addEventListener("input", () => (this.noted = find("note").value));
    find("note").addEventListener("blur", () => this.keepNote());
    listenToRecording();
    keepFocus(find("recent"));
    this.all = make("button.chip.new", { onclick: () => (this.palette === this.chooser ? this.closePalette() : this.chooseIntent()) });
    find("intents").append(this.all);
    keepFocus(find("chooser"));
    this.relabel();
  }

  /** Intents and labels changed: take them from the project. */
  relabel() {
    const own = targetName(this.project.target);
    this.chooser.set(this.project.intents);
    this.intents.bare = this.fewIntents;
    this.likely = null; // the intents in the line above the words
    this.labels.searched = this.project.slots.length > MANY;
    this.labels.set(this.project.slots);
    say(this.all, `all ${this.project.intents.length} (i)`);
    this.domains.set(this.project.domains.filter((name) => name !== own).map((name) => ({ name })));
    this.only = this.project.intents.length === 1 ? this.project.intents[0].name : null;
    if (this.task) this.render();
  }

  get form() {
    return this.draft.now;
  }

  get state() {
    return { ...this.place, slots: this.form.slots };
  }

  /** Put a task on the desk. `visit` says what for, where it is not simply the next one. */
  open(task, visit = null) {
    if (visit && !this.visit) this.parked = this.task && { task: this.task, draft: this.draft, place: this.place };
    this.task = task;
    this.visit = visit;
    this.text = new Text(task.text);
    const first = visit?.answer ? formOf(visit.answer, task, this.only) : firstForm(task, this.only);
    this.draft = new Draft(first);
    this.place = cursor.begin(first.slots);
    this.byCharacter = false;
    this.stops = words(this.text, task.tokens);
    const certainty = task.prediction?.certainty ?? [];
    this.unsure = new Set(certainty.filter(([, , share]) => share < UNSURE).map(([start]) => start));
    this.view.open(this.text, this.stops, certainty);
    surround(task);
    this.offers.open(this.text, this.project.annotates_slots && !visit?.answers ? task.prediction : null);
    const kept = visit ? null : tab.get(`${this.prefix}draft`);
    if (kept?.task === task.id) this.draft = new Draft(kept.form, kept.past);
    if (!visit && this.parked?.task.id === task.id) ({ draft: this.draft, place: this.place } = this.parked);
    this.mode = "browse";
    this.guide.show(null);
    show(find("note-row"), this.form.note !== "");
    find("words").classList.toggle("long", this.text.length > 400);
    find("words").classList.toggle("middle", this.text.length > 110 && this.text.length <= 400);
    for (const scrolled of [find("words"), document.querySelector("main")]) scrolled.scrollTop = 0;
    this.render();
    why(find("why"), task, this.project);
    this.clock.restart();
    speak(this.described());
  }

  get context() {
    return { stops: this.view.stops, unsure: this.unsure };
  }

  // What is seen.

  render() {
    const { form, visit } = this;
    const elsewhere = form.kind === "elsewhere";
    const { selection } = this.place;
    if (elsewhere) this.mode = "domain";
    else if (this.mode !== "intent") this.mode = selection && this.project.annotates_slots ? "words" : "browse";
    this.view.show({ slots: elsewhere ? [] : form.slots, selection: elsewhere ? null : selection });
    this.view.root.classList.toggle("by-character", this.byCharacter);
    for (const palette of [this.intents, this.chooser, this.labels, this.domains]) palette.activate(palette === this.palette);
    this.labels.show(selection?.slot?.label ?? null);
    this.domains.show(form.domain);
    this.offers.show(form.slots, this.mode === "browse");
    show(find("offers"), !elsewhere && this.offers.changes.length > 0 && this.palette !== this.chooser);
    this.showIntents(elsewhere);
    show(find("labels"), !elsewhere && this.project.annotates_slots && this.palette !== this.chooser);
    show(find("domains"), elsewhere);
    show(find("verdict"), elsewhere);
    if (elsewhere) say(find("verdict"), `${notOf(this.project.target)}. Where it belongs, if you know:`);
    if (document.activeElement !== find("note")) find("note").value = form.note;
    this.showActions({
      form,
      visit,
      changed: !this.task.prediction || !same(form, firstForm(this.task, this.only)),
      mode: this.mode,
      notHere: notOf(this.project.target),
      selected: selection !== null,
      others: this.project.annotates_slots ? this.taggings.length > 1 : null,
      canUndo: this.draft.past.length > 0 || (!visit?.adjudicates && this.on.canGoBack()),
      canRedo: this.draft.future.length > 0,
    });
    this.banner();
  }

  /** Whether all intents are in view, so that a digit can mean one of them at any time. */
  get fewIntents() {
    return this.project.intents.length <= FEW;
  }

  showIntents(elsewhere) {
    const root = find("intents");
    const { intent } = this.form;
    show(root, this.project.intents.length > 0 || this.project.settings.new_labels);
    show(this.all, !this.fewIntents);
    show(find("chooser"), this.palette === this.chooser);
    this.all.ariaExpanded = String(this.palette === this.chooser);
    root.classList.toggle("unused", elsewhere);
    root.classList.toggle("missing", intent === null && this.project.intents.length > 0);
    const guess = this.task.prediction;
    const sure = guess && guess.intent === intent ? guess.intent_probability : null;
    const words = sure !== null && sure < UNSURE ? `${percent(sure)} sure` : "";
    this.offer();
    this.intents.show(elsewhere ? null : intent, words);
    this.chooser.show(elsewhere ? null : intent, words);
  }

  /** Put the intents into the line above the words: all if they are few, else the likeliest and the one that is chosen. */
  offer() {
    const { intents } = this.project;
    const likeliest = (this.task.prediction?.likeliest ?? []).map(([name]) => name);
    const names = this.fewIntents ? intents.map(({ name }) => name) : [...new Set([...likeliest, this.form.intent])];
    const words = names.join("\n");
    if (words === this.likely) return;
    this.likely = words;
    const known = new Map(intents.map((item) => [item.name, item]));
    this.intents.set(names.flatMap((name) => known.get(name) ?? []));
  }

  banner() {
    const root = find("banner");
    const { visit } = this;
    show(root, visit !== null);
    if (!visit || this.bannered === visit) return;
    this.bannered = visit;
    const parts = [make("p", { textContent: visit.words, dir: "auto" })];
    (visit.answers ?? []).forEach((answer, i) => {
      const key = "ab"[i] ?? "";
      const take = make("button.item", { onclick: () => this.takeAnswer(i) }, make("span.who", { dir: "auto" }, make("kbd", { textContent: key }), ` ${answer.annotator}`), answered(this.task, answer, this.on.look));
      parts.push(take);
    });
    parts.push(make("button.link", { textContent: "Back without a change (Esc)", onclick: () => this.on.left() }));
    root.replaceChildren(...parts);
    keepFocus(root);
  }

  // Changes.

  change(parts) {
    if (!this.draft.change(parts)) return this.render();
    this.kept();
    return this.render();
  }

  kept() {
    if (this.visit || this.text.length >= LONG) return;
    tab.set(`${this.prefix}draft`, { task: this.task.id, form: this.form, past: this.draft.past });
  }

  /** A new state of the cursor, with the slots that go with it; the changes of one `drag` are one step. */
  apply(state, drag = null) {
    const { slots, ...place } = state;
    this.place = place;
    if (this.mode === "intent") this.mode = "browse";
    if (this.form.kind === "elsewhere") this.draft.change({ kind: "frame" });
    if (this.draft.change({ slots }, drag)) this.kept();
    this.render();
    const words = selectionWords(place.selection, this.text);
    if (words) speak(words);
  }

  setLabel(name) {
    if (!this.place.selection) {
      speak("Select words first.");
      this.hint("Select the words first, then the label.");
      return;
    }
    const words = this.text.slice(this.place.selection.start, this.place.selection.end);
    this.apply(cursor.label(this.state, this.context, name));
    speak(`${words}: ${name}`);
  }

  setIntent(name) {
    this.mode = "browse";
    this.change({ intent: name, kind: "frame" });
    speak(`Intent ${name}`);
  }

  hint(words) {
    this.guide.hint(words);
  }

  takeAnswer(number) {
    const answer = this.visit?.answers?.[number];
    if (!answer) return;
    this.place = cursor.begin([]);
    this.change(formOf(answer, this.task, this.only));
  }

  // Commands: `run("rim:1")` does what the cursor has of that name, opens a view, or calls a method.

  run(command) {
    if (!this.task) return;
    const [name, argument] = command.split(":");
    if (MOVES.has(name)) this.apply(cursor[name](this.state, this.context, Number(argument)));
    else if (VIEWS.has(name)) this.on.open(name);
    else this[name](argument);
  }

  save() {
    const { form } = this;
    if (form.kind === "frame" && form.intent === null && this.project.intents.length > 0) {
      this.chooseIntent();
      this.hint("Which intent? Its number, or a part of its name. Where it is none of them: Esc, then x.");
      speak("Which intent?");
      return;
    }
    this.finish(form.kind);
  }

  skip() {
    this.finish("skip");
  }

  elsewhereAtOnce() {
    this.draft.change({ kind: "elsewhere" });
    this.finish("elsewhere");
  }

  elsewhere() {
    const elsewhere = this.form.kind === "elsewhere";
    this.place = cursor.release(this.state);
    this.change({ kind: elsewhere ? "frame" : "elsewhere", domain: null });
    if (!elsewhere) speak(`${notOf(this.project.target)}. Name where it belongs, or press Enter.`);
  }

  finish(kind) {
    this.keepNote();
    const { form, task, visit } = this;
    const frame = kind === "frame";
    const domain = frame ? this.ownDomain : kind === "elsewhere" ? form.domain : null;
    if (!visit) tab.remove(`${this.prefix}draft`);
    this.on.finished(
      {
        id: newId(),
        task: task.id,
        annotator: this.annotator,
        kind,
        domain,
        intent: frame ? form.intent : null,
        slots: frame ? form.slots.map(({ start, end, label }) => ({ start, end, label })) : null,
        flagged: form.flagged,
        note: form.note,
        seconds: Math.min(this.clock.seconds, 86000),
        replaces: visit?.replaces ?? null,
        adjudicates: visit?.adjudicates ?? false,
        shown: task.prediction !== null,
      },
      task,
    );
  }

  get ownDomain() {
    return this.project.target.startsWith("domain:") ? targetName(this.project.target) : null;
  }

  flag() {
    this.change({ flagged: !this.form.flagged });
    speak(this.form.flagged ? "Flagged" : "Flag removed");
  }

  note() {
    show(find("note-row"), true);
    find("note").focus();
  }

  keepNote() {
    if (this.noted === undefined) return;
    const note = this.noted.trim();
    this.noted = undefined;
    if (this.draft.change({ note })) this.kept();
    show(find("note-row"), note !== "");
  }

  undo() {
    if (this.draft.undo()) this.turned();
    else if (!this.visit?.adjudicates) this.on.back(this.visit);
  }

  redo() {
    if (this.draft.redo()) this.turned();
  }

  turned() {
    this.place = { selection: null, rest: this.place.selection?.end ?? this.place.rest };
    this.kept();
    this.render();
    speak(this.described());
  }

  described() {
    return described(this.task, this.form, this.text, this.project.annotates_slots);
  }

  /** The selected words, or the whole text: for the clipboard. */
  get copied() {
    const { selection } = this.place;
    return selection ? this.text.slice(selection.start, selection.end) : this.task.text;
  }

  extendOther(direction) {
    this.apply(cursor.extend(this.state, this.context, Number(direction), true));
  }

  /** What was predicted first, and what is nearly as likely. */
  get taggings() {
    const { prediction } = this.task;
    return prediction ? [prediction.slots, ...prediction.alternatives.slice(0, OTHERS)] : [];
  }

  play() {
    if (!playOrPause()) this.hint("There is no recording of this one.");
  }

  /** Show the next likeliest labels in the place of those in view. */
  alternative() {
    const { taggings } = this;
    if (taggings.length < 2 || !this.project.annotates_slots) {
      this.hint("The models have no other labels to offer here.");
      return;
    }
    const now = taggings.findIndex((slots) => sameSlots(slots, this.form.slots));
    const next = (now + 1) % taggings.length;
    this.place = cursor.begin([]);
    this.change({ slots: taggings[next], kind: "frame" });
    this.guide.words(`Labels ${next + 1} of ${taggings.length}, by how likely they are.`);
    speak(this.described());
  }

  /** Make one of the likely changes, or take it back. */
  takeOffer(change) {
    this.place = cursor.begin([]);
    this.change({ slots: toggle(this.form.slots, change, this.context.stops), kind: "frame" });
    speak(this.described());
  }

  remove() {
    this.apply(cursor.remove(this.state, this.context));
  }

  escape() {
    if (this.mode === "intent") this.mode = "browse";
    else if (this.form.kind === "elsewhere") return this.elsewhere();
    else if (this.place.selection) this.place = cursor.release(this.state);
    else if (this.visit) return this.on.left();
    this.guide.show(null);
    return this.render();
  }

  /** Leave the search field; the chooser of intents closes with it. */
  closePalette() {
    this.palette?.clear();
    if (this.mode === "intent") this.mode = "browse";
    this.guide.show(null);
    this.render();
  }

  chooseIntent() {
    this.place = cursor.release(this.state);
    this.mode = "intent";
    this.render();
    if (!this.fewIntents && !window.matchMedia("(hover: none)").matches) this.chooser.focus();
    speak("Intent: its number, or a part of its name.");
  }

  newLabel() {
    if (!this.project.settings.new_labels) return;
    if (this.mode === "words") this.on.newLabel("slot", "");
    else this.on.newLabel("intent", "");
  }

  characters() {
    if (!this.project.settings.inside_tokens) {
      this.hint("Labels begin and end at words here; inside_tokens = true in canvass.toml allows parts of words.");
      return;
    }
    this.byCharacter = !this.byCharacter;
    this.stops = this.byCharacter ? letters(this.text) : words(this.text, this.task.tokens);
    this.view.open(this.text, this.stops, this.byCharacter ? [] : (this.task.prediction?.certainty ?? []));
    this.apply(cursor.release(this.state));
    this.hint(this.byCharacter ? "Characters: c goes back to words." : "");
  }

  /** The palette that takes letters and digits now. */
  get palette() {
    if (this.mode === "intent") return this.fewIntents ? this.intents : this.chooser;
    return { words: this.labels, domain: this.domains }[this.mode] ?? null;
  }
}
