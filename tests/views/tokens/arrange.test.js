import assert from "node:assert/strict";
import test from "node:test";
import {
  arrange,
  colourOf,
  countsOf,
  readAnswer,
  sentenceOf,
  sharedEnds,
} from "../../../assets/views/tokens/arrange.js";
import { cellEdges, lineBreaks } from "../../../assets/views/tokens/line_breaks.js";
import { freshPieces } from "../../../assets/views/tokens/split.js";

const answer = (more = {}) =>
  JSON.stringify({ ids: [], marks: [], spans: [], shown: [], bytes: [], gaps: [], rest: null, ...more });

const CATS = answer({
  ids: [101, 7, 8, 102],
  marks: [1, 0, 4, 1],
  spans: [-1, -1, 0, 4, 5, 9, -1, -1],
  shown: ["[CLS]", "some", "cats", "[SEP]"],
});

test("one word is no words", () => {
  const counts = { characters: 1200, utf8_bytes: 1, words: 1, tokens: 3, special_tokens: 2, unknown_tokens: 0 };
  const said = countsOf(counts).map((one) => one.join(" "));
  assert.deepEqual(said.slice(0, 4), ["1,200 characters", "1 byte", "1 word", "3 tokens"]);
  assert.deepEqual(said.slice(4), ["2 special", "0 unknown", "1.00 tokens per word, special ones aside"]);
  assert.deepEqual(countsOf({ ...counts, special_tokens: 0 }).at(-1), ["3.00", "tokens per word"]);
  const [rate, why] = countsOf({ ...counts, unknown_tokens: 1 }).at(-1) ?? []; // what is lost doesn't count as cheap
  assert.ok(rate === "–" && why.includes("unknown"));
  const thai = countsOf({ ...counts, tokens_per_word: null }).map((one) => one.join(" ")); // no spaces between words
  assert.deepEqual(
    [thai[2], thai.at(-1)],
    ["– words (some have no spaces between them)", "– tokens per word, special ones aside"],
  );
});

test("tokens come as lists and leave as objects", () => {
  const { tokens } = readAnswer(CATS);
  assert.equal(tokens[2].shown, "cats");
  assert.deepEqual([tokens[0].special, tokens[0].added, tokens[2].continuation], [true, true, true]);
  assert.equal(sentenceOf(tokens[1]), "token 1, some, id 7, characters 0 to 3");
  assert.equal(sentenceOf(tokens[0]), "token 0, [CLS], id 101, stands for no character of the text, special");
});

test("parts and gaps in order are the text again", () => {
  const { parts, homes } = arrange(readAnswer(CATS), Array.from("some cats!"));
  assert.equal(parts.map((part) => part.text).join(""), "some cats!");
  assert.deepEqual(
    parts.map((part) => [part.text, part.members, part.gap]),
    [
      ["", [0], undefined],
      ["some", [1], undefined],
      [" ", [], "·"],
      ["cats", [2], undefined],
      ["!", [], "·"],
      ["", [3], undefined],
    ],
  );
  assert.equal(homes[2], parts[3]);
  assert.deepEqual(parts.map(colourOf), ["", "c0", "", "c2", "", ""]);
});

test("what no token stands for is drawn before the tokens that were added behind the text", () => {
  const blank = answer({ ids: [101, 102], marks: [1, 1], spans: [-1, -1, -1, -1], shown: ["[CLS]", "[SEP]"] });
  const { parts } = arrange(readAnswer(blank), [" "]);
  assert.deepEqual(
    parts.map((part) => part.members),
    [[0], [], [1]],
  );
});

test("tokens that share characters stand in one part", () => {
  const shared = answer({ ids: [1, 2, 3], marks: [0, 0, 0], spans: [0, 1, 0, 1, 1, 2], shown: ["⟨F0⟩", "⟨9F⟩", "a"] });
  const { parts } = arrange(readAnswer(shared), ["👍", "a"]);
  assert.deepEqual(
    parts.map((part) => part.members),
    [[0, 1], [2]],
  );
});

test("text beyond the last token that is shown is kept as a rest", () => {
  const cut = answer({ ids: [1], marks: [0], spans: [0, 1], shown: ["a"], rest: 1 });
  const { parts } = arrange(readAnswer(cut), Array.from("abc"));
  assert.deepEqual([parts[1].text, parts[1].rest], ["bc", true]);
});

test("an edit in the middle leaves both ends alone", () => {
  const keys = (text) => Array.from(text, (key) => ({ key }));
  assert.deepEqual(sharedEnds(keys("abcd"), keys("abXcd")), { before: 2, after: 2 });
  assert.deepEqual(sharedEnds(keys("aaa"), keys("aa")), { before: 2, after: 0 });
  assert.deepEqual(sharedEnds([], keys("a")), { before: 0, after: 0 });
});

test("a line breaks where all tokenizers agree, or where it must", () => {
  assert.deepEqual(lineBreaks([0, 4, 8, 12, 16], new Set([0, 8, 16]), 10), [0, 8, 16]);
  assert.deepEqual(lineBreaks([0, 6, 11, 16], new Set([0, 16]), 9), [0, 6, 11, 16]);
});

test("a line holds fewer letters where each is a cell of its own", () => {
  const letters = [..."abcdefgh"];
  const one = cellEdges({ cuts: [0, 8], letters, rows: [[{ end: 8, tokens: 1 }]] });
  const cuts = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const eight = cellEdges({ cuts, letters, rows: [cuts.slice(1).map((end) => ({ end, tokens: 2 }))] });
  assert.ok(eight[8] > 2 * one[1]);
  assert.deepEqual(lineBreaks(cuts, new Set(), 105, eight), [0, 3, 6, 8]);
  assert.ok(
    cellEdges({ cuts: [0, 1], letters: ["日"], rows: [] })[1] > cellEdges({ cuts: [0, 1], letters, rows: [] })[1],
  );
});

test("a piece that a step made is fresh as often as it is new", () => {
  assert.deepEqual(freshPieces(["a", "b", "a"], ["ab", "a"]), [true, false]);
  assert.deepEqual(freshPieces(["a"], ["a", "a"]), [false, true]);
});
