/** The panel's parts as nodes. Text of models goes in as text alone; a lesson's text was made of Markdown by Python. */
import { atNames } from "../page/terms.js";
import { make, makeButton } from "../shared/dom.js";
import { shown } from "./readings.js";
import { guessShown } from "./steps.js";

const MARKS = /(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`)/;

/**
 * A sentence as nodes: bold, italics and code of the lesson, live values as they are.
 *
 * @param {{ text: string, live: boolean }[]} parts
 * @returns {Node[]}
 */
export function sentence(parts) {
  return parts.flatMap(({ text, live }) =>
    live ? [make("b", "ls-live", isolated(text))] : text.split(MARKS).flatMap(marked),
  );
}

/** A value of a model beside a lesson's words, whichever way either is written. */
const isolated = (text) => make("bdi", "", text);

/** A text in which no line ends within a name such as "4-bit". */
export const whole = (/** @type {string} */ text) =>
  atNames(text).map((one, at) => (at % 2 ? make("span", "pg-whole", one) : document.createTextNode(one)));

/** @param {string} text */
function marked(text) {
  if (!MARKS.test(text)) return whole(text);
  if (text.startsWith("**")) return make("strong", "", text.slice(2, -2));
  return text.startsWith("*") ? make("em", "", text.slice(1, -1)) : make("code", "", text.slice(1, -1));
}

const KNOWN = ["P", "EM", "STRONG", "CODE", "PRE", "UL", "OL", "LI", "BLOCKQUOTE", "BR"];

/**
 * The text of a step: what Markdown can say of it, without links or pictures.
 *
 * @param {string} html  made by Python from Markdown that may hold no HTML
 * @returns {Node[]}
 */
export function paragraphs(html) {
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
    const inside = [...node.childNodes].flatMap(copy);
    return KNOWN.includes(node.nodeName) ? [make(node.nodeName.toLowerCase(), "", ...inside)] : inside;
  };
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes].flatMap(copy);
}

/**
 * @typedef {Record<string, string>} Words  the panel's own, and as `lang` the language that they are in
 */

/** A node with words of the panel itself, which may be in another language than the lesson. */
const said = (words, tag, text) => inLanguage(words.lang, make(tag, "", text));

/**
 * The same as a button.
 *
 * @param {Words} words
 * @param {string} kind
 * @param {string} text
 * @param {(() => void) | null} press
 */
const saidButton = (words, kind, text, press) => inLanguage(words.lang, makeButton(kind, text, press));

/**
 * A word of the panel with what belongs into its braces.
 *
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export const put = (text, values) => text.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]));

/**
 * What a reveal says, for those who hear the page.
 *
 * @param {Element} reveal
 */
export const aloud = (reveal) => [...reveal.querySelectorAll("dt, dd, p")].map((one) => one.textContent).join(" ");

/** Languages that are written from right to left. */
const RIGHT_TO_LEFT = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];

/**
 * Which way a language is written; empty for none.
 *
 * @param {string} lang  its code, such as `ar` or `pt-BR`
 */
export const directionOf = (lang) => lang && (RIGHT_TO_LEFT.includes(lang.split("-")[0].toLowerCase()) ? "rtl" : "ltr");

/**
 * A node whose text is in this language, and written as that is.
 *
 * @template {HTMLElement} Kind
 * @param {string} lang
 * @param {Kind} node
 */
export function inLanguage(lang, node) {
  return Object.assign(node, { lang, dir: directionOf(lang) });
}

/**
 * The list of lessons.
 *
 * @param {{ lessons: any[], problems: string[], words: Record<string, Words> }} contents
 * @param {(name: string) => number} done  how many of its steps
 * @param {(name: string) => void} choose
 */
export function list(contents, done, choose) {
  const rows = contents.lessons.map((lesson) => {
    const words = contents.words[lesson.lang];
    const count = done(lesson.name);
    const far = put(count ? words.far : words.minutes, {
      done: count,
      of: lesson.steps,
      minutes: lesson.minutes,
    });
    const note = (text, models) => {
      const about = make("span", "ls-needs", put(text, { models: models.join(", ") }));
      return inLanguage(words.lang, about);
    };
    const button = makeButton("ls-lesson", inLanguage(lesson.lang, make("b", "", lesson.title)), () =>
      choose(lesson.name),
    );
    button.append(inLanguage(words.lang, make("span", "pg-muted", far)));
    button.append(inLanguage(lesson.lang, make("span", "ls-fact", lesson.fact)));
    button.disabled = lesson.needs.length > 0;
    if (button.disabled) button.append(note(words.needs, lesson.needs));
    else if (lesson.elsewhere.length) button.append(note(words.elsewhere, lesson.elsewhere));
    return make("li", "", button);
  });
  const broken = contents.problems.map((problem) => make("li", "", problem));
  return [
    make("p", "ls-intro", "Guess first, then let the page answer. Everything happens in the tabs beside this panel."),
    make("ul", "ls-list", ...rows),
    broken.length &&
      make("p", "pg-note warn", "Not in this list, for they need a correction (make lessons checks them):"),
    broken.length && make("ul", "ls-problems pg-muted", ...broken),
  ];
}

/**
 * A question with its ways to answer.
 *
 * @param {Words} words
 * @param {any} predict
 * @param {(guess: string | number) => void} answer
 */
export function question(words, predict, answer) {
  const form = make("form", "ls-ask", make("p", "ls-question", ...whole(predict.ask)));
  if (predict.kind === "choice") {
    const group = make("div", "ls-choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", predict.ask);
    group.append(...predict.choices.map((one) => makeButton("ls-choice", one.say, () => answer(one.say))));
    form.append(group);
    return form;
  }
  const number = predict.kind === "number";
  const field = make("input", "ls-field");
  Object.assign(field, {
    type: number ? "number" : "text",
    step: "any",
    required: true,
  });
  field.setAttribute("aria-label", predict.ask);
  const send = saidButton(words, "ls-primary", words.send, null);
  send.type = "submit";
  form.append(make("div", "ls-row", field, predict.form === "%" && make("span", "ls-unit", "%"), send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(number ? field.valueAsNumber : field.value);
  });
  return form;
}

/**
 * The guess, until the answer is there.
 *
 * @param {Words} words
 * @param {string} shown
 */
export function guess(words, shown) {
  return make("p", "ls-guess", said(words, "span", `${words.your_guess}:`), " ", make("b", "", isolated(shown)));
}

/**
 * The guess beside the live answer.
 *
 * @param {Words} words
 * @param {any} step
 * @param {import("./steps.js").Kept} kept
 * @param {(() => void) | null} [again]  fills in what it was made from, where that may stand there no more
 */
export function reveal(words, step, kept, again = null) {
  const outcome = /** @type {import("./steps.js").Outcome} */ (kept.outcome);
  const sides = make("dl", "ls-sides");
  if (step.predict && kept.guess !== undefined)
    sides.append(said(words, "dt", words.your_guess), make("dd", "", isolated(guessShown(step.predict, kept.guess))));
  const name = step.stage || step.do ? words.live_result : words.answer; // else nothing is computed in this step
  if (outcome.answer) sides.append(said(words, "dt", name), make("dd", "", isolated(outcome.answer)));
  const mark = outcome.near ? words.near : { true: words.right, false: words.wrong }[String(outcome.right)];
  const verdict = make("p", `ls-verdict ${outcome.right ? "good" : ""}`, said(words, "strong", mark ?? ""), " ");
  verdict.append(...sentence(outcome.verdict));
  const why = make("p", "ls-why");
  why.append(...sentence(outcome.why));
  if (!step.reveal) return make("div", "ls-reveal", make("p", "ls-verdict good", said(words, "strong", words.done)));
  const row = again && make("div", "ls-row", saidButton(words, "", words.again, again));
  return make("div", "ls-reveal", sides, mark && verdict, outcome.why.length > 0 && why, row);
}

/**
 * What whoever has walked a lesson knows.
 *
 * @param {Words} words
 * @param {string[]} know
 */
export function known(words, know) {
  return make(
    "div",
    "ls-known",
    said(words, "p", words.known),
    make("ul", "", ...know.map((one) => make("li", "", ...sentence([{ text: one, live: false }])))),
  );
}

/**
 * What is to be done now in the page.
 *
 * @param {Words} words
 * @param {any} step
 * @param {string} button  what the learner presses, or empty
 * @param {{ again: (() => void) | null, show: () => void, there: () => void }} acts
 * @param {boolean} filling  the fields are being filled
 * @param {[string, any][]} [filled]  what was filled in for her: the names of fields in the page, and the values
 */
export function task(words, step, button, { again, show, there }, filling, filled = []) {
  if (filling) return make("div", "ls-task", said(words, "p", words.filling));
  const box = make("div", "ls-task", step.do && make("p", "", ...whole(step.do.say)));
  if (filled.length) box.append(said(words, "p", `${words.filled}:`), fieldsFilled(words, filled));
  if (filled.length || !step.do) box.append(toPress(words, button));
  const row = make("div", "ls-row");
  if (step.do || button) row.append(saidButton(words, "", words.there, there));
  if (step.do && Object.keys(step.do.show).length) row.append(saidButton(words, "", words.show, show));
  if (again) row.append(saidButton(words, "", words.again, again));
  box.append(row);
  return box;
}

/** Each field that was filled in, beside its value. */
function fieldsFilled(words, filled) {
  const values = filled.map(([name, value]) => [make("dt", "", name), make("dd", "", isolated(brief(value, words)))]);
  return make("dl", "ls-sides ls-filled", ...values.flat());
}

const MOST_SHOWN = 60;

/** A value of a field in a few words; a mark alone for what has none. */
function brief(value, words) {
  if (value === null || [value].flat().some((one) => typeof one === "object")) return words.right;
  const [first, ...more] = shown(value, "", words).split("\n");
  const cut = first.slice(0, MOST_SHOWN);
  return cut === first && !more.length ? first : `${cut} …`;
}

/** What the learner presses; what is answered by itself is waited for. */
function toPress(words, button) {
  const told = said(words, "p", button ? "" : words.answering);
  if (button) told.append(...sentence([{ text: put(words.press, { button }), live: false }]));
  return told;
}

/**
 * Where the learner is: the lesson's title, which step, and a bar.
 *
 * @param {Words} words
 * @param {{ title: string, steps: unknown[] }} lesson
 * @param {number} at
 */
export function place(words, lesson, at) {
  const step = put(words.step, { at: at + 1, of: lesson.steps.length });
  const bar = make("progress", "ls-progress");
  Object.assign(bar, { max: lesson.steps.length, value: at + 1 });
  bar.setAttribute("aria-label", step);
  return [make("p", "ls-place pg-muted", `${lesson.title} · `, said(words, "span", step)), inLanguage(words.lang, bar)];
}

/**
 * Back, on, start over.
 *
 * @param {Words} words
 * @param {{ done: boolean, first: boolean, last: boolean }} where
 * @param {{ move: (steps: number) => void, all: () => void, over: () => void }} acts
 */
export function ways(words, { done, first, last }, { move, all, over }) {
  const back = saidButton(words, "", words.back, () => move(-1));
  back.disabled = first;
  const kind = `ls-next ${done ? "ls-primary" : ""}`;
  const on = last
    ? saidButton(words, kind, words.all, all)
    : saidButton(words, kind, done ? words.next : words.skip, () => move(1));
  return make("div", "ls-ways", back, on, saidButton(words, "ls-over", words.over, over));
}
