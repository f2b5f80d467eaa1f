/** A teacher in the app: she asks the class what stands on her screen, reveals, and shows the class that screen. */

import { forgetKey } from "../shared/class_key.js";
import { finder, make, makeButton } from "../shared/dom.js";
import { tell } from "../shared/inbox.js";
import { memory } from "../shared/memory.js";
import { Refused, Room, sentence } from "./room.js";

const SETTLED_MS = 700; // a stream changes its view at every token: one link when it has come to rest
const TAB_MS = 250;
const LESSON = "pg-class-lesson"; // which step the class was asked
const store = () => sessionStorage;
const GOES_ON = ["next_word", "one_of_top"];

/** What each kind of question is called beside "Ask the class". */
export const CALLED = {
  next_word: "next word",
  one_of_top: "one of 4",
  greedy_reply: "which is greedy",
  label: "label",
  token_count: "how many tokens",
  closer_pair: "which is closer",
  slider: "how probable",
};

export class Teaching {
  /** @type {any} */
  screen = null;
  leads = false;
  /** @type {string[]} */
  answers = []; // places, the newest last
  keptBack = false; // it was said why the class doesn't follow yet
  waits = false; // with what the class sees, until the question is revealed
  timer = 0;
  lesson = { key: "", number: 0, ...memory.load(store, LESSON) };

  /**
   * @param {HTMLElement} element  the view's own
   * @param {import("./panel.js").Page} page
   * @param {{ code: string, key: string }} teaches
   */
  constructor(element, page, { code, key }) {
    this.find = finder(element, ".ct-");
    this.box = /** @type {HTMLElement} */ (element.querySelector(".ct"));
    this.page = page;
    this.code = code;
    this.room = new Room("", code);
    this.room.secret = key;
  }

  told = {
    /** A Share is there. */
    share: ({ id, row }) => {
      const about = this.page.places.find((one) => one.share === id);
      if (!about?.kinds.length || this.screen?.ended) return;
      row.prepend(
        makeButton("ct-beside", `Ask the class: ${CALLED[about.kinds[0]]}`, () => this.ask(about.kinds[0], about)),
      );
    },
    answered: (place) => {
      this.answers = [...this.answers.filter((one) => one !== place), place];
      if (this.leads) this.leadLater(SETTLED_MS);
    },
    /** A step of a lesson asks its learner, and she asks the class. */
    predict: ({ key, question }) => this.askLesson(key, question),
    /** The step's answer is there. */
    outcome: ({ key, right }) => this.sayRight(key, right),
  };

  /** @param {AbortSignal} signal  ends it */
  start(signal) {
    const desk = this.find("desk");
    desk.textContent = `Class ${this.code}`;
    desk.href = `class/${this.code}/teach`;
    desk.target = `pg-desk-${this.code}`;
    this.find("lead").addEventListener("change", (event) => this.follow(event.target.checked));
    const opened = (event) => event.target.closest?.('[role="tab"]') && setTimeout(() => this.opened(), TAB_MS);
    document.addEventListener("click", opened, { signal });
    addEventListener("popstate", () => setTimeout(() => this.opened(), TAB_MS), { signal });
    this.room.follow(
      "teacher",
      (screen) => this.show(screen),
      (connected) => this.line(connected),
    );
  }

  say(text, isBad = false, keptBack = false) {
    this.keptBack = keptBack;
    this.find("said").textContent = text;
    this.find("said").classList.toggle("bad", isBad);
  }

  line(connected) {
    if (!connected) this.say("No connection to the class.", true);
    else if (this.find("said").textContent.startsWith("No connection")) this.say("");
  }

  /** Does something, and says what went wrong with it. */
  async act(work) {
    const able = (isAble) => {
      for (const button of this.box.querySelectorAll("button")) button.disabled = !isAble;
    };
    this.say("");
    able(false);
    try {
      return await work();
    } catch (error) {
      this.say(sentence(error), true);
    } finally {
      able(true);
    }
  }

  /** Asks the class what stands in the fields of a place, or at the chosen token of its reply. */
  ask(kind, about) {
    return this.act(async () => {
      this.say("The model is asked first …");
      const found = await this.page.ask("propose", { place: about.place, kind, chosen: chosenIn(about) });
      await this.room.post("ask", found);
      this.say("The class is asked.");
    });
  }

  askLesson(key, question) {
    return this.act(async () => {
      const { question: number } = await this.room.post("ask", { question });
      this.lesson = { key: `${this.code}/${key}`, number };
      memory.save(store, LESSON, this.lesson);
      this.say("The class is asked. What is right goes to the board with Reveal, once this step has its answer.");
    });
  }

