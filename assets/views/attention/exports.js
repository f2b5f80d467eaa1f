/** Files to take away: a picture, a drawing, the numbers of this head, and what the server writes of all heads. */

import { pen } from "../shared/canvas.js";
import { csvText } from "../shared/csv.js";
import { download } from "../shared/download.js";
import { paintPicture } from "./stage.js";
import { isAverage, kindOf, side, sizes } from "./state.js";
import { svgOf } from "./svg.js";
import { headName } from "./words.js";

const SERVER_FILES = { json: "application/json", html: "text/html" };

/**
 * Offers the head in sight as a file.
 *
 * @param {import("./state.js").State} state
 * @param {string} format
 * @param {(text: string) => void} say
 * @param {(name: string, ...given: any[]) => Promise<any>} ask  the server
 */
export async function exportHead(state, format, say, ask) {
  const name = `${fileName(state)}.${format}`;
  if (format in SERVER_FILES) {
    say("Writing the file …");
    const answer = await ask("attention_document", state.value.ticket, format, kindOf(state).kind);
    if (!answer) return;
    download(answer.name, answer.text, SERVER_FILES[format]);
    say(`${answer.name} is ready.`);
    return;
  }
  if (format === "png") download(name, await pngOf(state));
  if (format === "svg") download(name, svgOf(state, heading(state)), "image/svg+xml");
  if (format === "csv") download(name, csvText(csvRows(state)), "text/csv");
  say(`${name} is ready.`);
}

function fileName(state) {
  const head = isAverage(state) ? "average" : `head-${state.head}`;
  return `attention-${kindOf(state).kind}-layer-${state.layer}-${head}`;
}

function heading(state) {
  return `${state.value.title} · ${kindOf(state).name} · ${headName(state)}`;
}

function pngOf(state) {
  const { geometry: g, colours } = state;
  const canvas = document.createElement("canvas");
  canvas.width = (Math.max(g.width, 560) + 24) * 2;
  canvas.height = (g.height + 56) * 2;
  const context = pen(canvas);
  context.scale(2, 2);
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colours.ink;
  context.font = `600 14px ${colours.font}`;
  context.fillText(heading(state), 12, 24);
  context.translate(12, 44);
  paintPicture(context, state);
  return /** @type {Promise<any>} */ (new Promise((resolve) => canvas.toBlob(resolve)));
}

function csvRows(state) {
  const k = sizes(state)[1];
  const row = (name, at) => [name, ...state.drawn.weights.subarray(at * k, (at + 1) * k)];
  return [["query \\ key", ...side(state, "keys").text], ...side(state, "queries").text.map(row)];
}
