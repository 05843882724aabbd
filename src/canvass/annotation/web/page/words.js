// Numbers, times and counts in words.

export const percent = (share) => {
  if (share === null || share === undefined) return "–";
  const hundredths = share * 100;
  return `${hundredths > 99.5 && share < 1 ? ">99" : Math.round(hundredths)} %`;
};

export const precise = (share) => (share === null || share === undefined ? "–" : `${(share * 100).toFixed(1)} %`);

export const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

export const secondsPer = (seconds) =>
  seconds === null || seconds === undefined ? "–" : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;

/** The time of day, and the day where it is another. `at` is in seconds of the epoch. */
export function timeOf(at) {
  const then = new Date(at * 1000);
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return then.toDateString() === new Date().toDateString()
    ? time
    : `${then.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

const MOST_NAMED = 3; // intents of a target

/** "domain:music" is "music", "intent:A,B" is "A, B" (`\,` belongs to a name); for the target `all` there is no name. */
export function targetName(target) {
  const [kind, ...rest] = target.split(":");
  if (kind !== "intent") return rest.join(":");
  const names = rest.join(":").split(/(?<!\\),/u).map((name) => name.replaceAll("\\,", ","));
  const more = names.length - MOST_NAMED;
  return more > 1 ? `${names.slice(0, MOST_NAMED).join(", ")} and ${more} more` : names.join(", ");
}

export function notOf(target) {
  const name = targetName(target);
  return name ? `not ${name}` : "none of these";
}
