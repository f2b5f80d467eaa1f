import assert from "node:assert/strict";
import { test } from "node:test";
import { boxFor, extent, ticks } from "../../../assets/views/training/curves.js";

test("axes end a little above the highest value, that of guessing included", () => {
  const curves = {
    series: [
      {
        name: "loss",
        points: [
          [1, 2],
          [2, Number.NaN],
        ],
      },
    ],
    levels: [],
    most: 5,
    xName: "",
    yName: "",
  };
  assert.deepEqual(extent(curves), { most: 5, top: 2.12 });
  assert.equal(extent({ ...curves, levels: [{ name: "guessing", value: 3 }] }).top, 3.18);
  assert.equal(extent({ ...curves, top: 1 }).top, 1);
  assert.deepEqual(extent({ ...curves, series: [], most: 0 }), { most: 1, top: 0.1 * 1.06 });
});

test("ticks are round numbers from 0 to the end", () => {
  assert.deepEqual(ticks(56, 6), [0, 10, 20, 30, 40, 50]);
  assert.deepEqual(ticks(1, 4), [0, 0.5, 1]);
  assert.deepEqual(ticks(3, 6), [0, 0.5, 1, 1.5, 2, 2.5, 3]);
});

test("a picture is as wide as its place, and the number of the last step has room", () => {
  assert.deepEqual(
    [0, 200, 348, 900].map((room) => boxFor(room).width),
    [520, 280, 348, 900],
  );
  for (const room of [348, 900]) assert.ok(boxFor(room).width - boxFor(room).right >= 20); // half of "20,000"
  assert.deepEqual(
    [348, 700, 2000].map((room) => boxFor(room).height),
    [222, 294, 320],
  );
});
