/** Every ordered pair of words: the label's probability as a bar, and on request the pieces that make it. */

import { finder, make, sayEmpty } from "../shared/dom.js";
import { whenSeen } from "../shared/first_answer.js";
import { formatMagnitude, formatProbability, isolated, withMinus } from "../shared/format.js";
import { lifeOf } from "../shared/lifecycle.js";
import { makeTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { axisOf } from "./measures.js";

const COLUMNS = [
  { name: "piece of the label" },
  { name: "token_id", kind: "num" },
  { name: "probability", kind: "num" },
  { name: "loss = −ln(probability)", kind: "num" },
];

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element, ".wl-");
  const show = () => {
    const value = props.value?.losses ? props.value : { losses: [] };
    sayEmpty(element, !value.losses.length);
    draw(find, value);
  };
  watch("value", show);
  show();
  if (props.has_example) whenSeen(element, lifeOf(element), () => props.value?.losses?.length || trigger("first_view"));
}

function draw(find, value) {
  find("verdict").textContent = value.verdict ?? "";
  find("verdict").hidden = !value.verdict;
  find("empty").textContent = value.empty ?? "";
  find("empty").hidden = !value.empty;
  const axis = axisOf(value.losses.map(({ loss_sum }) => loss_sum));
  find("rows").replaceChildren(...value.losses.map((loss, k) => pairRow(loss, axis, k === 0)));
  find("axis").hidden = !value.losses.length;
  find("ticks").replaceChildren(...axis.ticks.map(tickMark));
  find("notes").textContent = [value.scale, value.scale && axis.said, ...(value.notes ?? []), value.origin]
    .filter(Boolean)
    .join(" ");
}

function tickMark({ at, text }) {
  const mark = make("span", { 0: "left", 1: "right" }[at], text);
  mark.style.left = `${100 * at}%`;
  return mark;
}

/**
 * @param {import("../types.d.ts").similarity.WordLoss} loss
 * @param {{ nats: number }} axis
 * @param {boolean} isFirst
 */
function pairRow(loss, axis, isFirst) {
  const bar = make("div", "wl-bar");
  bar.style.width = `${Math.max(0.5, 100 * (1 - loss.loss_sum / axis.nats))}%`;
  const shown = formatProbability(Math.exp(-loss.loss_sum));
  const nats = `${loss.loss_sum.toFixed(2)}\u00a0nats`;
  const parts = [
    make("span", "wl-pair", `${isolated(loss.source)} → ${isolated(loss.target)}`),
    make("span", "wl-track", bar),
  ];
  const line = make("summary", "", ...parts, make("span", "wl-number", shown, make("small", "", nats)));
  line.setAttribute("aria-label", `${loss.source} to ${loss.target}: ${shown}, ${nats}; open for the pieces`);
  const row = make("details", "wl-row", line, isFirst && breakdown(loss));
  row.setAttribute("role", "listitem");
  row.open = isFirst;
  row.addEventListener("toggle", () => row.open && row.childElementCount === 1 && row.append(breakdown(loss)));
  return row;
}

/** @param {import("../types.d.ts").similarity.WordLoss} loss */
function breakdown(loss) {
  const rows = loss.pieces.map((piece) => [
    make("span", "wl-piece", visiblePiece(piece.piece)),
    piece.token_id,
    withMinus(piece.probability.toPrecision(4)),
    piece.loss.toFixed(4),
  ]);
  const share = formatProbability(Math.exp(-loss.loss_sum));
  const sum = loss.pieces.map((piece) => piece.loss.toFixed(4)).join(" + ");
  const [whole, mean] = [loss.loss_sum, loss.loss].map((nats) => nats.toFixed(4));
  const among = formatMagnitude(loss.perplexity);
  const says = `The model is as unsure as between ${among} equally likely pieces, on average over the label's pieces.`;
  return make(
    "div",
    "wl-detail",
    make("div", "pg-table-wrap", makeTable(COLUMNS, rows)),
    make("p", "pg-mono", `whole label: ${sum} = ${whole}\u00a0nats, exp(−that) = ${share}`),
    make("p", "pg-mono", `model(…).loss = ${whole} / ${loss.pieces.length} = ${mean}\u00a0nats, the mean`),
    make("p", "pg-mono", `exp(loss) = ${loss.perplexity.toPrecision(6)} (the perplexity)`),
    make("p", "pg-muted", says),
  );
}
