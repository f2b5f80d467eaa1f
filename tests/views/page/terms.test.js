import assert from "node:assert/strict";
import test from "node:test";
import { atNames, finding, splitAt } from "../../../assets/views/page/terms.js";

const WORDS = [
  { name: "token", text: "a piece", forms: ["token", "tokens"] },
  { name: "KV cache", text: "keys and values", forms: ["KV cache"] },
  { name: "token id", text: "its number", forms: ["token id"] },
];
const split = (text, known = new Set()) => splitAt(text, WORDS, /** @type {RegExp} */ (finding(WORDS)), known);

test("a word is found in each of its forms, once, the longest form first", () => {
  assert.deepEqual(split("Tokens: a token id of a token."), [
    { text: "Tokens", index: 0 },
    ": a ",
    { text: "token id", index: 2 },
    " of a token.",
  ]);
});

test("a token in brackets is one word, not the word between them", () => {
  const words = [
    { ...WORDS[0], forms: ["mask"] },
    { ...WORDS[1], forms: ["[MASK]"] },
  ];
  const found = splitAt("For a [MASK], type", words, /** @type {RegExp} */ (finding(words)), new Set());
  assert.deepEqual(found, ["For a ", { text: "[MASK]", index: 1 }, ", type"]);
});

test("what was known before is left as it is", () => {
  assert.deepEqual(split("a token", new Set(["0"])), ["a token"]);
});

test("a part of another word is none", () => {
  for (const text of ["tokenizer", "sub-token", "max_new_tokens", "übertoken"]) assert.deepEqual(split(text), [text]);
});

test("no words, nothing to find", () => {
  assert.equal(finding([]), null);
});

test("a name that no line may break stands apart", () => {
  assert.deepEqual(atNames("On a CPU, 4-bit and fast-8-bit save memory."), [
    "On a CPU, ",
    "4-bit",
    " and ",
    "fast-8-bit",
    " save memory.",
  ]);
  for (const text of ["int4-bit", "64-bit", "4-bits", "bit"]) assert.deepEqual(atNames(text), [text]);
});
