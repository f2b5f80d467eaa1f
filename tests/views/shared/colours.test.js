import assert from "node:assert/strict";
import test from "node:test";
import { stepOf } from "../../../assets/views/shared/colours.js";

test("counts take every step but the one on which nothing is read", () => {
  const steps = [0, 1, 2, 3, 4, 5, 6].map((count) => stepOf(count, 6));
  assert.deepEqual(
    steps.map(({ ground }) => ground.match(/\d/)?.[0]),
    ["0", "2", "3", "4", "6", "7", "8"],
  );
  assert.deepEqual(
    steps.map(({ isDeep }) => isDeep),
    [false, false, false, false, true, true, true],
  );
  assert.equal(stepOf(1, 100).ground, "var(--pg-seq-1)");
});
