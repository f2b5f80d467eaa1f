import assert from "node:assert/strict";
import test from "node:test";
import { divergenceStep, farthest, sentenceOf } from "../../../assets/views/generation/divergence.js";

const TOKEN = {
  token_id: 5,
  piece: " lazy",
  kl_divergence: 0.5532,
  probability: 0.64,
  other_probability: 0.93,
  best: " lazy",
  best_probability: 0.64,
  other_best: " lazy",
  other_best_probability: 0.93,
  changed: false,
};

test("the same steps for every text", () => {
  assert.deepEqual([0, 0.0029, 0.003, 0.05, 0.1, 0.3, 9].map(divergenceStep), [0, 0, 1, 2, 3, 4, 4]);
});

test("the farthest token is the first of equal ones", () => {
  assert.equal(farthest([0.1, 0.5, 0.2, 0.5].map((kl_divergence) => ({ ...TOKEN, kl_divergence }))), 1);
});

test("a token in a sentence, whether the best one changed or not", () => {
  assert.equal(
    sentenceOf(TOKEN, 26, ["float32", "8-bit"]),
    "Token 26, “·lazy”: KL divergence 0.55\u00a0nats; float32 gave it 64\u00a0%, 8-bit 93\u00a0%; both expected “·lazy” (64\u00a0% and 93\u00a0%).",
  );
  const changed = { ...TOKEN, changed: true, best: " old", best_probability: 0.7 };
  assert.match(sentenceOf(changed, 2, ["a", "b"]), /a expected “·old” \(70\u00a0%\), b “·lazy” \(93\u00a0%\)\.$/);
});
