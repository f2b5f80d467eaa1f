import assert from "node:assert/strict";
import test from "node:test";
import { placeLabels, shared } from "../../../assets/views/shared/labels.js";

const FRAME = { left: 0, top: 0, right: 300, bottom: 200 };
const label = (at) => ({ at, size: /** @type {[number, number]} */ ([60, 15]) });

test("a label stands to the right of its dot where that is free", () => {
  const [box] = placeLabels([label([100, 100])], [[100, 100]], 4, FRAME);
  assert.deepEqual(box, { left: 109, top: 92.5, right: 169, bottom: 107.5 });
});

test("labels of neighbours lie on no dot, not on each other, and inside the frame", () => {
  /** @type {[number, number][]} */
  const dots = [
    [150, 100],
    [155, 104],
    [175, 101],
    [294, 5],
    [290, 195],
    [120, 100],
  ];
  const boxes = placeLabels(dots.map(label), dots, 4, FRAME);
  for (const [k, box] of boxes.entries()) {
    assert.ok(box.left >= 0 && box.right <= 300 && box.top >= 0 && box.bottom <= 200, `${k} is outside`);
    for (const other of boxes.slice(k + 1)) assert.equal(shared(box, other), 0);
    for (const [x, y] of dots)
      assert.equal(shared(box, { left: x - 4, top: y - 4, right: x + 4, bottom: y + 4 }), 0, `${k} lies on a dot`);
  }
});
