/** The panel's parts as nodes. Text of models goes in as text alone; a lesson's text was made of Markdown by Python. */
import { make, makeButton } from "../shared/dom.js";
import { guessShown } from "./steps.js";

const MARKS = /(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`)/;

/**
 * A sentence as nodes: bold, italics and code of the lesson, live values as they are.
 *
 * @param {{ text: string, live: boolean }[]} parts
 * @returns {Node[]}
 */
export function sentence(parts) {
  return parts.flatMap(({ text, live }) => (live ? [make("b", "ls-live", text)] : text.split(MARKS).map(marked)));
}

/** @param {string} text */
function marked(text) {
  if (!MARKS.test(text)) return document.createTextNode(text);
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

/** A node with words of the panel itself, whatever the lesson's language. */
const said = (tag, text) => inLanguage("en", make(tag, "", text));

/**
 * What a reveal says, for those who hear the page.
 *
 * @param {Element} reveal
 */
export const aloud = (reveal) => [...reveal.querySelectorAll("dt, dd, p")].map((one) => one.textContent).join(" ");

const named = (names) => names.join(" and ");

/**
 * A node whose text is in this language.
 *
 * @param {string} lang
 * @param {HTMLElement} node
 */
export function inLanguage(lang, node) {
  node.lang = lang;
  return node;
}

/**
 * The list of lessons.
 *
 * @param {{ lessons: any[], problems: string[] }} contents
 * @param {(name: string) => number} done  how many of its steps
 * @param {(name: string) => void} choose
 */
export function list(contents, done, choose) {
  const rows = contents.lessons.map((lesson) => {
    const count = done(lesson.name);
    const far = count ? `${count} of ${lesson.steps} steps done` : `${lesson.minutes} minutes`;
    const button = makeButton("ls-lesson", inLanguage(lesson.lang, make("b", "", lesson.title)), () =>
      choose(lesson.name),
    );
    button.append(make("span", "pg-muted", far), inLanguage(lesson.lang, make("span", "ls-fact", lesson.fact)));
    button.disabled = lesson.needs.length > 0;
    if (button.disabled) button.append(make("span", "ls-needs", `It needs ${named(lesson.needs)}: not on this page.`));
    else if (lesson.elsewhere.length)
      button.append(make("span", "ls-needs", `Written for ${named(lesson.elsewhere)}; here another model answers.`));
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
 * @param {any} predict
 * @param {(guess: string | number) => void} answer
 */
export function question(predict, answer) {
  const form = make("form", "ls-ask", make("p", "ls-question", predict.ask));
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
  Object.assign(field, { type: number ? "number" : "text", step: "any", required: true });
  field.setAttribute("aria-label", predict.ask);
  const send = makeButton("ls-primary", "That is my guess", null);
  send.type = "submit";
  form.append(make("div", "ls-row", field, predict.form === "%" && make("span", "ls-unit", "%"), send));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(number ? field.valueAsNumber : field.value);
  });
  return form;
}

/**
 * The guess beside the live answer.
 *
 * @param {any} step
 * @param {import("./steps.js").Kept} kept
 */
export function reveal(step, kept) {
  const outcome = /** @type {import("./steps.js").Outcome} */ (kept.outcome);
  const sides = make("dl", "ls-sides");
  if (outcome.right !== null)
    sides.append(said("dt", "Your guess"), make("dd", "", guessShown(step.predict, kept.guess)));
  if (outcome.answer) sides.append(said("dt", "Live result"), make("dd", "", outcome.answer));
  const mark = outcome.right === null ? "" : outcome.right ? "✓ " : "Not this time. ";
  const verdict = make("p", `ls-verdict ${outcome.right ? "good" : ""}`, said("strong", mark));
  verdict.append(...sentence(outcome.verdict));
  const why = make("p", "ls-why");
  why.append(...sentence(outcome.why));
  if (!step.reveal) return make("div", "ls-reveal", make("p", "ls-verdict good", make("strong", "", "Done.")));
  return make("div", "ls-reveal", sides, mark && verdict, why);
}

/**
 * What whoever has walked a lesson knows.
 *
 * @param {string[]} know
 */
export function known(know) {
  return make(
    "div",
    "ls-known",
    make("p", "", "You know now:"),
    make("ul", "", ...know.map((one) => make("li", "", ...sentence([{ text: one, live: false }])))),
  );
}

/**
 * What is to be done now in the page.
 *
 * @param {any} step
 * @param {string} button  what the learner presses, or empty
 * @param {{ again: () => void, show: () => void, there: () => void }} acts
 * @param {boolean} filling  the fields are being filled
 */
export function task(step, button, { again, show, there }, filling) {
  if (filling) return make("div", "ls-task", make("p", "", "The fields are being filled …"));
  const press = button ? make("span", "", "Now press ", make("strong", "", button), " in the page.") : "";
  const box = make("div", "ls-task", make("p", "", step.do ? step.do.say : press || "The page is answering …"));
  const row = make("div", "ls-row");
  if (step.do || button) row.append(makeButton("", "Take me there", there));
  if (step.do && Object.keys(step.do.show).length) row.append(makeButton("", "Show me", show));
  if (step.stage) row.append(makeButton("", "Fill the fields again", again));
  box.append(row);
  return box;
}