  sayRight(key, right) {
    if (`${this.code}/${key}` !== this.lesson.key || right === null) return;
    this.act(() => this.room.post("right", { question: this.lesson.number, right }));
  }

  show(screen) {
    const before = this.screen;
    this.screen = screen;
    this.box.hidden = Boolean(screen.ended);
    if (screen.ended) return this.end();
    if (!before || (before.follow && !screen.follow)) this.leads = Boolean(screen.follow); // or let go elsewhere
    if (this.waits && !this.isOpen()) this.lead(false);
    this.draw();
  }

  /** The class is over: nothing can be asked any more. */
  end() {
    forgetKey();
    for (const button of document.querySelectorAll(".ct-beside")) button.remove();
  }

  draw() {
    if (!this.screen) return;
    const { asked, answered, present } = this.screen;
    const about = this.page.open().find((one) => one.kinds.length);
    const counts = `${answered} of ${Math.max(answered, present)} answered`;
    this.find("state").textContent = this.isOpen() ? counts : `${present} here`;
    redraw(this.find("asks"), about?.place ?? "none", () => this.asks(about));
    redraw(this.find("ways"), `${asked?.number} ${asked?.state}`, () => this.ways(asked));
    this.find("lead").checked = this.leads;
  }

  /** Whether a question waits for its answers. */
  isOpen() {
    const { asked } = this.screen ?? {};
    return Boolean(asked) && asked.state !== "revealed";
  }

  asks(about) {
    const kinds = about?.kinds ?? [];
    if (!kinds.length) return [make("span", "ct-none", "Ask from another tab, or on the teacher's page.")];
    const press = (kind) => makeButton("", CALLED[kind], () => this.ask(kind, about));
    return [make("span", "ct-none", "Ask the class:"), ...kinds.map(press)];
  }

  ways(asked) {
    const press = (label, what, body = {}) =>
      makeButton("ct-primary", label, () => this.act(() => this.room.post(what, body)));
    if (!asked) return [];
    if (asked.state !== "revealed") return [press("Reveal", "reveal")];
    return GOES_ON.includes(asked.kind) ? [press("Go on with the vote", "continue", { how: "vote" })] : [];
  }

  /** Another tab is open. */
  opened() {
    this.draw();
    if (this.leads) this.leadLater(0);
  }

  follow(leads) {
    Object.assign(this, { leads, waits: leads && this.isOpen() });
    clearTimeout(this.timer);
    if (this.waits) return this.say("The class follows once this question is revealed: your own answer would tell.");
    if (!leads) return this.act(() => this.room.post("follow", { link: "" }));
    return this.act(() => this.leadTo(true).catch((error) => this.say(sentence(error), true, true)));
  }

  /** The place of the open tab that has answered last. */
  place() {
    const open = this.page.open().map((one) => one.place);
    return this.answers.findLast((one) => open.includes(one)) ?? open[0];
  }

  leadLater(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lead(), milliseconds);
  }

  /** Shows the class the open place, but not while a question is open: her own answer would tell it. */
  async lead(onBoard = true) {
    this.waits = this.leads && this.isOpen();
    if (!this.leads || this.waits) return;
    const led = await this.leadTo(onBoard).then(Boolean, () => false); // there is no answer yet: one that comes is told
    if (led && this.keptBack) this.say("");
  }

  async leadTo(onBoard) {
    const place = this.place();
    if (!place) throw new Refused(400, "This part of the page can't be shown to the class.");
    const link = await this.page.link(place);
    if (this.leads && link !== this.screen?.follow) await this.room.post("follow", { link, board: onBoard });
    return true;
  }
}

/** New buttons where there are others to press; what stays isn't taken from under a finger, nor from the keyboard. */
function redraw(box, key, nodes) {
  if (box.dataset.drawn === key) return;
  box.dataset.drawn = key;
  const isHere = box.contains(document.activeElement);
  box.replaceChildren(...nodes());
  if (isHere) (box.querySelector("button") ?? box.parentElement?.querySelector("button, input"))?.focus();
}

/** What a view knows better than the fields: a text typed into it, or a chat and the tokens before the chosen one. */
function chosenIn(about) {
  let chosen = null;
  if (!["generation", "tokens"].includes(about.place)) return chosen;
  tell(document.getElementById(about.view), "chosen", (found) => {
    chosen = found;
  });
  return chosen;
}
