// What a screen reader hears.

import { find } from "./dom.js";
import { percent } from "./words.js";

/** Say something; what was said before is dropped. */
export function speak(words) {
  find("voice").textContent = words;
}

export function described(task, form, text, annotatesSlots) {
  const slots = form.slots.map((slot) => `${text.slice(slot.start, slot.end)}: ${slot.label}`).join("; ");
  const intent = form.intent ? `Intent ${form.intent}` : "No intent yet";
  const sure = task.prediction?.intent === form.intent && form.intent ? `, ${percent(task.prediction.intent_probability)}` : "";
  const marked = annotatesSlots ? ` ${slots || "No slots"}.` : "";
  return `${task.text.slice(0, 500)}. ${intent}${sure}.${marked}${form.flagged ? " Flagged." : ""}`;
}

export function selectionWords(selection, text) {
  if (!selection) return "";
  const words = text.slice(selection.start, selection.end);
  return selection.slot ? `${words}, ${selection.slot.label}` : words;
}
