/** How tokens and choices look in a reply. */

import { make, makeButton } from "../shared/dom.js";
import { formatFixed, formatProbability } from "../shared/format.js";
import { spokenPiece, visiblePiece } from "../shared/tokens.js";

const EDGES = [0.17, 0.7, 1.4, 2.4, 4.2]; // nats
const UNFINISHED = "Part of a character: a later token completes it";

/**
 * 0 (the model was sure) to 5 (it could as well have said something else).
 *
 * @param {{ before: number | null, entropy: number }} token
 * @param {string} by  probability, entropy or plain
 */
export function tintOf(token, by) {
  if (by === "plain" || token.before === null) return 0;
  const nats = by === "entropy" ? token.entropy : -Math.log(Math.max(token.before, 1e-9));
  return EDGES.filter((edge) => nats >= edge).length;
}

/**
 * A text whose marks for the direction of writing end with it, so that the reply behind it isn't turned around too.
 *
 * @param {string} text
 */
export function closed(text) {
  const count = (pattern) => (text.match(pattern) || []).length;
  const overrides = count(/[\u202a\u202b\u202d\u202e]/g) - count(/\u202c/g);
  const isolates = count(/[\u2066-\u2068]/g) - count(/\u2069/g);
  return text + "\u202c".repeat(Math.max(0, overrides)) + "\u2069".repeat(Math.max(0, isolates));
}

/**
 * What a token shows. Its space stands apart from its word: where a line ends between the two, the space is left out,
 * so that no coloured sliver stays behind. A space that isn't alone is kept as it is.
 *
 * @param {HTMLElement} span
 * @param {string} text
 * @param {string} before  what stands before it
 */
export function fillToken(span, text, before) {
  const flows = /^ \S+$/u.test(text) && /\S$/u.test(before);
  span.classList.toggle("flows", flows);
  if (flows) return span.append(" ", make("span", "", text.slice(1)));
  text.split("\n").forEach((part, i) => {
    if (i) span.append(make("span", "gen-newline", "↵"), "\n");
    span.append(part);
  });
}

/**
 * A token in running text. A line end shows a mark and breaks the line; a character that is not whole yet shows an
 * empty circle, which no list uses for anything else.
 *
 * @param {import("./reply.js").Token} token
 * @param {string} by
 * @param {string} [before]  what stands before it
 */
export function tokenSpan(token, by, before = "") {
  const special = !token.text && /^<[|/\w].*>$/.test(token.piece) && !/^<0x/.test(token.piece);
  const marks = `${special ? " special" : ""}${token.forced ? " forced" : ""}`;
  const span = make("span", `gen-token t${tintOf(token, by)}${marks}`);
  const unfinished = !token.text && !special;
  const text = token.text || (special ? token.piece : "◌");
  fillToken(span, text, before);
  if (unfinished) Object.assign(span, { title: UNFINISHED }).classList.add("unfinished");
  const chosen = token.forced ? ", chosen by you" : "";
  const name = `token ${spokenPiece(token.piece)}, probability ${formatFixed(token.before, 2)}${chosen}`;
  span.setAttribute("aria-label", name);
  return span;
}

/**
 * One thing the model could say: two bars, the model's own probability above, what the sampler left of it below.
 *
 * @param {import("./reply.js").Alternative} one
 * @param {number} largest  probability of the list
 * @param {boolean} chosen
 * @param {((one: any) => void) | null} act
 */
export function choiceRow(one, largest, chosen, act) {
  const bar = (kind) => {
    const node = make("span", `gen-bar ${kind}`);
    node.style.width = `${Math.max(one[kind] > 0 ? 0.8 : 0, (100 * one[kind]) / largest)}%`;
    return node;
  };
  const before = formatProbability(one.before);
  const after = one.kept ? formatProbability(one.after) : "cut";
  const numbers = make("span", "gen-numbers", make("span", "", before), make("span", "", after));
  const piece = make("span", "gen-piece", visiblePiece(one.piece));
  const marks = `${one.kept ? "" : " cut"}${chosen ? " chosen" : ""}`;
  const row = makeButton(`gen-choice${marks}`, piece, act && (() => act(one)));
  row.append(make("span", "gen-bars", bar("before"), bar("after")), numbers);
  const verb = chosen ? "chosen: " : act ? "choose " : "";
  row.setAttribute("aria-label", `${verb}${spokenPiece(one.piece)}, ${before} before, ${after} after the sampler`);
  const goOn = act ? `Go on with ${visiblePiece(one.piece)} (token_id ${one.id})` : `token_id ${one.id}`;
  row.title = chosen ? "This one was taken" : goOn;
  return row;
}

/** @param {string} [after]  What the two bars are. */
export function barKey(after = "after the sampler") {
  const item = (kind, label) => make("span", "", make("i", kind), label);
  return make("div", "gen-key", item("before", "the model's own"), item("after", after));
}

/** @param {{ before: number, after: number }[]} rows */
export function largestOf(rows) {
  return Math.max(...rows.map((one) => Math.max(one.before, one.after)), 1e-9);
}
