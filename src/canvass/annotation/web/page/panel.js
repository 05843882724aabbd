// The one dialog in which history, review, progress and help are shown.

import { ofServer } from "./api.js";
import { find, make } from "./dom.js";

const dialog = () => find("panel");

/** Open it with a title; returns the element to fill. */
export function openPanel(title, { wide = false } = {}) {
  const body = make("div.panel-body");
  const close = make("button.close", { textContent: "Close", title: "Esc", onclick: closePanel });
  dialog().replaceChildren(make("header", {}, make("h2", { id: "panel-title", textContent: title }), close), body);
  dialog().classList.toggle("wide", wide);
  if (!dialog().open) dialog().showModal();
  body.tabIndex = -1;
  body.focus();
  return body;
}

export function closePanel() {
  if (dialog().open) dialog().close();
}

export const panelIsOpen = () => dialog().open;

/** Up and down go from item to item. */
export function listenToPanel() {
  dialog().addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = [...dialog().querySelectorAll("button.item, .item input")];
    if (!items.length) return;
    const at = items.indexOf(document.activeElement);
    const next = at < 0 ? 0 : Math.max(0, Math.min(items.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
    items[next].focus();
    event.preventDefault();
  });
  // A press on what is behind it closes it.
  dialog().addEventListener("click", (event) => {
    if (event.target === dialog()) closePanel();
  });
}

/** Fill the panel with what a promise brings; where it fails, say why. */
export async function fill(body, promise, build) {
  body.replaceChildren(make("p.muted", { textContent: "One moment …" }));
  try {
    body.replaceChildren(...[build(await promise)].flat());
  } catch (error) {
    body.replaceChildren(make("p", { role: "alert", textContent: `This cannot be shown: ${ofServer(error).message}.` }));
  }
}
