/** What the browser keeps for this page; nothing where it may keep nothing. */
export const memory = {
  load(store, name) {
    try {
      return JSON.parse(store().getItem(name) ?? "{}");
    } catch {
      return {};
    }
  },
  save(store, name, value) {
    try {
      store().setItem(name, JSON.stringify(value));
    } catch {}
  },
  drop(store, name) {
    try {
      store().removeItem(name);
    } catch {}
  },
};
