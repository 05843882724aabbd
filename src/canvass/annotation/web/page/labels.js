// Finding a label by what was typed, and the look of each.

const plain = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
const parts = (name) =>
  name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);

/**
 * The labels that have what was typed in their name or description, the best first: names that begin so, names of which
 * a later word begins so, other names, descriptions. One Latin letter is looked for at the beginning of words only.
 */
export function matching(labels, typed) {
  const wanted = plain(typed);
  if (!wanted) return labels;
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = wanted.length > 1 || wanted > "\x7f";
  const within = (string) => whole && words.every((word) => string.includes(word));
  const rank = ({ name, description = "" }) => {
    if (plain(name).startsWith(wanted)) return 0;
    if (begins(name, typed)) return 1;
    if (whole && (plain(name).includes(wanted) || within(parts(name).join(" ")))) return 2;
    return within(`${parts(name).join(" ")} ${description.toLowerCase()}`) ? 3 : null;
  };
  return labels
    .map((label) => [rank(label), label])
    .filter(([found]) => found !== null)
    .sort(([one], [other]) => one - other)
    .map(([, label]) => label);
}

/** Whether a name, or a later word of it, begins with what was typed. */
export function begins(name, typed) {
  const wanted = plain(typed);
  return plain(name).startsWith(wanted) || parts(name).some((_, i, all) => all.slice(i).join("").startsWith(wanted));
}

/** Whether a letter goes on with the name that was just picked by what was typed before it. */
export const continues = (name, typed, letter) => begins(name, typed + letter);

/** Colours repeat after eight, with another kind of line under them: 32 looks. */
export const look = (number) => `hue${number % 8} line${Math.floor(number / 8) % 4}`;

/** The key that picks the label in a list: 1 to 9, then 0. */
export const digit = (place) => (place < 9 ? String(place + 1) : place === 9 ? "0" : "");
