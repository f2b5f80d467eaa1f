/** What the panel does in the page beside it: opens a tab, fills what views draw, shows which fields were filled. */
import { bringUp } from "../shared/dom.js";
import { tell } from "../shared/inbox.js";
import { pause, until } from "../shared/until.js";

/**
 * @typedef {object} Place
 * @property {string} title
 * @property {string} tab  the name of its tab
 * @property {string} part  the name of the tab within, or empty
 * @property {string} button  what the learner presses, or empty
 * @property {Record<string, string>} buttons  another button, by the value of a field
 * @property {Record<string, string>} drawn  the ids of the views that draw a field themselves
 * @property {string} view  the id of what shows the answer
 * @property {Record<string, string>} nodes  the ids of the fields in the page, and of views beside the answer
 * @property {Record<string, string[]>} [ways]  what each of them is in: tabs and accordions, outermost first
 * @property {Record<string, any>} defaults
 * @property {Record<string, string>} labels  what the fields are called in the page
 */

const RING = { outline: "3px solid var(--pg-accent)", outlineOffset: "-2px" };
const MARK = [RING, { ...RING, offset: 0.7 }, { outline: "3px solid transparent", outlineOffset: "-2px" }];
const ENTERED = "textarea, input, select, button, [tabindex='0']";
const DRAWN_MS = 250; // the answer has its height by then
const GLIDES_MS = 600; // to where it is brought
const BROUGHT = 4; // times, where what comes late pushes it away
const TAKEN_OVER = ["wheel", "touchstart", "pointerdown", "keydown"]; // the learner goes on herself
const MARK_MS = 3000;
const TOGGLED_MS = 60; // a few frames
const MOST_TOGGLES = 20;
const READ_MS = 1400; // to see a field before the page goes on to what is pressed

/**
 * Opens the tab of a place, the part of it, which can be seen a little after its tab was opened, and the section.
 *
 * @param {Place} place
 */
export async function open(place) {
  for (const name of [place.tab, place.part].filter(Boolean)) await until(() => press(name));
  await reach(place, "view");
}

/**
 * A field or a view, once the tabs and accordions that it is in are open: only then it is in the page.
 *
 * @param {Place} place
 * @param {string} name
 * @returns {Promise<HTMLElement | null>}
 */
export const reach = async (place, name) => (await reachAll(place, [name]))[0];

/**
 * Many of them at once, in their order; null where one is not in the page.
 *
 * @param {Place} place
 * @param {string[]} names
 * @param {number} [mostMs]  to wait for each tab, section and field
 * @returns {Promise<(HTMLElement | null)[]>}
 */
export async function reachAll(place, names, mostMs) {
  const closed = new Set();
  const waysTo = (name) => place.ways?.[name] ?? [];
  const idOf = (name) => (name === "view" ? place.view : place.nodes[name]);
  for (const step of new Set(names.filter(idOf).flatMap(waysTo))) {
    const found = await until(() => press(step) || sectionOf(step), mostMs);
    if (found instanceof HTMLElement) await unfold(found);
    if (!found) closed.add(step);
  }
  const isThere = (name) => idOf(name) && !waysTo(name).some((step) => closed.has(step));
  const waits = (name) => until(() => document.getElementById(idOf(name)), mostMs);
  return Promise.all(names.map((name) => (isThere(name) ? waits(name) : null)));
}

/** What unfolds the accordion of this id, or null: it isn't in the page. */
const sectionOf = (/** @type {string} */ id) => document.querySelector(`#${CSS.escape(id)} button.label-wrap`);

/** Opens an accordion; what stands in a tab that has just been opened is closed again while the page draws it. */
async function unfold(toggle) {
  for (let times = 0; times < MOST_TOGGLES && !toggle.classList.contains("open"); times++) {
    toggle.click();
    await pause(TOGGLED_MS);
  }
}

