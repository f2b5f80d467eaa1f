/** What was typed, kept in the browser until its tab is closed, so that a reload loses nothing. Needs no page. */

const NAME = "pg-typed";
const MOST = 1_000_000; // characters in all; a browser keeps about five times as many

/** @typedef {Record<string, { controls?: Record<string, any>, drawn?: Record<string, any> }>} Typed  by place */

/**
 * What was kept; nothing where there is none, or it is damaged.
 *
 * @param {Pick<Storage, "getItem">} storage
 * @returns {Typed}
 */
export function load(storage) {
  try {
    const found = JSON.parse(storage.getItem(NAME) ?? "null");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

/**
 * Keeps it, unless it is too much; then what was kept before goes, since it would be out of date.
 *
 * @param {Pick<Storage, "setItem" | "removeItem">} storage
 * @param {Typed} typed
 */
export function save(storage, typed) {
  try {
    const text = JSON.stringify(typed);
    if (text.length > MOST) storage.removeItem(NAME);
    else storage.setItem(NAME, text);
  } catch {
    // A browser that keeps nothing works all the same.
  }
}

/** @param {Pick<Storage, "removeItem">} storage */
export function clear(storage) {
  try {
    storage.removeItem(NAME);
  } catch {
    // There was nothing to clear.
  }
}

/**
 * The values of controls as an object by their names; what is no plain value isn't kept.
 *
 * @param {string[]} names
 * @param {any[]} values
 */
export function named(names, values) {
  const pairs = names.map((name, i) => /** @type {[string, any]} */ ([name, values[i]]));
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined && value !== null));
}
