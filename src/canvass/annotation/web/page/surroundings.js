// What surrounds the utterance: the turns before and after it in its conversation, and its recording. Nothing of it is
// annotated.

import { find, make, say, show } from "./dom.js";
import { directionOf, visible } from "./text.js";
import { counted } from "./words.js";

const audio = () => find("audio");

/** Show what a task has around it. */
export function surround({ turns, audio: recording }) {
  const { before = [], after = [], earlier = 0, later = 0 } = turns ?? {};
  fill(find("before"), [...further(earlier, "earlier"), ...before.map(turn)]);
  fill(find("after"), [...after.map(turn), ...further(later, "later")]);
  const source = recording?.source ?? "";
  show(find("recording"), Boolean(recording));
  tell(recording?.problem ?? "");
  if (source) audio().src = source;
  else if (audio().src) audio().removeAttribute("src");
  audio().load();
}

function fill(list, items) {
  list.replaceChildren(...items);
  show(list, items.length > 0);
}

const turn = (words) => make("li", { title: words, dir: directionOf(words), textContent: visible(words) });

const further = (count, which) => (count ? [make("li.further", { textContent: counted(count, `${which} turn`) })] : []);

function tell(problem) {
  say(find("recording-problem"), problem);
  show(find("recording-problem"), problem !== "");
  show(audio(), problem === "");
}

/** Play the recording in view, or pause it; false where there is none. */
export function playOrPause() {
  if (!audio().src || audio().hidden) return false;
  if (audio().paused) audio().play().catch(() => {}); // what is wrong is told by `error`
  else audio().pause();
  return true;
}

/** Say when a recording cannot be played, and give the keyboard back to the words after a press of the mouse. */
export function listenToRecording() {
  audio().addEventListener("error", () => audio().src && tell("The recording is not there, or this browser cannot play it."));
  audio().addEventListener("pointerup", () => find("words").focus({ preventScroll: true }));
}
