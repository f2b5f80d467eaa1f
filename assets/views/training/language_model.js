/**
 * A language model learns from nothing: how far it is, what it writes, its loss, where its heads look.
 *
 * Python sends the whole run so far; only the attention of a checkpoint is asked for when it is shown.
 */

import { bringToSight, finder, make, sayEmpty } from "../shared/dom.js";
import { formatFixed, formatInteger } from "../shared/format.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fillTable, makeTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { drawCurves } from "./curves.js";
import { drawAttention, pointAtCells, readout, weightsOf } from "./language_model_attention.js";
import {
  bytesOf,
  checkpointRows,
  figures,
  newState,
  overfit,
  partsOf,
  shownIndex,
  verdict,
  writtenRows,
} from "./language_model_state.js";
import { showStopped, stopHere } from "./stop_here.js";

/** @typedef {import("./language_model_state.js").State} State */
/** @typedef {import("./language_model_state.js").Run} Run */
/** @typedef {import("../view.d.ts").View} View */
/**
 * @typedef {object} Tab
 * @property {View} view
 * @property {(selector: string) => any} find
 * @property {State} state
 * @property {() => void} draw
 * @property {(isRunning: boolean) => void} tellStop
 */

const PLAY_MILLISECONDS = 700;
const CHECKPOINTS = ["step", "held-out loss", "words of the text", "lines of the grammar"].map((name) => ({
  name,
  kind: "num",
}));
const WRITTEN = [{ name: "step", kind: "num" }, { name: "held-out loss", kind: "num" }, { name: "it wrote" }];
const MERGES = [
  { name: "merge", kind: "num" },
  { name: "pieces" },
  { name: "times", kind: "num" },
  { name: "tokens", kind: "num" },
];

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const find = finder(view.element, ".lm-");
  const state = newState();
  const life = lifeOf(view.element);
  const tellStop = stopHere(find("stop"), () => find("said"), "language-model", life.signal);
  const tab = { view, find, state, draw: () => draw(tab), tellStop };
  listen(tab, life);
  life.onTheme(tab.draw);
  life.onResize(find("map"), () => drawLooks(tab));
  life.onResize(find("curves"), () => runOf(tab) && drawLoss(tab, runOf(tab)));
  view.watch("value", tab.draw);
  tab.draw();
}

/**
 * @param {Tab} tab
 * @param {import("../shared/lifecycle.js").Life} life
 */
function listen(tab, life) {
  const { find, state } = tab;
  find("slide input").addEventListener("input", (event) => {
    const place = Number(event.target.value);
    Object.assign(state, { chosen: place === runOf(tab).checkpoints.length - 1 ? null : place, playing: false });
    tab.draw();
  });
  find("play").addEventListener("click", () => {
    state.playing = !state.playing;
    if (state.playing) state.chosen = 0;
    tab.draw();
  });
  life.every(PLAY_MILLISECONDS, () => state.playing && playOn(tab));
  for (const [name, key] of [
    ["layer", "layer"],
    ["headno", "head"],
  ])
    find(name).addEventListener("change", (event) => {
      state[key] = Number(event.target.value);
      drawLooks(tab);
    });
  pointAtCells(find("map canvas"), {
    tokens: () => runOf(tab).corpus?.probe ?? [],
    room: () => find("map").clientWidth,
    cell: () => state.cell,
    point: (cell) => {
      state.cell = cell;
      drawLooks(tab);
    },
  });
}

/** @param {Tab} tab @returns {Run} */
const runOf = (tab) => tab.view.props.value;

/** @param {Tab} tab */
function playOn(tab) {
  const { state } = tab;
  const next = (state.chosen ?? 0) + 1;
  const isLast = next >= runOf(tab).checkpoints.length - 1;
  Object.assign(state, { chosen: isLast ? null : next, playing: !isLast });
  tab.draw();
}

