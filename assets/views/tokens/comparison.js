/** One text under several tokenizers, one row each, aligned by character; thick orange edges are not shared by all. */

import { directionOf, finder, make, sayEmpty } from "../shared/dom.js";
import { whenSeen } from "../shared/first_answer.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fillTable } from "../shared/tables.js";
import { cellEdges, lineBreaks } from "./line_breaks.js";

const COLUMNS = [
  { name: "tokenizer" },
  { name: "algorithm" },
  ...["vocabulary", "tokens", "unknown", "tokens per word"].map((name) => ({
    name,
    kind: "num",
  })),
];

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  let width = element.clientWidth;
  const show = () => draw(element, props.value);
  const life = lifeOf(element);
  life.onResize(element, () => {
    if (Math.abs(element.clientWidth - width) <= 40) return;
    width = element.clientWidth;
    show();
  });
  watch("value", show);
  show();
  whenSeen(element, life, () => props.value?.names || trigger("first_view"));
}

function draw(element, value) {
  const find = finder(element);
  sayEmpty(element, Boolean(value?.said));
  find(".empty").textContent = value?.said ?? "";
  find(".empty").hidden = !value?.said;
  if (!value?.names) {
    for (const part of [".legend", ".lines", ".totals", ".about"]) find(part).replaceChildren();
    return;
  }
  const contested = new Set(value.contested);
  const some = `boundary that only some have (${contested.size})`;
  const marks = [make("span", "mark same"), "boundary that all share ", make("span", "mark"), some];
  find(".legend").replaceChildren(...marks);
  const width = element.clientWidth || 900;
  const above = isNarrow(width);
  const room = above ? width : width - NAME;
  const breaks = lineBreaks(value.cuts, new Set(value.agreed), Math.max(LEAST, room), cellEdges(value));
  const lines = breaks.slice(0, -1).map((begin, k) => drawLine(value, contested, [begin, breaks[k + 1]], above));
  find(".lines").replaceChildren(...lines);
  fillTable(find(".totals"), COLUMNS, value.totals);
  const rows = find(".totals").tBodies[0].rows;
  for (const [k, total] of value.totals.entries()) rows[k].classList.toggle("lost", total[4] !== "0");
  const said = value.names.map(
    (name, k) => value.about[k] && make("li", "", make("b", "", name), `: ${value.about[k]}`),
  );
  find(".about").replaceChildren(...said.filter(Boolean));
}

const NAME = 190; // the most that the style gives a name, in pixels
const LEAST = 160; // of a line

const isNarrow = (width) => width < 640; // then a name stands above its tokens, else before them

function drawLine(value, contested, [begin, end], above) {
  const inside = value.cuts.filter((cut) => cut >= begin && cut <= end);
  const first = above ? 1 : 2; // the column of the first letter, or of the last where a text begins at the right
  const direction = directionOf(value.letters);
  const grid = make("div", above ? "line above" : "line");
  grid.style.gridTemplateColumns = `${above ? "" : "max-content "}repeat(${inside.length - 1}, auto)`;
  value.names.forEach((name, row) => {
    const label = make("div", "name", name);
    label.title = name;
    label.style.gridRow = String(above ? 2 * row + 1 : row + 1);
    grid.append(label);
    value.rows[row].forEach((cell, index) => {
      const from = Math.max(cell.start, begin);
      const to = Math.min(cell.end, end);
      if (from >= to) return;
      const node = drawCell(cell, index, value.letters.slice(from, to).join(""));
      node.classList.toggle("differs", from === cell.start && contested.has(from) && cell.tokens > 0);
      node.style.gridRow = String(above ? 2 * row + 2 : row + 1);
      const [start, after] = [inside.indexOf(from), inside.indexOf(to)];
      const count = inside.length - 1;
      const [left, right] = direction === "rtl" ? [count - after, count - start] : [start, after];
      node.style.gridColumn = `${first + left} / ${first + right}`;
      node.dir = direction;
      grid.append(node);
    });
  });
  return grid;
}

function drawCell(cell, index, text) {
  const kind = cell.tokens ? (index % 2 ? "odd" : "even") : "none";
  const many = cell.tokens > 1 && make("sup", "", `×${cell.tokens}`);
  const node = make("div", `cell ${kind}${cell.unknown ? " unknown" : ""}`, text, many);
  node.title = cell.tokens ? `${cell.title}` : "no token stands for this";
  return node;
}
