import assert from "node:assert/strict";
import test from "node:test";
import {
  axisOf,
  closest,
  meaningOf,
  measure,
  orderedPairs,
  orderOf,
  unitOf,
} from "../../../assets/views/similarity/measures.js";
import { agreement } from "../../../assets/views/similarity/ratings.js";

const DATA = {
  words: ["man", "woman", "boat"],
  loss: [
    [0, 1, 3],
    [2, 0, 4],
    [5, 6, 0],
  ],
  baseline_sum: [1, 2, 6],
  pieces: [1, 1, 2],
  cosine: [
    [1, 0.8, 0.1],
    [0.8, 1, 0.2],
    [0.1, 0.2, 1],
  ],
  clustered: [2, 0, 1],
};
const OFF = { total: false, baseline: false, symmetric: false, cosine: false };

test("each switch changes the number as it says", () => {
  assert.equal(measure(DATA, OFF, 0, 2), 3);
  assert.equal(measure(DATA, { ...OFF, total: true }, 0, 2), 6);
  assert.equal(measure(DATA, { ...OFF, baseline: true }, 0, 2), 0);
  assert.equal(measure(DATA, { ...OFF, symmetric: true }, 0, 2), 4);
  assert.equal(measure(DATA, { ...OFF, symmetric: true, total: true, baseline: true }, 0, 2), (0 * 2 + 4) / 2);
  assert.equal(measure(DATA, { ...OFF, cosine: true, total: true }, 0, 2), 0.1);
});

test("the unit and the sentence follow the switches", () => {
  assert.equal(unitOf(OFF), "nats per piece");
  assert.equal(unitOf({ ...OFF, total: true }), "nats");
  assert.equal(unitOf({ ...OFF, total: true, baseline: true }), "nats above the baseline");
  assert.match(meaningOf({ ...OFF, symmetric: true }), /Mean of both directions/);
  // after “un” the short “re” costs 11.59 nats, and “Zürich” 11.22
  assert.doesNotMatch(meaningOf({ ...OFF, total: true }), /long words/);
  for (const total of [true, false])
    for (const baseline of [true, false]) assert.doesNotMatch(meaningOf({ ...OFF, total, baseline }), /exp/);
});

test("one scale for all bars, a tick for each power of ten of the probability", () => {
  const axis = axisOf([1, 7.42]);
  assert.equal(axis.nats.toFixed(4), (4 * Math.LN10).toFixed(4));
  assert.deepEqual(
    axis.ticks.map(({ at, text }) => [at, text]),
    [
      [1, "100\u00a0%"],
      [0.75, "10\u00a0%"],
      [0.5, "1\u00a0%"],
      [0.25, "0.1\u00a0%"],
      [0, "0.01\u00a0%"],
    ],
  );
  assert.deepEqual(
    axisOf([25]).ticks.map(({ text }) => text),
    ["100\u00a0%", "0.1\u00a0%", "0.0001\u00a0%", "10⁻⁷\u00a0%"],
  );
});

test("how far apart the ticks are is said, however far", () => {
  const apart = (loss) => axisOf([loss]).said;
  assert.equal(apart(7.42), "Each tick to the left is 10 times less probable.");
  assert.equal(apart(25), "Each tick to the left is 1,000 times less probable.");
  assert.equal(apart(63.4), "Each tick to the left is 1,000,000 times less probable.");
  assert.equal(apart(90), "Each tick to the left is 10⁸ times less probable.");
});

test("the closest word has the smallest loss, or the largest cosine", () => {
  assert.deepEqual(closest(DATA, OFF, 0, 8), [
    [1, 1],
    [2, 3],
  ]);
  assert.deepEqual(closest(DATA, { ...OFF, cosine: true }, 2, 1), [[1, 0.2]]);
});

test("words stand as typed, clustered or in the order of the alphabet", () => {
  assert.deepEqual(
    ["typed", "clustered", "alphabet"].map((kind) => orderOf(DATA, kind)),
    [
      [0, 1, 2],
      [2, 0, 1],
      [2, 0, 1],
    ],
  );
  assert.deepEqual(orderedPairs(2), [
    [0, 1],
    [1, 0],
  ]);
});

test("the reader's ratings are compared with the model and with people", () => {
  const pairs = [1, 2, 3].map((rating) => ({ rating, similarity: -rating }));
  const said = agreement(
    { ten: [0, 1, 2], pairs },
    new Map([
      [0, 3],
      [1, 2],
      [2, 1],
    ]),
  );
  assert.match(said, /model and you 1\.00, model and published mean −1\.00, you and published mean −1\.00/);
  assert.match(said, /more as you do/);
});