/** @param {Tab} tab */
function draw(tab) {
  const { view, find, state } = tab;
  const run = runOf(tab);
  sayEmpty(view.element, !run?.trained, Boolean(run && !run.ended));
  find("start").hidden = Boolean(run);
  find("body").hidden = !run;
  if (!run) return;
  if (run.run !== state.run) {
    Object.assign(state, newState(), { run: run.run });
    requestAnimationFrame(() => find("hero").scrollIntoView({ block: "nearest" })); // below a laptop's fold
  }
  const index = shownIndex(state, run);
  if (run.trained?.reason === "stopped" && !state.ended)
    requestAnimationFrame(() => showStopped(find("said"), find("hero"), "language-model"));
  state.ended = Boolean(run.trained);
  tab.tellStop(!run.ended);
  drawHero(tab, run, index);
  drawWritten(tab, run, index);
  drawLoss(tab, run);
  drawMerges(tab, run);
  drawLooks(tab);
}

/** @param {Tab} tab @param {Run} run @param {number} index */
function drawHero({ find }, run, index) {
  find("said").textContent = run.said;
  find("fill").style.width = `${run.percent}%`;
  find("track").setAttribute("aria-valuenow", String(run.percent));
  const rows = figures(run, index).map(([name, value, against]) =>
    make("div", "", make("dt", "", name), make("dd", "", value, make("small", "", against))),
  );
  find("figures").replaceChildren(...rows);
  find("reveal").hidden = !run.reveal;
  find("reveal").textContent = run.reveal;
}

/** @param {Tab} tab @param {Run} run @param {number} index */
function drawWritten({ find, state }, run, index) {
  const shown = run.checkpoints[index];
  const isFirst = find("written").hidden && shown && !run.trained;
  find("written").hidden = !shown;
  if (!shown) return;
  if (isFirst) requestAnimationFrame(() => showWritten(find));
  const slider = find("slide input");
  slider.max = String(run.checkpoints.length - 1);
  slider.value = String(index);
  const when = `step ${formatInteger(shown.step)} · ${shown.seconds.toFixed(0)}\u00a0s`;
  slider.setAttribute("aria-valuetext", when);
  find("step").textContent = when;
  find("play").textContent = state.playing ? "Pause" : "Play";
  find("play").hidden = run.checkpoints.length < 3;
  find("samples").replaceChildren(...shown.samples.map((sample) => sampleRow(sample, run.prompt)));
  if (state.written !== run.checkpoints.length) fillTable(find("kept-rows"), WRITTEN, writtenRows(run));
  state.written = run.checkpoints.length;
  const isOff = run.is_grammar && shown.samples.some((sample) => partsOf(sample, run.prompt)[2]);
  const ofGrammar = isOff ? "The wavy part is where no line of the grammar goes on like this. " : "";
  const begins = run.prompt ? "The bold beginning was given" : "It begins a line by itself";
  find("legend").textContent = `${ofGrammar}${begins}; each token is drawn by lot.`;
}

/** What it writes is what one came for, and begins below the fold; whoever has looked elsewhere by now stays there. */
function showWritten(find) {
  const { top } = find("hero").getBoundingClientRect();
  if (top > 0 && top < innerHeight) bringToSight(find("written"), find("hero"));
}

function sampleRow(sample, prompt) {
  const [given, follows, off] = partsOf(sample, prompt);
  const text = make("q", "", given && make("b", "lm-given", given), follows, off && make("span", "lm-off", off));
  return make("li", sample.accepted ? "accepted" : "", text, make("small", "", verdict(sample)));
}

