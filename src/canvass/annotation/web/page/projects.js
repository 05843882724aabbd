// The list of a server's projects.

import { api, ofServer } from "./api.js";
import { find, make } from "./dom.js";
import { counted } from "./words.js";

const item = ({ path, title, target, answered, open }) =>
  make("li", {}, make("a.item", { href: `${path}/` }, make("span.answered", {}, make("b", { textContent: title, dir: "auto" }), make("span.facts", {}, target, ` · ${counted(answered, "answer")}, ${open.toLocaleString("en")} waiting`))));

try {
  find("list").replaceChildren(...(await api.projects()).projects.map(item));
} catch (error) {
  find("problem").textContent = `This cannot be shown: ${ofServer(error).message}.`;
}
