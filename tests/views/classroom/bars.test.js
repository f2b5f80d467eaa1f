import assert from "node:assert/strict";
import test from "node:test";
import { numbers, shown, stands } from "../../../assets/views/classroom/draw.js";

test("of more answers than there is room for, those that most gave are shown, and what is right", () => {
  assert.deepEqual(shown([2, 1, 1], 0, 8), [0, 1, 2]);
  assert.deepEqual(shown([2, 1, 1, 0, 0], 1, 3), [0, 1, 2]);
  assert.deepEqual(shown([2, 1, 1, 0, 0], 4, 3), [0, 1, 4]);
  assert.deepEqual(shown([2, 1, 1, 0, 0], -1, 3), [0, 1, 2]);
  assert.deepEqual(shown([0, 0, 0, 1, 0, 0, 0, 0, 0, 3], 1, 8), [0, 1, 2, 3, 4, 5, 6, 9]);
});

test("below both texts a question stands until it is revealed", () => {
  const at = (state, writing) => Boolean(stands({ asked: state && { state }, writing }));
  assert.deepEqual([at("open", {}), at("closed", {}), at("revealed", {})], [true, true, false]);
  assert.deepEqual([at("open", null), at("revealed", null), at(null, null)], [true, true, false]);
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
