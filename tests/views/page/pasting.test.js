import assert from "node:assert/strict";
import test from "node:test";
import { cutShort, hasManyLines, isPasted, roomIn } from "../../../assets/views/page/pasting.js";

test("it is the lines that make a paste long, not its characters", () => {
  assert.equal(hasManyLines("a".repeat(200_000)), false);
  assert.equal(hasManyLines("a\n".repeat(299)), false);
  assert.equal(hasManyLines("a\n".repeat(300)), true);
});

test("a field has room for what its selection leaves", () => {
  const field = (maxLength, value, selectionStart, selectionEnd) => ({
    maxLength,
    value,
    selectionStart,
    selectionEnd,
  });
  assert.equal(roomIn(field(-1, "ground", 0, 6)), Number.POSITIVE_INFINITY);
  assert.equal(roomIn(field(10, "ground", 6, 6)), 4);
  assert.equal(roomIn(field(10, "ground", 0, 6)), 10);
  assert.equal(roomIn(field(4, "ground", 2, 2)), 0);
});

test("what has no room is said", () => {
  assert.equal(
    cutShort(200, 5000, 194),
    "At most 200 characters fit here. Of the 5,000 pasted, the first 194 were taken.",
  );
  assert.equal(cutShort(200, 5000, 0), "At most 200 characters fit here. Of the 5,000 pasted, none were taken.");
});

test("Enter in a field that is full is no paste", () => {
  const types = ["insertFromPaste", "insertFromDrop", "insertLineBreak", "insertText", "insertReplacementText"];
  assert.deepEqual(
    types.filter((inputType) => isPasted({ inputType })),
    ["insertFromPaste", "insertFromDrop"],
  );
});
