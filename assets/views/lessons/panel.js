/** The lessons panel: it drives the tabs beside it, one step at a time, and remembers how far somebody came. */
import { escapeCloses, finder, make, makeButton } from "../shared/dom.js";
import { sayGuessing } from "../shared/first_answer.js";
import { readInbox, tell } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import * as draw from "./draw.js";
import { buttonAt, fillDrawn, goTo, open, point, pointOut, showAnswer } from "./driver.js";
import { doneOf, keptOf, load, save, walkOf } from "./progress.js";
import { guessShown, isAnswered, outcomeOf, phaseOf, stageAt } from "./steps.js";

const SETTLED_MS = 250; // a stream changes its view at every token: one look when it has come to rest
const AGAIN_MS = 700; // and twice as long each time after that
const MOST_AGAIN = 4;
const BESIDE = matchMedia("(min-width: 1100px)"); // as in the style: there is room for a column

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger, server }) {
  const find = finder(element, ".ls-");
  const { signal } = lifeOf(element);
  const panel = new Panel(find, load(localStorage), { trigger, server });
  const host = /** @type {HTMLElement} */ (element.closest("#pg-lessons"));
  readInbox(host, signal, (_, tab) => panel.answered(tab));
  watch("value", () => panel.heard(props.value));
  find("close").addEventListener("click", () => panel.show(false));
  find("list-button").addEventListener("click", () => panel.choose(""));
  escapeCloses(element, () => panel.show(false));
  const pressed = (event) => event.target.closest?.(".pg-lessons-button") && panel.show(!panel.progress.open);
  document.addEventListener("click", pressed, { signal });
  BESIDE.addEventListener("change", () => panel.place(), { signal });
  panel.start();
  if (document.getElementById("pg-teaching")) import("./to_class.js").then((toClass) => panel.teach(toClass));
}

/** The header's button. */
const buttonOf = () => /** @type {HTMLElement | null} */ (document.querySelector(".pg-lessons-button"));

class Panel {
  /** @type {{ lessons: any[], problems: string[], words: Record<string, draw.Words>, error?: string }} */
  contents = { lessons: [], problems: [], words: {} };
  /** @type {any} */
  lesson = null;
  /** @type {Record<string, import("./driver.js").Place>} */
  places = {};
  looks = 0;
  again = 0; // how often it has looked once more for what isn't put away yet
  fills = 0;
  filling = 0; // the number of what is being filled in
  timer = 0;
  /** @type {Record<string, any>} */
  pointed = {}; // what is pointed at of what is being filled in
  /** @type {import("./steps.js").Kept | null} */
  helped = null; // the step that was done for the learner but for what she presses
  /** @type {import("./steps.js").Kept | null} */
  revisited = null; // the step that the learner came back to when it was done
  next = ""; // the field that the learner changes then
  wanted = ""; // the lesson that was chosen last
  /** @type {HTMLElement | null} */
  sent = null; // where in the page the panel took the learner
  /** @type {typeof import("./to_class.js") | null} */
  toClass = null; // where there are classes

  /**
   * @param {(part: string) => any} find
   * @param {import("./progress.js").Progress} progress
   * @param {Pick<import("../view.d.ts").View, "trigger" | "server">} python
   */
  constructor(find, progress, python) {
    this.find = find;
    this.progress = progress;
    this.python = python;
  }

  /** Opens as it was left, or as somebody has asked before it was there. */
  start() {
    const { asked } = buttonOf()?.dataset ?? {};
    if (this.progress.open || asked !== undefined) this.show(true);
    else this.place();
  }

  /** There are classes here, and what a step asks can be asked of one. */
  teach(toClass) {
    this.toClass = toClass;
    if (this.lesson) this.draw();
  }

