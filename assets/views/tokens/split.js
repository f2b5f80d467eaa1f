/** The steps from a word to its pieces, one row each; the piece that a step made is framed. */

import { finder, make, sayEmpty } from "../shared/dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const draw = () => {
    const { idea = "", steps = [] } = props.value ?? {};
    find(".idea").textContent = idea;
    sayEmpty(element, !steps.length);
    find(".steps").replaceChildren(...steps.map((_, k) => stepRow(props.value, k)));
  };
  watch("value", draw);
  draw();
}

function stepRow(value, k) {
  const { pieces, reason } = value.steps[k];
  const fresh = freshPieces(k ? value.steps[k - 1].pieces : [], pieces);
  const chips = pieces.map((piece, index) =>
    make("span", `pg-chip c${index % 6}${k > 0 && value.framed && fresh[index] ? " fresh" : ""}`, piece),
  );
  return make("li", k === value.result ? "last" : "", make("div", "", ...chips), make("div", "reason", reason));
}

/**
 * Which pieces a step made: those that were not there before, each counted as often as it stood there.
 *
 * @param {string[]} before
 * @param {string[]} now
 * @returns {boolean[]}
 */
export function freshPieces(before, now) {
  const old = [...before];
  return now.map((piece) => {
    const place = old.indexOf(piece);
    if (place >= 0) old.splice(place, 1);
    return place < 0;
  });
}
