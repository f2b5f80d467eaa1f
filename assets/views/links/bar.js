/**
 * The line on top: it opens links and says what came of them; it follows the open tab in the address, and brings back
 * what was typed before a reload.
 */
import { fillDrawn } from "../lessons/driver.js";
import { escapeCloses, finder, make, makeButton } from "../shared/dom.js";
import { readInbox, tell } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { until } from "../shared/until.js";
import { followAddress, linkIn } from "./address.js";
import { Opening } from "./opening.js";
import { clear, load, named, save } from "./typed.js";

const RECALLED = ["tokens", "chat"]; // places whose text is typed into a view
const RECALL_MS = 600;
const MARKS = { same: "✓", differs: "≠" };

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger, server }) {
  const find = finder(element, ".lk-");
  const { signal } = lifeOf(element);
  const bar = /** @type {HTMLElement} */ (element.querySelector(".lk"));
  const hide = () => {
    bar.hidden = true;
  };
  const say = (said, ofLink = false) => {
    bar.toggleAttribute("data-link", ofLink);
    draw(bar, find, said);
  };
  const address = followAddress(signal);
  const sayOfLink = (said) => (said ? say(said, true) : hide());
  const opening = new Opening(sayOfLink, { trigger, server }, address.quietly);
  const typing = new Typing(trigger, say);
  const told = receivers(opening, typing, address);
  readInbox(/** @type {HTMLElement} */ (element.closest("#pg-links")), signal, (name, value) => told[name](value));
  watch("value", () => hear(props.value, opening, typing));
  const close = () => {
    opening.stop();
    hide();
  };
  const leave = () => {
    close();
    /** @type {HTMLElement | null} */ (document.querySelector('#pg-tabs [role="tab"][aria-selected="true"]'))?.focus();
  };
  find("close").addEventListener("click", leave);
  escapeCloses(bar, leave);
  document.addEventListener("click", (event) => typing.pressed(event), { signal });
  document.addEventListener("input", (event) => event.isTrusted && typing.begins(), { signal });
  for (const type of ["input", "click"]) document.addEventListener(type, (event) => goOn(bar, event), { signal });
  if (!linkIn(location.hash)) typing.restore();
  address.start({
    open: (link) => opening.open(link),
    back: () => bar.hasAttribute("data-link") && close(),
    moved: (tab) => opening.runs && tab !== opening.about?.tabs[0] && close(),
  });
}

/** What Python has answered, to whom it is told. */
function hear(found, opening, typing) {
  if (found?.fill) opening.filled(found);
  else if (found?.look) opening.heard(found);
  else if (found?.restored) typing.restored(found);
  else if (found?.recalled) typing.recalled(found);
}

/** That something is back is no news to whoever types, or presses something: the line would only lie on it. */
function goOn(bar, { type, target }) {
  const isBusy = type === "input" || target.closest?.("button, [role='tab'], .ls-panel");
  if (isBusy && bar.classList.contains("back") && !bar.contains(target)) bar.hidden = true;
}

/** What is done with what the page tells, by its name. */
function receivers(opening, typing, address) {
  return {
    open: (link) => opening.open(link),
    standing: (found) => opening.stands(found),
    typed(value) {
      opening.typed(value.place);
      typing.typed(value);
      if (opening.isOver) address.leave();
    },
    answered(place) {
      opening.answered(place);
      typing.answered(place);
      tell(document.getElementById("pg-teaching"), "answered", place);
    },
  };
}

/** Shows a sentence, in which backticks stand around what a model or a person wrote. */
function draw(bar, find, { text, kind = "", ways = [] }) {
  bar.hidden = false;
  bar.className = `lk ${kind}`.trim();
  find("mark").textContent = MARKS[kind] ?? "";
  find("text").replaceChildren(...text.split("`").map((part, i) => (i % 2 ? make("code", "", part) : part)));
  find("ways").replaceChildren(...ways.map(([label, act]) => makeButton("", label, act)));
  document.documentElement.style.setProperty("--lk-height", `${bar.offsetHeight}px`); // what is scrolled to keeps clear
}

/** Keeps what was typed. */
class Typing {
  timer = 0;
  hasTyped = false;
  first = /** @type {Record<string, string>} */ ({}); // what a place begins with, by its name
  /** @type {[any, any][]} */
  pending = []; // places whose view isn't drawn yet, and their fields

  constructor(trigger, say) {
    this.trigger = trigger;
    this.say = say;
    this.before = load(sessionStorage); // the page tells its own defaults while it loads
    this.now = structuredClone(this.before);
  }

  /** Somebody, or the page itself, has changed a control. */
  typed({ place, names, values }) {
    this.keep(place, { controls: named(names, values) });
  }

  keep(place, part) {
    this.now[place] = { ...this.now[place], ...part };
    save(sessionStorage, this.now);
  }

  begins() {
    this.hasTyped = true;
  }

  answered(place) {
    if (!RECALLED.includes(place)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.trigger("recall", { place }), RECALL_MS);
  }

  /** What the page itself begins with isn't kept: nobody has typed it. */
  recalled({ recalled: place, fields }) {
    if (!Object.keys(fields).length) return;
    const text = JSON.stringify(fields);
    if (!this.hasTyped && !this.before[place]?.drawn) this.first[place] ??= text;
    this.keep(place, { drawn: this.first[place] === text ? undefined : fields });
  }

  /** Brings back what was typed before a reload. */
  restore() {
    const kept = Object.entries(this.before).map(([place, { controls = {} }]) => [place, controls]);
    if (kept.length) this.trigger("restore", Object.fromEntries(kept));
  }

  restored({ drawn, typed }) {
    for (const [name, place] of Object.entries(drawn)) {
      const fields = this.before[name]?.drawn;
      if (fields) this.pending.push([place, fields]);
    }
    if (!typed && !this.pending.length) return;
    this.deliver();
    const fresh = () => {
      clear(sessionStorage);
      location.reload();
    };
    this.say({ text: "What you had typed is back.", kind: "back", ways: [["Clear it", fresh]] });
  }

  /** A tab may have been opened, and its view drawn. */
  pressed(event) {
    if (this.pending.length && event.target.closest?.('[role="tab"]')) until(() => this.deliver());
  }

  /** Fills the views that are drawn by now; true if there was one. */
  deliver() {
    const isThere = (/** @type {[any, any]} */ [place]) =>
      Object.values(place.drawn).every((id) => document.getElementById(id));
    const drawn = this.pending.filter(isThere);
    for (const [place, fields] of drawn) fillDrawn(place, fields);
    this.pending = this.pending.filter((one) => !drawn.includes(one));
    return drawn.length > 0;
  }
}
