// The fewest keys from what the page shows to what an utterance means: a search over the page's own functions.
//
// Uniform cost, one a key press; Shift and Ctrl held down are not counted. `keystrokes.py` presses the keys that are found
// here, and checks what the server got.

async ({ text: string, tokens, unsure, taggings, spaced, gold, labels, intents, intent, most }) => {
  const cursor = await import("/cursor.js");
  const { overlaps, sameSlot, sameSlots } = await import("/spans.js");
  const { begins, digit, matching } = await import("/labels.js");
  const { Text, words } = await import("/text.js");
  const { changesOf, OFFER_KEYS, toggle } = await import("/offers.js");
  const offers = changesOf(taggings[0], taggings.slice(1));
  const context = { stops: words(new Text(string), tokens), unsure: new Set(unsure) };

  /** The fewest keys that pick a name: its number, or a part of it, and then perhaps a number. */
  function keysOf(label, names = labels) {
    const named = names.map((name) => ({ name }));
    const simple = label.toLowerCase().replace(/[^a-z0-9]/g, "");
    const number = digit(names.indexOf(label));
    if (number) return [number];
    for (let length = 1; length <= simple.length; length += 1) {
      const found = matching(named, simple.slice(0, length));
      const letters = [...simple.slice(0, length)];
      if (found.length === 1 && found[0].name === label && begins(label, letters.join(""))) return letters;
      const place = digit(found.findIndex((one) => one.name === label));
      if (place) return [...letters, place];
    }
    throw new Error(`no keys for ${label}`);
  }

  const move = {
    ArrowRight: (state) => cursor.move(state, context, 1),
    ArrowLeft: (state) => cursor.move(state, context, -1),
    ArrowDown: (state) => cursor.jump(state, context, 1),
    ArrowUp: (state) => cursor.jump(state, context, -1),
    Home: (state) => cursor.rim(state, context, -1),
    End: (state) => cursor.rim(state, context, 1),
    "Shift+ArrowRight": (state) => cursor.extend(state, context, 1),
    "Shift+ArrowLeft": (state) => cursor.extend(state, context, -1),
    "Control+Shift+ArrowRight": (state) => cursor.extend(state, context, 1, true),
    "Control+Shift+ArrowLeft": (state) => cursor.extend(state, context, -1, true),
    "Shift+End": (state) => cursor.extendFar(state, context, 1),
    "Shift+Home": (state) => cursor.extendFar(state, context, -1),
  };

  const nameOf = ({ slots: all, selection: at, rest }) =>
    `${all.map((one) => `${one.start},${one.end},${one.label}`).join(";")}|${at ? `${at.start},${at.end},${at.facing},${at.slot ? 1 : 0}${at.base ? at.base.map((one) => `${one.start}-${one.end}`) : ""}` : rest}`;

  function* steps(state, goal) {
    for (const [key, change] of Object.entries(move)) yield [[key], change(state)];
    const { selection } = state;
    if (!selection) {
      for (const [i, change] of offers.entries()) yield [[OFFER_KEYS[i]], cursor.begin(toggle(state.slots, change, context.stops))];
      return;
    }
    if (state.slots.some((slot) => overlaps(slot, selection) && !goal.some((one) => sameSlot(one, slot)))) {
      yield [["Backspace"], cursor.remove(state, context)];
    }
    // A label is worth giving only to what holds the words that have it.
    const worth = new Set(goal.filter((one) => selection.start <= one.start && one.end <= selection.end).map((one) => one.label));
    for (const name of worth) yield [keysOf(name), cursor.label(state, context, name)];
  }

  /** Breadth first by the number of keys, to a state in which `done`; each of `from` takes one key more than the one before. */
  function search(from, goal, done) {
    const levels = from.map((state, number) => [{ state, keys: Array(number).fill("Space") }]);
    const seen = new Set();
    for (let cost = 0; cost < levels.length; cost += 1) {
      for (const { state, keys } of levels[cost] ?? []) {
        const name = nameOf(state);
        if (seen.has(name)) continue;
        seen.add(name);
        if (seen.size > most) return null;
        if (done(state)) return { state, keys, exact: true };
        for (const [pressed, next] of steps(state, goal)) {
          if (next === state) continue;
          (levels[cost + pressed.length] ??= []).push({ state: next, keys: [...keys, ...pressed] });
        }
      }
    }
    return null;
  }

  const ofIntent = intent === null ? [] : ["i", ...keysOf(intent, intents)];
  const starts = taggings.slice(0, spaced).map(cursor.begin);
  const whole = search(starts, gold, (state) => sameSlots(state.slots, gold));
  if (whole) return { keys: [...ofIntent, ...whole.keys], exact: true };
  // Too many states: from left to right, one more of the wanted slots right at a time, then the rest.
  let [state, keys] = [starts[0], ofIntent];
  for (let right = 1; right <= gold.length + 1; right += 1) {
    const wanted = gold.slice(0, right);
    const done = right > gold.length
      ? (one) => sameSlots(one.slots, gold)
      : (one) => wanted.every((slot) => one.slots.some((other) => sameSlot(other, slot)));
    const found = search([state], gold, done);
    if (!found) throw new Error(`no way found for ${string}`);
    keys = [...keys, ...found.keys];
    state = found.state;
  }
  return { keys, exact: false };
};
