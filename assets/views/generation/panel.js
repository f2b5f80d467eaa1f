/** The panel beside the reply: what else a token could have been, or what could come next. */

import { make, makeButton } from "../shared/dom.js";
import { counted, formatFixed, formatProbability } from "../shared/format.js";
import { visiblePiece } from "../shared/tokens.js";
import { insideOf, isOver } from "./reply.js";
import { byHand, choose, pick } from "./runs.js";
import { afterSampler } from "./sampler.js";
import { branchOff, remember } from "./state.js";
import { barKey, choiceRow, largestOf } from "./tokens.js";

const FEW = 12;
const MANY = 60;
const HINT =
  "Point at or tap a token of the reply, or move there with the arrow keys: its alternatives appear here, with " +
  "their probabilities before and after the sampler.";
const GO_ON = " Choose one and the text goes on from it.";
const COMING = "Working out how probable each token of the vocabulary is as the next one…";
const PRESS = "Press Start: how probable each token of the vocabulary is as the next one appears here, and you choose.";
const OVER =
  "Undo takes the last token back, and the choice is yours again. Or point at or tap any token: choose another there.";
const PICK = "Pick a token, or let Step take one. Move a slider: the lower bars follow at once, from the same logits.";

/**
 * What stands there while nothing is pointed at.
 *
 * @param {any} tab
 */
export function showDefault(tab) {
  const { view, find, state } = tab;
  const panel = find(".gen-panel");
  if (state.pinned) {
    showAlternatives(tab, state.pinned.reply, state.pinned.index);
    return;
  }
  panel.classList.remove("showing");
  state.panel = null;
  const byStep = state.how === "step";
  panel.hidden = state.how === "compare";
  if (byStep && state.shown?.next) {
    showNext(tab, state.shown.next);
    return;
  }
  const over = byStep && isOver(state.shown);
  const coming = state.shown?.begin ? COMING : PRESS;
  const hint = view.props.alone ? HINT : HINT + GO_ON;
  const title = over ? "The reply has ended" : byStep ? "What comes next?" : "What else could it have said?";
  refill(panel, make("h4", "", title), make("p", "", over ? OVER : byStep ? coming : hint));
}

/**
 * The alternatives of a token. Drawn once: a row that is replaced between pressing and releasing the mouse would lose
 * the click.
 *
 * @param {any} tab
 * @param {import("./reply.js").Reply} reply
 * @param {number} index
 */
export function showAlternatives(tab, reply, index) {
  const { find, state } = tab;
  const panel = find(".gen-panel");
  const token = reply?.tokens[index];
  if (!token) {
    state.pinned = null;
    showDefault(tab);
    return;
  }
  const shown = [reply, index, token.id, token.alternatives.length, Boolean(state.pinned), state.how];
  if (state.panel && shown.every((part, i) => part === state.panel[i])) return;
  state.panel = shown;
  panel.hidden = false;
  panel.classList.add("showing");
  const rows = alternativesOf(token);
  const fixed = (one) => one.id === token.id || tab.view.props.alone;
  const take = (one) => (fixed(one) ? null : (taken) => choose(tab, reply, index, taken));
  const choices = rows.map((one) => choiceRow(one, largestOf(rows), one.id === token.id, take(one)));
  refill(
    panel,
    title(tab, token, index),
    make("p", "pg-words", factsOf(token)),
    ...(token.alternatives.length ? [barKey(token.beam ? "goes on" : undefined)] : []),
    make("div", "gen-choices", ...choices),
    foot(tab, reply, token, index),
  );
}

/** What stands in the panel now; a focus that was in it goes to what can be chosen next, or waits at the panel. */
function refill(panel, ...parts) {
  const wasInside = panel.contains(document.activeElement);
  panel.replaceChildren(...parts);
  if (!wasInside) return;
  panel.tabIndex = -1;
  const next = panel.querySelector("button.chosen") || panel.querySelector("button.gen-choice") || panel;
  next.focus({ preventScroll: true });
}

/**
 * Closes the panel of a pinned token; the focus goes back to the token if it was in the panel.
 *
 * @param {any} tab
 */
export function letGo(tab) {
  const { find, state, view } = tab;
  const isInside = find(".gen-panel").contains(document.activeElement);
  const token = view.element.querySelector(".gen-token.open");
  state.pinned = null;
  tab.draw();
  showDefault(tab);
  if (isInside) token?.focus({ preventScroll: true });
}

/** The token's alternatives, itself among them. */
function alternativesOf(token) {
  const { id, piece, before, after } = token;
  if (token.alternatives.some((one) => one.id === id)) return token.alternatives;
  return [...token.alternatives, { id, piece, before, after: after || 0, kept: true }];
}

function title(tab, token, index) {
  const button =
    tab.state.pinned && makeButton("gen-close", "×", () => letGo(tab), { "aria-label": "close", title: "Close" });
  return make("h4", "", `Token ${index + 1}: `, make("code", "", visiblePiece(token.piece)), button);
}

function factsOf(token) {
  if (token.beam) {
    const number = formatFixed(Math.log(token.before), 2);
    return `token_id ${token.id} · log-probability ${number} · the beams' candidates after the same text`;
  }
  const entropy = `entropy ${formatFixed(token.entropy, 2)}\u00a0nats${token.guessed ? " · guessed right" : ""}`;
  return `token_id ${token.id} · probability ${formatProbability(token.before)} · ${entropy}`;
}

function foot(tab, reply, token, index) {
  const stepHere = () => {
    remember(tab.state);
    tab.setHow("step", false);
    branchOff(tab.state, reply, index);
    byHand(tab, 0, index);
  };
  const here = tab.state.how !== "compare" && !token.beam && makeButton("", "Step from here", stepHere);
  const inside = makeButton("gen-inside", "Look inside", () => tab.view.trigger("look_inside", insideOf(reply, index)));
  return make("div", "gen-panel-foot", here, inside, make("span", "", "Choose another and the text goes on from it."));
}

/** The distribution over the next token, with what the settings of this moment make of it. */
function showNext(tab, next) {
  const { find, state } = tab;
  const panel = find(".gen-panel");
  const all = /** @type {any[]} */ (afterSampler(next.candidates, next.rest, state.settings));
  const rows = all.slice(0, state.more ? MANY : FEW);
  const choices = rows.map((one) => choiceRow(one, largestOf(rows), false, state.run ? null : (x) => pick(tab, x)));
  const toggle = () => {
    state.more = !state.more;
    showNext(tab, next);
    panel.querySelectorAll(".gen-choices button, .gen-panel-foot button")[FEW]?.focus(); // the first that came, or More
  };
  const more = makeButton("", state.more ? "Fewer" : "More", toggle);
  panel.hidden = false;
  refill(
    panel,
    make("h4", "", "What comes next?"),
    make("p", "", PICK),
    barKey(),
    make("div", "gen-choices", ...choices),
    make("div", "gen-panel-foot", more, make("span", "pg-words", restInWords(next, all, rows))),
  );
}

function restInWords(next, all, rows) {
  const vocabulary = next.candidates.length + next.rest.reduce((sum, [count]) => sum + count, 0);
  const listed = rows.reduce((sum, one) => sum + one.before, 0);
  const kept = all.filter((one) => one.kept).length;
  const share = formatProbability(Math.max(0, 1 - listed));
  const others = `The other ${counted(vocabulary - rows.length, "token")} together: ${share}.`;
  const keeps = kept < all.length ? ` The sampler keeps ${kept}.` : "";
  return `${others}${keeps} Entropy ${formatFixed(next.entropy, 2)}\u00a0nats.`;
}
