/** The teacher's key: it comes behind the address's #, leaves it at once, and is kept until the tab is closed. */
import { memory } from "./room.js";

const store = () => sessionStorage;

/** @param {string} code */
export function keyOf(code) {
  const name = `pg-class-key-${code}`;
  const found = /^#key=([\w-]{10,100})$/.exec(location.hash);
  if (found) {
    memory.save(store, name, { key: found[1] });
    history.replaceState(null, "", location.pathname);
  }
  return memory.load(store, name).key ?? "";
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
