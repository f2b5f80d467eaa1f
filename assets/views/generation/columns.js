/** Replies side by side, and where they part. */

import { make } from "../shared/dom.js";
import { counted, formatFixed, formatProbability } from "../shared/format.js";
import { visiblePiece } from "../shared/tokens.js";
import { ofSeveralModels, varietyInWords } from "./origin.js";
import { drawTokens } from "./paper.js";
import { aboutSettings, divergence, endingOf, figuresOf, firstToPart, isEarliest, wasStopped } from "./reply.js";

const NOTHING = "Press Compare: each of the settings above answers this prompt, and its texts stand here side by side.";

/** Which replies the columns of a box are for. */
const DRAWN = new WeakMap();

/** @param {any} tab */
export function drawColumns(tab) {
  const { find, state } = tab;
  const box = find(".gen-columns");
  const verdict = find(".gen-verdict");
  const legend = find(".gen-parting");
  box.hidden = state.how !== "compare";
  verdict.hidden = legend.hidden = true;
  if (box.hidden) return;
  if (DRAWN.get(box) !== state.columns) {
    DRAWN.set(box, state.columns);
    box.replaceChildren(...(state.columns.length ? state.columns.map(column) : [make("p", "gen-hint", NOTHING)]));
    const dashed = make("span", "", make("b", "gen-token diverges", "dashed"), " parts from the first text here");
    legend.replaceChildren(find(".gen-scale").cloneNode(true), " ", dashed);
  }
  const replies = state.columns.flatMap((one) => one.replies);
  legend.hidden = !replies.some((one) => one.tokens.length);
  const places = replies.map((reply) => partingOf(replies[0], reply));
  const cards = [...box.querySelectorAll(".gen-sample")];
  replies.forEach((reply, i) => {
    drawTokens(tab, cards[i].querySelector(".gen-column-text"), reply, { diverges: places[i] });
    cards[i].querySelector(".gen-column-foot").textContent = footOf(reply, replies[0], places[i]);
  });
  const parts = [...varietyOf(state.columns), ...verdictOf(replies, places, state.run !== null)];
  verdict.hidden = !parts.length;
  verdict.replaceChildren(...parts);
}

/** @param {import("./state.js").Column} given */
function column({ name, settings, replies, sampled }) {
  const about = make("p", "", aboutSettings(settings, name));
  const samples = replies.map((reply) => sample(reply, name, sampled, settings));
  return make("article", "gen-column", make("h4", "", name), about, ...samples);
}

function sample(reply, name, sampled, settings) {
  const { do_sample, seed: thrown } = reply.settings ?? settings;
  const seed = do_sample ? `seed ${thrown}` : "no dice";
  const body = make("div", "gen-column-text");
  body.dir = "auto";
  body.setAttribute("role", "group");
  body.setAttribute("aria-label", `${name}, ${seed}, token by token`);
  const head = sampled && make("div", "gen-sample-head", seed);
  return make("div", "gen-sample", head, body, make("div", "gen-column-foot"));
}

/** How many different texts each strategy gave, once all of them are there; none counts where one was stopped. */
function varietyOf(columns) {
  const done = columns.every((one) => one.replies.every((reply) => reply.finished && !wasStopped(reply)));
  if (!done || !columns.some((one) => one.sampled)) return [];
  const dice = columns.filter((one) => one.settings.do_sample).length > 1;
  const from = ofSeveralModels(columns) ? "the settings and the models" : "the settings alone";
  const same = ` The same seed throws the same dice in every column: what differs then comes from ${from}.`;
  return [make("p", "", `${varietyInWords(columns)}${dice ? same : ""}`)];
}

/** Where a column parts from the first; -1 where it doesn't, or where a beam may still change. */
function partingOf(first, reply) {
  const settled = (one) => one.finished || !one.nodes.size;
  return reply !== first && settled(reply) && settled(first) ? divergence(first, reply) : -1;
}

function footOf(reply, first, at) {
  const parts = [counted(reply.tokens.length, "token"), `perplexity ${formatFixed(figuresOf(reply).perplexity, 2)}`];
  if (at >= 0) parts.push(`parts from ${first.name} at token ${at + 1}`);
  if (reply.finished && reply.finished.reason !== "length") parts.push(endingOf(reply));
  return parts.join(" · ");
}

/** A sentence about the earliest parting; nothing while there is none, or another may part sooner. */
function verdictOf(columns, places, isRunning) {
  const parted = places.filter((at) => at >= 0);
  if (!parted.length) {
    const same = columns.length > 1 && columns.every((one) => one.finished && !wasStopped(one));
    return same ? ["All of them say the same, token for token."] : [];
  }
  const at = Math.min(...parted);
  if (isRunning && !isEarliest(columns, places, at)) return [];
  const [first, other] = [columns[0], columns[places.indexOf(at)]];
  const agreed = ["They part at once.", "The first token is the same."][at] ?? `The first ${at} tokens are the same.`;
  const earliest = firstToPart(first.name, namely(other), parted.filter((one) => one === at).length);
  const both = first.tokens[at] && other.tokens[at];
  return [
    `${columns.length > 2 ? earliest : agreed} At token ${at + 1}, ${first.name}`,
    ...taken(first, at),
    ` and ${other.name}`,
    ...taken(other, at),
    both ? probabilitiesOf(first, other) : ".",
  ];
}

/** A reply's name, with its seed where there may be others of that name. */
function namely({ name, settings }) {
  return settings?.do_sample ? `${name} with seed ${settings.seed}` : name;
}

function probabilitiesOf(first, other) {
  const same = ["model_id", "quantization"].every((name) => first.begin?.[name] === other.begin?.[name]);
  return same
    ? ": the model gave both these probabilities after the same text."
    : ": each by its own model, after the same text.";
}

function taken(reply, at) {
  const token = reply.tokens[at];
  if (!token) return [" has ended"];
  const chip = make("span", "gen-chip", visiblePiece(token.piece));
  return [" takes ", chip, ` (${formatProbability(token.before)})`];
}
