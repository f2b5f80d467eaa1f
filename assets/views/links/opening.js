/** Opens a link: goes to its tab, fills its fields, lets the page answer, and says whether the answer is the same. */
import { buttonAt, fillDrawn, point, reach, showAnswer } from "../lessons/driver.js";
import { tell } from "../shared/inbox.js";
import { openAll } from "./address.js";

const SETTLED_MS = 200; // a stream changes its view at every token: one look when it has come to rest
const LOOKS_MS = [300, 600, 1200, 2500, 5000]; // what is there already changes nothing, so it is looked at unasked
const UNCHANGED_MS = 600; // without a word of it the fields are as they were
const CHANGED_MS = 250; // then the page has ended what ran with others
const AGAIN_MS = 6000; // no answer for so long: the page is asked once more
const WRONG_MS = 15_000; // and this long: it is no leftover of before
const THERE_MS = 10_000;
const ASK_MS = [1500, 3000, 6000, 12_000]; // asked and not answered, nor on the way: fields told late end runs
const PATIENCE_MS = 600_000; // a model may have to be downloaded

/**
 * @typedef {import("../lessons/driver.js").Place & { place: string, fields: Record<string, any>,
 *   asked: any[], within: string, state: string, sentence: string, again: string, more: Record<string, any>,
 *   first: string, filled: string, tabs: string[], own: string[], runner: string, based: boolean }} About  what a link
 *   asks; ``filled`` is the place whose fields are filled, ``runner`` the Share that asks what no fields could, once
 *   the page has answered what it is based on
 * @typedef {{ text: string, kind?: string, ways?: [string, () => void][] }} Said
 */

export class Opening {
  link = "";
  /** @type {About | null} */
  about = null;
  looks = 0;
  fills = 0;
  timer = 0;
  begun = 0;
  heardAt = 0; // when the page last answered something after the fields were filled
  repeated = false;
  times = 0; // looks since something has changed
  changed = Promise.withResolvers(); // the page has heard of the new fields
  asks = 0; // of its runner
  askedAt = 0;
  /** @type {Set<Element>} */
  complaints = new Set(); // of the page, before the link was opened

  /**
   * @param {(said: Said) => void} say
   * @param {Pick<import("../view.d.ts").View, "trigger" | "server">} python
   * @param {(work: () => void) => void} quietly  does something that the address shall not follow
   */
  constructor(say, python, quietly) {
    this.say = say;
    this.python = python;
    this.quietly = quietly;
  }

  /** Reads a link, and runs it if its model is here. */
  async open(link) {
    this.stop();
    this.link = link;
    this.say({ text: "Opening a shared run …" });
    const found = await this.python.server.open_link(link);
    if (link !== this.link) return;
    if (found.error) return this.say({ text: found.error, kind: "differs" });
    this.about = found;
    if (found.state === "refused") return this.say({ text: found.sentence, kind: "differs" });
    if (found.state === "load")
      return this.say({ text: found.sentence, ways: [["Load it and run", () => this.run()]] });
    this.run();
  }

  /** Forgets the link. */
  stop() {
    clearTimeout(this.timer);
    Object.assign(this, { link: "", about: null, heardAt: 0, repeated: false, asks: 0 });
  }

  async run() {
    const { about } = this;
    if (!about) return;
    this.begun = performance.now();
    this.complaints = new Set(complaints());
    this.say({ text: `Running a shared run of ${about.title} …` });
    this.quietly(() => openAll(about.tabs));
    await reach(about, about.asked.length ? "view" : about.first);
    if (about !== this.about) return;
    if (about.asked.length) tell(document.getElementById(about.view), "shared", about.asked);
    this.fills += 1;
    this.changed = Promise.withResolvers();
    const { filled, fields, more } = about;
    this.python.trigger("fill", { filled, fields, more, fill: this.fills, link: this.link });
  }