/** True if the tab of this name can be seen; then it is open. */
function press(name) {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-tab-id="${CSS.escape(name)}"]`)]);
  const tab = all.find(
    (one) => one.role === "tab" && (one.checkVisibility() || one.closest("#pg-tabs") === one.closest(".tabs")),
  );
  if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
  return Boolean(tab);
}

/**
 * What the learner presses now; empty where the page answers by itself.
 *
 * @param {Place} place
 * @param {Record<string, any>} fields
 */
export function buttonAt(place, fields) {
  const other = Object.values(fields).find((value) => Object.hasOwn(place.buttons, String(value)));
  return other === undefined ? place.button : place.buttons[other];
}

/**
 * Tells the views what to put into the fields that they draw themselves.
 *
 * @param {Place} place
 * @param {Record<string, any>} fields
 */
export function fillDrawn(place, fields) {
  for (const id of new Set(Object.values(place.drawn))) {
    const own = Object.keys(place.drawn).filter((name) => place.drawn[name] === id && name in fields);
    const value = Object.fromEntries(own.map((name) => [name, fields[name]]));
    if (own.length) tell(document.getElementById(id), "fill", value);
  }
}

/**
 * Lets the learner see what was filled in: what differs from how the page opens. Then where she goes on.
 *
 * @param {Place} place
 * @param {Record<string, any>} fields
 * @param {string} button  what she presses, or empty
 * @param {string} [next]  the field that she changes then, if there is one
 */
export async function point(place, fields, button, next = "") {
  const changed = Object.keys(place.nodes).filter(
    (name) => name in fields && JSON.stringify(fields[name]) !== JSON.stringify(place.defaults[name]),
  );
  const nodes = await reachAll(place, [...changed, next]);
  const goal = nodes.pop() ?? pressedIn(button);
  for (const node of new Set([...nodes, goal])) node?.animate(MARK, MARK_MS);
  const first = nodes.find(Boolean);
  if (first) bringUp(first, "center");
  if (goal) setTimeout(() => bringUp(goal, "nearest"), first ? READ_MS : 0);
}

/**
 * Brings into sight, and marks for a moment, what was filled in for the learner; what she presses then is marked too.
 *
 * @param {Place} place
 * @param {string[]} names  of the fields
 * @param {string} button  what she presses, or empty
 */
export async function pointOut(place, names, button) {
  const nodes = await reachAll(place, names);
  for (const node of new Set([...nodes, pressedIn(button)])) node?.animate(MARK, MARK_MS);
  const first = nodes.find(Boolean);
  if (first) bringUp(first, "center");
}

/**
 * What the learner presses in the page, or null.
 *
 * @param {string} button  its name, or empty
 */
function pressedIn(button) {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#pg-tabs button")]);
  const named = (one) => button && one.role !== "tab" && one.textContent?.trim() === button; // a tab may be called so
  return all.find((one) => named(one) && one.checkVisibility()) ?? null;
}

/**
 * Takes the learner to what she presses, or else to the first of these fields: the element that has the focus then.
 *
 * @param {Place} place
 * @param {string[]} fields
 * @param {string} button
 */
export async function goTo(place, fields, button) {
  const field = await reach(place, fields[0]);
  const inside = /** @type {HTMLElement | null | undefined} */ (field?.querySelector(ENTERED));
  const target = inside ?? pressedIn(button);
  target?.focus({ preventScroll: true });
  if (target) bringUp(target, "center");
  return target;
}

/**
 * Lets the learner see the answer, or what else is shown of it; there, what the view marks by `data-see`.
 *
 * @param {Place} place
 * @param {string} name  of the view
 * @param {boolean} beside  the panel covers nothing
 */
export async function showAnswer(place, name, beside) {
  const whole = await reach(place, name || "view");
  const marked = [...(whole?.querySelectorAll("[data-see]") ?? [])]; // of a row that is closed, too
  const node = marked.find((one) => one.checkVisibility()) ?? whole;
  if (node) await keepInSight(node, beside);
}

/** Brings it into sight once more where what is drawn after it pushes it away, until the learner does something. */
async function keepInSight(node, beside) {
  const left = new AbortController();
  for (const kind of TAKEN_OVER) addEventListener(kind, () => left.abort(), { signal: left.signal, passive: true });
  const fits = () => beside && node.clientHeight < innerHeight / 2;
  const isOff = () => node.getBoundingClientRect().top < 0 || node.getBoundingClientRect().top > innerHeight / 2;
  await pause(DRAWN_MS);
  for (let times = 0; times < BROUGHT && !left.signal.aborted && (!times || isOff()); times++) {
    bringUp(node, fits() ? "nearest" : "start");
    await pause(GLIDES_MS);
  }
  left.abort();
}
