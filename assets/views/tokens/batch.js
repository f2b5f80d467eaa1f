/**
 * A batch as rows of tokens with what tokenizer(...) returned beneath; pressing a bit of attention_mask turns it over.
 * All bits are one stop for Tab: arrow keys move among them, Enter or Space flips.
 */

import { finder, make, makeButton, sayEmpty } from "../shared/dom.js";
import { whenSeen } from "../shared/first_answer.js";
import { counted } from "../shared/format.js";
import { hostOf, readInbox } from "../shared/inbox.js";
import { gridMove, oneTabStop, rovingFocus } from "../shared/keyboard.js";
import { swatches } from "../shared/legend.js";
import { lifeOf } from "../shared/lifecycle.js";

const MAX_COLUMNS = 160;
const REDRAWN_MS = 15_000; // other texts are drawn within this time
const HINT = "Press a bit of attention_mask to flip it; arrow keys move among the bits.";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element);
  const state = { flips: new Set(), wanted: /** @type {[number, number][]} */ ([]), until: 0 };
  const tell = () => trigger("flip", { flips: [...state.flips].map((pair) => pair.split(",").map(Number)) });
  const flip = (key, said) => {
    state.wanted = [];
    if (!state.flips.delete(key)) state.flips.add(key);
    find(".heard").textContent = `${said()}. The model runs with both masks.`;
    tell();
  };
  const draw = () => {
    const value = props.value;
    if (!value?.rows) return;
    sayEmpty(element, Boolean(value.hint));
    const wanted = Date.now() < state.until ? state.wanted : [];
    state.flips = new Set([...(value.flips || []), ...wanted].map((pair) => pair.join(",")));
    drawBatch(find, value, state.flips, flip);
    if (wanted.length) tell();
  };
  // What is filled in with other texts is drawn before they are: then it is turned over once more.
  const life = lifeOf(element);
  readInbox(hostOf(element), life.signal, (_, { flips }) => {
    Object.assign(state, { wanted: flips, until: Date.now() + REDRAWN_MS });
    draw();
  });
  moveAmongBits(find(".rows"));
  watch("value", draw);
  draw();
  whenSeen(element, life, () => props.value?.rows?.length || trigger("first_view"));
}

function drawBatch(find, value, flips, flip) {
  if (value.hint) {
    find(".legend").replaceChildren(value.hint);
    find(".rows").replaceChildren();
    return;
  }
  const kinds = ["text", "pair", "special", "padding"];
  const names = ["text", "second text", "special token", "padding"];
  const entries = kinds.map((kind, k) => /** @type {[string, string]} */ ([kind, names[k]]));
  find(".legend").replaceChildren(...swatches(entries), make("span", "", HINT));
  const rows = value.rows.map((row, index) => {
    const bit = (mask, column) => maskBit(mask, `${index},${column}`, row.shown[column], flips, flip);
    return make("div", "sample", title(value, row, index), sideways(row, index, bit));
  });
  find(".rows").replaceChildren(...rows);
  oneTabStop(find(".rows"), ".bit");
}

function title(value, row, index) {
  const count = row.input_ids.length;
  const padding = row.kinds.filter((kind) => kind === "padding").length;
  const all = `${counted(count - padding, "token")}${padding ? ` and ${padding} of padding` : ""}`;
  const first = value.rows.findIndex((other) => other.sample === row.sample) === index;
  const cut = first && value.truncated[row.sample];
  const many = count > MAX_COLUMNS && `the first ${MAX_COLUMNS} of ${count} columns are drawn`;
  const notes = [cut && `${counted(cut, "token")} cut by truncation`, !first && "overflow of the row above", many];
  const shown = notes.filter(Boolean).map((note) => make("b", "", note));
  return make("h4", "", `row ${index}: text ${row.sample}, ${all} `, ...shown);
}

function sideways(row, index, bit) {
  const number = (value) => make("td", value === 0 ? "zero" : "", value);
  const lines = [
    line("tokens", row.shown, (shown, k) => make("td", `token ${row.kinds[k]}`, shown)),
    line("input_ids", row.input_ids, number),
    row.token_type_ids && line("token_type_ids", row.token_type_ids, number),
    line("attention_mask", row.attention_mask, bit),
    line("special_tokens_mask", row.special_tokens_mask, number),
  ];
  const box = make("div", "sideways", make("table", "", ...lines));
  box.tabIndex = 0;
  box.setAttribute("aria-label", `row ${index} of the batch`);
  return box;
}

function line(name, values, cell) {
  const head = make("th", "", name);
  head.scope = "row";
  return make("tr", "", head, ...values.slice(0, MAX_COLUMNS).map(cell));
}

function maskBit(mask, key, token, flips, flip) {
  const [row, column] = key.split(",");
  const show = () => {
    const flipped = flips.has(key);
    const now = flipped ? 1 - mask : mask;
    button.className = `bit${now ? " on" : ""}${flipped ? " flipped" : ""}`;
    button.textContent = String(now);
    const name = `row ${row}, token ${column}, ${token}: attention_mask ${now}${flipped ? ", flipped" : ""}`;
    button.setAttribute("aria-label", name);
    return `${token} in row ${row} is now ${now ? "seen" : "hidden"}`;
  };
  const button = makeButton("bit", "", () => flip(key, show));
  button.tabIndex = -1;
  button.dataset.key = key;
  show();
  return make("td", "", button);
}

function moveAmongBits(rows) {
  rovingFocus(rows, ".bit");
  rows.addEventListener("keydown", (event) => {
    const [row, column] = event.target.dataset?.key?.split(",").map(Number) ?? [];
    if (row === undefined) return;
    const bits = (index) => rows.children[index].querySelectorAll(".bit");
    const to = gridMove(event, [row, column], [rows.children.length, bits(row).length]);
    if (!to) return;
    event.preventDefault();
    const line = bits(to[0]);
    line[Math.min(line.length - 1, to[1])].focus();
  });
}
