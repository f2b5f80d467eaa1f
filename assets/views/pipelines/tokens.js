/** Tokens in reading order: with a label each, or with a start and an end logit; arrow keys go from one to the next. */

import { make } from "../shared/dom.js";
import { counted, formatFixed, quoted } from "../shared/format.js";
import { gridMove, oneTabStop, rovingFocus } from "../shared/keyboard.js";
import { makeTable } from "../shared/tables.js";

/**
 * Lets pointer and keyboard read items one by one.
 *
 * @param {HTMLElement[]} items
 * @param {(n: number) => string} sentence
 * @param {string} name
 * @returns {DocumentFragment} the items, and the line that reads out
 */
export function flow(items, sentence, name) {
  const host = make("div", "pp-flow", ...items);
  const said = make("p", "pp-readout pg-muted", "Point at a token or tap it, or use the arrow keys.");
  said.setAttribute("aria-live", "polite");
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", name);
  const read = (node) => {
    const n = items.indexOf(node.closest(".pp-item"));
    if (n >= 0) said.textContent = sentence(n);
  };
  for (const item of items) item.tabIndex = -1;
  oneTabStop(host, ".pp-item", items[0]);
  rovingFocus(host, ".pp-item");
  host.addEventListener("pointerover", ({ target }) => read(target));
  host.addEventListener("focusin", ({ target }) => read(target));
  host.addEventListener("keydown", (event) => {
    const at = items.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = at >= 0 && gridMove(event, [0, at], [1, items.length]);
    if (!to) return;
    event.preventDefault();
    items[to[1]].focus();
  });
  const whole = document.createDocumentFragment();
  whole.append(host, said);
  return whole;
}

/** Each token with its best label below. */
export function labels(block) {
  const items = block.tokens.map(({ text, label, colour, joins }) =>
    make(
      "span",
      `pp-item${colour >= 0 ? ` c${colour}` : ""}${joins ? " joins" : ""}`,
      make("b", "", text),
      make("small", "", label),
    ),
  );
  const whole = flow(items, (n) => `${quoted(block.tokens[n].text)}: ${block.tokens[n].top}`, block.title);
  if (block.more) whole.append(make("p", "pg-muted", `${counted(block.more, "more token")}: not drawn.`));
  return whole;
}

/** Bars over and under the text: where an answer may begin, and where it may end. */
export function logits(block) {
  const whole = document.createDocumentFragment();
  const key = (name, text) => make("span", "", make("i", name), text);
  whole.append(make("p", "pp-legend", key("up", "may begin here"), key("down", "may end here")));
  for (const window of block.windows) {
    if (block.windows.length > 1) whole.append(make("h5", "", window.about));
    whole.append(oneWindow(window, block.title));
  }
  if (block.more) whole.append(make("p", "pg-muted", `${counted(block.more, "more window")}: not drawn.`));
  return whole;
}

function oneWindow(window, title) {
  const { tokens, start, end, best } = window;
  const [up, down] = [scaled(start), scaled(end)];
  const items = tokens.map((token, n) => {
    const inside = best && n >= best[0] && n <= best[1];
    const chosen = best && (n === best[0] || n === best[1]);
    const kind = `pp-item${inside ? " inside" : ""}${chosen ? " chosen" : ""}`;
    return make("span", kind, column("pp-up", up[n]), make("b", "", token), column("pp-down", down[n]));
  });
  const sentence = (n) => {
    const begins = n === best?.[0] ? " The answer begins here." : "";
    const ends = n === best?.[1] ? " The answer ends here." : "";
    const [one, other] = [start[n], end[n]].map((logit) => formatFixed(logit, 3));
    return `${quoted(tokens[n])}: start logit ${one}, end logit ${other}.${begins}${ends}`;
  };
  const whole = flow(items, sentence, title);
  const columns = [{ name: "token" }, { name: "start logit", kind: "num" }, { name: "end logit", kind: "num" }];
  const rows = tokens.map((token, n) => [token, formatFixed(start[n], 3), formatFixed(end[n], 3)]);
  const frame = make("div", "pg-table-wrap", makeTable(columns, rows));
  whole.append(make("details", "pp-twin", make("summary", "", "The same logits as a table"), frame));
  return whole;
}

function column(kind, part) {
  const fill = make("i");
  fill.style.height = `${(part * 100).toFixed(1)}%`;
  const frame = make("span", kind, fill);
  frame.setAttribute("aria-hidden", "true");
  return frame;
}

/**
 * Logits as parts of the way from the smallest to the largest.
 *
 * @param {number[]} values
 * @returns {number[]}
 */
export function scaled(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (most > least ? 0.03 + (0.97 * (value - least)) / (most - least) : 1));
}
