// Making elements. Text goes in as text only: there is no way here to write markup.

/** make("button.chip", {title: "..."}, "words", element): properties are set, `data` and aria attributes written. */
export function make(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  if (tag === "button") element.type = "button";
  write(element, properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function draw(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElementNS(SVG, tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function write(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
}

export const find = (id) => document.getElementById(id);

export function show(element, shown) {
  element.hidden = !shown;
}

/** Set the text only where it is another: an unchanged live region stays silent. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** What the mouse presses keeps the focus where it was, so that Enter goes on meaning "save". */
export function keepFocus(element) {
  element.addEventListener("mousedown", (event) => {
    if (!event.target.closest("input, textarea, a")) event.preventDefault();
  });
}

/** A table; of each row the first cell is its heading. Cells are words, numbers or elements. */
export function table(head, rows) {
  const shown = (cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell);
  const row = ([first, ...rest]) => make("tr", {}, make("th", { scope: "row", dir: "auto" }, first), ...rest.map((cell) => make("td", {}, shown(cell))));
  return make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...head.map((words) => make("th", { scope: "col", textContent: words })))),
    make("tbody", {}, ...rows.map(row)),
  );
}

/** A bar that is filled to a share of its length. */
export function bar(share) {
  const root = make("span.bar", { "aria-hidden": "true" }, make("span.fill"));
  root.firstChild.style.setProperty("--length", `${100 * share}%`);
  return root;
}
