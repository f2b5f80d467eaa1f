/** The kinds of pictures that answers and steps are made of: each becomes one node. */

import { make } from "../shared/dom.js";
import { makeTable } from "../shared/tables.js";
import { bars } from "./bars.js";
import { loop } from "./loop.js";
import { cosines, states } from "./states.js";
import { labels, logits } from "./tokens.js";

/**
 * What Python sends: `tabs/pipelines/blocks.py` and `pictures.py` write it.
 *
 * @typedef {Record<string, any> & { kind: string, title?: string, text?: string }} Block
 */

/** @type {Record<string, (block: any, element: HTMLElement) => Node>} */
const MAKERS = {
  text: (block) => make("p", "pg-muted", block.text),
  code: (block) => make("p", "pp-line", block.text),
  bars,
  marked,
  table: numbers,
  labels,
  logits,
  steps: loop,
  states,
  cosines,
};

/**
 * @param {Block} block
 * @param {HTMLElement} element  the view, whose colours count
 * @returns {Node}
 */
export function blockNode(block, element) {
  return MAKERS[block.kind](block, element);
}

/**
 * @param {Block[]} blocks
 * @param {HTMLElement} element
 * @param {boolean} headed  whether the first one shows its title
 * @param {"h3" | "h5"} level  of their titles
 * @returns {Node[]}
 */
export function blockNodes(blocks, element, headed, level) {
  return blocks.flatMap((block, n) => {
    const title = block.title && (headed || n || blocks.length > 1) ? [make(level, "pp-named", block.title)] : [];
    return [...title, blockNode(block, element)];
  });
}

/** A text in which parts have a colour, a label and a number. */
function marked(block) {
  const parts = block.pieces.map(({ text, label, shown, colour }) =>
    label ? make("mark", `c${colour}`, text, make("small", "", `${label} ${shown}`)) : make("span", "", text),
  );
  return make("p", "pp-marked", ...parts);
}

/** Numbers as they are. */
function numbers(block) {
  const columns = block.columns.map((name, k) => ({ name, kind: k ? "num" : "" }));
  const table = makeTable(columns, block.rows);
  table.classList.add("pp-numbers");
  if (block.best >= 0) table.tBodies[0].rows[block.best]?.classList.add("best");
  return scrolling(table, block.title);
}

/** A table in a frame that scrolls, with the keyboard too. */
export function scrolling(table, name) {
  const frame = make("div", "pg-table-wrap", table);
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  if (name) frame.setAttribute("aria-label", name);
  return frame;
}
