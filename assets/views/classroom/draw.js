/** What students, board and teacher see alike: the question, the class's answers beside the model's, and both texts. */
import { make } from "../shared/dom.js";
import { counted, quoted, withMinus } from "../shared/format.js";

/** @param {number} share  from 0 to 1 */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<\u00a00.1\u00a0%";
  if (share > 0.99 && share < 1) return share < 0.9995 ? `${(share * 100).toFixed(1)}\u00a0%` : ">\u00a099.9\u00a0%";
  return `${share >= 0.0995 || !share ? Math.round(share * 100) : (share * 100).toFixed(1)}\u00a0%`;
}

/** What was added to a text: the space that it may begin with has no colour, which a line's end would show alone. */
export function added(text = "") {
  const [space] = /^ ?/.exec(text) ?? [""];
  return text.length > 1 && space ? [space, make("mark", "", text.slice(1))] : text ? [make("mark", "", text)] : [];
}

/** What somebody knows a control by. */
const nameOf = (node) => node.labels?.[0]?.textContent || node.value || node.textContent;

/**
 * Draws a part of a page anew. The focus goes to the control of the same name, or else to the heading: what is pressed
 * twice does nothing else.
 *
 * @param {HTMLElement} box
 * @param {() => Node[]} draw  what it holds from now on
 */
export function redraw(box, draw) {
  const at = /** @type {HTMLElement | null} */ (document.activeElement);
  const had = at && box.contains(at) ? nameOf(at) : null;
  box.replaceChildren(...draw());
  if (!at || had === null) return;
  const same = [...box.querySelectorAll("a, button, input")].find(
    (one) => nameOf(one) === had && !one.matches(":disabled"),
  );
  const next = at !== box && at.isConnected ? at : (same ?? box.querySelector("h1, h2"));
  if (!(next instanceof HTMLElement)) return;
  if (next.matches("h1, h2")) next.tabIndex = -1;
  next.focus();
}

/** A question with the text that it is about. */
export function question(asked) {
  const box = make("section", "cl-question", make("h1", "", asked.ask));
  const isAsked = asked.ask.includes(quoted(asked.text)); // it needn't be said twice
  if (asked.text && !isAsked) box.append(make("p", "cl-text", asked.text, ...added(asked.added)));
  if (asked.added?.includes(BROKEN))
    box.append(make("p", "cl-fact", `“${BROKEN}” is a character of which bytes are missing.`));
  return box;
}

/** Whether the question is on the screen: beside both texts only while it waits for its answers or its reveal. */
export const stands = ({ asked, writing }) => asked && (!writing || asked.state !== "revealed");

/** What stands for bytes that are no whole character yet. */
const BROKEN = "\ufffd";

/** Kinds whose answers are tokens, with signs for what can't be seen. */
const OF_TOKENS = ["next_word", "one_of_top"];

/**
 * What the signs in tokens stand for; empty where there are none.
 *
 * @param {string} kind  of the question
 * @param {string[]} names  of its answers
 */
export function meaning(kind, names) {
  const stands = (sign, what) => names.some((name) => name.includes(sign)) && `“${sign}” is ${what}`;
  if (!OF_TOKENS.includes(kind)) return "";
  const [byte] = /<0x[\dA-F]{2}>/.exec(names.join(" ")) ?? [""];
  const part = byte && stands(byte, "a byte, a part of a character");
  const said = [stands("·", "a space"), stands("↵", "a line break"), part].filter(Boolean);
  return said.length ? `${said.join(", ")}.` : "";
}

/** The same as a line below the answers, or nothing. */
export function signs(kind, names) {
  const said = meaning(kind, names);
  return said && make("p", "cl-fact cl-signs", said);
}

/** Kinds that no model answers: who asks knows what is right. */
export const TOLD = ["choice", "slider", "number", "word"];

/**
 * Who is asked once the class has said.
 *
 * @param {string} kind  of the question
 */
export const moreOf = (kind) => (TOLD.includes(kind) ? "Now your teacher …" : "Now the model …");

/**
 * A position as a slider shows it and as it is sent: with the digits that its ends can tell apart.
 *
 * @param {number} value
 * @param {{ low: number, high: number }} ends
 */
export function onSlider(value, { low, high }) {
  const digits = Math.min(9, Math.max(0, 3 - Math.ceil(Math.log10(high - low))));
  return Math.min(high, Math.max(low, Number(value.toFixed(digits))));
}

/** Characters from which an answer wants more room than its bar. */
const LONG = 24;

/**
 * The places of the answers there is room for, in their order: what is right, and what most have said.
 *
 * @param {number[]} counts  how many gave each answer
 * @param {number} right  a place, or -1
 * @param {number} most
 */
export function shown(counts, right, most) {
  const weight = (place) => (place === right ? Number.MAX_VALUE : counts[place]);
  const places = counts.map((_, place) => place).toSorted((one, other) => weight(other) - weight(one));
  return places.slice(0, most).toSorted((one, other) => one - other);
}

/**
 * The class beside the model, as a table whose cells are bars on one scale.
 *
 * @param {any} reveal
 * @param {{ kind: string, unit?: string }} asked
 * @param {number} [own]  the place of the answer of whoever looks
 * @param {number} [most]  rows there is room for; the rest is on other screens
 */
