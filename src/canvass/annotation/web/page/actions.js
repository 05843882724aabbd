// The buttons under the utterance, each with its key.

import { keepFocus, make } from "./dom.js";

/** Draw them once; returns a function that shows the state of the desk in them. */
export function actions(root, desk) {
  const button = (name, key, command, kind = "") => {
    const one = make("button.action", { onclick: () => desk.run(command) }, make("span.name", { textContent: name }), make("kbd", { textContent: key, "aria-hidden": "true" }));
    if (kind) one.classList.add(kind);
    one.label = one.firstChild;
    return one;
  };
  const save = button("Save", "⏎", "save", "main");
  const elsewhere = button("Not here", "x", "elsewhere");
  const skip = button("Skip", "s", "skip");
  const flag = button("Flag", "f", "flag");
  const note = button("Note", "n", "note");
  const undo = button("Undo", "u", "undo");
  const redo = button("Redo", "^Y", "redo");
  const remove = button("Remove label", "⌫", "remove", "narrow-only");
  const other = button("Other labels", "␣", "alternative");
  root.append(save, elsewhere, skip, remove, other, flag, note, undo, redo);
  keepFocus(root);
  return ({ form, visit, changed, mode, canUndo, canRedo, notHere, selected, others }) => {
    save.label.textContent = visit ? "Save the change" : changed ? "Save" : "Accept";
    elsewhere.label.textContent = form.kind === "elsewhere" ? "Back to the labels" : capital(notHere);
    elsewhere.setAttribute("aria-pressed", String(form.kind === "elsewhere"));
    flag.setAttribute("aria-pressed", String(form.flagged));
    note.setAttribute("aria-pressed", String(form.note !== ""));
    undo.disabled = !canUndo;
    redo.disabled = !canRedo;
    remove.disabled = !selected;
    remove.hidden = other.hidden = others === null;
    other.disabled = !others;
    // While letters pick a label they are no commands: the keys are faint then.
    root.classList.toggle("letters-taken", mode !== "browse");
  };
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);