  /** The fields are filled: the page may answer. */
  async filled({ fill }) {
    const { about } = this;
    if (!about || fill !== this.fills) return;
    await there(Object.values(about.drawn));
    if (!about.asked.length) fillDrawn(about, about.fields);
    point(about, about.fields, "");
    await Promise.race([this.changed.promise, pause(UNCHANGED_MS)]);
    await pause(CHANGED_MS);
    if (about !== this.about) return;
    if (about.runner && !about.based) this.ask(about);
    else if (!about.asked.length) press(buttonAt(about, about.fields));
    this.lookLater(0);
  }

  /** Asks exactly what the link does. */
  async ask(about) {
    this.asks += 1;
    this.askedAt = performance.now();
    this.quietly(() => openAll(about.own));
    await there([about.runner]);
    if (about === this.about) tell(document.getElementById(about.runner), "again", { link: this.link });
  }

  /** Something else stands in the fields of a place. */
  typed(place) {
    if (this.about?.filled === place) this.changed.resolve(null);
  }

  /** A place has a new answer. */
  answered(place) {
    if (!this.about || ![this.about.place, this.about.filled].includes(place)) return;
    this.heardAt = performance.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(0), SETTLED_MS);
  }

  lookLater(times) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(times), LOOKS_MS[Math.min(times, LOOKS_MS.length - 1)]);
  }

  look(times) {
    if (!this.about) return;
    this.times = times + 1;
    this.looks += 1;
    const { place, filled } = this.about;
    this.python.trigger("look", { place, filled, link: this.link, look: this.looks });
  }

  /** What Python says of the page's answer. */
  heard(found) {
    const { about } = this;
    if (!about || found.look !== this.looks) return;
    if (found.error) return this.end({ text: found.error, kind: "differs" });
    if ("same" in found) {
      this.end({ text: found.sentence, kind: KINDS.get(found.same) ?? "" });
      return showAnswer(about, "view", true);
    }
    const now = performance.now();
    if (found.ready && !this.asks) this.ask(about);
    else if (this.asks && !found.runs && now - this.askedAt > (ASK_MS[this.asks - 1] ?? PATIENCE_MS)) this.ask(about);
    this.hearComplaints();
    const button = about.again || buttonAt(about, about.fields);
    if (button && !about.runner && !about.asked.length && !this.repeated && now - this.begun > AGAIN_MS) {
      this.repeated = press(button); // a section that has just opened may not have it yet
    }
    if (found.other && this.heardAt && now - this.heardAt > WRONG_MS) return this.otherwise(found.other);
    if (now - this.begun > PATIENCE_MS) return this.end({ text: "No answer came.", kind: "differs" });
    this.lookLater(this.times);
  }

  /** Says what the page complains about; an answer may come all the same. */
  hearComplaints() {
    for (const one of complaints().filter((one) => !this.complaints.has(one))) {
      this.complaints.add(one);
      const why = one.querySelector('[data-testid="toast-text"]')?.textContent?.trim() ?? "";
      this.say({ text: `This run has not come to an answer here. ${why}`, kind: "differs" });
    }
  }

  /** The page was asked something else. */
  otherwise(fields) {
    const text = `This page can't ask exactly what the link asks (${fields.join(", ")}). Python can: pg.open_link(…).`;
    this.end({ text, kind: "differs" });
  }

  end(said) {
    const within = this.about?.within;
    this.say(said);
    this.stop();
    if (within) this.quietly(() => openAll([within]));
  }
}

const KINDS = new Map([
  [true, "same"],
  [false, "differs"],
]);

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until these elements are in the page: a tab is drawn when it is opened first. */
async function there(ids) {
  for (const end = performance.now() + THERE_MS; performance.now() < end; ) {
    if (ids.every((id) => document.getElementById(id))) return;
    await pause(30);
  }
}

/** What the page complains about now. */
const complaints = () => [...document.querySelectorAll(".toast-body.warning, .toast-body.error")];

/** Presses the button with this label that can be seen in the tabs; false if none can. */
function press(label) {
  if (!label) return false;
  const buttons = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("#pg-tabs button:not([role])")]);
  const found = buttons.find((one) => one.textContent?.trim() === label && one.checkVisibility() && !one.disabled);
  found?.click();
  return Boolean(found);
}
