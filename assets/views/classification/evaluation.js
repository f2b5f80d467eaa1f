/** Metrics of a labelled run: cards, a confusion matrix whose cells list their rows, a reliability diagram. */

import { stepOf } from "../shared/colours.js";
import { bringToSight, finder, make, makeButton, makeSvg, pressed } from "../shared/dom.js";
import { counted } from "../shared/format.js";
import { fillTable } from "../shared/tables.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element, ".ev-");
  const choose = (gold, predicted) => trigger("select", { gold, predicted });
  const show = () => draw(element.querySelector(".ev"), find, props.value, choose);
  const sight = () => bringToSight(find("cards"), document.getElementById("table-progress") ?? element);
  watch("value", () => {
    show();
    if (props.value?.listed) document.getElementById("table-results")?.scrollIntoView({ block: "nearest" });
    else if (props.value && element.offsetParent) requestAnimationFrame(sight); // below a fold
  });
  show();
}

const EXPLAINED = ["accuracy", "macro F1", "expected calibration error"]; // by the glossary; others hold labels

function draw(root, find, value, choose) {
  root.hidden = !value;
  if (!value) return;
  const kind = (name) => (EXPLAINED.includes(name) ? "pg-muted pg-words" : "pg-muted");
  const card = ([name, number]) => make("div", "pg-card", make("b", "", number), make("span", kind(name), name));
  find("cards").replaceChildren(...value.cards.map(card));
  drawMatrix(find("matrix"), value, choose);
  drawReliability(find("plot"), value);
  const bins = value.bins.filter((bin) => bin.count);
  const said = (bin) => `${percent(bin.low)} – ${percent(bin.high)}`;
  fillTable(
    find("bins"),
    columns("said", "rows", "mean probability", "right"),
    bins.map((bin) => [said(bin), bin.count, percent(bin.confidence), percent(bin.accuracy)]),
  );
  fillTable(find("per-label"), columns("label", "precision", "recall", "F1", "rows"), value.per_label);
}

const columns = (...names) => names.map((name, k) => ({ name, kind: k ? "num" : "" }));
const percent = (share) => `${(share * 100).toFixed(1)}\u00a0%`;

function drawMatrix(table, value, choose) {
  const held = [...table.querySelectorAll("button")].indexOf(document.activeElement);
  const heads = value.labels.map((label) => make("th", "", label));
  const most = Math.max(1, ...value.confusion.flat());
  const rows = value.confusion.map((counts, gold) => {
    const cells = counts.map((count, predicted) =>
      make("td", gold === predicted ? "right" : "", matrixButton(value, most, gold, predicted, count, choose)),
    );
    return make("tr", "", make("th", "", value.labels[gold]), ...cells);
  });
  table.querySelector("thead").replaceChildren(make("tr", "", make("th", "", "right ↓ said →"), ...heads));
  table.querySelector("tbody").replaceChildren(...rows);
  table.querySelectorAll("button")[held]?.focus({ preventScroll: true });
}

function matrixButton(value, most, gold, predicted, count, choose) {
  const { ground, isDeep } = stepOf(count, most);
  const name = `${counted(count, "row")}: right ${value.labels[gold]}, said ${value.labels[predicted]}`;
  const button = makeButton(isDeep ? "deep" : "", count, () => choose(gold, predicted), { "aria-label": name });
  button.style.background = ground;
  pressed([button], () => value.listed?.[0] === gold && value.listed[1] === predicted);
  return button;
}

const PLOT = { left: 46, width: 200, bottom: 190, height: 180 };
const x = (share) => PLOT.left + share * PLOT.width;
const y = (share) => PLOT.bottom - share * PLOT.height;

function drawReliability(plot, value) {
  const text = (content, attributes) => makeSvg("text", { "text-anchor": "middle", ...attributes }, content);
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((tick) => [
    makeSvg("line", { class: "axis", x1: x(tick), x2: x(tick), y1: y(0), y2: y(1) }),
    makeSvg("line", { class: "axis", x1: x(0), x2: x(1), y1: y(tick), y2: y(tick) }),
    text(`${tick * 100}\u00a0%`, { x: x(tick), y: 203 }),
    text(`${tick * 100}\u00a0%`, { x: 42, y: y(tick) + 3, "text-anchor": "end" }),
  ]);
  const bars = value.bins.filter((bin) => bin.count).map((bin) => reliabilityBar(bin, value.count));
  plot.replaceChildren(
    ...ticks,
    text("how sure the model was", { x: 146, y: 216 }),
    text("how often it was right", { x: 8, y: 100, transform: "rotate(-90 8 100)" }),
    ...bars,
    makeSvg("line", { class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
  );
  plot.setAttribute("aria-label", "Reliability diagram; its numbers are in the table below");
}

/**
 * @param {import("../types.d.ts").classification.ReliabilityBin} bin
 * @param {number} count  of all rows
 */
function reliabilityBar(bin, count) {
  return makeSvg("rect", {
    class: "bar",
    x: x(bin.low) + 2,
    width: (bin.high - bin.low) * PLOT.width - 4,
    y: y(bin.accuracy) - 1,
    height: bin.accuracy * PLOT.height + 1,
    opacity: (0.35 + 0.65 * Math.min(1, (bin.count / Math.max(1, count)) * 4)).toFixed(2),
  });
}
