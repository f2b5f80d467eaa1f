import assert from "node:assert/strict";
import test from "node:test";
import { tabAt } from "../../../assets/views/page/tab_keys.js";

test("arrow keys go round, Home and End to the ends", () => {
  assert.equal(tabAt("ArrowRight", 0, 3), 1);
  assert.equal(tabAt("ArrowRight", 2, 3), 0);
  assert.equal(tabAt("ArrowLeft", 0, 3), 2);
  assert.equal(tabAt("Home", 2, 3), 0);
  assert.equal(tabAt("End", 0, 3), 2);
});

test("other keys are left to the browser", () => {
  for (const key of ["Tab", "Enter", "ArrowDown", "a"]) assert.equal(tabAt(key, 0, 3), null);
});
