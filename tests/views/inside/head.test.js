import assert from "node:assert/strict";
import { test } from "node:test";
import { cellAt, geometryOf, rowTop } from "../../../assets/views/inside/head_picture.js";
import {
  keysTable,
  mostRead,
  rowInWords,
  sentenceOf,
  short,
  stepsOf,
  vectorsOf,
} from "../../../assets/views/inside/head_state.js";

const key = (position, weight, more = {}) => ({
  ...{ position, key_before: [], key: [1, 2], product: 3, scaled: 3 / Math.sqrt(2), added: 0, masked: false, weight },
  ...{ value: [1, -1], weighted: [weight, -weight], ...more },
});
const VALUE = {
  ...{ title: "tiny", unfit: "", attentions: [], tokens: ["The", " cat", " sat"], decoder_tokens: [] },
  head: {
    attention: { name: "a", stack: "self", layer: 1, heads: 4, key_value_heads: 2, head_dim: 2 },
    ...{ head: 3, position: 1, key_value_head: 1, shared_with: [2], scaling: 1 / Math.sqrt(2), query_scale: 1 },
    ...{ rotary: false, biased: false, query_from: "a.q_proj", key_from: "a.k_proj", value_from: "a.v_proj" },
    ...{ query_before: [], query: [1, 1], output: [1, -1], difference: 0 },
    keys: [key(0, 0.25), key(1, 0.75), key(2, 0, { masked: true })],
  },
};
const changed = (more) => ({ ...VALUE, head: { ...VALUE.head, ...more } });

test("the sentence says who reads whom, and with whom keys and values are shared", () => {
  assert.equal(mostRead(VALUE.head).position, 1);
  assert.equal(
    sentenceOf(VALUE, (piece) => piece).join(""),
    "Head 3 of layer 1:  cat reads most of  cat (75.0\u00a0%). It shares its keys and values (number 1 of 2) with head 2.",
  );
  const three = sentenceOf(changed({ shared_with: [0, 1, 2] })).join("");
  assert.ok(three.endsWith("with heads 0, 1 and 2."));
});

test("steps are those that this model takes", () => {
  const names = (value) => stepsOf(value).map(({ name }) => name);
  assert.deepEqual(names(VALUE), ["q, k, v", "q·k", "× 0.707", "mask", "softmax", "weight × v", "sum"]);
  const t5 = names(changed({ scaling: 1, biased: true }));
  assert.ok(t5.includes("no scaling") && t5.includes("+ position"));
  assert.ok(names(changed({ rotary: true })).includes("rotary"));
  assert.equal(stepsOf(VALUE)[2].says, "divided by √2.");
});

test("a row is spoken with each of its numbers", () => {
  assert.equal(rowInWords(VALUE, 1), "Token 0, 'The': q·k is 3.000, scaled 2.121; weight 25.0\u00a0%.");
  assert.match(rowInWords(VALUE, 3), /masked: it can't be read\.$/);
  assert.match(rowInWords(VALUE, 0), /^The query of ' cat': 2 numbers, length 1\.414/);
  assert.match(rowInWords(VALUE, 4), /^What leaves the head/);
});

test("tables hold every number", () => {
  assert.deepEqual(keysTable(VALUE)[2], ["2 ·sat", 3, 3 / Math.sqrt(2), 0, "yes", 0]);
  const names = vectorsOf(changed({ query_before: [9, 9] })).map(([name]) => name);
  assert.deepEqual([names[0], names[1], names.at(-1), names.length], ["q before", "q", "sum", 12]);
  assert.deepEqual([short(0), short(12345.6), short(0.00001)], ["0", "12346", "1.0e−5"]);
});

test("columns fit the room, and a point finds its row", () => {
  const g = geometryOf(VALUE, 900);
  assert.ok(g.width <= 900 && geometryOf(VALUE, 390).columns.every(({ width }) => width >= 60));
  const [first, last] = [g.columns[0], g.columns[g.columns.length - 1]];
  assert.ok(first.x >= 6 && last.x + last.width <= g.width - 6); // the frame of a row lies on none of them
  const [weight, v] = ["weight", "v"].map((name) => g.columns.find((one) => one.name === name));
  assert.ok(v.x - weight.x - weight.width >= 20, "two headings, not one");
  assert.deepEqual(cellAt(g, VALUE.head, 9, rowTop(g, 2, VALUE.head) + 3), { row: 2, step: 0 });
  assert.equal(cellAt(g, VALUE.head, 4, g.height + 50), null);
});