  /** Shows or hides the panel. */
  async show(wanted) {
    const first = wanted && !this.progress.met;
    Object.assign(this.progress, {
      open: wanted,
      met: this.progress.met || wanted,
    });
    this.place();
    if (!wanted) return buttonOf()?.focus();
    if (!this.contents.lessons.length) {
      const found = await this.python.server.lesson_list();
      if (found.error) return this.fail(found.error);
      this.contents = found;
    }
    await this.choose(
      first ? (this.contents.lessons.find((one) => !one.needs.length)?.name ?? "") : this.progress.lesson,
    );
  }

  /** Says in the page whether the panel is open, and whether anybody has met it. */
  place() {
    const { open: isOpen, met } = this.progress;
    save(localStorage, this.progress);
    sayGuessing(isOpen && this.isGuessing);
    this.find("panel").hidden = !isOpen;
    const page = /** @type {HTMLElement | null} */ (document.querySelector(".gradio-container"));
    if (page) page.dataset.lessons = isOpen ? (BESIDE.matches ? "beside" : "below") : "closed";
    const button = buttonOf();
    button?.setAttribute("aria-expanded", String(isOpen));
    button?.classList.toggle("pg-lessons-new", !met); // as the page's head does at its beginning
    button?.toggleAttribute("data-ready", true);
  }

  /** Goes to a lesson, or to the list. */
  async choose(name) {
    const known = this.contents.lessons.some((one) => one.name === name && !one.needs.length);
    this.wanted = name;
    const found = known ? await this.python.server.lesson(name) : { lesson: null, places: {} };
    if (name !== this.wanted) return; // another one was chosen meanwhile
    if (found.error) return this.fail(found.error);
    this.lesson = found.lesson;
    this.places = found.places;
    this.progress.lesson = this.lesson ? name : "";
    this.enter();
  }

  /** Says what went wrong. */
  fail(message) {
    this.find("body").replaceChildren(make("p", "pg-note warn", message));
  }

  get walk() {
    return walkOf(this.progress, this.lesson);
  }

  get step() {
    return this.lesson.steps[this.walk.at];
  }

  get kept() {
    return keptOf(this.walk, this.walk.at);
  }

  /** Draws where the learner is now, sets the stage if there is nothing to guess first, and looks at the page. */
  enter() {
    this.draw();
    this.find("body").querySelector("h3")?.focus({ preventScroll: true });
    this.find("body").scrollTop = 0;
    this.find("said").textContent = "";
    this.filling = 0;
    if (!this.lesson) return;
    if (this.step.tab && phaseOf(this.step, this.kept) !== "done") open(this.places[this.step.tab]);
    this.go();
  }

  /** Does what the panel itself has to do for this step. */
  go() {
    const phase = phaseOf(this.step, this.kept);
    if (phase === "stage") this.fill(this.step.stage.fields);
    if (phase === "answer") this.look();
    if (phase === "done" && !this.kept.outcome) this.finish();
  }

  /** Fills fields where the learner sees it. */
  fill(fields, pointed = fields) {
    const { tab } = this.step;
    this.pointed = pointed;
    this.helped = pointed === fields ? null : this.kept;
    this.next = (!this.helped && Object.keys(this.step.do?.show ?? {})[0]) || "";
    this.kept.staged = true;
    open(this.places[tab]);
    this.filling = ++this.fills;
    this.python.trigger("fill", { tab, fields, fill: this.filling });
    this.draw();
  }

  /** The fields are filled: now the learner can go on. */
  async filled({ tab, fields, fill }) {
    if (fill !== this.filling) return;
    const place = this.places[tab];
    await open(place); // views that draw fields are there by then
    if (fill !== this.filling) return;
    this.filling = 0;
    this.draw();
    fillDrawn(place, fields);
    if (phaseOf(this.step, this.kept) === "done" && !this.button) showAnswer(place, this.step.see, BESIDE.matches);
    else if (this.isHelped) this.sayFilled();
    else point(place, this.pointed, this.button, this.next);
    this.answered(tab);
  }

  /** Whether this step was done for the learner but for what she presses. */
  get isHelped() {
    return this.helped === this.kept;
  }

