/** The same numbers as tables: one token's predictions by layer, and the tokens that are followed. */

import { formatFixed, formatProbability, quoted } from "../shared/format.js";
import { fillTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { cellOf } from "./state.js";

/** @param {any} tab  Which tokens can be chosen. */
export function fillColumns({ find, state }) {
  const { tokens, positions } = state.value;
  const options = tokens.map((token, k) => new Option(`${positions[k]} ${visiblePiece(token)}`, String(k)));
  find(".il-column").replaceChildren(...options);
}

/** @param {any} tab */
export function drawTables({ find, state }) {
  if (!find(".il-twin").open || !state.value) return;
  const { value, column } = state;
  find(".il-column").value = String(column);
  const layers = Array.from({ length: value.layers + 1 }, (_, k) => value.layers - k);
  const names = ["layer", "best", "probability", "others", "entropy (nats)", "rank of the winner", "winner"];
  const columns = names.map((name, k) => ({ name, kind: [0, 2, 4, 5, 6].includes(k) ? "num" : "piece" }));
  const rows = layers.map((layer) => {
    const { best, entropy, rank, winner } = cellOf(value, layer, column);
    const others = best
      .slice(1)
      .map(({ piece, share }) => `${quoted(visiblePiece(piece))} ${formatProbability(share)}`);
    const [first] = best;
    const shares = [formatProbability(first.share), others.join(", "), formatFixed(entropy, 3)];
    return [layer || "embed", visiblePiece(first.piece), ...shares, rank, formatProbability(winner.share)];
  });
  fillTable(find(".il-table"), columns, rows);
  const tracks = value.tracks[column];
  const heads = [
    { name: "layer", kind: "num" },
    ...tracks.map(({ piece }) => ({ name: visiblePiece(piece), kind: "num" })),
  ];
  const ways = layers.map((layer) => [layer || "embed", ...tracks.map(({ shares }) => shares[layer].toFixed(5))]);
  fillTable(find(".il-track-table"), heads, ways);
}
