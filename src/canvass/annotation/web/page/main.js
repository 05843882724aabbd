// The page: who annotates, what comes next, what is on its way to the server, and the views around the desk.

import { Ahead } from "./ahead.js";
import { api, ofServer } from "./api.js";
import { Desk } from "./desk.js";
import { find, keepFocus, say, show } from "./dom.js";
import { copies } from "./copies.js";
import { ask } from "./form.js";
import { help } from "./help.js";
import { history } from "./history.js";
import { listenToKeys } from "./keyboard.js";
import { look as lookOf } from "./labels.js";
import { Outbox } from "./outbox.js";
import { closePanel, listenToPanel } from "./panel.js";
import { glance, progress } from "./progress.js";
import { Recent } from "./recent.js";
import { review, reviewWords, toReview } from "./review.js";
import { search } from "./search.js";
import { showEmpty, showNotices, showState } from "./status.js";
import { browser, tab } from "./storage.js";
import { targetName, timeOf } from "./words.js";

const SOON = 1000; // milliseconds until the server is asked again, while there is nothing to do
const LEARNING = 1500; // and while it trains
const RECALLED = 20; // earlier answers that are fetched at a time
const EVERY = 10; // answers until the progress is asked for anew

const LEADING = new Set(["review"]); // views that annotators without the link of leads do not have

class Page {
  constructor(project) {
    this.project = project;
    this.prefix = `canvass/${project.id ?? project.name}/`;
    this.annotator = browser.get(`${this.prefix}name`) ?? "";
    this.settled = new Set(); // tasks of the review list that were looked at
    this.saved = 0;
    this.generation = null;
    this.touched = Date.now();
    this.timer = 0;
    this.found = null; // the progress as it was asked for last
    this.recent = new Recent((task, answer) => this.revisit(task, answer), () => this.open("copies"));
    this.outbox = new Outbox({
      prefix: `${this.prefix}answer/`,
      send: api.answer,
      changed: () => this.render(),
      saved: (answer, result) => this.onSaved(answer, result),
    });
    this.ahead = new Ahead({
      lease: (holding, count) => this.lease(holding, count),
      release: (tasks) => api.release(this.annotator, tasks),
      changed: () => this.onAhead(),
    });
  }

  async start() {
    const { project } = this;
    document.title = project.title || project.name;
    say(find("title"), project.title || project.name);
    if (targetName(project.target) !== find("title").textContent) say(find("target"), targetName(project.target));
    if (!this.annotator) await this.askName(true);
    say(find("who"), this.annotator);
    this.desk = new Desk(project, {
      prefix: this.prefix,
      annotator: this.annotator,
      on: {
        look: (name) => this.look(name),
        finished: (answer, task) => this.finished(answer, task),
        back: (visit) => this.back(visit),
        canGoBack: () => this.recent.last !== null,
        left: () => this.leave(),
        open: (view) => this.open(view),
        newLabel: (kind, name) => this.newLabel(kind, name),
      },
    });
    this.wire();
    for (const id of tab.get(`${this.prefix}answered`) ?? []) this.ahead.done.add(id);
    this.outbox.start();
    for (const { answer } of this.outbox.waiting) this.ahead.done.add(answer.task);
    await this.ahead.fill(tab.get(`${this.prefix}held`) ?? []);
    this.measure();
    await this.recall();
    if (this.desk.task) this.desk.render();
  }

  /** Take tasks; the server says how the annotator's name was written first. */
  async lease(holding, count) {
    const taken = await api.lease(this.annotator, holding, count);
    if (taken.annotator !== this.annotator) {
      this.annotator = this.desk.annotator = taken.annotator;
      browser.set(`${this.prefix}name`, taken.annotator);
      say(find("who"), taken.annotator);
    }
    return taken;
  }

