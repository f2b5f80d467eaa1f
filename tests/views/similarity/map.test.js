import assert from "node:assert/strict";
import test from "node:test";
import {
  flatDistances,
  namesOf,
  placed,
  placesOf,
  sentence,
  towards,
} from "../../../assets/views/similarity/map_geometry.js";

test("both axes have one scale, and y goes up", () => {
  const points = placed(
    [
      [0, 0],
      [4, 0],
      [0, 1],
    ],
    [300, 200],
  );
  assert.equal((points[1][0] - points[0][0]) / 4, points[0][1] - points[2][1]);
  assert.ok(points.every(([x, y]) => x >= 0 && x <= 300 && y >= 0 && y <= 200));
  assert.deepEqual(
    placed(
      [
        [2, 2],
        [2, 2],
      ],
      [300, 200],
    ),
    [
      [150, 100],
      [150, 100],
    ],
  );
});

test("no name covers another, a point or the edge", () => {
  const points = [
    [150, 100],
    [164, 100],
    [290, 100],
    [150, 103],
  ];
  const names = namesOf(points, [40, 40, 40, 40], [300, 200], [0, 1, 2, 3]);
  assert.equal(names[2].anchor, "end"); // there is no room at its right
  assert.equal(names[0].anchor, "end"); // the next point is at its right
  assert.equal(names[1].anchor, "start");
  const crowd = Array.from({ length: 30 }, (_, k) => [150 + k, 100]);
  const first = namesOf(
    crowd,
    crowd.map(() => 60),
    [300, 200],
    [17, ...crowd.keys()],
  );
  assert.ok(first[17] && first.filter(Boolean).length < 30); // who is lit chooses first, some have no room
});

test("a name without room beside its point stands apart, with a line to it", () => {
  const crowd = Array.from({ length: 20 }, (_, k) => [174 + 14 * (k % 4), 150 + 12 * Math.floor(k / 4)]);
  const names = namesOf(
    crowd,
    crowd.map(() => 44),
    [348, 348],
    [...crowd.keys()],
  );
  assert.ok(names.every(Boolean));
  assert.ok(names.some((name) => name?.lead) && names.some((name) => !name?.lead));
});

test("arrow keys lead to the nearest word on their side, and every word is reached", () => {
  const points = [
    [0, 0],
    [10, 2],
    [30, 0],
    [0, 20],
  ];
  assert.equal(towards(points, 0, "ArrowRight"), 1);
  assert.equal(towards(points, 1, "ArrowRight"), 2);
  assert.equal(towards(points, 0, "ArrowDown"), 3);
  assert.equal(towards(points, 0, "ArrowUp"), 0);
  assert.equal(towards(points, 0, "PageUp"), 3);
  assert.equal(towards(points, 3, "PageDown"), 0);
  assert.deepEqual([towards(points, 1, "Home"), towards(points, 1, "End"), towards(points, 1, "x")], [0, 3, null]);
});

test("places count nearness from 1", () => {
  assert.deepEqual(placesOf([9, 3, 1, 2], 0, "least"), [0, 3, 1, 2]);
  assert.deepEqual(placesOf([1, 0.2, 0.9, 0.5], 0, "greatest"), [0, 3, 1, 2]);
  assert.deepEqual(
    flatDistances(
      [
        [0, 0],
        [3, 4],
      ],
      0,
    ),
    [0, 5],
  );
});

test("the nearest is one word, the nearest are two", () => {
  const pictures = [
    { title: "By embedding", neighbours: [[1], [0, 2]], still_near: [0, 1] },
    { title: "By loss", neighbours: [[1], [0, 2]], still_near: [1, 2] },
  ];
  const said = [0, 1].map((word) =>
    sentence({ words: ["man", "cat", "dog"], pictures }, word).replace(/[\u2068\u2069]/g, ""),
  );
  assert.deepEqual(said, [
    "“man”: by embedding, nearest is cat (not so on the map); by loss, nearest is cat (on the map, too).",
    "“cat”: by embedding, nearest are man, dog (1 of 2 also on the map); by loss, nearest are man, dog (2 of 2 also on the map).",
  ]);
});
