import assert from "node:assert/strict";
import { test } from "node:test";
import { moreOf, reachTable, toMiddle } from "../../../assets/views/page/edges.js";

test("a place says at which sides it goes on", () => {
  const low = { scrollTop: 0, scrollHeight: 50, clientHeight: 50 };
  const at = (scrollLeft, scrollWidth) => moreOf({ scrollLeft, scrollWidth, clientWidth: 100, ...low });
  assert.equal(at(0, 100), "");
  assert.equal(at(0, 101), ""); // rounding
  assert.equal(at(0, 150), "end");
  assert.equal(at(20, 150), "start end");
  assert.equal(at(50, 150), "start");
  assert.equal(at(-50, 150), "start"); // from right to left
  const deep = (scrollTop, scrollHeight, scrollWidth = 100) =>
    moreOf({ scrollLeft: 0, scrollWidth, clientWidth: 100, scrollTop, scrollHeight, clientHeight: 50 });
  assert.equal(deep(0, 90), "below");
  assert.equal(deep(0, 90, 150), "end below");
  assert.equal(deep(40, 90), "");
  assert.equal(deep(0, 56), ""); // a margin, or the ring of the focus
});

test("a chosen tab is moved to the middle of its row", () => {
  assert.equal(toMiddle({ left: 350, right: 410 }, { left: 10, right: 380 }), 185);
  assert.equal(toMiddle({ left: 165, right: 225 }, { left: 10, right: 380 }), 0);
});

test("a table that scrolls is reached by keys, by itself or by what it holds", () => {
  const reached = (scrollWidth, scrollHeight, held) => {
    const place = { scrollWidth, scrollHeight, clientWidth: 100, clientHeight: 100, tabIndex: -1 };
    const table = Object.assign(place, { querySelector: () => held, removeAttribute: () => (table.tabIndex = -1) });
    reachTable(table);
    return table.tabIndex === 0;
  };
  assert.deepEqual([reached(150, 100, null), reached(100, 150, null)], [true, true]);
  assert.deepEqual([reached(100, 100, null), reached(150, 150, "a button")], [false, false]);
});
