// Mouse and finger on the words: press to select, drag over several, drag a border of a slot, press × to remove.

import { sameSpan } from "./spans.js";

/**
 * `view` is the Utterance; `on` has select(span, facing), reach(span, rim, drag), remove(slot), and `state()` (the cursor).
 */
export function listen(view, on) {
  const { root } = view;
  let drag = null; // {anchor, moved, rim, slot}

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !view.stops) return;
    const box = event.target.closest(".slot");
    if (event.target.closest(".remove")) {
      on.remove(box.span);
      return;
    }
    const rim = event.target.closest(".handle")?.dataset.rim;
    if (rim) {
      const [from, to] = view.range(box.span);
      drag = { anchor: rim === "end" ? from : to - 1, rim, moved: true };
    } else if (event.shiftKey && on.state().selection) {
      extendTo(numberAt(event));
      return;
    } else {
      const number = event.target.closest(".tag") ? view.range(box.span)[0] : numberAt(event);
      if (number === null) return;
      drag = { anchor: number, rim: null, moved: false, slot: box?.span ?? null, at: number };
    }
    root.setPointerCapture(event.pointerId);
  });

  root.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const number = numberAt(event);
    if (number === null || number === drag.at) return;
    drag.at = number;
    if (drag.rim) {
      const crossed = drag.rim === "end" ? number < drag.anchor : number > drag.anchor;
      if (!crossed) on.reach(spanOf(drag.anchor, number), drag.rim, drag);
    } else {
      drag.moved = true;
      on.select(spanOf(drag.anchor, number), number < drag.anchor ? "start" : "end");
    }
  });

  root.addEventListener("pointerup", () => {
    if (drag && !drag.moved) press(drag);
    drag = null;
  });
  root.addEventListener("pointercancel", () => (drag = null));

  /** A press on a slot selects it, on the selected slot the word. */
  function press({ anchor, slot }) {
    const word = view.stops[anchor];
    const { selection } = on.state();
    const again = slot && selection?.slot && sameSpan(selection.slot, slot) && !sameSpan(slot, word);
    on.select(slot && !again ? slot : word, "end");
  }

  function extendTo(number) {
    if (number === null) return;
    const [from, to] = view.range(on.state().selection);
    if (number < from) on.reach(spanOf(number, to - 1), "start");
    else on.reach(spanOf(from, number), "end");
  }

  function spanOf(one, other) {
    return { start: view.stops[Math.min(one, other)].start, end: view.stops[Math.max(one, other)].end };
  }

  /** The word at the pointer, or beside it where it is between two. */
  function numberAt(event) {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    if (!under || !root.contains(under)) return null;
    const word = under.closest(".word");
    if (word) return word.number;
    const beside = under.closest(".gap, .tag, .handle");
    for (const one of [beside?.previousElementSibling, beside?.nextElementSibling]) {
      if (one?.classList.contains("word")) return one.number;
      const words = one?.querySelectorAll(".word");
      if (words?.length) return words[words.length - 1].number;
    }
    return null;
  }
}
