/** Attention of one row of a batch with the right mask, with the wrong one, and what lies between. */

import { pen, pixelRatio } from "../shared/canvas.js";
import { along, channels, colour, css, mixed, sequentialStops } from "../shared/colours.js";
import { make } from "../shared/dom.js";
import { isolated } from "../shared/format.js";
import { arrowKeys } from "../shared/keyboard.js";
import { whenPointed } from "../shared/pointer.js";
import { visiblePiece } from "../shared/tokens.js";

const NAMED_PX = 12; // a cell that a token can stand beside

/**
 * @typedef {object} AttentionMap
 * @property {string} title
 * @property {string} name  in the sentence about a cell
 * @property {number} size  rows and columns
 * @property {string[]} names  of its tokens
 * @property {(query: number, key: number) => number} value
 * @property {(value: number) => string} colour
 * @property {number[] | null} mask  0 where a key is struck out
 * @property {HTMLElement} [cursor]
 */

/**
 * Draws the maps of the layer in `state`, with a slider for the layer above them.
 *
 * @param {(selector: string) => any} find
 * @param {any} attention  16-bit numbers of both runs, layer after layer; null for nothing
 * @param {{ layer: number, place: [number, number] }} state
 * @param {(text: string) => void} say
 */
export function attentionMaps(find, attention, state, say) {
  find(".bar").replaceChildren();
  find(".maps").replaceChildren();
  if (!attention) return;
  const right = decoded(attention.right);
  const wrong = decoded(attention.wrong);
  const { label, slider, shown } = layerSlider(attention, state.layer);
  const said = make("div", "said");
  const draw = () => {
    state.layer = Number(slider.value);
    shown.textContent = slider.value;
    said.textContent = "";
    const maps = mapsOfLayer(attention, right, wrong, state.layer, palette(find(".maps")));
    drawMaps(find(".maps"), maps, attention.aligned, state, (text, aloud) => {
      said.textContent = text(false);
      if (aloud) say(text(true));
    });
  };
  slider.addEventListener("input", draw);
  find(".bar").replaceChildren(label, said);
  draw();
}

/**
 * @param {string} text  16-bit numbers in base64
 * @returns {Uint16Array}
 */
