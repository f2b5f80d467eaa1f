/** The training of a classifier: its curves while it runs, and then what the model gets right and wrong. */

import { stepOf } from "../shared/colours.js";
import { finder, make, sayEmpty } from "../shared/dom.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fillTable, namedGrid } from "../shared/tables.js";
import { drawCurves } from "./curves.js";
import { showStopped, stopHere } from "./stop_here.js";

const HELD = ["text", "it is", "before the training", "now", "as sure"].map((name) => ({
  name,
  kind: name === "as sure" ? "num" : "",
}));

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element, ".tc-");
  const life = lifeOf(element);
  const said = () => find(find("body").hidden ? "refused" : "status");
  const tellStop = stopHere(find("stop"), said, "training", life.signal);
  let running = false;
  const show = () => {
    draw(element, find, props.value);
    const begins = Boolean(props.value && !props.value.done && !props.value.said) && !running;
    const stopped = running && props.value?.stopped; // its button stands above the fields
    running = Boolean(props.value && !props.value.done && !props.value.said);
    if (stopped) requestAnimationFrame(() => showStopped(find("status"), element, "training"));
    if (begins) requestAnimationFrame(() => find("losses").scrollIntoView({ block: "nearest" })); // below the fields
    tellStop(running);
  };
  life.onResize(find("losses"), () => props.value?.losses && drawAll(find, props.value));
  watch("value", show);
  show();
}

/**
 * @param {HTMLElement} element
 * @param {(selector: string) => any} find
 * @param {import("../types.d.ts").training.ClassifierShown | null} given
 */
function draw(element, find, given) {
  const said = /** @type {{ said?: string } | null} */ (/** @type {unknown} */ (given))?.said; // why there is none
  const value = said ? null : given;
  const empty = !value;
  sayEmpty(element, !value?.done, Boolean(value));
  find("nothing").hidden = !empty || Boolean(said);
  find("refused").hidden = !said;
  find("refused").textContent = said ?? "";
  find("body").hidden = empty;
  if (!value) return;
  find("fill").style.width = `${value.percent}%`;
  find("track").hidden = value.done;
  find("track").setAttribute("aria-valuenow", value.percent);
  find("status").textContent = value.status;
  find("verdict").hidden = !value.verdict;
  find("verdict").textContent = value.verdict;
  const card = ([name, number]) => make("div", "pg-card", make("b", "", number), make("span", "pg-muted", name));
  find("cards").replaceChildren(...value.cards.map(card));
  drawAll(find, value);
  drawResult(find, value);
  find("notes").replaceChildren(...value.notes.map((note) => make("li", "", note)));
}

function drawAll(find, value) {
  const shared = { most: value.total_steps, xName: "step" };
  const losses = [
    { name: "rows it learns from", points: value.losses },
    { name: "held-out rows", points: value.held_losses, kind: "held" },
  ];
  drawCurves(find("losses"), { ...shared, series: losses, levels: value.loss_levels, yName: "loss" });
  const right = [
    { name: "", points: [] },
    { name: "accuracy", points: value.accuracies, kind: "held" },
  ];
  drawCurves(find("accuracies"), { ...shared, series: right, levels: value.accuracy_levels, yName: "share", top: 1 });
  const columns = ["step", "loss of held-out rows", "right"].map((name) => ({ name, kind: "num" }));
  fillTable(find("table"), columns, value.table);
}

function drawResult(find, value) {
  find("after").hidden = !value.confusion.length;
  drawMatrix(find("before"), value, value.confusion_before);
  drawMatrix(find("now"), value, value.confusion);
  const wrong = find("wrong");
  wrong.hidden = !value.wrong_heading;
  wrong.querySelector("h3").textContent = value.wrong_heading;
  fillTable(wrong.querySelector("table"), HELD, value.wrong);
  find("held").hidden = !value.held.length;
  fillTable(find("rows"), HELD, value.held);
}

/**
 * @param {HTMLTableElement} table
 * @param {import("../types.d.ts").training.ClassifierShown} value
 * @param {number[][]} counts  [right label][said label]
 */
function drawMatrix(table, value, counts) {
  const most = Math.max(1, ...counts.flat());
  const cell = (gold, said) => {
    const { ground, isDeep } = stepOf(counts[gold][said], most);
    const node = make("td", `${isDeep ? "deep" : ""} ${gold === said ? "right" : ""}`, counts[gold][said]);
    node.style.background = ground;
    return node;
  };
  table.replaceChildren(namedGrid("right ↓ said →", counts.length ? value.labels : [], value.labels, cell));
}
