/** The teacher's key: it comes behind the address's #, leaves it at once, and is kept until the tab is closed. */
import { memory } from "./memory.js";

const store = () => sessionStorage;
const LATEST = "pg-class-teaches"; // which of them the app's own page moves
const nameOf = (/** @type {string} */ code) => `pg-class-key-${code}`;

/** @param {string} code */
export function keyOf(code) {
  const found = /^#key=([\w-]{10,100})$/.exec(location.hash);
  if (found) {
    memory.save(store, nameOf(code), { key: found[1] });
    history.replaceState(null, "", location.pathname);
  }
  const key = memory.load(store, nameOf(code)).key ?? "";
  if (key) memory.save(store, LATEST, { code });
  return key;
}

/**
 * What is put behind the app's address, to be taught from there. A window that another has opened has that one's key
 * already, but where the other stands in a frame of another site.
 */
export const handedOn = (/** @type {string} */ code, /** @type {string} */ key) =>
  window.parent === window ? "" : `#class=${code}.${key}`;

/** The room that this tab's teacher moves, with its key; null for everybody else. */
export function taught() {
  const handed = /^#class=(\w{1,12})\.([\w-]{10,100})$/.exec(location.hash);
  if (handed) {
    memory.save(store, nameOf(handed[1]), { key: handed[2] });
    memory.save(store, LATEST, { code: handed[1] });
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  const { code = "" } = memory.load(store, LATEST);
  const { key = "" } = memory.load(store, nameOf(code));
  return code && key ? { code: String(code), key: String(key) } : null;
}

/** A room is over. */
export function forgetKey() {
  const { code = "" } = memory.load(store, LATEST);
  memory.drop(store, nameOf(code));
  memory.drop(store, LATEST);
}

/**
 * The address that the class opens: this page's own, or the machine's in its network where this page is local.
 *
 * @param {string} root
 * @param {string} code
 * @param {string} address  of this machine for others; empty where there is none
 */
export function addressOfClass(root, code, address) {
  const here = new URL(`${root}class/${code}`, location.href);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(here.hostname);
  if (isLocal && address) here.hostname = address;
  return here.href;
}
