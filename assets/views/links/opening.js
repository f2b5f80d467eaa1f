/** Opens a link: goes to its tab, fills its fields, lets the page answer, and says whether the answer is the same. */
import { buttonAt, fillDrawn, point, reachAll, showAnswer } from "../lessons/driver.js";
import { sayOpening } from "../shared/first_answer.js";
import { tell } from "../shared/inbox.js";
import { pause, until } from "../shared/until.js";
import { openAll } from "./address.js";

const SETTLED_MS = 60; // a stream changes its view at every token: one look when it has come to rest
const LOOKS_MS = [300, 600, 1200, 2500, 5000]; // what is there already changes nothing, so it is looked at unasked
const STANDS_MS = 1000; // the page says at once what stands in its fields
const FIELDS_MS = 300; // of what is drawn together with the first field; some are hidden
const UNTOLD_MS = 1000; // a field that wasn't told of by then takes the value for the same
const DOUBT_MS = 150; // what is told after the page was asked may have ended that
const LATE_MS = 1500; // the page may tell of the link's fields after its answer
const MOST_PRESSES = 5;
const AGAIN_MS = 6000; // no answer for so long: the page is asked once more
const WRONG_MS = 15_000; // and this long: it is no leftover of before
const THERE_MS = 10_000;
const ASK_MS = [1500, 3000, 6000, 12_000]; // asked and not answered, nor on the way: fields told late end runs
const OWN = "#here&"; // begins a link that nobody shared: from one part of the page to another
const PATIENCE_MS = 600_000; // a model may have to be downloaded

/**
 * @typedef {import("../lessons/driver.js").Place & { place: string, fields: Record<string, any>,
 *   asked: any[], within: string, state: string, sentence: string, again: string, more: Record<string, any>,
 *   first: string, filled: string, tabs: string[], own: string[], runner: string, based: boolean,
 *   shown: Record<string, any> }} About  what a link asks; ``filled`` is the place whose fields are filled, ``shown``
 *   how they stand then, ``runner`` the Share that asks what no fields could, once the page has answered what it is
 *   based on
 * @typedef {{ text: string, kind?: string, ways?: [string, () => void][] }} Said
 */

export class Opening {
  link = "";
  isOwn = false; // of this page: only what is amiss is said of it
  /** @type {About | null} */
  about = null;
  looks = 0;
  fills = 0;
  timer = 0;
  begun = 0;
  endedAt = Number.POSITIVE_INFINITY;
  heardAt = 0; // when the page last answered something after the fields were filled
  repeated = false;
  times = 0; // looks since something has changed
  stood = Promise.withResolvers(); // what stands in the page's fields
  /** @type {string[]} */
  changing = []; // the fields in which something else stands
  told = 0; // how many of them the page has dealt with
  changed = Promise.withResolvers(); // it has with all
  isFilled = false;
  asked = false; // the page was
  presses = 0;
  doubtful = false; // whether it still answers
  asks = 0; // of its runner
  askedAt = 0;
  /** @type {Set<Element>} */
  complaints = new Set(); // of the page, before the link was opened

  /**
   * @param {(said: Said | null) => void} say  null takes back what was said
   * @param {Pick<import("../view.d.ts").View, "trigger" | "server">} python
   * @param {(work: () => unknown) => Promise<void>} quietly  does something that the address shall not follow
   */
  constructor(say, python, quietly) {
    this.say = (/** @type {Said} */ said) => say(this.isOwn && !said.kind && !said.ways ? null : said);
    this.python = python;
    this.quietly = quietly;
  }

  /** Reads a link, and runs it if its model is here. */
  async open(link) {
    this.forget();
    Object.assign(this, { link, isOwn: link.startsWith(OWN) });
    this.say({ text: "Opening a shared run …" });
    sayOpening(true);
    const found = await this.python.server.open_link(link);
    if (link !== this.link) return;
    this.about = found.error ? null : found;
    if (found.state === "here") return this.run();
    sayOpening(false); // unless it runs
    if (found.state === "load")
      return this.say({ text: found.sentence, ways: [["Load it and run", () => this.run()]] });
    this.say({ text: found.error ?? found.sentence, kind: "differs" });
  }

  /** Forgets the link: the page may ask for its examples again. */
  stop() {
    this.forget();
    sayOpening(false);
  }

  forget() {
    clearTimeout(this.timer);
    Object.assign(this, { link: "", about: null, heardAt: 0, repeated: false, presses: 0, asks: 0, begun: 0 });
    Object.assign(this, { isFilled: false, asked: false, doubtful: false, endedAt: performance.now() });
  }

