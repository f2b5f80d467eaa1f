import assert from "node:assert/strict";
import test from "node:test";
import { numbers, shown } from "../../../assets/views/classroom/draw.js";

test("of more answers than there is room for, the first ones are shown, and what is right", () => {
  assert.deepEqual(shown(3, 0, 8), [0, 1, 2]);
  assert.deepEqual(shown(5, 1, 3), [0, 1, 2]);
  assert.deepEqual(shown(5, 4, 3), [0, 1, 4]);
  assert.deepEqual(shown(5, -1, 3), [0, 1, 2]);
});

test("what the class says as a number has its unit, and no more is said of its middle than holds", () => {
  const odd = { number: 78.2, median: 78 };
  assert.deepEqual(numbers(odd, "slider", "%"), [
    "Right: 78.2\u00a0%.",
    "At least half of the answers are 78\u00a0% or below.",
  ]);
  assert.deepEqual(numbers({ number: null, median: 5 }, "token_count", ""), [
    "At least half of the answers are 5 or below.",
  ]);
  assert.deepEqual(numbers({ number: null, median: null }, "label", ""), []);
});
