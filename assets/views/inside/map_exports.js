/** A model as a table, as JSON, and as files to take away. */

import { pen } from "../shared/canvas.js";
import { csvText } from "../shared/csv.js";
import { download } from "../shared/download.js";
import { pngOf, svgOf, textMaker } from "../shared/parts.js";
import { layoutOf, mapPicture } from "./map_layout.js";
import { factsOf, shapeInWords, titleOf } from "./map_state.js";

const NAME = "the-whole-model";
const EDGE = 16;
const HEAD = 34;
const WIDTH = 900;

/** @typedef {import("./map_state.js").State} State */

export const COLUMNS = ["name", "what", "class", "facts", "parameters", "bytes", "tensors", "returned", "length"];

/**
 * A row for each part, the names of the columns first; blocks that are built alike stand with their own numbers only.
 *
 * @param {State} state
 * @returns {(string | number)[][]}
 */
export function tableOf(state) {
  const { value } = state;
  if (!value) return [];
  const rows = value.parts.map((part) => {
    const returned = value.states[part.name];
    const tensors = part.tensors.map((one) => {
      return `${one.name} ${shapeInWords(one.shape)} ${one.dtype}${one.tied_to ? ` = ${one.tied_to}` : ""}`;
    });
    const row = /** @type {import("./map_state.js").Row} */ ({
      kind: "part",
      name: part.name,
      part,
      depth: 0,
      side: "",
    });
    const facts = [part.like ? `built like ${part.like}` : "", factsOf({ ...state, value: bare(value) }, row)];
    return [
      ...[part.name || value.model_class, titleOf(part, part.name), part.class_name, facts.filter(Boolean).join(" · ")],
      ...[part.parameters, part.bytes, tensors.join("; ")],
      ...[returned ? shapeInWords(returned.shape) : "", returned ? Number(returned.norm.toPrecision(6)) : ""],
    ];
  });
  return [COLUMNS, ...rows];
}

/** The same without what it returned, which has columns of its own. */
const bare = (value) => ({ ...value, states: {} });

/** @param {State} state */
export const jsonOf = ({ value }) => JSON.stringify(value, null, 1);

/**
 * Offers what is shown as a file.
 *
 * @param {State} state
 * @param {string} format
 * @param {{ ink: (name: string) => string, fonts: import("../shared/parts.js").Fonts }} look
 * @param {(text: string) => void} say
 */
export async function exportAs(state, format, look, say) {
  if (!state.value) return;
  if (format === "svg") download(`${NAME}.svg`, svgOf(sheetOf(state, look)), "image/svg+xml");
  if (format === "png") download(`${NAME}.png`, await pngOf(sheetOf(state, look), look.fonts));
  if (format === "csv") download(`${NAME}.csv`, csvText(tableOf(state)), "text/csv");
  if (format === "json") download(`${NAME}.json`, jsonOf(state), "application/json");
  say(`${NAME}.${format} is ready.`);
}

function sheetOf(state, { ink, fonts }) {
  const text = textMaker(pen(document.createElement("canvas")), fonts);
  const two = state.value.parts.some((part) => part.side);
  const layout = layoutOf(state, two ? 1.4 * WIDTH : WIDTH);
  const picture = mapPicture(state, layout, text, ink);
  const head = text([0, 10], `${state.value.title}: ${state.value.origin}`, ink("ink"), { size: 14, weight: 600 });
  const size = { width: layout.width + 2 * EDGE, height: layout.height + HEAD + 2 * EDGE, ground: ink("surface") };
  const title = { picture: { width: layout.width, height: HEAD, parts: [head] }, x: EDGE, y: EDGE };
  return { placed: [title, { picture, x: EDGE, y: EDGE + HEAD }], size };
}
