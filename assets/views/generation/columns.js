/** Replies side by side, and where they part. */

import { make } from "../shared/dom.js";
import { formatFixed, formatProbability } from "../shared/format.js";
import { visiblePiece } from "../shared/tokens.js";
import { drawTokens } from "./paper.js";
import { divergence, endingOf, figuresOf, settingsName } from "./reply.js";

/** Which replies the columns of a box are for. */
const DRAWN = new WeakMap();

/** @param {any} tab */
export function drawColumns(tab) {
  const { find, state } = tab;
  const box = find(".gen-columns");
  const verdict = find(".gen-verdict");
  box.hidden = state.how !== "compare";
  verdict.hidden = true;
  if (box.hidden) return;
  if (DRAWN.get(box) !== state.columns) {
    DRAWN.set(box, state.columns);
    box.replaceChildren(...state.columns.map(column));
  }
  const places = state.columns.map((reply) => partingOf(state.columns[0], reply));
  state.columns.forEach((reply, i) => {
    const card = box.children[i];
    drawTokens(tab, card.querySelector(".gen-column-text"), reply, { diverges: places[i] });
    card.querySelector(".gen-column-foot").textContent = footOf(reply, state.columns[0], places[i]);
  });
  const parts = verdictOf(state.columns, places);
  verdict.hidden = !parts.length;
  verdict.replaceChildren(...parts);
}

function column(reply) {
  const name = settingsName(reply.settings);
  const body = make("div", "gen-column-text");
  body.dir = "auto";
  body.setAttribute("role", "group");
  body.setAttribute("aria-label", `${reply.name}, token by token`);
  const about = make("p", "", name === reply.name ? "the most probable token, always" : name);
  return make("article", "gen-column", make("h4", "", reply.name), about, body, make("div", "gen-column-foot"));
}

/** Where a column parts from the first; -1 where it doesn't, or where a beam may still change. */
function partingOf(first, reply) {
  const settled = (one) => one.finished || !one.nodes.size;
  return reply !== first && settled(reply) && settled(first) ? divergence(first, reply) : -1;
}

function footOf(reply, first, at) {
  const parts = [`${reply.tokens.length} tokens`, `perplexity ${formatFixed(figuresOf(reply).perplexity, 2)}`];
  if (at >= 0) parts.push(`parts from ${first.name} at token ${at + 1}`);
  if (endingOf(reply)) parts.push(endingOf(reply));
  return parts.join(" · ");
}

/** A sentence about the earliest parting; nothing while there is none. */
function verdictOf(columns, places) {
  const parted = places.filter((at) => at >= 0);
  if (!parted.length) {
    const same = columns.length > 1 && columns.every((one) => one.finished);
    return same ? ["All of them say the same, token for token."] : [];
  }
  const at = Math.min(...parted);
  const [first, other] = [columns[0], columns[places.indexOf(at)]];
  const agreed = ["They part at once.", "The first token is the same."][at] ?? `The first ${at} tokens are the same.`;
  const both = first.tokens[at] && other.tokens[at];
  return [
    `${agreed} At token ${at + 1}, ${first.name}`,
    ...taken(first, at),
    ` and ${other.name}`,
    ...taken(other, at),
    both ? ": the model gave both these probabilities after the same text." : ".",
  ];
}

function taken(reply, at) {
  const token = reply.tokens[at];
  if (!token) return [" has ended"];
  const chip = make("span", "gen-chip", visiblePiece(token.piece));
  return [" takes ", chip, ` (${formatProbability(token.before)})`];
}
