/**
 * Nodes of the page. Text of people and models goes in as text alone: nothing here reads markup.
 */

const SEEN = 120; // pixels of a node that are enough to see that something happens in it
const TOLD = 120; // pixels of what will be said above a node that is brought below a field

/** @typedef {string | number | Node | null | undefined | false} Content  what `make` puts into a node */

/**
 * An element with classes and content.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {...Content} content  strings and numbers become text; null, undefined and false nothing
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className = "", ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className.trim();
  for (const part of content) {
    if (part !== null && part !== undefined && part !== false) node.append(part instanceof Node ? part : String(part));
  }
  return node;
}

/**
 * Scrolls a node into the window, gliding unless the reader wants nothing to move.
 *
 * @param {Element} node
 * @param {ScrollLogicalPosition} [block]
 */
export function bringUp(node, block = "start") {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  node.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
}

/**
 * Brings `top` to the window's top if `node`, which stands below it, begins too low to be seen: or what a key was
 * pressed on, if that stands above `top` and the window has room for both.
 *
 * @param {Element} node
 * @param {Element} top
 * @param {number} [seen]  pixels of the node that are enough
 * @returns {boolean}  whether it had to
 */
export function bringToSight(node, top, seen = SEEN) {
  const isBelow = isTooLow(node, seen);
  if (isBelow) bringUp(pressedAbove(node, top, seen) ?? top);
  return isBelow;
}

const isTooLow = (node, seen = SEEN) => node.getBoundingClientRect().top > innerHeight - seen;

function pressedAbove(node, top, seen) {
  const held = document.activeElement;
  if (!held?.matches(":focus-visible")) return null;
  const from = held.getBoundingClientRect();
  const isAbove = from.bottom <= top.getBoundingClientRect().top;
  return isAbove && node.getBoundingClientRect().top + seen - from.top < innerHeight ? held : null;
}

/**
 * Brings a node to sight as `bringToSight` does, with the text field that has the focus where both have room.
 *
 * @param {Element} node
 * @param {Element} top  comes to the window's top where they haven't
 * @param {number} [seen]
 * @returns {boolean}  whether the field was left above the window
 */
export function bringBelowField(node, top, seen) {
  const field = document.activeElement?.closest("textarea")?.closest(".block");
  if (!field) {
    bringToSight(node, top, seen);
    return false;
  }
  const height = node.getBoundingClientRect().bottom - field.getBoundingClientRect().top;
  const hasRoom = height + TOLD < innerHeight;
  const isBelow = isTooLow(node, seen);
  if (isBelow) bringUp(hasRoom ? field : top);
  return isBelow && !hasRoom;
}

/**
 * An element of SVG with attributes and text.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 * @returns {SVGElement}
 */
export function makeSvg(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== undefined) node.textContent = text;
  return /** @type {SVGElement} */ (node);
}

/**
 * A button that submits nothing.
 *
 * @param {string} className
 * @param {Content} label
 * @param {((event: MouseEvent) => void) | null} press
 * @param {Record<string, string>} [attributes]
 * @returns {HTMLButtonElement}
 */
export function makeButton(className, label, press, attributes = {}) {
  const node = make("button", className, label);
  node.type = "button";
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (press) node.addEventListener("click", press);
  return node;
}

/**
 * A function that finds one part of a view's own template, and fails where there is none.
 *
 * @param {Element} root
 * @param {string} [prefix]  put before what is asked for, such as ".lb-"
 * @returns {(selector: string) => any}
 */
export function finder(root, prefix = "") {
  return (selector) => {
    const node = root.querySelector(prefix + selector);
    if (!node) throw new Error(`The template has no ${prefix + selector}`);
    return node;
  };
}

/**
 * Says which of some buttons is pressed.
 *
 * @param {Iterable<Element>} buttons
 * @param {(button: HTMLElement) => boolean} isPressed
 */
export function pressed(buttons, isPressed) {
  for (const button of buttons)
    button.setAttribute("aria-pressed", String(isPressed(/** @type {HTMLElement} */ (button))));
}

/**
 * Says at the root of a view whether it has no answer: beside an empty one nothing is shared and no code stands.
 *
 * @param {Element} element  the view's own
 * @param {boolean} isEmpty
 * @param {boolean} [isComing]  an answer is under way, so that what stands beside it keeps its place
 */
export function sayEmpty(element, isEmpty, isComing = false) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".pg-view"));
  if (isEmpty) root.dataset.empty = isComing ? "coming" : "nothing";
  else delete root.dataset.empty;
}

/**
 * Escape within what was opened closes it, and does nothing else; `close` returns the focus to where it was opened.
 *
 * @param {HTMLElement} node
 * @param {() => void} close
 */
export function escapeCloses(node, close) {
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    close();
  });
}

const FROM_THE_RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * Where a text begins, by its first letter: what stands in a row of pieces is set out like the text itself.
 *
 * @param {Iterable<string>} pieces  a text, or its pieces; special tokens say nothing of it, nor do names of bytes
 * @returns {"ltr" | "rtl"}
 */
export function directionOf(pieces) {
  for (const piece of pieces) {
    const letter = /\p{L}/u.exec(piece.replace(/<0x[0-9A-F]{2}>/g, ""))?.[0];
    if (letter) return FROM_THE_RIGHT.test(letter) ? "rtl" : "ltr";
  }
  return "ltr";
}