  /** What was filled in for the learner, and what she presses: seen in the page, and said aloud. */
  sayFilled() {
    pointOut(this.places[this.step.tab], Object.keys(this.pointed), this.button);
    this.find("said").textContent = draw.aloud(this.find("body").querySelector(".ls-task"));
  }

  /** A tab has a new answer. */
  answered(tab) {
    if (!this.progress.open || !this.lesson || this.step.tab !== tab) return;
    this.again = 0;
    this.lookIn(SETTLED_MS);
  }

  /** Asks what the tab of this step has answered. */
  look() {
    if (this.lesson && this.step.tab) this.python.trigger("look", { tab: this.step.tab, look: ++this.looks });
  }

  /** The facts of a tab's last answer, or null. */
  heard(found) {
    if (found?.fill) return this.filled(found);
    if (!found || !this.lesson || found.look !== this.looks || found.tab !== this.step.tab) return;
    if (!found.facts) return this.wait();
    this.walk.live[found.tab] = found.facts;
    const waits = phaseOf(this.step, this.kept) === "answer";
    if (waits && isAnswered(this.lesson, this.walk.at, this.walk.live, found.asked)) this.finish();
    save(localStorage, this.progress);
  }

  /** Looks again, a few times: what has just ended may not be put away yet. */
  wait() {
    if (this.again < MOST_AGAIN) this.lookIn(AGAIN_MS * 2 ** this.again++);
  }

