/**
 * The words of the matrix on two flat maps side by side: one word is chosen, its neighbours are lit in both, and a
 * table says which of them the maps lose.
 */

import { finder, make, makeSvg, sayEmpty } from "../shared/dom.js";
import { formatFixed, quoted } from "../shared/format.js";
import { lifeOf } from "../shared/lifecycle.js";
import { nearest } from "../shared/scatter.js";
import { makeTable } from "../shared/tables.js";
import { mapRows, offerMap } from "./map_files.js";
import { flatDistances, placesOf, sentence, towards } from "./map_geometry.js";
import { drawPicture, inksOf, litBy } from "./map_picture.js";

const LEGEND = {
  embeddings: "○ near by embedding",
  losses: "■ near by loss",
  both: "■ in ○ near by both",
};
const REACH = 40;

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".mp"));
  const state = {
    data: /** @type {import("./map_picture.js").MapView | null} */ (null),
    chosen: 0,
    over: /** @type {number | null} */ (null),
    drawn: /** @type {{ svg: any, points: [number, number][] }[]} */ ([]),
  };
  const tab = { root, find: finder(root, ".mp-"), state };
  const show = () => {
    state.data = props.value?.pictures ? props.value : null;
    Object.assign(state, { chosen: 0, over: null });
    root.hidden = !state.data;
    sayEmpty(element, !state.data);
    if (state.data) build(tab);
  };
  const life = lifeOf(element);
  life.onTheme(() => draw(tab));
  life.onResize(root, () => draw(tab));
  for (const button of root.querySelectorAll("[data-file]"))
    button.addEventListener("click", () => {
      const format = String(/** @type {HTMLElement} */ (button).dataset.file);
      if (state.data) offerMap(format, state.data, state.chosen, inksOf(root));
    });
  tab.find("twin").addEventListener("toggle", () => drawTwin(tab));
  watch("value", show);
  show();
}

function build(tab) {
  const { find, state } = tab;
  const { data } = state;
  find("hides").textContent = data.hides;
  find("origin").textContent = data.origin;
  const kinds = data.pictures.length > 1 ? ["embeddings", "losses", "both"] : ["losses"];
  find("legend").textContent = ["● the chosen word", ...kinds.map((kind) => LEGEND[kind])].join("  ·  ");
  state.drawn = data.pictures.map(() => ({
    svg: makeSvg("svg", { tabindex: 0, role: "application", "aria-roledescription": "map of words" }),
    points: [],
  }));
  const figures = data.pictures.map((picture, k) => {
    listen(tab, state.drawn[k]);
    return make(
      "figure",
      "",
      make("figcaption", "", make("strong", "", picture.title), " ", make("span", "pg-words", picture.about)),
      state.drawn[k].svg,
    );
  });
  find("pictures").replaceChildren(...figures);
  draw(tab);
  drawTwin(tab);
}

function listen(tab, drawn) {
  const { state } = tab;
  const { svg } = drawn;
  const at = ({ target, clientX, clientY }) => {
    const name = target.closest("text"); // it is its own word's, whatever point lies nearer
    if (name) return Number(name.dataset.word);
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    return nearest(drawn.points, [(clientX - box.left) * scale, (clientY - box.top) * scale], REACH);
  };
  svg.addEventListener("mousemove", (event) => {
    const over = at(event);
    if (over !== state.over) light(tab, over);
  });
  svg.addEventListener("mouseleave", () => light(tab, null));
  svg.addEventListener("click", (event) => {
    const word = state.over ?? at(event); // what is lit; where the names have moved since, too
    if (word !== null) choose(tab, word);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const word = towards(drawn.points, state.chosen, event.key);
    if (word === null) return;
    event.preventDefault();
    choose(tab, word);
  });
}

function light(tab, word) {
  tab.state.over = word;
  draw(tab);
}

function choose(tab, word) {
  Object.assign(tab.state, { chosen: word, over: null });
  draw(tab);
}

/** Draws both pictures, the sentence and the numbers from the state. */
function draw({ root, find, state }) {
  const { data } = state;
  if (!data || !root.offsetParent) return;
  const inks = inksOf(root);
  const word = state.over ?? state.chosen;
  data.pictures.forEach((picture, k) => {
    const { svg } = state.drawn[k];
    const width = Math.max(240, svg.parentElement.clientWidth - 2);
    const size = /** @type {[number, number]} */ ([width, Math.round(Math.min(460, Math.max(300, width)))]);
    state.drawn[k].points = drawPicture(svg, data, picture, { word, size, inks });
    svg.setAttribute("aria-label", `${picture.title}: ${sentence(data, word)}`);
  });
  find("said").textContent = sentence(data, word);
  drawNumbers(find, data, word);
}

function drawNumbers(find, data, word) {
  const columns = [{ name: "word" }];
  const tables = data.pictures.map((picture) => {
    columns.push(
      { name: picture.measure, kind: "num" },
      { name: `place ${picture.title.toLowerCase()}`, kind: "num" },
      { name: "on its map", kind: "num" },
    );
    const row = picture.numbers[word];
    const onMap = placesOf(flatDistances(picture.points, word), word, "least");
    return { row, places: placesOf(row, word, picture.closest), onMap };
  });
  const lit = [...litBy(data, word).keys()].sort((a, b) => tables[0].places[a] - tables[0].places[b]);
  const rows = lit.map((other) => [
    data.words[other],
    ...tables.flatMap(({ row, places, onMap }) => [
      formatFixed(row[other], 2),
      String(places[other]),
      String(onMap[other]),
    ]),
  ]);
  const about = `The nearest of ${quoted(data.words[word])}, by each; places count from 1, nats from the baselines`;
  const table = makeTable(columns, rows);
  table.setAttribute("aria-label", about);
  find("numbers").replaceChildren(make("p", "pg-muted", about), make("div", "pg-table-wrap", table));
}

function drawTwin({ find, state }) {
  const wrap = find("twin").querySelector(".pg-table-wrap");
  wrap.replaceChildren();
  if (!find("twin").open || !state.data) return;
  const [heads, ...rows] = mapRows(state.data);
  const columns = heads.map((name, k) => ({ name: String(name), kind: typeof rows[0][k] === "number" ? "num" : "" }));
  const shown = (cell) => (typeof cell === "number" && !Number.isInteger(cell) ? formatFixed(cell, 3) : String(cell));
  wrap.append(
    makeTable(
      columns,
      rows.map((row) => row.map(shown)),
    ),
  );
}
