import assert from "node:assert/strict";
import { test } from "node:test";
import { boxAt, layoutOf, memberAt } from "../../../assets/views/inside/map_layout.js";
import {
  addInWords,
  countedElsewhere,
  firstOpen,
  keyOf,
  newState,
  rowsOf,
  shareOf,
  spokenRow,
  titleOf,
  toggle,
  treeOf,
} from "../../../assets/views/inside/map_state.js";

const part = (name, kind, order, more = {}) => ({
  ...{ name, kind, class_name: `Tiny${kind}`, side: "", about: "", parameters: 10, bytes: 40, tensors: [], like: "" },
  ...{ same_as: "", order, calls: 1, reads: "", joins: [], ...more },
});
const JOINS = [
  { before: "body.layers.0.mlp", stream: ">body.layers.0", branches: ["body.layers.0.attn"], scale: 1, times: false },
  { before: "", stream: "+1", branches: ["body.layers.0.mlp"], scale: 0.5, times: false },
];
const TIED = { tensors: [{ name: "weight", shape: [9, 4], tied_to: "body.embed.weight", parameters: 0, bytes: 0 }] };
const VALUE = {
  ...{ title: "tiny", origin: "", notes: [], model_class: "Tiny", parameters: 100, bytes: 400, ran: true, unfit: "" },
  ...{ shares: [], tokens: ["a", "b"], decoder_tokens: [] },
  attentions: [{ name: "body.layers.0.attn", stack: "self", layer: 0, heads: 4, key_value_heads: 2, head_dim: 8 }],
  states: { "body.layers.1": { shape: [1, 2, 4], norm: 1234.5, norms: [2000, 469] } },
  parts: [
    part("", "model", 0),
    part("body", "body", 1),
    part("body.layers", "stack", 3),
    part("body.layers.0", "block", 3, { joins: JOINS }),
    part("body.layers.0.mlp", "mlp", 5),
    part("body.layers.0.attn", "attention", 4),
    part("body.layers.1", "block", 6, { like: "body.layers.0" }),
    part("body.embed", "embedding", 2),
    part("body.idle", "other", null, { parameters: 0, bytes: 0 }),
    part("head", "head", 9, { parameters: 0, bytes: 0, ...TIED }),
  ],
};
const opened = (...names) => {
  const state = { ...newState(), value: VALUE, tree: treeOf(VALUE), open: firstOpen(VALUE) };
  for (const name of names) toggle(state, name);
  return state;
};
const keys = (state) => rowsOf(state).map(keyOf);

test("modules stand in the order in which they compute, and what never does is left out", () => {
  assert.deepEqual(keys(opened()), ["part body", "part body.embed", "part body.layers", "part head"]);
});

test("a list of blocks opens as a strip and one block, with its additions between the parts", () => {
  const state = opened("body.layers");
  const inner = ["strip body.layers", "part body.layers.0", "part body.layers.0.attn", "add body.layers.0 1"];
  const rest = ["part body.layers.0.mlp", "add body.layers.0 2", "part head"];
  assert.deepEqual(keys(state), ["part body", "part body.embed", "part body.layers", ...inner, ...rest]);
  toggle(state, "body.layers");
  assert.equal(keys(state).length, 4);
});

test("a block that is built like another has its parts, under its own name", () => {
  const state = opened("body.layers");
  state.chosen.set("body.layers", "body.layers.1");
  state.open.add("body.layers.1");
  const rows = rowsOf(state);
  assert.equal(keyOf(rows[5]), "part body.layers.1.attn");
  assert.deepEqual(rows[6].add?.stream, ">body.layers.1");
  assert.deepEqual(rows[8].add?.branches, ["body.layers.1.mlp"]);
  assert.equal(addInWords(rows[8]), "what went past + 0.5 × mlp");
  assert.equal(
    spokenRow(state, rows[3]),
    "Block 1 of 2; after it a token's vector has the length 1,235. Left and right choose another.",
  );
});

test("a row is spoken with its size, and tied weights say where they are counted", () => {
  const state = opened();
  const rows = rowsOf(state);
  assert.match(spokenRow(state, rows[0]), /^Tinybody body, open: 10 parameters, 10\.0\u00a0%/);
  assert.equal(countedElsewhere(VALUE.parts[9]), "weight is tied to body.embed.weight, counted there");
  assert.match(spokenRow(state, rows[3]), /^Head head: no parameters of its own.*counted there/);
  assert.equal(titleOf(part("x.conv", "other", 1), "x.conv"), "Tinyother", "no rule knows it: its class says it");
  assert.deepEqual([shareOf(0, 9), shareOf(9, 9), shareOf(1, 100000)], ["", "100\u00a0%", "<\u00a00.1\u00a0%"]);
});

test("rows stand one below the other, frames hold what is in them, and a point finds its row", () => {
  const state = opened("body.layers");
  const layout = layoutOf(state, 500);
  const [body, , stack, strip, block, , , , , head] = layout.boxes;
  for (const [one, next] of layout.boxes.slice(1).map((box, k) => [layout.boxes[k], box]))
    assert.ok(next.y >= one.y + one.height, `${keyOf(next.row)} covers ${keyOf(one.row)}`);
  assert.ok(stack.end >= block.end && body.end >= stack.end && head.y >= body.end);
  assert.equal(boxAt(layout, block.x + 5, block.y + 5), block);
  assert.equal(memberAt(strip, strip.x + strip.width * 0.6), "body.layers.1");
});

test("two sides stand beside each other where there is room, else below", () => {
  const parts = VALUE.parts.map((one) => ({ ...one, side: one.name.startsWith("body") ? "encoder" : "" }));
  parts.push(part("decoder", "group", 7, { side: "decoder" }));
  const value = { ...VALUE, parts };
  const state = { ...newState(), value, tree: treeOf(value), open: new Set() };
  const [encoder, decoder, head] = layoutOf(state, 1000).boxes;
  assert.ok(encoder.y === decoder.y && decoder.x > encoder.x + encoder.width && head.y > decoder.end);
  assert.ok(layoutOf(state, 390).boxes[1].y > encoder.end);
});
