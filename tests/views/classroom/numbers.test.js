import assert from "node:assert/strict";
import test from "node:test";
import { asRead, moreOf, numbers, onSlider } from "../../../assets/views/classroom/draw.js";

test("what is told to be right is said as it was told", () => {
  assert.deepEqual(numbers({ number: 1.75, median: 9.25 }, "number", ""), [
    "Right: 1.75.",
    "At least half of the answers are 9.25 or below.",
  ]);
});

test("a slider sends what it shows, with the digits that its ends can tell apart", () => {
  assert.equal(onSlider(78.2345, { low: 0, high: 100 }), 78.2);
  assert.equal(onSlider(0.12345, { low: 0, high: 1 }), 0.123);
  assert.equal(onSlider(2007.86, { low: 1990, high: 2025 }), 2007.9);
  assert.equal(onSlider(1234567.8, { low: 0, high: 1e7 }), 1234568);
  assert.equal(onSlider(0.04, { low: 0.04, high: 100 }), 0.04);
});

test("where no model answers, the class doesn't wait for one", () => {
  for (const kind of ["choice", "slider", "number", "word"]) assert.equal(moreOf(kind), "Now your teacher …");
  assert.equal(moreOf("next_word"), "Now the model …");
});

test("a number below zero has a minus, and a unit stands behind each", () => {
  assert.equal(asRead(-12.5, "%"), "−12.5\u00a0%");
  assert.equal(asRead(0), "0");
  assert.equal(numbers({ number: -3, median: null }, "number", "°C")[0], "Right: −3\u00a0°C.");
});