  async run() {
    const { about } = this;
    if (!about) return;
    this.begun = performance.now();
    sayOpening(true);
    this.complaints = new Set(complaints());
    this.say({ text: `Running a shared run of ${about.title} …` });
    this.stood = Promise.withResolvers();
    this.python.trigger("standing");
    const standing = Promise.race([this.stood.promise, pause(STANDS_MS)]);
    await this.quietly(async () => {
      await openAll(about.tabs);
      await reachAll(about, [about.asked.length ? "view" : about.first, ...Object.keys(about.drawn)]);
      this.changing = differing(about.shown, (await standing) ?? {});
      await reachAll(about, this.changing, FIELDS_MS);
    });
    if (about !== this.about) return;
    if (about.asked.length) tell(document.getElementById(about.view), "shared", about.asked);
    this.fills += 1;
    this.told = 0;
    this.changed = Promise.withResolvers();
    const { filled, fields, more } = about;
    this.python.trigger("fill", { filled, fields, more, fill: this.fills, link: this.link });
  }

  /** What stands in the page: values, and at which place of them each field is, by the place that it belongs to. */
  stands({ order, values }) {
    const fields = Object.entries(order[this.about?.filled ?? ""] ?? {});
    this.stood.resolve(Object.fromEntries(fields.map(([name, i]) => [name, values[i]])));
  }

  /** The fields are filled: the page may answer. */
  async filled({ fill }) {
    const { about } = this;
    if (!about || fill !== this.fills) return;
    this.isFilled = true;
    if (!about.asked.length) fillDrawn(about, about.fields);
    this.quietly(() => point(about, about.fields, ""));
    const button = about.asked.length ? "" : buttonAt(about, about.fields) || (!this.changing.length && about.again);
    if (about.runner || button) await this.dealtWith(about);
    if (about !== this.about) return;
    if (about.runner && !about.based) this.ask(about);
    else if (button) this.press(button);
    this.lookLater(0);
  }

  /** Waits until the page has dealt with all that has changed: that ends what runs. What isn't drawn is never told. */
  async dealtWith(about) {
    this.changing = this.changing.filter((name) => document.getElementById(about.nodes[name]));
    if (this.told < this.changing.length) await Promise.race([this.changed.promise, pause(UNTOLD_MS)]);
  }

  /** Something else stands in the fields of a place, and the page has dealt with it. */
  typed(place) {
    if (this.about?.filled !== place) return;
    this.told += 1;
    if (this.told >= this.changing.length) this.changed.resolve(null);
    if (!this.asked) return;
    this.doubtful = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(0), DOUBT_MS);
  }

  /** Presses what asks; true if it was there. */
  press(label) {
    this.doubtful = false;
    this.asked = press(label);
    this.presses += Number(this.asked);
    return this.asked;
  }

  /** Asks exactly what the link does. */
  async ask(about) {
    Object.assign(this, { asks: this.asks + 1, askedAt: performance.now(), asked: true, doubtful: false });
    this.quietly(() => openAll(about.own));
    await until(() => document.getElementById(about.runner), THERE_MS);
    if (about === this.about) tell(document.getElementById(about.runner), "again", { link: this.link });
  }

  /** A place has a new answer. */
  answered(place) {
    if (!this.about || ![this.about.place, this.about.filled].includes(place)) return;
    if (this.isFilled) this.heardAt = performance.now();
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
      return this.quietly(() => showAnswer(about, "view", true));
    }
    const now = performance.now();
    this.askAgain(about, found, now);
    this.hearComplaints();
    const isOver = !found.runs && this.heardAt && now - this.heardAt > WRONG_MS;
    if (found.other && isOver && (!about.runner || this.asks >= ASK_MS.length)) return this.otherwise(found.other);
    if (now - this.begun > PATIENCE_MS) return this.end({ text: "No answer came.", kind: "differs" });
    this.lookLater(this.times);
  }

  /** Asks once more what isn't answered, nor on the way. */
  askAgain(about, { ready, runs }, now) {
    if (about.runner) {
      const late = this.doubtful || now - this.askedAt > (ASK_MS[this.asks - 1] ?? PATIENCE_MS);
      if (this.asks ? late && !runs : ready) this.ask(about);
    } else if (!about.asked.length) {
      const late = !this.repeated && now - this.begun > AGAIN_MS;
      const button = buttonAt(about, about.fields) || (late && about.again);
      // a section that has just opened may not have it yet; what still runs isn't begun anew by it
      const lost = !this.asked || (this.doubtful && this.presses < MOST_PRESSES);
      if (button && (late || lost) && this.press(button)) this.repeated ||= late;
    }
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
    const how = "In Python, `pg.open_link(…)` gives the whole question.";
    const text = `This page can't ask exactly what the link asks (${fields.join(", ")}). ${how}`;
    this.end({ text, kind: "differs" });
  }

  /** Whether the page is being asked what the link does. */
  get runs() {
    return this.begun > 0;
  }

  /** Whether what the page tells now comes from its visitor. */
  get isOver() {
    return !this.link && performance.now() - this.endedAt > LATE_MS;
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

/** The fields whose value isn't what stands in them; what isn't drawn yet says nothing of being empty. */
const differing = (wanted, standing) => {
  const text = (value) => JSON.stringify(value ?? "");
  return Object.keys(wanted).filter((name) => text(wanted[name]) !== text(standing[name]));
};

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
