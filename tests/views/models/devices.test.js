import assert from "node:assert/strict";
import test from "node:test";
import { legendOf } from "../../../assets/views/models/devices.js";

const copies = (count) => Array.from({ length: count }, (_, at) => ({ kind: "model", name: `m${at}`, count: 10 }));
const free = { kind: "room", name: "free", count: 5 };

test("many copies are one line of a legend where there is little room", () => {
  const all = [...copies(4), free];
  assert.deepEqual(legendOf(all, 370), [{ kind: "model", name: "4 copies of models", count: 40 }, free]);
  assert.equal(legendOf(all, 1000), all);
  const few = [...copies(3), free];
  assert.equal(legendOf(few, 370), few);
});
