// The keys: one table, from which the keyboard is read and the help is written.

// Each row: the keys, the command (a method of the desk, with its arguments), and what the help says.
export const KEYS = [
  {
    title: "Answer",
    rows: [
      [["Enter"], "save", "accept what is shown, save it, next utterance"],
      [["s"], "skip", "skip: nobody is asked again"],
      [["x"], "elsewhere", "not of this domain; then name the right one, or not, and Enter"],
      [["Shift+X"], "elsewhereAtOnce", "not of this domain, and next"],
      [["f"], "flag", "flag it, to find it again"],
      [["n"], "note", "write a note"],
      [["l"], "play", "listen: play or pause the recording, where there is one"],
    ],
  },
  {
    title: "Words",
    slots: true,
    rows: [
      [["ArrowRight"], "move:1", "next word or slot"],
      [["ArrowLeft"], "move:-1", "word or slot before"],
      [["ArrowDown"], "jump:1", "next slot or unsure word"],
      [["ArrowUp"], "jump:-1", "slot or unsure word before"],
      [["Shift+ArrowRight", "Shift+ArrowLeft"], "extend", "extend or shorten; a slot moves its border"],
      [["Ctrl+Shift+ArrowRight", "Ctrl+Shift+ArrowLeft"], "extendOther", "the same with the other border"],
      [["Home"], "rim:-1", "first word"],
      [["End"], "rim:1", "last word"],
      [["Shift+End", "Shift+Home"], "extendFar", "extend to the end or the beginning"],
      [["Backspace", "Delete"], "remove", "remove the label of the selected words"],
      [["Escape"], "escape", "let go of the words"],
    ],
  },
  {
    title: "Labels",
    rows: [
      [[], "", "1 to 9, 0", "with words selected: the label of that number; otherwise the intent (of many, one of the five likeliest)"],
      [[], "", "letters", "with words selected: search the labels by any part of a name or description; Enter takes the first"],
      [["Space"], "alternative", "the next likeliest labels for the whole utterance; after the last the first again"],
      [[], "", "q w e t a d g v", "make the likely change that the key is shown beside, or take it back"],
      [["i"], "chooseIntent", "choose the intent: its number, or a part of its name or description, and Enter"],
      [["+"], "newLabel", "a new label, where the project allows it"],
      [["c"], "characters", "move by characters instead of words, where the project allows it"],
    ],
  },
  {
    title: "Back and forth",
    rows: [
      [["u", "Ctrl+Z"], "undo", "undo; with nothing to undo, back to the utterance before"],
      [["Ctrl+Y", "Ctrl+Shift+Z"], "redo", "redo"],
      [["b"], "copies", "the same as your last answer for its near duplicates, of a list"],
      [["/"], "search", "search your answers, to look at or correct; as a lead the requests and answers of everybody"],
      [["h"], "history", "your earlier answers, to change them"],
      [["r"], "review", "what to look at again, and disputes"],
      [["p"], "progress", "progress and the error so far"],
      [["?"], "help", "this help"],
    ],
  },
];

// Commands that open a view, also where there is nothing to annotate.
export const VIEWS = new Set(["copies", "search", "history", "review", "progress", "help"]);

const COMMANDS = new Map(
  KEYS.flatMap(({ rows }) => rows.flatMap(([keys, command]) => keys.map((key) => [key, command]))),
);
const SHIFTED = new Set(["?", "+"]); // characters that take the Shift key on some keyboards

/** The name of a pressed key as in the table: `Ctrl+Shift+ArrowLeft`, `x`, `?`. */
export function nameOf(event) {
  const control = event.ctrlKey || event.metaKey;
  const letter = latin(event);
  if (letter === null) return "";
  const shift = event.shiftKey && !SHIFTED.has(letter);
  const key = letter.length === 1 && (shift || control) ? letter.toUpperCase() : letter;
  return `${control ? "Ctrl+" : ""}${shift ? "Shift+" : ""}${key}`;
}

/** The key; of a keyboard with another script the Latin letter that is in the same place. */
function latin(event) {
  const { key, code } = event;
  if (key === " ") return "Space";
  if (key.length > 1) return key;
  if (/^[\x21-\x7e]$/.test(key)) return key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(code);
  return place ? place[1].toLowerCase() : null;
}

export const commandOf = (name) => COMMANDS.get(name);

/** What a press types: one character, without Ctrl and the like. */
export function typedOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || Array.from(event.key).length !== 1) return "";
  return event.key;
}

const SIGNS = {
  ArrowRight: "→",
  ArrowLeft: "←",
  ArrowDown: "↓",
  ArrowUp: "↑",
  Enter: "⏎ Enter",
  Backspace: "⌫ Backspace",
  Escape: "Esc",
};

/** A key as people know it. */
export const written = (name) =>
  name
    .split(/\+(?=.)/)
    .map((part) => SIGNS[part] ?? part)
    .join(" ");
