/** Beside the picture of a model: what the whole costs, and the module that was chosen. */

import { make } from "../shared/dom.js";
import { counted, formatBytes } from "../shared/format.js";
import { fillTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { fillOf } from "./map_layout.js";
import {
  addInWords,
  countedElsewhere,
  headsInWords,
  lengthInWords,
  SAYS,
  shapeInWords,
  shareOf,
  titleOf,
} from "./map_state.js";

/** @typedef {import("./map_state.js").State} State */
/** @typedef {import("./map_state.js").Row} Row */

const NAMES = {
  ...{ embedding: "embeddings", attention: "attention", mlp: "feed-forward", norm: "norms", head: "head" },
  other: "other",
};

/**
 * The totals, and the bar that shares them out.
 *
 * @param {(selector: string) => any} find
 * @param {State} state
 * @param {(name: string) => string} ink
 */
export function drawTotals(find, state, ink) {
  const { value, by } = state;
  if (!value) return;
  const bold = (text) => make("b", "", text);
  const parameters = bold(counted(value.parameters, "parameter"));
  find(".im-sum").replaceChildren(`${value.model_class}: `, parameters, ", ", bold(formatBytes(value.bytes)));
  const total = value[by];
  const seen = value.shares.filter((one) => one[by] > 0);
  const bars = seen.map((one) => {
    const wide = one[by] / total;
    const bar = make("span", "", wide > 0.12 ? NAMES[one.kind] : "");
    Object.assign(bar.style, { flexGrow: String(wide), flexBasis: "0", background: ink(fillOf(one.kind)) });
    return bar;
  });
  const words = (one) => `${NAMES[one.kind]} ${shareOf(one[by], total)}`;
  find(".im-shares").replaceChildren(...bars);
  find(".im-shares").setAttribute("aria-label", `Where the ${by} are: ${seen.map(words).join(", ")}`);
  const swatches = seen.map((one) => {
    const swatch = make("i", "");
    swatch.style.background = ink(fillOf(one.kind));
    return make("span", "", swatch, words(one));
  });
  find(".im-legend").replaceChildren(...swatches);
}

/**
 * The chosen module: what it is, what it costs, its tensors and what it returned.
 *
 * @param {(selector: string) => any} find
 * @param {State} state
 * @param {Row | undefined} row
 */
export function drawPart(find, state, row) {
  const { value, tree } = state;
  if (!value || !tree || !row) return;
  const name = row.kind === "strip" ? (row.chosen ?? row.name) : row.name;
  const part = tree.part(name);
  const isAdd = row.kind === "add";
  const heads = value.attentions.find((one) => one.name === name);
  const sum = isAdd && !row.add?.times;
  find(".im-name").textContent = sum ? "The residual stream" : isAdd ? "A product" : titleOf(part, name);
  find(".im-path").textContent = isAdd ? `in ${name}` : name;
  find(".im-says").textContent = sum ? ADDED : isAdd ? TIMES : SAYS[part.kind];
  find(".im-unroll").hidden = isAdd || !heads || !value.tokens.length;
  const facts = isAdd ? [`${addInWords(row)}.`, FOUND] : factsOfPart(value, part, name, heads);
  find(".im-facts").replaceChildren(...facts.map((fact) => make("li", "", fact)));
  const rows = isAdd ? [] : part.tensors.map(tensorRow);
  find(".im-tensors-wrap").hidden = !rows.length;
  fillTable(find(".im-tensors"), TENSOR_COLUMNS, rows);
  drawLengths(find(".im-lengths"), state, isAdd ? "" : name);
}

const ADDED =
  "Each token has one vector that goes through the whole model. A part reads it, and what the part returns is added " +
  "to it and doesn't take its place, so that later parts can still read what earlier ones wrote.";
const TIMES = "Two parts are multiplied number by number: one says how much of the other comes through (a gate).";
const FOUND = "No module does this; it was found in the numbers of a run.";

const TENSOR_COLUMNS = [{ name: "tensor" }, { name: "shape" }, { name: "dtype" }, { name: "bytes", kind: "num" }];

function tensorRow({ name, shape, dtype, bytes, tied_to }) {
  return [tied_to ? `${name} (= ${tied_to})` : name, shapeInWords(shape), dtype, tied_to ? "–" : formatBytes(bytes)];
}

function factsOfPart(value, part, name, heads) {
  const returned = value.states[name];
  const share = shareOf(part.parameters, value.parameters);
  const many = part.parameters ? `${counted(part.parameters, "parameter")} (${share}), ` : "";
  return [
    `Class ${part.class_name}${part.about ? `: ${part.about}` : ""}`,
    part.parameters || part.bytes ? `${many}${formatBytes(part.bytes)}` : "",
    countedElsewhere(part),
    part.like ? `Built like ${part.like}` : "",
    heads ? headsInWords(heads) : "",
    part.calls > 1 ? `Runs ${part.calls} times for one text` : "",
    returned && `Returned ${shapeInWords(returned.shape)}: ${SHAPE[returned.shape.length] ?? "numbers"}`,
    returned && `A vector in it has the length ${lengthInWords(returned.norm)} (the mean over the tokens)`,
  ].filter(Boolean);
}

const SHAPE = { 2: "texts × numbers", 3: "texts × tokens × numbers" };

/** The length of each token's vector, where it is known. */
function drawLengths(place, { value }, name) {
  const norms = value.states[name]?.norms ?? [];
  const both = [value.tokens, value.decoder_tokens];
  const tokens = both.find((one) => one.length === norms.length && one.length) ?? [];
  if (!tokens.length) {
    place.replaceChildren();
    return;
  }
  const items = norms.map((norm, k) => make("li", "", visiblePiece(tokens[k]), make("small", "", lengthInWords(norm))));
  const said = "How long each token's vector is here:";
  place.replaceChildren(make("p", "", said), make("ol", "", ...items));
}
