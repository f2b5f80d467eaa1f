import assert from "node:assert/strict";
import test from "node:test";
import { directionOf } from "../../../assets/views/shared/dom.js";
import { isolated, quoted, stopped } from "../../../assets/views/shared/format.js";

test("the first letter says where a text begins", () => {
  assert.equal(directionOf("A film"), "ltr");
  assert.equal(directionOf("«هذا» is a word"), "rtl");
  assert.equal(directionOf("3! שלום"), "rtl");
  assert.equal(directionOf("这 مرحبا"), "ltr");
  assert.equal(directionOf("12 + 3"), "ltr");
  assert.equal(directionOf(""), "ltr");
});

test("names of bytes and signs of a tokenizer are no letters", () => {
  assert.equal(directionOf(["<0xD8>", "##ذ"]), "rtl");
  assert.equal(directionOf(["··", "a", "ذ"]), "ltr");
});

test("a text from the right is kept apart from the sentence around it", () => {
  assert.equal(quoted("cat"), "“cat”");
  assert.equal(quoted("שלום 3"), "“\u2068שלום 3\u2069”");
  assert.equal(isolated("a قط"), "\u2068a قط\u2069");
});

test("what somebody said ends a sentence with one stop", () => {
  assert.deepEqual(["cat", "A cat.", "Why?", ".", "3.5"].map(stopped), ["cat.", "A cat.", "Why?", ".", "3.5."]);
  assert.equal(stopped("קט"), "\u2068קט\u2069.");
});
