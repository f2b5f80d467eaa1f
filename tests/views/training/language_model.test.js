import assert from "node:assert/strict";
import { test } from "node:test";
import { clipped } from "../../../assets/views/shared/canvas.js";
import { gridOf, readout, weightsOf } from "../../../assets/views/training/language_model_attention.js";
import {
  bytesOf,
  checkpointRows,
  figures,
  newState,
  overfit,
  partsOf,
  shownIndex,
  verdict,
  weightAt,
  writtenRows,
} from "../../../assets/views/training/language_model_state.js";

const look = (step, heldout_loss, more = {}) => ({ step, heldout_loss, known_words: 0.5, accepted: null, ...more });

test("a sample is cut where the grammar doesn't go on, behind what was given", () => {
  const sample = { text: "Mia has a bird.", accepted: false, follows: 11, is_new: true };
  assert.deepEqual(partsOf(sample, "Mia"), ["Mia", " has a b", "ird."]);
  assert.deepEqual(partsOf({ ...sample, follows: 1 }, "Mia"), ["Mia", "", " has a bird."]);
  assert.deepEqual(partsOf({ ...sample, follows: null }, ""), ["", "Mia has a bird.", ""]);
  assert.deepEqual(partsOf({ ...sample, text: "😀😀x", follows: 2 }, ""), ["", "😀😀", "x"]);
});

test("a verdict tells new lines from copied ones, and there is none without a grammar", () => {
  assert.equal(verdict({ accepted: true, is_new: true }), "✓ a new line");
  assert.equal(verdict({ accepted: true, is_new: false }), "✓ stands in the text");
  assert.equal(verdict({ accepted: false, is_new: true }), "✗ no line of the grammar");
  assert.equal(verdict({ accepted: null, is_new: null }), "");
});

test("the newest checkpoint is followed until one is chosen", () => {
  const run = { checkpoints: [look(0, 3), look(5, 2)] };
  const state = newState();
  assert.equal(shownIndex(state, { checkpoints: [] }), -1);
  assert.equal(shownIndex(state, run), 1);
  assert.equal(shownIndex({ ...state, chosen: 0 }, run), 0);
});

test("weights stand in triangles, head by head", () => {
  const weights = Uint8Array.from([255, 51, 204, 0, 255, 0, 255, 255, 0, 0, 0, 255]);
  assert.equal(weightAt(weights, 0, 3, 1, 0), 0.2);
  assert.equal(weightAt(weights, 1, 3, 1, 0), 1);
  assert.equal(weightAt(weights, 1, 3, 1, 1), 0);
  assert.equal(weightsOf(weights, 1, 3)(2, 2), 1);
  assert.deepEqual([...bytesOf("/zMA")], [255, 51, 0]);
});

test("learning by heart is seen where the held-out loss has risen from its least, and the training loss hasn't", () => {
  const falling = [5, 7, 9].map((step) => [step, 3 - step / 5]);
  const seen = (...checkpoints) => overfit(/** @type {any} */ ({ checkpoints, losses: falling }));
  assert.equal(seen(look(0, 3), look(5, 2)), null);
  assert.equal(seen(look(0, 3), look(5, 2), look(9, 2.05)), null);
  const risen = [look(0, 3), look(5, 2), look(9, 2.2)];
  assert.deepEqual(seen(...risen), { step: 5, least: 2, now: 2.2 });
  const rising = falling.map(([step, loss]) => [step, 4 - loss]);
  for (const losses of [rising, []]) assert.equal(overfit(/** @type {any} */ ({ checkpoints: risen, losses })), null);
});

test("figures say what they are measured against", () => {
  const corpus = { parameters: 12345, vocab_size: 40, train_tokens: 9000, uniform_loss: 3.689, unigram_loss: 2.9 };
  assert.deepEqual(figures({ corpus: null, checkpoints: [] }, -1), []);
  const shown = figures({ corpus, checkpoints: [look(0, 1.5, { accepted: 0.75 })] }, 0);
  assert.deepEqual(shown[0], ["numbers that learn", "12,345", "40 entries, 9,000 tokens to read"]);
  assert.deepEqual(shown[1], ["held-out loss", "1.500", "a guess: 3.69; by frequency: 2.90"]);
  assert.deepEqual(
    shown.slice(2).map((one) => one[1]),
    ["50\u00a0%", "75\u00a0%"],
  );
});

test("checkpoints can be read as numbers", () => {
  const rows = checkpointRows({ checkpoints: [look(0, 3.25), look(50, 1, { accepted: 1 })] });
  assert.deepEqual(rows, [
    ["0", "3.2500", "50\u00a0%", "–"],
    ["50", "1.0000", "50\u00a0%", "100\u00a0%"],
  ]);
});

test("what was written first and last stands below each other", () => {
  const samples = [{ text: "\nxq zw" }, { text: "another" }];
  const checkpoints = [look(0, 3.2514, { samples }), look(1200, 1, { samples: [{ text: "Mia has a ball." }] })];
  assert.deepEqual(writtenRows({ checkpoints: [...checkpoints, look(1300, 1, { samples: [] })] }), [
    ["0", "3.251", "xq zw"],
    ["1,200", "1.000", "Mia has a ball."],
    ["1,300", "1.000", ""],
  ]);
});

test("cells fit the room, and a cell says who looks at whom", () => {
  assert.deepEqual(gridOf(["a", "b"], 1000), { cell: 26, edge: 20, size: 72 });
  assert.equal(gridOf(Array(40).fill("a"), 300).cell, 12);
  const context = { measureText: (/** @type {string} */ text) => ({ width: 10 * text.length }) };
  assert.deepEqual(
    ["↵", "abcd"].map((text) => clipped(context, text, 8)),
    ["↵", "a…"],
    "a letter alone is never cut",
  );
  assert.equal(
    readout(["a", " "], () => 0.25, [1, 0]),
    "' ' (token 1) looks at 'a' (token 0): 25\u00a0%",
  );
});
