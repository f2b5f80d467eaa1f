import assert from "node:assert/strict";
import test from "node:test";
import { isOutdated } from "../../../assets/views/shared/inbox.js";

test("what was made from other fields is old, and nothing is while the page hasn't told of them", () => {
  const asked = ["a text", "model", null, 5];
  assert.equal(isOutdated(asked, []), false);
  assert.equal(isOutdated(asked, ["a text", "model", "", "5"]), false);
  assert.equal(isOutdated(asked, ["a new text", "model", "", "5"]), true);
  assert.equal(isOutdated(asked, ["a text", "model", "a second", "5"]), true);
  assert.equal(isOutdated([], ["a text"]), false);
});