/** @param {Tab} tab @param {Run} run */
function drawLoss({ find }, run) {
  const { corpus } = run;
  find("loss").hidden = !run.checkpoints.length || !corpus;
  if (!run.checkpoints.length || !corpus) return;
  const heldout = run.checkpoints.map((one) => [one.step, one.heldout_loss]);
  drawCurves(find("curves"), {
    series: [
      { name: "text it learns from", points: run.losses },
      { name: "text held out", points: heldout, kind: "held" },
    ],
    levels: [
      { name: "any token alike, ln(V)", value: corpus.uniform_loss },
      { name: "knowing frequencies alone", value: corpus.unigram_loss },
    ],
    most: Math.max(run.checkpoints[run.checkpoints.length - 1].step, run.trained ? 1 : run.max_steps),
    xName: "step",
    yName: "loss",
  });
  fillTable(find("rows"), CHECKPOINTS, checkpointRows(run));
  const over = overfit(run);
  find("overfit").hidden = !over;
  if (!over) return;
  find("overfit").textContent =
    `It learns by heart: the held-out loss was ${formatFixed(over.least, 2)} at step ${formatInteger(over.step)}` +
    ` and is ${formatFixed(over.now, 2)} now, while the training loss falls.`;
}

/** @param {Tab} tab @param {Run} run */
function drawMerges({ find }, run) {
  find("merges").hidden = !run.merges_total;
  if (!run.merges_total) return;
  find("merges summary").textContent = `${formatInteger(run.merges_total)} merges of BPE`;
  if (find("table").childElementCount && find("table").dataset.count === String(run.merges.length)) return;
  find("table").dataset.count = String(run.merges.length);
  const piece = (text) => make("span", "lm-piece", visiblePiece(text));
  const rows = run.merges.map((one, number) => [
    number + 1,
    make("span", "", piece(one.left), " + ", piece(one.right), " → ", piece(one.left + one.right)),
    formatInteger(one.count),
    formatInteger(one.tokens),
  ]);
  find("table").replaceChildren(makeTable(MERGES, rows));
}

/** @param {Tab} tab Draws the attention of the shown checkpoint, and asks for it first where it isn't here. */
function drawLooks(tab) {
  const { view, find, state } = tab;
  const run = runOf(tab);
  const index = run ? shownIndex(state, run) : -1;
  find("looks").hidden = index < 0 || !run?.corpus;
  if (find("looks").hidden || !run.corpus) return;
  fillChoice(find("layer"), run.n_layer, state.layer);
  fillChoice(find("headno"), run.n_head, state.head);
  const weights = state.weights.get(index);
  if (!weights) {
    if (weights === undefined) askFor(tab, run.run, index);
    return;
  }
  const tokens = run.corpus.probe;
  const weight = weightsOf(weights, state.layer * run.n_head + state.head, tokens.length);
  const canvas = find("map canvas");
  canvas.hidden = false;
  drawAttention(canvas, tokens, weight, state.cell, find("map").clientWidth);
  const step = run.checkpoints[index].step;
  canvas.setAttribute("aria-label", `Attention of layer ${state.layer}, head ${state.head} at step ${step}`);
  find("readout").textContent = readout(tokens, weight, state.cell);
  view.element.dataset.attention = String(step);
}

/** @param {HTMLSelectElement} select @param {number} count @param {number} chosen */
function fillChoice(select, count, chosen) {
  if (select.childElementCount !== count)
    select.replaceChildren(...Array.from({ length: count }, (_, k) => new Option(String(k), String(k))));
  select.value = String(chosen);
}

/** @param {Tab} tab @param {string} run @param {number} index */
async function askFor(tab, run, index) {
  tab.state.weights.set(index, null);
  const found = await tab.view.server.attention({ run, index }).catch(() => ({ error: "The server didn't answer." }));
  if (tab.state.run !== run) return;
  if (typeof found === "string") tab.state.weights.set(index, bytesOf(found));
  else tab.state.weights.delete(index);
  if (shownIndex(tab.state, runOf(tab)) !== index) return;
  if (typeof found === "string") return drawLooks(tab);
  tab.find("map canvas").hidden = true; // that of another checkpoint
  tab.find("readout").textContent = found.error;
}
