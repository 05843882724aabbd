// The answer that is being made, with all its earlier forms: undo and redo.

/** What is shown first: the prediction, or nothing. `only` is the intent where the target has just one. */
export function firstForm(task, only) {
  const guess = task.prediction;
  return {
    kind: guess?.elsewhere ? "elsewhere" : "frame",
    intent: guess?.intent ?? only,
    slots: guess?.slots ?? [],
    domain: null,
    flagged: false,
    note: "",
  };
}

/** An earlier answer, to be changed. */
export function formOf(answer, task, only) {
  const first = firstForm(task, only);
  return {
    kind: answer.kind === "elsewhere" ? "elsewhere" : "frame",
    intent: answer.kind === "frame" ? answer.intent : first.intent,
    slots: answer.kind === "frame" ? (answer.slots ?? []) : first.slots,
    domain: answer.kind === "elsewhere" ? answer.domain : null,
    flagged: answer.flagged,
    note: answer.note,
  };
}

/** Whether two forms say the same of the utterance, whatever their flags and notes. */
export function same(one, other) {
  const equal = (slot, twin) => slot.start === twin.start && slot.end === twin.end && slot.label === twin.label;
  if (one.kind !== other.kind || one.domain !== other.domain || one.intent !== other.intent) return false;
  return one.slots.length === other.slots.length && one.slots.every((slot, i) => equal(slot, other.slots[i]));
}

const MOST = 100; // steps that can be undone

export class Draft {
  constructor(now, past = []) {
    this.now = now;
    this.past = past;
    this.future = [];
    this.step = null;
  }

  /** Change some of it; what is equal already is no change. All changes with one `step` (a drag) are undone together. */
  change(parts, step = null) {
    if (Object.entries(parts).every(([name, value]) => this.now[name] === value)) return false;
    if (step === null || step !== this.step) this.past = [...this.past.slice(1 - MOST), this.now];
    this.step = step;
    this.future = [];
    this.now = { ...this.now, ...parts };
    return true;
  }

  undo() {
    if (!this.past.length) return false;
    this.step = null;
    this.future.push(this.now);
    this.now = this.past.pop();
    return true;
  }

  redo() {
    if (!this.future.length) return false;
    this.past.push(this.now);
    this.now = this.future.pop();
    return true;
  }
}
