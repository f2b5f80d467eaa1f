/** Every ordered pair of words: exp(loss) as a bar, and on request the pieces that make it. */

import { finder, make } from "../shared/dom.js";
import { formatMagnitude } from "../shared/format.js";
import { makeTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";

const COLUMNS = [
  { name: "piece of the label" },
  { name: "token_id", kind: "num" },
  { name: "probability", kind: "num" },
  { name: "loss = -ln(probability)", kind: "num" },
];

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element, ".wl-");
  const show = () => draw(find, props.value?.losses ? props.value : { losses: [] });
  watch("value", show);
  show();
}

function draw(find, value) {
  find("verdict").textContent = value.verdict ?? "";
  find("verdict").hidden = !value.verdict;
  const most = Math.max(...value.losses.map(({ loss }) => loss));
  find("rows").replaceChildren(...value.losses.map((loss, k) => pairRow(loss, most, k === 0, Boolean(value.open))));
  find("notes").textContent = [value.scale || "", ...(value.notes || [])].filter(Boolean).join(" ");
}

/**
 * @param {import("../types.d.ts").similarity.WordLoss} loss
 * @param {number} most
 * @param {boolean} isFirst
 * @param {boolean} open
 */
function pairRow(loss, most, isFirst, open) {
  const bar = make("div", "wl-bar");
  bar.style.width = `${most > 0 ? Math.max(1, (100 * loss.loss) / Math.max(most, 0.1)) : 1}%`;
  const number = formatMagnitude(loss.perplexity);
  const parts = [make("span", "wl-pair", `${loss.source} → ${loss.target}`), make("span", "wl-track", bar)];
  const line = make("summary", "", ...parts, make("span", "wl-number", number));
  line.setAttribute("aria-label", `${loss.source} to ${loss.target}: exp(loss) ${number}; open for the pieces`);
  const row = make("details", "wl-row", line, isFirst && breakdown(loss));
  row.setAttribute("role", "listitem");
  row.open = isFirst && open;
  row.addEventListener("toggle", () => row.open && row.childElementCount === 1 && row.append(breakdown(loss)));
  return row;
}

/** @param {import("../types.d.ts").similarity.WordLoss} loss */
function breakdown(loss) {
  const rows = loss.pieces.map((piece) => [
    make("span", "wl-piece", visiblePiece(piece.piece)),
    piece.token_id,
    piece.probability.toPrecision(4),
    piece.loss.toFixed(4),
  ]);
  const sum = loss.pieces.map((piece) => piece.loss.toFixed(4)).join(" + ");
  const between = formatMagnitude(loss.perplexity);
  return make(
    "div",
    "wl-detail",
    makeTable(COLUMNS, rows),
    make("p", "pg-mono", `loss = (${sum}) / ${loss.pieces.length} = ${loss.loss.toFixed(4)} nats`),
    make("p", "pg-mono", `exp(loss) = ${loss.perplexity.toPrecision(6)}  (the perplexity)`),
    make(
      "p",
      "pg-muted",
      `The model is as unsure as between ${between} equally likely pieces, on average over the label's pieces.`,
    ),
  );
}
