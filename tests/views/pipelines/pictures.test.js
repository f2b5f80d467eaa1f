import assert from "node:assert/strict";
import { test } from "node:test";
import { tint } from "../../../assets/views/pipelines/states.js";
import { scaled } from "../../../assets/views/pipelines/tokens.js";

test("logits are parts of the way from the smallest to the largest, and equal ones are whole", () => {
  assert.deepEqual(
    scaled([-4, 0, 4]).map((part) => Number(part.toFixed(3))),
    [0.03, 0.515, 1],
  );
  assert.deepEqual(scaled([2, 2]), [1, 1]);
});

test("a number has the colour of its side, and no more than that", () => {
  const inks = { neg: [0, 0, 200], mid: [100, 100, 100], pos: [200, 0, 0] };
  assert.deepEqual(tint(0, inks), [100, 100, 100]);
  assert.deepEqual(tint(-0.5, inks), [50, 50, 150]);
  assert.deepEqual(tint(7, inks), [200, 0, 0]);
});
