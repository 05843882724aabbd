// From the pressed key to the desk's command, or to the palette that is open.

import { find } from "./dom.js";
import { closeForm, formIsOpen } from "./form.js";
import { commandOf, nameOf, typedOf, VIEWS } from "./keys.js";
import { OFFER_KEYS } from "./offers.js";
import { closePanel, panelIsOpen } from "./panel.js";

const ONCE = new Set(["save", "skip", "elsewhere", "elsewhereAtOnce"]); // holding the key down must not answer for a row

const GRACE = 500; // milliseconds: the second Enter of a double press does not save what nobody has seen
let entered = -Infinity; // when Enter saved, unless another key was pressed since

export function listenToKeys(desk, open) {
  document.addEventListener("copy", (event) => copy(event, desk));
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    if (event.key !== "Enter") entered = -Infinity;
    if (panelIsOpen() || formIsOpen()) {
      if (event.key !== "Escape") return;
      event.preventDefault();
      if (formIsOpen()) closeForm();
      else closePanel();
      return;
    }
    const palette = palettesOf(desk).find((one) => one.field === event.target);
    if (!palette && event.target.closest("input, textarea")) return inNote(event, desk);
    if (palette ? inSearch(event, nameOf(event), desk, palette) : handled(event, desk, open)) event.preventDefault();
  });
  document.addEventListener("pointerdown", () => {
    entered = -Infinity;
    forget(desk);
  });
}

/** Ctrl+C: the utterance of the list item that has the focus, or the selected words of the one in view, or all of it. */
function copy(event, desk) {
  if (!window.getSelection().isCollapsed || event.target.closest?.("input, textarea")) return;
  const line = document.activeElement?.closest(".item")?.querySelector(".line");
  const words = line ? line.dataset.text : !panelIsOpen() && !formIsOpen() && desk.task ? desk.copied : null;
  if (words === null) return;
  event.clipboardData.setData("text/plain", words);
  event.preventDefault();
}

const palettesOf = (desk) => [desk.labels, desk.intents, desk.chooser, desk.domains];

/** Letters no longer belong to the name that typing has picked. */
function forget(desk) {
  for (const palette of palettesOf(desk)) palette.finishing = null;
}

function inNote(event, desk) {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  desk.keepNote();
  desk.render();
  find("words").focus({ preventScroll: true });
}

/** In the search field of a palette everything is typed, but for the keys that choose. */
function inSearch(event, name, desk, palette) {
  if (name === "Enter") return palette.enter() || run("save", name, event, desk);
  if (name === "ArrowDown") palette.step(1);
  else if (name === "ArrowUp") palette.step(-1);
  else if (name === "Escape") desk.closePalette();
  else if (name === "Backspace" && palette.typed === "") desk.closePalette();
  else return /^[0-9]$/.test(typedOf(event)) && palette.takeNumber(event.key);
  return true;
}

function handled(event, desk, open) {
  const name = nameOf(event);
  if ((name === "Enter" || event.key === " ") && event.target.closest("button, a, summary")) return false;
  if (event.target.closest("audio") && /^(Space|Arrow)/.test(name)) return false; // its own controls
  const command = commandOf(name);
  if (!desk.task) {
    if (!VIEWS.has(command)) return false;
    open(command);
    return true;
  }
  const typed = typedOf(event);
  const letter = /^[^\d?+/ ]$/u.test(typed);
  const picked = palettesOf(desk).find((palette) => palette.finishing);
  // What picked a name is followed by letters, for as long as people take; none of them is a command.
  if (letter && picked?.finishes(typed)) return true;
  if (letter && picked && !desk.palette) {
    desk.hint(`Letters still belong to “${picked.finishing.name}”. After Esc they are commands again; Ctrl Z undoes.`);
    return true;
  }
  if (event.key !== "Shift") forget(desk);
  const { palette } = desk;
  if (palette && letter) {
    palette.focus();
    return false; // the letter goes into the field
  }
  if (palette && /^[0-9]$/.test(typed)) {
    palette.takeNumber(typed);
    return true;
  }
  if (palette && desk.mode !== "words" && chosenBy(name, palette)) return true;
  if (/^[0-9]$/.test(typed)) {
    desk.intents.takeNumber(typed);
    return true;
  }
  if (desk.visit?.answers && (typed === "a" || typed === "b")) {
    desk.takeAnswer(typed === "a" ? 0 : 1);
    return true;
  }
  const offer = desk.offers.changes[OFFER_KEYS.indexOf(name)];
  if (offer) desk.takeOffer(offer);
  return offer || !command ? Boolean(offer) : run(command, name, event, desk);
}

/** Arrows and Enter in a palette of which nothing is typed; over the words, arrows move. */
function chosenBy(name, palette) {
  if (name === "ArrowDown" || name === "ArrowRight") palette.step(1);
  else if (name === "ArrowUp" || name === "ArrowLeft") palette.step(-1);
  else return name === "Enter" && palette.enter();
  return true;
}

function run(command, name, event, desk) {
  if (event.repeat && ONCE.has(command)) return true;
  if (command === "save") {
    if (event.timeStamp - entered < GRACE) return true;
    entered = event.timeStamp;
  }
  if (name === "Shift+ArrowRight" || name === "Shift+ArrowLeft" || command.startsWith("extendOther")) {
    desk.run(`${command}:${sideways(name, desk)}`);
  } else if (command.startsWith("move")) {
    desk.run(`move:${sideways(name, desk)}`);
  } else if (command === "extendFar") {
    desk.run(`extendFar:${name === "Shift+End" ? 1 : -1}`);
  } else {
    desk.run(command);
  }
  return true;
}

/** The arrows go where they point, so in a text from right to left the left one goes on. */
function sideways(name, desk) {
  const right = name.endsWith("ArrowRight");
  return right === desk.view.leftwards ? -1 : 1;
}