  wire() {
    listenToKeys(this.desk, (view) => this.open(view));
    listenToPanel();
    for (const view of ["search", "history", "review", "progress", "help"]) find(`to-${view}`).onclick = () => this.open(view);
    for (const view of LEADING) show(find(`to-${view}`), this.leads);
    if (this.project.others) find("to-projects").href = "../";
    show(find("to-projects"), this.project.others);
    find("who").onclick = () => this.askName(false);
    for (const one of [document.querySelector(".top"), find("notices")]) keepFocus(one);
    for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => (this.touched = Date.now()));
    window.addEventListener("beforeunload", (event) => this.outbox.unsafe && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden || this.ahead.fill());
    const lease = this.project.settings.lease_minutes * 60000;
    // Who went for lunch gives up what they hold; an answer that comes after all is taken all the same.
    setInterval(() => !document.hidden && Date.now() - this.touched < lease && this.ahead.fill(), lease / 3);
  }

  get leads() {
    return this.project.role === "lead";
  }

  look(name) {
    const place = this.project.slots.findIndex((label) => label.name === name);
    return lookOf(place < 0 ? name.length : place);
  }

  async askName(needed) {
    const found = await ask({
      title: needed ? "Who are you?" : "Your name",
      words: "Answers are kept under this name. Nobody gets an utterance that you have open.",
      fields: [{ name: "name", label: "Name", value: this.annotator, choices: this.project.annotators }],
      button: needed ? "Start" : "Change",
      needed,
    });
    if (!found || found.name === this.annotator) return;
    browser.set(`${this.prefix}name`, found.name);
    if (needed) this.annotator = found.name;
    else window.location.reload(); // what the other one holds is given back when the lease ends
  }

  // What comes and goes.

  finished(answer, task) {
    const { visit } = this.desk;
    this.recent.add(task, answer);
    this.outbox.add(answer, task.text);
    if (visit) {
      this.settled.add(task.id);
      if (visit.refused) this.outbox.drop(visit.refused);
      this.leave();
      if (visit.after) this.open(visit.after);
      return;
    }
    this.ahead.next();
    this.showCurrent();
    tab.set(`${this.prefix}answered`, [...this.ahead.done].slice(-100));
  }

  onSaved(answer, result) {
    this.saved += 1;
    this.recent.mark(answer.id, "saved");
    if (this.found) this.glance(Object.assign(this.found, result.progress));
    this.onQueue(result.queue);
    if (this.saved % EVERY === 0) this.measure();
  }

  onAhead() {
    tab.set(`${this.prefix}held`, this.ahead.held);
    if (!this.desk.visit && this.desk.task?.id !== this.ahead.current?.id) this.showCurrent();
    if (this.ahead.queue) this.onQueue(this.ahead.queue);
    this.render();
    this.again();
  }

  /** Ask the server again after a while: sooner where there is nothing to do, or something new to expect. */
  again() {
    clearTimeout(this.timer);
    const { current, waiting, queue, error } = this.ahead;
    if (!current || error) this.timer = setTimeout(() => this.ahead.fill(), SOON);
    else if (queue?.phase === "training" || !waiting.length) {
      this.timer = setTimeout(() => !document.hidden && this.ahead.fill(), LEARNING);
    }
  }

  onQueue(queue) {
    if (queue.phase === "training" && this.ahead.queue?.phase !== "training") {
      this.ahead.queue = { ...queue, generation: this.ahead.queue?.generation ?? queue.generation };
      this.again();
    }
    if (queue.labels !== this.project.labels) this.relabel();
    if (queue.generation === this.generation) return;
    const first = this.generation === null;
    this.generation = queue.generation;
    if (!first) this.measure();
  }

  /** Labels were added, renamed or deleted by somebody. */
  async relabel() {
    try {
      Object.assign(this.project, await api.project());
      this.desk.relabel();
    } catch (error) {
      ofServer(error); // the next answer brings it up again
    }
  }

  showCurrent() {
    const { current } = this.ahead;
    show(find("desk"), current !== null);
    this.showSides(current !== null);
    if (current) this.desk.open(current);
    else this.desk.task = null;
    this.render();
  }

  showSides(shown) {
    for (const side of [document.querySelector("aside"), find("recent")]) show(side, shown);
  }

  /** Ask for the numbers at the side, and whether there is something to look at again. */
  async measure() {
    try {
      this.found = await api.progress(this.annotator);
      this.glance(this.found);
      const number = this.leads ? await toReview(this.settled) : 0;
      say(find("review-count"), String(number));
      show(find("review-count"), number > 0);
      find("to-review").title = `${reviewWords(number)} (r)`;
    } catch (error) {
      ofServer(error); // they are asked for again after a few answers.
    }
  }

  glance(found) {
    glance(find("glance"), found, this.project.annotates_slots, () => this.open("progress"));
  }

  render() {
    showState(this.outbox, this.saved > 0);
    for (const { answer } of this.outbox.refused) this.recent.mark(answer.id, "refused");
    showNotices({ outbox: this.outbox, ahead: this.ahead, look: (entry) => this.lookAgain(entry) });
    showEmpty(this.ahead, !this.desk?.visit);
    document.body.classList.toggle("learning", this.ahead.queue?.phase === "training");
  }

  // Back to an earlier answer, and out of it again.

  visit(task, visit) {
    closePanel();
    show(find("desk"), true);
    this.showSides(true);
    this.desk.open(task, visit);
    find("words").focus({ preventScroll: true });
    this.render();
  }

  leave() {
    this.desk.visit = null;
    this.showCurrent();
  }

  revisit(task, answer, { words = "", after = null } = {}) {
    const when = answer.at ? ` of ${timeOf(answer.at)}` : "";
    const whose = answer.annotator === this.annotator ? "your answer" : `the answer of ${answer.annotator}`;
    const own = `You are changing ${whose}${when}. The old one is kept.`;
    this.visit(task, { answer, replaces: answer.id, adjudicates: false, after, words: words ? `${words} ${own}` : own });
  }

  /** Go to the answer before the one that is visited; with `u` pressed again, to the one before that. */
  async back(visit) {
    const earlier = () => this.recent.before(visit?.replaces);
    if (!earlier()) await this.recall(this.recent.oldest);
    const before = earlier();
    if (before) this.revisit(before.task, before.answer);
    else this.desk.hint("There is nothing to undo. Earlier answers: h.");
  }

  /** Fetch earlier answers of one's own, as after a reload the page has none. */
  async recall(before = null) {
    try {
      this.recent.recall((await api.history(this.annotator, before, RECALLED)).items);
    } catch (error) {
      ofServer(error); // they are in the history once the server is back.
    }
  }

  adjudicate(task, answers) {
    const words = "Two answers, one of which shall count. Take one (a or b), change it where needed, and save.";
    this.visit(task, { answer: answers[0], answers, replaces: null, adjudicates: true, after: "review", words });
  }

  /** What a search found: its answer can be corrected, whoever gave it; a request without one can be answered. */
  openFound(task, answer) {
    if (answer) this.revisit(task, answer);
    else this.visit(task, { answer: null, replaces: null, adjudicates: false, words: "Found by a search, and not answered yet." });
  }

  async lookAgain(entry) {
    const { answer } = entry;
    try {
      const { task } = await api.task(answer.task);
      const words = `This answer was refused: ${entry.message}`;
      this.visit(task, { answer, replaces: answer.replaces, adjudicates: answer.adjudicates, refused: entry, words });
    } catch (error) {
      this.desk.hint(ofServer(error).message);
    }
  }

  /** Others have the same answer now; what was in view or leased ahead may be among them. */
  copied(tasks) {
    for (const task of tasks) this.ahead.done.add(task);
    if (tasks.includes(this.ahead.current?.id)) this.ahead.next();
    else this.ahead.fill();
    if (!this.desk.visit) this.showCurrent();
    this.measure();
  }

  // Views.

  open(view, typed = "") {
    const look = (name) => this.look(name);
    const { annotator, settled } = this;
    if (LEADING.has(view) && !this.leads) return;
    if (view === "help") help(this.project, look);
    else if (view === "progress") {
      const lead = { search: (words) => this.open("search", words), changeLabel: (label) => this.changeLabel(label), changeGroup: (group) => this.changeGroup(group), token: this.project.invitation };
      progress({ annotator, slots: this.project.annotates_slots, lead: this.leads ? lead : null });
    }
    else if (view === "copies") copies({ annotator, look, last: this.recent.last, saved: (tasks) => this.copied(tasks) });
    else if (view === "search") search({ look, typed, own: this.leads ? null : annotator, open: (task, answer) => this.openFound(task, answer) });
    else if (view === "history") history({ annotator, look, open: (task, answer) => this.revisit(task, answer) });
    else {
      review({
        look,
        settled,
        fine: async (tasks) => {
          await api.looked(this.annotator, tasks);
          for (const task of tasks) settled.add(task);
          this.measure();
        },
        open: (task, answer, { words }) => this.revisit(task, answer, { words, after: "review" }),
        adjudicate: (task, answers) => this.adjudicate(task, answers),
      });
    }
  }

  /** `label` is {action, kind, name, words}; with its new name, or the one that it becomes, asked for. */
  changeLabel({ action, kind, name, words }) {
    const names = (kind === "slot" ? this.project.slots : this.project.intents).map((one) => one.name).filter((one) => one !== name);
    const field = { rename: { label: "New name", value: name }, merge: { label: "Becomes", choices: names } }[action];
    return this.decide({ action, name, words, field }, (renamed) => api.changeLabel(action, kind, name, renamed));
  }

  /** `group` is one of those that `api.groups` lists, and `others` are the rest; see `changeLabel`. */
  changeGroup({ action, group, others }) {
    const first = (name) => others.find((other) => other.name === name)?.texts[0] ?? name;
    const field = { name: { label: "Intent", longest: 80, choices: this.project.intents.map((one) => one.name) }, merge: { label: "Into", choices: others.map((one) => one.name) } }[action];
    const words = { name: "Everybody gets the intent at once, and its most typical requests come next.", refuse: "It does not come back, nor does what is like it.", split: "It is cut in two.", merge: "The other keeps its name." }[action];
    const send = (value) => api.changeGroup(this.annotator, action, group.texts[0], action === "merge" ? first(value) : value);
    return this.decide({ action, name: group.name, words, field }, send);
  }

  /** Ask whether, and how, a lead's action shall be done; `send` is given what was typed into the field, if any. */
  async decide({ action, name, words, field }, send) {
    const button = action[0].toUpperCase() + action.slice(1);
    const done = await ask({
      title: `${button} ${name}`,
      words,
      fields: field ? [{ name: "new", longest: 1000, ...field }] : [],
      button,
      send: async (values) => Object.assign(this.project, await send(values.new)),
    });
    if (!done) return;
    this.desk.relabel();
    this.open("progress");
  }

  async newLabel(kind, typed) {
    const found = await ask({
      title: kind === "slot" ? "A new label" : "A new intent",
      words: "Everybody gets it at once.",
      fields: [
        { name: "name", label: "Name", value: typed },
        { name: "description", label: "What it means, and when to use it", optional: true, longest: 500 },
      ],
      button: "Add",
      send: async ({ name, description }) => {
        Object.assign(this.project, await api.label(this.annotator, kind, name, description));
      },
    });
    if (!found) return;
    this.desk.relabel();
    if (kind === "slot" && this.desk.place.selection) this.desk.setLabel(found.name);
    else if (kind === "intent") this.desk.setIntent(found.name);
    else this.desk.render();
  }
}

/** Ask for the project until the server answers. */
async function begin() {
  try {
    const page = new Page(await api.project());
    await page.start();
  } catch (error) {
    const words = ofServer(error).message;
    show(find("empty"), true);
    say(find("empty-words"), `${words[0].toUpperCase()}${words.slice(1)}. Trying again …`);
    setTimeout(begin, 2 * SOON);
  }
}

begin();
