/**
 * In the app's own page: a teacher's panel where this tab holds the key of a room, and "Send to your teacher" beside
 * Share where this browser holds a seat. Both talk to the room itself; Python only says what stands in the page.
 */
import { openTabs } from "../links/address.js";
import { taught } from "../shared/class_key.js";
import { readInbox } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { Refused } from "./room.js";
import { sitting } from "./seats.js";
import { Sending } from "./sending.js";
import { Teaching } from "./teaching.js";

const PATIENCE_MS = 300_000; // a model may have to be loaded for an answer
const TOLD_MS = 1500; // by then a view has told Python what is typed into it

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const { signal } = lifeOf(element);
  const host = /** @type {HTMLElement} */ (element.closest("#pg-teaching"));
  const { places } = props.value;
  const page = new Page(places, trigger);
  const isShown = document.documentElement.classList.contains("pg-follow"); // in a frame, to be looked at alone
  const teaches = isShown ? null : taught();
  const sits = isShown || teaches ? null : sitting();
  const role = teaches ? new Teaching(element, page, teaches) : sits && new Sending(page, sits);
  watch("value", () => page.heard(props.value));
  readInbox(host, signal, (name, value) => role?.told[name]?.(value)); // what nobody needs goes, too
  if (role instanceof Teaching) role.start(signal);
}

/** What stands in the page, as Python says it. */
export class Page {
  times = 0;
  /** @type {Map<number, (found: any) => void>} */
  waiting = new Map();

  /**
   * @param {any[]} places
   * @param {import("../view.d.ts").View["trigger"]} trigger
   */
  constructor(places, trigger) {
    this.places = places;
    this.trigger = trigger;
  }

  /** The places of the tab that is open. */
  open() {
    const tabs = openTabs();
    return this.places.filter((one) => one.tabs.every((/** @type {string} */ tab, at) => tabs[at] === tab));
  }

  /**
   * Asks Python, whose answer may be an error.
   *
   * @param {"propose" | "link"} what
   * @param {any} asked
   */
  async ask(what, asked) {
    this.times += 1;
    const { promise, resolve } = Promise.withResolvers();
    this.waiting.set(this.times, resolve);
    this.trigger(what, { ...asked, times: this.times });
    const lost = setTimeout(() => resolve({ error: "The page didn't answer. Try again." }), PATIENCE_MS);
    const found = await promise;
    clearTimeout(lost);
    if (found.error) throw new Refused(400, found.error);
    return found;
  }

  /** The link to what a place has answered; of what was just typed Python may not know yet. */
  async link(place) {
    const asked = { place, seen: { part: openTabs().at(-1) ?? "" } };
    try {
      return (await this.ask("link", asked)).link;
    } catch {
      await new Promise((done) => setTimeout(done, TOLD_MS));
      return (await this.ask("link", asked)).link;
    }
  }

  heard(found) {
    this.waiting.get(found?.times)?.(found);
    this.waiting.delete(found?.times);
  }
}
