import assert from "node:assert/strict";
import test from "node:test";
import { along, channels, css, inkOn, mixed } from "../../../assets/views/shared/colours.js";
import { csvText } from "../../../assets/views/shared/csv.js";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatFixed,
  formatMagnitude,
  formatProbability,
} from "../../../assets/views/shared/format.js";
import { ranks, spearman } from "../../../assets/views/shared/ranks.js";
import { nearest, ticksBetween } from "../../../assets/views/shared/scatter.js";

test("equal values share the mean of their ranks", () => {
  assert.deepEqual(ranks([10, 30, 20, 20]), [0, 3, 1.5, 1.5]);
});

test("Spearman's rho is 1 for the same order, -1 for the other way round, null where all are equal", () => {
  assert.equal(spearman([1, 2, 3], [10, 100, 1000]), 1);
  assert.equal(spearman([1, 2, 3], [3, 2, 1]), -1);
  assert.equal(spearman([1, 1, 1], [3, 2, 1]), null);
  // scipy.stats.spearmanr([1, 2, 2, 4], [2, 1, 4, 3])
  assert.ok(Math.abs(Number(spearman([1, 2, 2, 4], [2, 1, 4, 3])) - 0.31622776601683794) < 1e-12);
});

test("bytes, counts and ages have few digits", () => {
  assert.deepEqual([999, 1000, 99_499, 1.5e6, 2.4e9].map(formatBytes), [
    "999\u00a0bytes",
    "1\u00a0kB",
    "99\u00a0kB",
    "1.5\u00a0MB",
    "2.4\u00a0GB",
  ]);
  assert.equal(formatBytes(null), "?");
  assert.deepEqual([512, 134_515_008, 1.1e9].map(formatCount), ["512", "135 million", "1.1 billion"]);
  assert.deepEqual([3, 34, 200, 9000].map(formatAge), ["just now", "30\u00a0s ago", "3\u00a0min ago", "3\u00a0h ago"]);
});

test("a probability has the digits that it needs, and never a false 0 or 100 %", () => {
  const shown = [null, 0, 1e-9, 0.00012, 0.0123, 0.25, 0.9994, 0.9996].map(formatProbability);
  assert.deepEqual(shown, [
    "–",
    "0\u00a0%",
    "<\u00a00.0001\u00a0%",
    "0.012\u00a0%",
    "1.2\u00a0%",
    "25\u00a0%",
    "100\u00a0%",
    "100\u00a0%",
  ]);
});

test("what is no number is a dash", () => {
  assert.deepEqual([formatFixed(null, 2), formatFixed(Number.NaN, 2), formatFixed(1.005, 1)], ["–", "–", "1.0"]);
});

test("a perplexity of any size has three digits that count", () => {
  assert.deepEqual([1.2345, 99.94, 1234.5, 2.5e7].map(formatMagnitude), ["1.23", "99.9", "1,235", "2.50e+7"]);
});

test("CSV keeps quotes, commas and line ends inside of a field", () => {
  assert.equal(
    csvText([
      ["a", 'say "x", y\nz'],
      ["b", 0.5],
    ]),
    '\ufeff"a","say ""x"", y\nz"\r\n"b",0.5\r\n',
  );
});

test("a ramp meets its stops and mixes between them", () => {
  const stops = [channels("#000000"), channels("#ff0000"), channels("#ffffff")];
  assert.deepEqual(
    [0, 0.25, 0.5, 1].map((place) => css(along(stops, place))),
    ["rgb(0 0 0)", "rgb(128 0 0)", "rgb(255 0 0)", "rgb(255 255 255)"],
  );
  assert.deepEqual(mixed([0, 10, 20], [100, 10, 0], 0.5), [50, 10, 10]);
  assert.notEqual(inkOn([255, 255, 255]), inkOn([0, 0, 0]));
});

test("the nearest dot within reach is found, or none", () => {
  const places = /** @type {[number, number][]} */ ([
    [0, 0],
    [10, 0],
    [12, 0],
  ]);
  assert.equal(nearest(places, [11.5, 0], 5), 2);
  assert.equal(nearest(places, [30, 0], 5), null);
});

test("axes have round numbers", () => {
  assert.deepEqual(ticksBetween(0, 10), [0, 2.5, 5, 7.5, 10]);
  assert.deepEqual(ticksBetween(1.1, 12.85), [5, 10]);
  assert.deepEqual(ticksBetween(-0.05, 0.83), [0, 0.25, 0.5, 0.75]);
  assert.deepEqual(ticksBetween(3, 3), [3]);
});
