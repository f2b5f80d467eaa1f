import assert from "node:assert/strict";
import test from "node:test";
import { meaning } from "../../../assets/views/classroom/draw.js";

test("signs in tokens are explained where there are some, and only in tokens", () => {
  assert.equal(meaning("one_of_top", ["·tea", "· (a space)", "coffee"]), "“·” is a space.");
  assert.equal(meaning("next_word", ["·tea", "↵ (a line break)"]), "“·” is a space, “↵” is a line break.");
  assert.equal(meaning("one_of_top", ["tea", "coffee"]), "");
  assert.equal(meaning("one_of_top", ["<0xE7>", "<0xE3><0x83>"]), "“<0xE7>” is a byte, a part of a character.");
  assert.equal(meaning("choice", ["a · b"]), "");
});