export function decoded(text) {
  return new Uint16Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

function layerSlider(attention, layer) {
  const slider = make("input");
  Object.assign(slider, { type: "range", min: "0", max: String(attention.layers - 1), value: String(layer) });
  slider.setAttribute("aria-label", "layer");
  const shown = make("b");
  const words = `Attention of row ${attention.row}, mean over heads, layer `;
  return { label: make("label", "", words, shown, " ", slider), slider, shown };
}

/** Colours for weights from 0 to 1, and for changes from -1 to 1; the square root keeps small ones visible. */
function palette(element) {
  const stops = sequentialStops(element);
  const [less, none, more] = ["div-neg", "div-mid", "div-pos"].map((name) => channels(colour(element, name)));
  return {
    weight: (value) => css(along(stops, Math.sqrt(value))),
    change: (value) => css(mixed(none, value < 0 ? less : more, Math.min(1, Math.sqrt(Math.abs(value))))),
  };
}

/** @returns {AttentionMap[]} */
function mapsOfLayer(attention, right, wrong, layer, colours) {
  const n = attention.right_tokens.length;
  const m = attention.wrong_tokens.length;
  const a = (q, k) => right[(layer * n + q) * n + k] / 65535;
  const b = (q, k) => wrong[(layer * m + q) * m + k] / 65535;
  const weights = { colour: colours.weight };
  const [first, second] = [
    { name: "right", size: n, names: attention.right_tokens, value: a, mask: attention.right_mask, ...weights },
    {
      name: attention.mistake,
      size: m,
      names: attention.wrong_tokens,
      value: b,
      mask: attention.wrong_mask,
      ...weights,
    },
  ];
  const maps = [
    { title: "right (rows: queries, columns: keys)", ...first },
    { title: attention.mistake, ...second },
  ];
  if (!attention.aligned) return maps;
  const change = (q, k) => b(q, k) - a(q, k);
  let most = 0;
  for (let cell = 0; cell < n * n; cell++) most = Math.max(most, Math.abs(change(Math.floor(cell / n), cell % n)));
  const title = `difference (largest ${most.toFixed(4)}): orange is more, blue is less`;
  const third = { title, name: "difference", value: change, colour: colours.change, mask: null };
  return [...maps, { ...third, size: n, names: attention.right_tokens }];
}

function drawMaps(host, maps, aligned, state, tell) {
  const move = (map, query, key, aloud) => {
    state.place = [query, key];
    for (const other of maps) {
      other.cursor.hidden = !aligned && other !== map;
      if (!other.cursor.hidden) pointAt(other, query, key);
    }
    const all = maps.map((other) => `${other.name} ${other.value(query, key).toFixed(4)}`).join(", ");
    const numbers = aligned ? all : map.value(query, key).toFixed(4);
    const [from, to] = [map.names[query], map.names[key]];
    const text = (spoken) =>
      spoken
        ? `query ${from} attends to ${to}: ${numbers}`
        : `query ${from} (${isolated(query)}) → key ${to} (${isolated(key)}): ${numbers}`;
    tell(text, aloud);
  };
  const figure = (map) => make("figure", "", make("figcaption", "", map.title), named(map, drawMap(map, state, move)));
  host.replaceChildren(...maps.map(figure));
}

/** The map with its tokens beside it and above it, if its cells leave room for them. */
function named({ size, names }, frame) {
  if (cellOf(size) < NAMED_PX) return frame;
  const side = (name) => {
    const node = make("div", name, ...names.map((one) => make("span", "", visiblePiece(one))));
    node.setAttribute("aria-hidden", "true"); // each cell says its own
    return node;
  };
  return make("div", "named", side("keys"), side("queries"), frame);
}

function pointAt({ cursor, size }, query, key) {
  const share = (count) => `${(100 * count) / size}%`;
  Object.assign(cursor.style, { left: share(key), top: share(query), width: share(1), height: share(1) });
}

/** A canvas in a frame that can hold a cursor; `move` is told which cell the pointer or the keys are at. */
function drawMap(map, state, move) {
  const canvas = make("canvas");
  paint(canvas, map);
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "attention weights");
  const hint = "Rows are queries, columns are keys; arrow keys move from cell to cell.";
  canvas.setAttribute("aria-label", `${map.title}. ${hint}`);
  whenPointed(canvas, (event) => {
    const box = canvas.getBoundingClientRect();
    const key = Math.floor(((event.clientX - box.left) / box.width) * map.size);
    const query = Math.floor(((event.clientY - box.top) / box.height) * map.size);
    if (query >= 0 && key >= 0 && query < map.size && key < map.size) move(map, query, key, false);
  });
  const within = () => /** @type {[number, number]} */ (state.place.map((at) => Math.min(at, map.size - 1)));
  canvas.addEventListener("focus", () => move(map, ...within(), true));
  const size = () => /** @type {[number, number]} */ ([map.size, map.size]);
  arrowKeys(canvas, { place: within, size, move: (query, key) => move(map, query, key, true) });
  map.cursor = make("span", "cursor");
  map.cursor.hidden = true;
  return make("div", "frame", canvas, map.cursor);
}

/** How wide and high a cell is, in CSS pixels. */
const cellOf = (size) => Math.max(7, Math.min(26, Math.floor(300 / size)));

/** Its height follows its width, which the style sheet bounds. */
function paint(canvas, { size, value, colour: shade, mask }) {
  const cell = cellOf(size);
  const ratio = pixelRatio();
  canvas.width = canvas.height = size * cell * ratio;
  canvas.style.width = `${size * cell}px`;
  const context = pen(canvas);
  context.scale(ratio, ratio);
  context.strokeStyle = colour(document.body, "muted");
  for (let q = 0; q < size; q++)
    for (let k = 0; k < size; k++) {
      context.fillStyle = shade(value(q, k));
      context.fillRect(k * cell, q * cell, cell - 0.5, cell - 0.5);
      if (!mask || mask[k]) continue;
      context.beginPath();
      context.moveTo(k * cell, q * cell + cell);
      context.lineTo(k * cell + cell, q * cell);
      context.stroke();
    }
}
