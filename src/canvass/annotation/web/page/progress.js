// How far it is: in a glance beside the utterance, and all of it in a panel.

import { api } from "./api.js";
import { curve } from "./chart.js";
import { bar, make, table } from "./dom.js";
import { files, groups, invitation, labels } from "./lead.js";
import { fill, openPanel } from "./panel.js";
import { counted, percent, precise, secondsPer } from "./words.js";

const measured = (found) => found.curve.filter((point) => typeof point.slot_error_rate === "number");

/** The small column: today's numbers, the error so far, the mix. */
export function glance(root, found, slots, open) {
  const points = measured(found);
  const all = make("button.link", { textContent: "All of it", title: "p", onclick: open });
  root.replaceChildren(
    make("h2", { textContent: "Progress" }),
    tiles([
      [found.answered_today, "today"],
      [secondsPer(found.seconds_per_answer), "an answer"],
      ...(points.length ? [[precise(points.at(-1).slot_error_rate), slots ? "slot errors" : "intents wrong"]] : []),
    ]),
    ...(points.length > 1 ? [small(points, slots)] : []),
    all,
  );
}

/** What the curve shows: without slots the intent is all that is counted. */
const rate = (slots) => (slots ? "Slot error rate" : "Intent error");

function small(points, slots) {
  const [first, last] = [points[0], points.at(-1)];
  const words = `${rate(slots)} on the test set: ${precise(first.slot_error_rate)} after ${first.answers} answers, ${precise(last.slot_error_rate)} after ${last.answers}.`;
  return curve(points.map((one) => [one.answers, one.slot_error_rate]), { width: 240, height: 64, small: true, words });
}

function tiles(pairs) {
  return make(
    "dl.tiles",
    {},
    ...pairs.map(([value, name]) => make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value }))),
  );
}

// Lists that open as searches.
const LISTS = [["Skips", "is:skipped"], ["Flags", "is:flagged"], ["Notes", "is:noted"], ["Disputes", "is:disputed"], ["Corrections", "is:corrected"], ["All answers", "is:answered"]];

/** The panel. `lead` is null for those who do not lead, else {search(typed), changeLabel(label), changeGroup(group), token}. */
export function progress({ annotator, slots, lead }) {
  const body = openPanel("Progress", { wide: true });
  fill(body, api.progress(annotator), (found) => [
    found.suggestion ? make("p.suggestion", { title: found.suggestion.rule, textContent: found.suggestion.words }) : null,
    ...[found.outside, ...found.missing].filter(Boolean).map((words) => make("p.told", { textContent: sentence(words) })),
    tiles([
      [found.answered_today, "answered today"],
      [found.answered, "answered in all"],
      [secondsPer(found.seconds_per_answer), "an answer (median today)"],
      [found.states.open ?? 0, "waiting"],
      [found.states.skipped ?? 0, "skipped"],
      [found.states.disputed ?? 0, "in dispute"],
    ]),
    lead && make("p.lists", {}, ...LISTS.map(([name, typed]) => make("button.link", { textContent: name, onclick: () => lead.search(typed) }))),
    ...errors(found, body.clientWidth, slots),
    ...estimates(found),
    ...bars("What was chosen", found.domains.map(({ domain, count }) => [domain ?? "no domain", count])),
    ...bars("Intents", found.labels.intents),
    ...(slots ? bars("Slot labels", found.labels.slots) : []),
    ...people(found.by_annotator),
    ...agreement(found.agreement, slots),
    ...(lead ? [...groups(lead.changeGroup), ...files(found.backups), ...labels(lead.changeLabel), ...invitation(lead.token)] : []),
    found.too_long
      ? make("p.muted", { textContent: `${counted(found.too_long, "request")} of the pool ${found.too_long === 1 ? "is" : "are"} longer than ${found.max_tokens} tokens and left out; max_tokens in canvass.toml sets the limit.` })
      : null,
  ].filter(Boolean));
}

function errors(found, room, slots) {
  const points = measured(found);
  const title = make("h3", { textContent: "Error on the test set" });
  if (!points.length && found.missing.length) return [];
  if (!points.length) return [title, make("p.muted", { textContent: "Measured after the first training." })];
  const last = points.at(-1);
  const words = `${rate(slots)} after each training, over the number of answers; now ${precise(last.slot_error_rate)}.`;
  return [
    title,
    make(
      "figure",
      {},
      curve(points.map((one) => [one.answers, one.slot_error_rate]), { width: Math.max(260, Math.min(760, room - 48)), height: 220, words }),
      make("figcaption", {
        textContent: `${rate(slots)} over the number of answers. Now: ${precise(last.slot_error_rate)}${range(found.held_out_interval)}${slots ? `; intents wrong ${precise(last.intent_error)}; span F1 ${precise(last.span_f1)}` : ""}.`,
      }),
    ),
  ];
}

const range = (ends) => (ends ? ` (95 % interval ${precise(ends[0])} to ${precise(ends[1])})` : "");

function estimates(found) {
  return [
    make("h3", { textContent: "On live traffic, by today's models" }),
    ...found.estimates.map(({ words }) => make("p", { textContent: sentence(words) })),
    ...found.assistants.map((words) => make("p", { textContent: sentence(words) })),
  ];
}

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;

function bars(title, pairs) {
  if (!pairs.length) return [];
  const most = Math.max(...pairs.map(([, count]) => count), 1);
  const sum = pairs.reduce((all, [, count]) => all + count, 0) || 1;
  return [
    make("h3", { textContent: title }),
    make(
      "ul.bars",
      {},
      ...pairs.map(([name, count]) =>
        make("li", {}, make("span", { dir: "auto", textContent: name }), bar(count / most), make("span.number", { textContent: `${count.toLocaleString("en")} · ${percent(count / sum)}` })),
      ),
    ),
  ];
}

function people(found) {
  if (!found.length) return [];
  const rows = found.map((who) => [who.name, who.answers, who.today, secondsPer(who.seconds), who.skips, who.flags]);
  return [make("h3", { textContent: "Who answered" }), table(["", "answers", "today", "an answer", "skips", "flags"], rows)];
}

function agreement(pairs, slots) {
  if (!pairs.length) return [];
  const head = ["", "intents (kappa)", ...(slots ? ["slots (span F1)"] : []), "utterances"];
  const rows = pairs.map(({ a, b, kappa, span_f1: spans, n }) => [`${a} and ${b}`, rounded(kappa), ...(slots ? [rounded(spans)] : []), n]);
  return [make("h3", { textContent: "Agreement" }), table(head, rows)];
}

const rounded = (value) => (typeof value === "number" ? value.toFixed(2) : "–");
