import assert from "node:assert/strict";
import test from "node:test";
import { gridMove } from "../../../assets/views/shared/keyboard.js";

const press = (key, more = {}) => /** @type {any} */ ({ key, ...more });

test("arrow keys move one cell and stop at the edges", () => {
  assert.deepEqual(gridMove(press("ArrowRight"), [0, 0], [2, 3]), [0, 1]);
  assert.deepEqual(gridMove(press("ArrowUp"), [0, 0], [2, 3]), [0, 0]);
  assert.deepEqual(gridMove(press("ArrowDown"), [1, 2], [2, 3]), [1, 2]);
});

test("Home and End go to the ends of the row, page keys ten rows", () => {
  assert.deepEqual(gridMove(press("End"), [1, 0], [2, 300]), [1, 299]);
  assert.deepEqual(gridMove(press("Home"), [1, 7], [2, 300]), [1, 0]);
  assert.deepEqual(gridMove(press("PageDown"), [1, 7], [300, 9]), [11, 7]);
});

test("other keys, and arrows with a modifier, are left to the browser", () => {
  assert.equal(gridMove(press("a"), [0, 0], [2, 2]), null);
  assert.equal(gridMove(press("ArrowLeft", { altKey: true }), [0, 1], [2, 2]), null);
});
