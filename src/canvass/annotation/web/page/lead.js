// What a lead does beside reading the numbers: exports, backups, changes of labels, and decisions on discovered groups.

import { api, download, ofServer } from "./api.js";
import { make, table } from "./dom.js";
import { fill } from "./panel.js";
import { counted, timeOf } from "./words.js";

const PARTS = [["annotated", "what was annotated here"], ["all", "the same, and what was annotated before"], ["answers", "every answer, who gave it and when"]];
const TABLES = new Set(["jsonl", "csv", "tsv", "parquet"]); // what can hold answers

/** Export and backup; `backups` are the times of those that were kept before rounds, the oldest first. */
export function files(backups) {
  const part = make("select", { "aria-label": "What to export" }, ...PARTS.map(([value, textContent]) => make("option", { value, textContent })));
  const format = make("select", { "aria-label": "Format" });
  const said = make("p.muted", { role: "status" });
  const offer = (known) => {
    const kept = format.value;
    const usable = known.filter(({ name }) => part.value !== "answers" || TABLES.has(name));
    format.replaceChildren(...usable.map(({ name, loses }) => make("option", { value: name, textContent: name, title: `loses: ${loses}` })));
    if (usable.some(({ name }) => name === kept)) format.value = kept;
  };
  const run = async (button, load, done = "Written, to the folder of downloads.") => {
    button.disabled = true;
    said.textContent = "One moment …";
    try {
      const lost = await load();
      said.textContent = lost ? `Written; this format cannot hold ${lost}.` : done;
    } catch (error) {
      said.textContent = `This does not work: ${ofServer(error).message}.`;
    }
    button.disabled = false;
  };
  const write = make("button.fine", { textContent: "Export" });
  write.onclick = () => run(write, () => download("api/export", { part: part.value, format: format.value }));
  const copy = make("button.fine", { textContent: "Back up now" });
  copy.onclick = () => run(copy, () => download("api/backup"));
  const known = backups.length ? `${counted(backups.length, "backup is", "backups are")} kept in the project, one from before each training; the newest is of ${timeOf(backups.at(-1))}.` : "One is kept in the project before each training.";
  const row = make("p.files", {}, part, format, write);
  run(write, async () => {
    const { formats } = await api.formats();
    part.onchange = () => offer(formats);
    offer(formats);
  }, "");
  return [make("h3", { textContent: "Export and backup" }), row, make("p.files", {}, copy, make("span.muted", { textContent: known })), said];
}

/** The link for annotators, who get nothing of what this panel and the review can do. */
export function invitation(token) {
  const link = new URL(`/?token=${token}`, window.location.href).href;
  return [make("h3", { textContent: "Link for annotators" }), make("p", {}, make("code", { textContent: link })), make("p.muted", { textContent: "It opens the page without review, export and changes of labels, and its search finds one's own answers alone; your own link makes a lead." })];
}

/** All labels with their use, each with buttons; `change({action, kind, name, words})` asks for the rest and does it. */
export function labels(change) {
  const body = make("div");
  fill(body, api.labels(), ({ labels: uses }) => table(["", "", "labelled", "test", "answers", ""], uses.map((use) => row(use, change))));
  return [make("h3", { textContent: "Labels" }), make("p.muted", { textContent: "No answer is rewritten: each is read under the name of today." }), body];
}

function row({ kind, name, labelled, test, answers }, change) {
  const had = `${counted(labelled, "labelled request")}, ${test} of the test set and ${counted(answers, "answer")} ${labelled + test + answers === 1 ? "has" : "have"} it.`;
  const gone = kind === "slot" ? "Its spans will be no slots." : "Its requests will be left out.";
  const words = { rename: had, merge: had, delete: `${had} ${gone}` };
  const buttons = ["rename", "merge", "delete"].map((action) =>
    make("button.link", { textContent: action, "aria-label": `${action} ${name}`, onclick: () => change({ action, kind, name, words: words[action] }) }),
  );
  return [name, kind, labelled, test, answers, make("span.lists", {}, ...buttons)];
}

/** Groups that `canvass discover --to-page` sent, each with buttons; `change({action, group, others})` asks for the rest and does it. */
export function groups(change) {
  const body = make("div");
  fill(body, api.groups(), ({ groups: found }) =>
    found.length
      ? [
          make("h3", { textContent: "What nobody handles" }),
          make("p.muted", { textContent: "Groups of requests, from canvass discover. A named one becomes an intent, and its requests come next." }),
          make("ol.items", {}, ...found.map((group) => decision(group, found.filter((other) => other !== group), change))),
        ]
      : [],
  );
  return [body];
}

function decision(group, others, change) {
  const actions = others.length ? ["name", "merge", "split", "refuse"] : ["name", "split", "refuse"];
  const buttons = actions.map((action) =>
    make("button.link", { textContent: action, "aria-label": `${action} ${group.name}`, onclick: () => change({ action, group, others }) }),
  );
  const size = make("span.muted", { textContent: `${counted(group.requests, "request")}, ${group.size} at hand` });
  return make("li.group", {}, make("p", {}, make("b", { dir: "auto", textContent: group.name }), " ", size, " ", make("span.lists", {}, ...buttons)), ...group.texts.map((textContent) => make("p.line", { dir: "auto", textContent })));
}
