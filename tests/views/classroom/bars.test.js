import assert from "node:assert/strict";
import test from "node:test";
import { shown } from "../../../assets/views/classroom/draw.js";

test("of more answers than there is room for, the first ones are shown, and what is right", () => {
  assert.deepEqual(shown(3, 0, 8), [0, 1, 2]);
  assert.deepEqual(shown(5, 1, 3), [0, 1, 2]);
  assert.deepEqual(shown(5, 4, 3), [0, 1, 4]);
  assert.deepEqual(shown(5, -1, 3), [0, 1, 2]);
});
