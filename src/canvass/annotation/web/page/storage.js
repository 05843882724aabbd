// The browser's stores, which may be full, switched off or hold what is damaged: then null comes back, or false.

function tried(call, otherwise) {
  try {
    return call();
  } catch {
    return otherwise;
  }
}

const kept = (store) => ({
  get: (key) => tried(() => JSON.parse(store().getItem(key)), null),
  set: (key, value) => tried(() => (store().setItem(key, JSON.stringify(value)), true), false),
  remove: (key) => tried(() => store().removeItem(key)),
  keys: (prefix) => tried(() => Object.keys(store()).filter((key) => key.startsWith(prefix)), []),
});

export const browser = kept(() => window.localStorage); // stays; shared by all tabs
export const tab = kept(() => window.sessionStorage); // this tab only; stays over a reload
