// The help: keys, the mouse, and what each label means.

import { make } from "./dom.js";
import { KEYS, written } from "./keys.js";
import { openPanel } from "./panel.js";

const MOUSE =
  "Press a word, or drag over several, then press a label. Press a slot to select it: drag its rims to move a border, press × to remove it, press a label to change it. Words with a dotted line are those that the tagger is unsure of.";

export function help(project, look) {
  const mouse = [make("h3", { textContent: "With the mouse or a finger" }), make("p", { textContent: MOUSE })];
  const body = openPanel("Help", { wide: true });
  body.append(
    make("div.key-groups", {}, ...KEYS.filter(({ slots }) => !slots || project.annotates_slots).map(group)),
    ...(project.annotates_slots ? mouse : []),
    ...guidelines("Intents", project.intents, () => ""),
    ...guidelines("Labels", project.slots, look),
  );
}

function group({ title, rows }) {
  return make(
    "section",
    {},
    make("h3", { textContent: title }),
    make(
      "dl.keys",
      {},
      ...rows.flatMap(([keys, , ...words]) => [
        make("dt", {}, ...(keys.length ? keys : [words[0]]).map((key) => make("kbd", { textContent: written(key) }))),
        make("dd", { textContent: words.at(-1) }),
      ]),
    ),
  );
}

function guidelines(title, items, look) {
  if (!items.length) return [];
  return [
    make("h3", { textContent: title }),
    make(
      "dl.guidelines",
      {},
      ...items.flatMap((item) => {
        const name = make("span.chip", {}, make("span.name", { textContent: item.name }));
        name.classList.add(...look(item.name).split(" ").filter(Boolean));
        return [make("dt", {}, name), make("dd", {}, ...guideline(item))];
      }),
    ),
  ];
}

/** What is known of a label: its description, and examples. */
export function guideline({ description, examples }) {
  const found = description ? [make("span", { textContent: description })] : [];
  for (const example of examples ?? []) found.push(make("q", { dir: "auto" }, ...bracketed(example)));
  return found.flatMap((one) => [one, " "]);
}

/** In an example, the value of the label stands in square brackets. */
export function bracketed(example) {
  return example.split(/(\[[^\]]*\])/).map((part) =>
    part.startsWith("[") && part.endsWith("]") ? make("b", { textContent: part.slice(1, -1) }) : part,
  );
}