export function bars(reveal, { kind, unit = "" }, own = -1, most = reveal.bars.length) {
  const answered = TOLD.includes(kind) ? "right" : kind === "greedy_reply" ? "greedy" : "model";
  const known = reveal.bars.some((bar) => bar.probability !== null);
  const longest = Math.max(0.01, ...reveal.bars.flatMap((bar) => [bar.share, bar.probability ?? 0]));
  const head = make("tr", "", make("th", "", "answer"), make("th", "", "class"), known && make("th", "", "model"));
  const counts = reveal.bars.map(({ count }) => count);
  const places = shown(counts, reveal.right, most);
  const rows = places.map((place) => {
    const bar = reveal.bars[place];
    const name = make("th", "cl-name", bar.name, place === own && make("span", "cl-own", "you"));
    if (place === reveal.right) name.append(make("span", "cl-right", answered));
    const row = make("tr", place === reveal.right ? "is-right" : "", name);
    row.append(cell("cl-class", bar.share / longest, `${percent(bar.share)} (${bar.count})`));
    if (known) row.append(cell("cl-model", (bar.probability ?? 0) / longest, percent(bar.probability ?? 0)));
    return row;
  });
  const isLong = reveal.bars.some((bar) => bar.name.length > LONG);
  const caption = known ? "The class beside the model" : "What the class said";
  const none = !rows.length && make("p", "cl-fact", "Nobody has answered.");
  const table = none || make("table", `cl-bars${isLong ? " is-long" : ""}`, make("caption", "pg-sr", caption));
  if (!none) table.append(make("thead", "", head), make("tbody", "", ...rows));
  const rest = reveal.bars.length - rows.length;
  const more =
    rest > 0 && make("p", "cl-fact", `And ${counted(rest, kind === "slider" ? "more range" : "more answer")}.`);
  const signed = signs(
    kind,
    places.map((place) => reveal.bars[place].name),
  );
  return make("section", "cl-reveal", table, more, signed, make("div", "cl-facts", ...facts(reveal, kind, unit)));
}

function cell(kind, share, label) {
  const bar = make("span", "cl-bar");
  bar.style.width = `${(share * 100).toFixed(2)}%`;
  return make("td", kind, make("span", "cl-track", bar), make("span", "cl-number", label));
}

/**
 * A number as people read it, with the unit of its question.
 *
 * @param {number} value
 * @param {string} [unit]
 */
export function asRead(value, unit = "") {
  return `${withMinus(String(Number(value.toPrecision(12))))}${unit && `\u00a0${unit}`}`;
}

/**
 * What the class and the model say as numbers.
 *
 * @param {{ number: number | null, median: number | null }} reveal
 * @param {string} kind  of the question
 * @param {string} unit
 */
export function numbers({ number, median }, kind, unit) {
  const lines = number === null ? [] : [`${TOLD.includes(kind) ? "Right" : "The model"}: ${asRead(number, unit)}.`];
  return median === null ? lines : [...lines, `At least half of the answers are ${asRead(median, unit)} or below.`];
}

function facts(reveal, kind, unit) {
  const said = [];
  if (reveal.agreement !== null)
    said.push(
      `The model gives ${percent(reveal.agreement)} to what the class said.`,
      `Total variation ${reveal.total_variation.toFixed(2)}: 0 is the same distribution, 1 nothing in common.`,
    );
  said.push(...numbers(reveal, kind, unit));
  for (const one of reveal.surprises) {
    const who = one.names.length ? ` (${one.names.join(", ")})` : "";
    said.push(`${quoted(one.name)}${who} surprised the model: ${one.loss.toFixed(1)}\u00a0nats.`);
  }
  if (reveal.surprises.length) said.push("Nats: minus the natural logarithm of its probability. 0 is no surprise.");
  if (reveal.note) said.push(reveal.note);
  if (reveal.origin) said.push(measuredWith(reveal.origin));
  return said.map((one) => make("p", "cl-fact", one));
}

/** Which model its numbers are of, and how its weights were held. */
const measuredWith = (/** @type {string} */ origin) => `Measured with ${origin}.`;

/** What the class wrote beside what the model writes. */
export function texts(writing) {
  const side = (title, text, perplexity) =>
    make(
      "article",
      "",
      make("h2", "", title),
      make("p", "cl-text", writing.prompt, ...added(text)),
      make(
        "p",
        "cl-fact",
        perplexity === null ? "" : `The model's perplexity of it: ${perplexity.toFixed(1)}. 1 is no surprise.`,
      ),
    );
  return make(
    "section",
    "cl-texts",
    side("The class", writing.class_text, writing.class_perplexity),
    side("The model", writing.model_text, writing.model_perplexity),
    writing.origin && make("p", "cl-fact", measuredWith(writing.origin)),
  );
}

/** The app as a link has it, to be looked at: it stays while it goes from link to link. */
export class Followed {
  link = "";
  own = make("a", "cl-open", "Open it yourself");

  /**
   * @param {string} root
   * @param {string} title
   * @param {string} [more]  of the address
   */
  constructor(root, title, more = "") {
    this.root = root || "./";
    this.address = `${this.root}?follow${more}`;
    this.frame = make("iframe", "cl-frame");
    this.frame.title = title;
    this.own.target = "_blank";
    this.node = make("section", "cl-follow", make("h2", "", title), this.frame, this.own);
    this.node.hidden = true;
  }

  show(link) {
    this.node.hidden = !link;
    if (link === this.link) return;
    const page = this.link && link ? this.frame.contentWindow : null;
    this.link = link;
    this.own.href = this.root + link;
    if (page) return page.location.replace(new URL(this.address + link, location.href)); // the same page: no reload
    const fresh = Object.assign(make("iframe", "cl-frame"), { title: this.frame.title });
    if (link) fresh.src = this.address + link;
    this.frame.replaceWith(fresh);
    this.frame = fresh;
  }
}
