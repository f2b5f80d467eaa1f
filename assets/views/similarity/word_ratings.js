/** People's ratings against the model's: a scatter with its outliers, and the reader's own ten ratings. */

import { finder, make, sayEmpty } from "../shared/dom.js";
import { formatFixed } from "../shared/format.js";
import { lifeOf } from "../shared/lifecycle.js";
import { drawScatter, pointAtDots, ticksBetween } from "../shared/scatter.js";
import { makeTable } from "../shared/tables.js";
import { agreement, outliers } from "./ratings.js";

const COMPARE = "Compare with the model and with people";
const COLUMNS = [
  { name: "pair" },
  ...["people", "model", "nats →", "nats ←", "cosine"].map((name) => ({ name, kind: "num" })),
];

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".wr"));
  const state = {
    data: /** @type {any} */ (null),
    rated: /** @type {Map<number, number>} */ (new Map()),
    places: /** @type {[number, number][]} */ ([]),
  };
  const tab = { root, find: finder(root, ".wr-"), state };
  const show = () => {
    state.data = props.value?.pairs ? props.value : null;
    offerSliders(tab);
    sayEmpty(element, !isMeasured(state.data));
    draw(tab);
    if (!isMeasured(state.data)) tab.find("own").hidden = true; // it was said of another model
    if (isMeasured(state.data) && state.rated.size === state.data.ten.length && !tab.find("own").hidden) say(tab);
  };
  tab.find("reveal").addEventListener("click", () => {
    if (!isMeasured(state.data)) trigger("click", {});
    say(tab);
  });
  tab.find("twin").addEventListener("toggle", () => drawTwin(tab));
  const hover = (k) => tab.find("hover").replaceChildren(k === null ? "" : pairInWords(state.data.pairs[k]));
  pointAtDots(tab.find("plot"), () => state.places, 14, hover);
  const life = lifeOf(element);
  life.onTheme(() => draw(tab));
  life.onResize(root, () => drawPlot(tab));
  watch("value", show);
  show();
}

const isMeasured = (data) => Boolean(data?.pairs.length && data.pairs[0].similarity !== undefined);
const nameOf = (pair) => `${pair.word1} – ${pair.word2}`;

function pairInWords(pair) {
  const [model, cosine] = [pair.similarity, pair.cosine].map((one) => formatFixed(one, 2));
  return `${nameOf(pair)}: people ${pair.rating}, model ${model}, cosine ${cosine}`;
}

function draw(tab) {
  tab.find("all").hidden = !isMeasured(tab.state.data);
  drawPlot(tab);
  drawTwin(tab);
}

// ---- the reader's own ratings

function offerSliders(tab) {
  const { find, state } = tab;
  const { data, rated } = state;
  if (!data || find("sliders").childElementCount) return;
  const rate = (k, rating) => {
    rated.set(k, rating);
    const left = rated.size < data.ten.length;
    find("reveal").disabled = left;
    if (!find("own").hidden) say(tab); // it is about other ratings now
    find("reveal").textContent = left ? `Rated ${rated.size} of ${data.ten.length}` : COMPARE;
  };
  find("sliders").append(...data.ten.map((k) => slider(data.pairs[k], (rating) => rate(k, rating))));
}

function slider(pair, rate) {
  const input = make("input");
  Object.assign(input, { type: "range", min: "0", max: "10", step: "0.5", value: "5" });
  input.setAttribute("aria-label", `how related are ${pair.word1} and ${pair.word2}, 0 to 10`);
  const shown = make("output", "", "?");
  const note = () => {
    shown.textContent = input.value;
    rate(Number(input.value));
  };
  input.addEventListener("input", note);
  input.addEventListener("change", note);
  input.addEventListener("click", note); // in the middle, where it stands already
  input.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && note());
  return make("label", "", make("span", "", nameOf(pair)), input, shown);
}

function say({ find, state }) {
  find("own").hidden = false;
  find("own").textContent = isMeasured(state.data) ? agreement(state.data, state.rated) : "Asking the model…";
}

// ---- everybody's ratings

function drawPlot({ root, find, state }) {
  const { data } = state;
  if (!isMeasured(data) || !root.offsetParent) return;
  const far = outliers(data.pairs);
  const dots = data.pairs.map((pair, k) => ({
    x: pair.rating,
    y: pair.similarity,
    marked: far.includes(k),
    label: far.includes(k) ? nameOf(pair) : "",
  }));
  const models = dots.map(({ y }) => y);
  const width = root.clientWidth - 4;
  state.places = drawScatter(find("plot"), dots, {
    size: [width, Math.max(300, Math.min(520, width * 0.42))],
    xRange: [0, 10],
    xTicks: [0, 2, 4, 6, 8, 10],
    xName: "people's mean rating (0 to 10) →",
    yTicks: ticksBetween(Math.min(...models), Math.max(...models)),
    yName: "model, in nats: closer →",
    radius: 4,
    opacity: 0.65,
  });
  const text = data.title;
  find("title").replaceChildren(make("span", "pg-words", text));
  find("about").textContent = data.about;
  find("far").textContent = `the ${far.length} pairs whose places in the two rankings lie furthest apart`;
  const names = far.map((k) => `${data.pairs[k].word1} and ${data.pairs[k].word2}`).join(", ");
  find("plot").setAttribute("aria-label", `${text}. Furthest from people: ${names}.`);
}

function drawTwin({ find, state }) {
  const wrap = find("twin").querySelector(".pg-table-wrap");
  wrap.replaceChildren();
  if (!find("twin").open || !isMeasured(state.data)) return;
  const rows = state.data.pairs.map((pair) => [
    nameOf(pair),
    pair.rating.toFixed(2),
    formatFixed(pair.similarity, 2),
    pair.loss_sum_forward.toFixed(2),
    pair.loss_sum_backward.toFixed(2),
    formatFixed(pair.cosine, 2),
  ]);
  wrap.append(makeTable(COLUMNS, rows));
}
