/** Rows with a bar and a number each: a table, so that it reads as one. */

import { make } from "../shared/dom.js";

const LONG_NAME = 24;

/** A table whose rows have a bar each. */
export function bars(block) {
  const short = block.rows.every(({ name }) => name.length <= LONG_NAME);
  const table = make("table", `pp-bars${short ? " short" : ""}`, make("tbody", "", ...block.rows.map(barRow)));
  if (block.title) table.setAttribute("aria-label", block.title);
  return table;
}

function barRow({ name, share, shown, cells, best }) {
  const fill = make("span", "pp-fill");
  fill.style.width = `${(share * 100).toFixed(2)}%`;
  const track = make("td", "", make("span", "pp-track", fill));
  track.setAttribute("aria-hidden", "true");
  const head = make("th", "", name);
  head.scope = "row";
  const behind = cells.map((cell) => make("td", "num", cell));
  return make("tr", best ? "best" : "", head, track, make("td", "num", shown), ...behind);
}
