// Small questions: a name, a new label. A dialog with fields; nothing is sent anywhere by itself.

import { find, make } from "./dom.js";

/**
 * Ask; gives the values by name, or null where it was put away. `fields` are {name, label, value, optional, longest,
 * choices}; `choices` are offered while it is typed.
 * `send(values)` may refuse with a promise that fails: what it says is shown, and the question stays.
 */
export function ask({ title, words = "", fields, button, send = async () => {}, needed = false }) {
  const dialog = find("form");
  const problem = make("p.problem", { role: "alert" });
  const inputs = fields.map(({ name, value = "", optional = false, longest = 80 }) =>
    make("input", { type: "text", name, value, required: !optional, maxLength: longest, dir: "auto", autocomplete: "off" }),
  );
  const labels = fields.map(({ name, label, choices = [] }, i) => {
    const list = make("datalist", { id: `form-${name}` }, ...choices.map((value) => make("option", { value })));
    if (choices.length) inputs[i].setAttribute("list", list.id);
    return make("label", {}, make("span", { textContent: label }), inputs[i], choices.length ? list : null);
  });
  const cancel = needed ? null : make("button", { textContent: "Cancel", onclick: () => dialog.close() });
  const form = make(
    "form",
    {},
    make("h2", { id: "form-title", textContent: title }),
    words ? make("p.muted", { textContent: words }) : null,
    ...labels,
    problem,
    make("p.buttons", {}, cancel, make("button.main", { type: "submit", textContent: button })),
  );
  dialog.replaceChildren(form);
  return new Promise((resolve) => {
    let result = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const values = Object.fromEntries(inputs.map((input) => [input.name, input.value.trim().replace(/\s+/g, " ")]));
      if (inputs.some((input) => input.required && !values[input.name])) return;
      try {
        await send(values);
        result = values;
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
      }
    });
    dialog.oncancel = (event) => event.preventDefault(); // Esc comes by `closeForm`
    dialog.needed = needed;
    dialog.onclose = () => resolve(result);
    dialog.showModal();
    if (inputs.length) inputs[0].select();
    else form.querySelector("button.main").focus();
  });
}

export const formIsOpen = () => find("form").open;

/** Put the question away unless it needs an answer. */
export function closeForm() {
  if (!find("form").needed) find("form").close();
}