  lookIn(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), milliseconds);
  }

  /** The step is done: says how it went. */
  finish() {
    const { step, walk, kept } = this;
    kept.outcome = outcomeOf(step, kept, walk.live, this.words);
    if (step.predict) this.tellClass("outcome", { right: this.toClass?.rightOf(step.predict, walk.live) });
    if (step.keep) walk.live[step.keep] = walk.live[step.tab];
    this.draw();
    const told = this.find("body").querySelector(".ls-reveal");
    if (!told) return;
    this.find("said").textContent = draw.aloud(told);
    if (this.sent && document.activeElement === this.sent) this.find("body").querySelector(".ls-next").focus();
    if (this.places[step.tab]) showAnswer(this.places[step.tab], step.see, BESIDE.matches);
  }

  /** Takes the guess, and then lets the page answer. */
  guess(guess) {
    this.kept.guess = guess;
    this.draw();
    this.find("body").querySelector(".ls-next")?.focus({ preventScroll: true });
    this.go();
  }

  /** Goes so many steps on or back. */
  move(steps) {
    this.walk.at += steps;
    const { step, kept } = this;
    this.revisited = phaseOf(step, kept) === "done" ? kept : null;
    this.enter();
    if (this.revisited && step.tab) open(this.places[step.tab]);
  }

  /** Begins the lesson again. */
  restart() {
    delete this.progress.walks[this.lesson.name];
    this.enter();
  }

  /** Whether the page is to keep its answer to itself: until there is a guess, and what answers was pressed. */
  get isGuessing() {
    const phase = this.lesson && this.step.predict && phaseOf(this.step, this.kept);
    return phase === "ask" || (phase === "answer" && Boolean(this.button));
  }

  draw() {
    save(localStorage, this.progress);
    sayGuessing(this.progress.open && this.isGuessing);
    const body = this.find("body");
    const had = document.activeElement;
    const focused = body.contains(had) || had === this.find("list-button"); // which the list of lessons hides
    this.name();
    body.replaceChildren(...(this.lesson ? this.drawStep() : this.drawList()).filter(Boolean));
    const first =
      body.querySelector(".ls-primary") ?? body.querySelector("h3[tabindex]") ?? body.querySelector("button");
    if (focused) first?.focus({ preventScroll: true });
    const now = body.querySelector(".ls-reveal, .ls-task");
    if (now) body.scrollTop = now.offsetTop - body.offsetTop - (body.clientHeight - now.clientHeight) / 2;
  }

  /** The panel's frame, in the language of the lesson. */
  name() {
    const { words } = this;
    draw.inLanguage(this.lesson?.language ?? "", this.find("panel"));
    const list = draw.inLanguage(words.lang, this.find("list-button"));
    Object.assign(list, { hidden: !this.lesson, textContent: words.all });
    this.find("title").textContent = this.lesson ? "" : "Lessons";
    const close = draw.inLanguage(words.lang, this.find("close"));
    close.title = words.close;
    close.setAttribute("aria-label", words.close);
  }

  /** The panel's own words beside this lesson. */
  get words() {
    return this.contents.words[this.lesson?.language ?? "en"];
  }

  drawList() {
    return draw.list(
      this.contents,
      (name) => doneOf(this.progress.walks[name]),
      (name) => this.choose(name),
    );
  }

  drawStep() {
    const { lesson, walk, step, kept } = this;
    const phase = phaseOf(step, kept);
    this.find("panel").classList.toggle("ls-asking", phase === "ask");
    const title = make("h3", "", step.title);
    title.tabIndex = -1;
    const text = make("div", lesson.language.startsWith("en") ? "ls-text pg-words" : "ls-text"); // the glossary's words
    text.append(...draw.paragraphs(step.html));
    const { words } = this;
    const last = walk.at === lesson.steps.length - 1;
    const done = phase === "done";
    const shown = guessShown(step.predict, kept.guess);
    return [
      ...draw.place(words, lesson, walk.at),
      title,
      text,
      phase === "ask" && draw.question(words, step.predict, (guess) => this.guess(guess)),
      phase === "ask" && this.toClass?.taught() && this.forClass(),
      phase !== "ask" && step.predict && make("p", "ls-question", ...draw.whole(step.predict.ask)),
      phase === "answer" && kept.guess !== undefined && draw.guess(words, shown),
      phase === "answer" && draw.task(words, step, this.button, this.acts(), this.filling > 0, this.filledIn),
      done &&
        kept.outcome &&
        (step.reveal || step.stage || step.do) &&
        draw.reveal(words, step, kept, this.revisited === kept ? this.acts().again : null),
      done && last && draw.known(words, lesson.know),
      draw.ways(words, { done, first: walk.at === 0, last }, this.acts()),
    ];
  }

  /** Where a teacher holds a class, it can be asked the same. */
  forClass() {
    const { predict } = this.step;
    const ask = () => this.tellClass("predict", { question: this.toClass?.questionFor(predict) });
    return draw.inLanguage("en", makeButton("ls-class", "Ask the class", ask));
  }

  /** Tells the teacher's panel something about this step. */
  tellClass(name, value) {
    tell(document.getElementById("pg-teaching"), name, { key: `${this.lesson.name}/${this.walk.at}`, ...value });
  }

  /** What the learner presses in the page for this step; empty where the page answers by itself. */
  get button() {
    const fields = stageAt(this.lesson, this.walk.at)?.fields ?? {};
    return buttonAt(this.places[this.step.tab], this.isHelped ? { ...fields, ...this.step.do.show } : fields);
  }

  /** @returns {[string, any][]} what was filled in for the learner, by the names of the fields in the page */
  get filledIn() {
    const { labels } = this.places[this.step.tab];
    return this.isHelped ? Object.entries(this.step.do.show).map(([name, value]) => [labels[name], value]) : [];
  }

  acts() {
    const stage = stageAt(this.lesson, this.walk.at)?.fields;
    const shown = { ...stage, ...this.step.do?.show };
    const whole = this.revisited === this.kept ? shown : stage; // of what she had changed herself, too
    const there = async () => {
      const fields = this.isHelped ? [] : Object.keys(this.step.do?.show ?? {});
      this.sent = await goTo(this.places[this.step.tab], fields, this.button);
    };
    return {
      again: stage ? () => this.fill(whole) : null,
      show: () => this.fill(shown, this.step.do.show),
      there,
      move: (steps) => this.move(steps),
      all: () => this.choose(""),
      over: () => this.restart(),
    };
  }
}
