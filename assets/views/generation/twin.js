/**
 * One text under two models: each token is coloured by how far apart their distributions are, a chosen one says it in
 * numbers, and below stands what each of them writes by itself.
 */

import { csvText } from "../shared/csv.js";
import { finder, make, sayEmpty } from "../shared/dom.js";
import { download } from "../shared/download.js";
import { formatProbability, withMinus } from "../shared/format.js";
import { gridMove, keyAlong, oneTabStop } from "../shared/keyboard.js";
import { fillTable, makeTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { divergenceStep, farthest, sentenceOf } from "./divergence.js";
import { fillToken } from "./tokens.js";

/** @typedef {import("../types.d.ts").generation.TwinView} TwinView */

const COLUMNS = ["token", "KL (nats)", "p first", "p second", "best of first", "best of second", "changed"];

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".tw"));
  const state = { data: /** @type {TwinView | null} */ (null), chosen: 0 };
  const tab = { root, find: finder(root, ".tw-"), state };
  const show = () => {
    state.data = props.value?.tokens ? props.value : null;
    root.hidden = !state.data;
    sayEmpty(element, !state.data);
    if (state.data) build(tab);
  };
  const text = tab.find("text");
  text.addEventListener("click", (event) => chooseNode(tab, event.target));
  text.addEventListener("focusin", (event) => chooseNode(tab, event.target));
  text.addEventListener("mouseover", (event) => say(tab, placeOf(event.target) ?? state.chosen));
  text.addEventListener("mouseleave", () => say(tab, state.chosen));
  text.addEventListener("keydown", (event) => move(tab, event));
  tab.find("twin").addEventListener("toggle", () => drawTwin(tab));
  root.querySelector("[data-file]")?.addEventListener("click", () => {
    if (state.data) download("two-models.csv", csvText(rowsOf(state.data)), "text/csv");
  });
  watch("value", show);
  show();
}

function build(tab) {
  const { find, state } = tab;
  const { data } = state;
  find("verdict").textContent = data.verdict;
  find("notes").textContent = data.notes.join(" ");
  const heads = [{ name: "" }, ...data.columns.map(({ name }) => ({ name, kind: "num" }))];
  const figures = data.figures.map((name, k) => [name, ...data.columns.map((one) => one.figures[k])]);
  fillTable(find("figures"), heads, figures);
  const start = data.start.map((piece) => make("span", "tw-start", piece));
  find("text").replaceChildren(...start, ...data.tokens.map(tokenNode));
  drawReplies(tab);
  state.chosen = farthest(data.tokens);
  choose(tab, state.chosen);
  drawTwin(tab);
}

function tokenNode(token, place, tokens) {
  const step = divergenceStep(token.kl_divergence);
  const node = make("span", `tw-token k${step} ${token.changed ? "changed" : ""}`);
  fillToken(node, token.piece, tokens[place - 1]?.piece ?? "");
  node.setAttribute("role", "option");
  if (!token.piece.trim()) node.setAttribute("aria-label", visiblePiece(token.piece)); // nothing else would be heard
  node.tabIndex = -1;
  node.dataset.place = String(place);
  return node;
}

const placeOf = (target) => {
  const place = target.closest?.(".tw-token")?.dataset.place;
  return place === undefined ? null : Number(place);
};

function chooseNode(tab, target) {
  const place = placeOf(target);
  if (place !== null) choose(tab, place);
}

function move(tab, event) {
  const { find, state } = tab;
  const nodes = find("text").querySelectorAll(".tw-token");
  const { altKey, ctrlKey, metaKey } = event;
  const key = keyAlong(event.key, find("text"));
  const to = gridMove({ key, altKey, ctrlKey, metaKey }, [0, state.chosen], [1, nodes.length]);
  if (!to) return;
  event.preventDefault();
  nodes[to[1]].focus();
}

function choose(tab, place) {
  const { find, state } = tab;
  state.chosen = place;
  const nodes = [...find("text").querySelectorAll(".tw-token")];
  for (const [k, node] of nodes.entries()) node.setAttribute("aria-selected", String(k === place));
  oneTabStop(find("text"), ".tw-token", nodes[place]);
  say(tab, place);
}

function say({ find, state: { data } }, place) {
  const names = data.columns.map(({ name }) => name);
  find("said").textContent = sentenceOf(data.tokens[place], place + data.start.length + 1, names);
}

function drawReplies({ find, state: { data } }) {
  const some = data.columns.some(({ pieces }) => pieces.length);
  find("replies").hidden = !some;
  find("parting").textContent = data.parting;
  if (!some) return;
  const kindAt = (k) => {
    if (data.parts_at === null || k < data.parts_at) return "";
    return k === data.parts_at ? "parts" : "after";
  };
  const cards = data.columns.map(({ name, pieces }) => {
    const body = make("div", "tw-reply-text", ...pieces.map((piece, k) => make("span", kindAt(k), piece)));
    body.dir = "auto";
    return make("article", "", make("h4", "", `${name} goes on`), body);
  });
  find("replies").replaceChildren(...cards);
}

/** @param {TwinView} data */
function rowsOf(data) {
  const rows = data.tokens.map((token) => [
    token.piece,
    token.kl_divergence,
    token.probability,
    token.other_probability,
    token.best,
    token.other_best,
    token.changed ? "yes" : "no",
  ]);
  return [COLUMNS, ...rows];
}

function drawTwin({ find, state }) {
  const wrap = find("twin").querySelector(".pg-table-wrap");
  wrap.replaceChildren();
  if (!find("twin").open || !state.data) return;
  const rows = state.data.tokens.map((token) => [
    visiblePiece(token.piece),
    withMinus(token.kl_divergence.toPrecision(2)),
    formatProbability(token.probability),
    formatProbability(token.other_probability),
    `${visiblePiece(token.best)} ${formatProbability(token.best_probability)}`,
    `${visiblePiece(token.other_best)} ${formatProbability(token.other_best_probability)}`,
    token.changed ? "yes" : "no",
  ]);
  const kinds = ["", "num", "num", "num", "", "", ""];
  wrap.append(
    makeTable(
      COLUMNS.map((name, k) => ({ name, kind: kinds[k] })),
      rows,
    ),
  );
}
