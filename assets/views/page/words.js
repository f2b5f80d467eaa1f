/**
 * Words that explain themselves: where a word of the glossary stands first in a tab, a press, the pointer or the focus
 * shows what it means. Only text of the page's own (`.pg-words`) is read for that, never what people or models wrote.
 */

import { make } from "../shared/dom.js";
import { whenDrawn } from "./drawn.js";
import { atNames, finding, splitAt } from "./terms.js";

/** @typedef {import("./terms.js").Word} Word */

/** What isn't read: what is pressed or written, code, and a plan's notes, which name people's labels. */
const LEFT_ALONE = "button, [role=button], a, label, select, textarea, summary, pre, .pg-plan li";
const READ = new WeakMap(); // what a block said when it was read: gradio writes some of them anew
const EDGE = 8; // pixels between the tip and the window

/**
 * @param {HTMLElement} page
 * @param {Word[]} words
 * @param {AbortSignal} signal  ends it
 */
export function explainWords(page, words, signal) {
  const expression = finding(words);
  if (!expression) return;
  const tip = make("div", "pg-tip");
  Object.assign(tip, { id: "pg-tip", role: "tooltip", hidden: true });
  page.append(tip);
  signal.addEventListener("abort", () => tip.remove());
  listen(page, tip, words, signal);
  whenDrawn(page, signal, () => {
    for (const block of page.querySelectorAll(".pg-words")) markIn(block, words, expression);
  });
}

/** Makes a block's words pressable that didn't stand in its tab before. */
function markIn(block, words, expression) {
  if (!block.textContent.trim() || READ.get(block) === block.textContent) return; // not filled yet, or read
  READ.set(block, block.textContent);
  const tab = block.closest('[role="tabpanel"], .ls-panel') ?? document.body;
  const known = new Set(Array.from(tab.querySelectorAll(".pg-word"), (word) => word.dataset.word));
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement?.closest(LEFT_ALONE)) texts.push(walker.currentNode);
  for (const node of texts) {
    const parts = splitAt(node.textContent ?? "", words, expression, known);
    const nodes = parts.flatMap(asNodes);
    if (nodes.length > 1 || typeof parts[0] !== "string") node.replaceWith(...nodes);
  }
}

/** Pieces of text, or a word to press: a button of HTML's own can't be broken between two lines. */
function asNodes(part) {
  if (typeof part === "string")
    return atNames(part).map((one, at) => (at % 2 ? make("span", "pg-whole", one) : document.createTextNode(one)));
  const word = make("span", atNames(part.text).length > 1 ? "pg-word pg-whole" : "pg-word", part.text);
  word.setAttribute("role", "button");
  word.tabIndex = 0;
  word.dataset.word = String(part.index);
  return [word];
}

/** Shows the tip as long as the pointer or the focus is on a word; Escape takes it away. */
function listen(page, tip, words, signal) {
  const hide = () => {
    tip.hidden = true;
    for (const word of page.querySelectorAll(".pg-word[aria-describedby]")) word.removeAttribute("aria-describedby");
  };
  const again = closeByHand(page, tip, hide, signal);
  const show = (event) => {
    const word = event.target.closest?.(".pg-word");
    if (!word || (event.type === "pointerover" && event.pointerType === "touch")) return; // a tap clicks, too
    hide();
    if (event.type === "click" && word === again()) return;
    const { name, text } = words[Number(word.dataset.word)];
    tip.replaceChildren(make("b", "", ...inCode(name)), make("span", "", ...inCode(text)));
    tip.hidden = false;
    word.setAttribute("aria-describedby", "pg-tip");
    place(tip, word);
  };
  const leave = (event) => {
    const word = event.target.closest?.(".pg-word");
    if (word && document.activeElement !== word) hide();
  };
  for (const type of ["pointerover", "focusin", "click"]) page.addEventListener(type, show, { signal });
  page.addEventListener("pointerout", leave, { signal });
  const left = ({ target }) => target instanceof Element && target.matches(".pg-word") && hide();
  page.addEventListener("focusout", left, { signal });
  const keys = (event) => {
    if (event.key === "Escape" && !tip.hidden) {
      event.stopPropagation(); // the tip alone is closed, not what it lies on
      return hide();
    }
    if (!event.target.matches?.(".pg-word") || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    show(event);
  };
  page.addEventListener("keydown", keys, { signal, capture: true });
  const scrolled = () => (isReadByKeys(tip) ? place(tip, document.activeElement) : hide());
  addEventListener("scroll", scrolled, { signal, passive: true, capture: true });
}

/** Whether a tip's word has the focus and is in sight: the Tab key may have scrolled there, and the tip goes along. */
function isReadByKeys(tip) {
  const word = document.activeElement;
  if (tip.hidden || !word?.matches(".pg-word[aria-describedby]") || tip.classList.contains("by-touch")) return false;
  const { top, bottom } = word.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/**
 * A press on the tip, which presses nothing below it, or anywhere but on a word, closes the tip; so does a second tap
 * on its word. On a phone nothing else would: there the focus may stay on a word.
 *
 * @returns {() => Element | null}  the word that was tapped while its tip was open
 */
function closeByHand(page, tip, hide, signal) {
  let tapped = null;
  const begin = ({ target, pointerType }) => {
    const [word, byTouch] = [target.closest?.(".pg-word"), pointerType === "touch"];
    tapped = byTouch && word?.hasAttribute("aria-describedby") ? word : null;
    if (!word && !tip.contains(target)) hide();
    if (word) tip.classList.toggle("by-touch", byTouch);
  };
  page.addEventListener("pointerdown", begin, { signal, capture: true });
  tip.addEventListener("mousedown", (event) => event.preventDefault(), { signal }); // the focus stays until the click
  tip.addEventListener("click", hide, { signal });
  return () => {
    const word = tapped;
    tapped = null;
    return word;
  };
}

/** Puts the tip below the word, or above it where there is no room. */
function place(tip, word) {
  tip.style.left = "0"; // as wide as its text needs, wherever it stood before
  const scale = tip.offsetWidth ? tip.getBoundingClientRect().width / tip.offsetWidth : 1;
  const [at, size] = [word.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.max(EDGE, Math.min(at.left, document.documentElement.clientWidth - size.width - EDGE));
  const below = at.bottom + 6;
  const top = below + size.height > innerHeight - EDGE ? Math.max(EDGE, at.top - size.height - 6) : below;
  tip.style.left = `${left / scale}px`;
  tip.style.top = `${top / scale}px`;
}

/** Text with what stands between backticks as code. */
function inCode(text) {
  return text.split("`").map((part, index) => (index % 2 ? make("code", "", part) : part));
}
