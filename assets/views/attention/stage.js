/** The head in sight: the picture is painted once, the cursor anew at each move; with its legend and its sentence. */

import { pen, ratioOf, sized } from "../shared/canvas.js";
import { make } from "../shared/dom.js";
import { focusCell, paintCells } from "./cells.js";
import { geometryOf } from "./geometry.js";
import { focusLines, lineLabels, paintLines } from "./lines.js";
import { hatching, rampCss } from "./palette.js";
import { maskOf, side, sizes } from "./state.js";
import { formatWeight, REASONS, rampSteps, shownWeights } from "./weights.js";
import { cellNote, pictureInWords, sentenceOf } from "./words.js";

const RAMP = 220;

/** @typedef {{ find: (selector: string) => any, state: import("./state.js").State }} Tab */

/**
 * Paints the picture, if it can be seen.
 *
 * @param {Tab} tab
 */
export function drawStage(tab) {
  const { find, state } = tab;
  const scroll = find(".at-scroll");
  const room = scroll.clientWidth;
  if (!state.value || !state.matrix || !state.colours || room < 40) return;
  const of = { size: sizes(state), mask: maskOf(state), special: side(state, "keys").special, hide: state.hide };
  const shown = shownWeights(state.matrix, of);
  state.drawn = { ...shown, steps: rampSteps(shown, state.scale) };
  state.geometry = geometryOf(
    state,
    find(".at-stage"),
    room - 2,
    Number.parseFloat(getComputedStyle(scroll).maxHeight) || Infinity,
  );
  sized(find(".at-stage"), state.geometry.width, state.geometry.height);
  state.base = document.createElement("canvas");
  const context = sized(state.base, state.geometry.width, state.geometry.height);
  paintPicture(context, state);
  drawCursor(tab);
  drawLegend(tab);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./state.js").State} state
 */
export function paintPicture(context, state) {
  (state.mode === "lines" ? paintLines : paintCells)(context, state);
}

/**
 * Draws the picture with its cursor, and says what is there.
 *
 * @param {Tab} tab
 */
export function drawCursor(tab) {
  const { find, state } = tab;
  const { base, geometry: g } = state;
  if (!base || !g) return;
  const stage = find(".at-stage");
  const context = pen(stage);
  const at = state.over ?? { q: state.q, k: state.k };
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, stage.width, stage.height);
  context.globalAlpha = g.lines ? 0.22 : 1;
  context.drawImage(base, 0, 0);
  context.globalAlpha = 1;
  context.setTransform(ratioOf(stage), 0, 0, ratioOf(stage), 0, 0);
  if (g.lines) {
    context.clearRect(0, 0, g.left - 1, g.height);
    context.clearRect(g.width - g.right + 1, 0, g.right, g.height);
    lineLabels(context, state);
    focusLines(context, state, at);
  } else focusCell(context, state, at);
  drawReadout(tab, at);
}

function drawReadout({ find, state }, at) {
  const parts = sentenceOf(state, at, formatWeight).map((part, index) => {
    if (typeof part !== "string") return make("strong", "", part.weight);
    return make(index % 2 ? "b" : "span", "", part);
  });
  find(".at-readout").replaceChildren(...parts, make("small", "", cellNote(state, at)));
}

function drawLegend({ find, state }) {
  const { mode, colours } = state;
  const isMask = mode === "mask";
  find(".at-ramp").hidden = mode !== "heatmap"; // lines have one colour
  drawRamp(find(".at-ramp"), state);
  const present = [...new Set(maskOf(state))].filter((reason) => reason > 0).sort();
  const reasons = present.map((reason) => entry(colours, `masked: ${REASONS[reason].name}`, reason));
  find(".at-keys").replaceChildren(...(isMask ? [entry(colours, "may be read", null)] : []), ...reasons);
  find(".at-plain").textContent = pictureInWords(state);
}

function entry(colours, text, reason) {
  const swatch = document.createElement("canvas");
  const context = sized(swatch, 22, 14);
  context.fillStyle = reason === null ? rampCss(colours, 0.6) : hatching(context, colours, reason);
  context.fillRect(0, 0, 22, 14);
  return make("span", "", swatch, text);
}

function drawRamp(canvas, { colours, scale, drawn }) {
  const context = sized(canvas, RAMP + 10, 30);
  for (let x = 0; x < RAMP; x++) {
    context.fillStyle = rampCss(colours, x / (RAMP - 1));
    context.fillRect(5 + x, 0, 1, 12);
  }
  const top = scale === "one" ? 1 : drawn.most;
  const number = (place) => (top * place * place).toFixed(place ? 3 : 0);
  const texts = scale === "row" ? ["0", "¼", "row's largest"] : [0, 0.5, 1].map(number);
  const aligned = /** @type {CanvasTextAlign[]} */ (["left", "center", "right"]);
  Object.assign(context, { font: `11px ${colours.font}`, fillStyle: colours.muted });
  texts.forEach((text, k) => {
    context.textAlign = aligned[k];
    context.fillText(text, 5 + (k * RAMP) / 2, 25);
  });
}
