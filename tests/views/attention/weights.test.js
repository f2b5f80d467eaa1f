import assert from "node:assert/strict";
import test from "node:test";
import { groundHeight } from "../../../assets/views/attention/cells.js";
import { cellThatFits } from "../../../assets/views/attention/geometry.js";
import { newState, placeNamed, unrolled } from "../../../assets/views/attention/state.js";
import {
  formatWeight,
  maskedRuns,
  rampSteps,
  shownWeights,
  spokenWeight,
  strongest,
} from "../../../assets/views/attention/weights.js";
import {
  cellNote,
  figuresOf,
  foundHeads,
  habitOf,
  headCode,
  spokenCell,
} from "../../../assets/views/attention/words.js";
import { escaped } from "../../../assets/views/shared/svg.js";

const MATRIX = Float32Array.from([1, 0, 0.25, 0.75]);
const MASK = Uint8Array.from([0, 2, 0, 0]);
const of = (more = {}) => ({
  size: /** @type {[number, number]} */ ([2, 2]),
  mask: MASK,
  special: [1, 0],
  hide: false,
  ...more,
});

import { pictureInWords } from "../../../assets/views/attention/words.js";

test("the weights are shown as they are, with sums and tops of each row", () => {
  const shown = shownWeights(MATRIX, of());
  assert.deepEqual([...shown.weights], [1, 0, 0.25, 0.75]);
  assert.deepEqual([[...shown.kept], [...shown.tops], shown.most], [[1, 1], [1, 0.75], 1]);
});

test("hidden columns are taken out of a copy, and rows divided by what is left", () => {
  const shown = shownWeights(MATRIX, of({ hide: true }));
  assert.deepEqual([...shown.weights], [0, 0, 0, 1]);
  assert.deepEqual([...shown.kept], [0, 0.75]);
  assert.equal(MATRIX[0], 1);
});

test("colours follow the square root of what the scale says", () => {
  const shown = shownWeights(MATRIX, of());
  assert.deepEqual([...rampSteps(shown, "head")], [255, 0, 128, 221]);
  assert.deepEqual([...rampSteps(shown, "row")], [255, 0, 147, 255]);
});

test("masked stretches of a row are one rectangle", () => {
  const cells = unrolled([0, 1, 2, 2, 0, 1, 2, 2], 6);
  assert.deepEqual([...cells], [0, 2, 2, 0, 2, 2]);
  assert.deepEqual(maskedRuns(cells, 2, [2, 3]), [
    { row: 0, start: 1, length: 2 },
    { row: 1, start: 1, length: 2 },
  ]);
});

test("lines that are masked or faint are left out, the strongest come last", () => {
  const drawn = { steps: Uint8Array.from([255, 0, 128, 30]), weights: MATRIX };
  assert.deepEqual(strongest([0, 1, 2, 3], Uint8Array.from([0, 0, 0, 0]), drawn), [2, 0]);
});

test("weights are never shown as 0 where they aren't", () => {
  assert.deepEqual([0, 0.00001, 0.1234567].map(formatWeight), ["0", "less than 0.0001", "0.1235"]);
  assert.deepEqual([0, 0.0001, 0.004, 0.5].map(spokenWeight), ["0", "less than 0.001", "0.004", "0.50"]);
});

test("heads are found by the most or the least of a figure, averages left out", () => {
  const table = [
    [0.1, 0.9, 0.5],
    [0.3, 0.2, 0.99],
  ];
  assert.deepEqual(foundHeads(table, { order: "most" }, 2, 2), [
    [0, 1, 0.9],
    [1, 0, 0.3],
  ]);
  assert.deepEqual(foundHeads(table, { order: "least" }, 2, 1), [[0, 0, 0.1]]);
});

const tokens = { text: ["[CLS]", "cat"], token: ["[CLS]", "Ġcat"], id: [101, 7], special: [1, 0], attended: [1, 1] };
const kind = {
  ...{ kind: "self", attribute: "attentions", softmax: "", queries: "tokens", keys: "tokens", layers: 1, heads: 1 },
  ...{ mask_of_layer: [0], masks: [[0, 1, 2, 1, 0, 2]], firstLabel: "[CLS]", separatorLabel: "[SEP]" },
  habits: [["the first token ([CLS])", "the first token ([CLS])"]],
  summaries: { entropy_nats: [[0.5, 0.5]], first_token_share: [[0.625, 0.625]] },
};
const state = () => {
  const known = { value: { kinds: [kind], tokens }, matrix: MATRIX };
  return Object.assign(newState(), known, { drawn: shownWeights(MATRIX, of()) });
};

test("a cell is said in words, and why it can't be read", () => {
  assert.equal(spokenCell(state(), { q: 1, k: 0 }), "query cat attends 0.25 to [CLS]");
  assert.match(spokenCell(state(), { q: 0, k: 1 }), /^query \[CLS\] can't read cat: the key comes later/);
  assert.equal(
    cellNote(state(), { q: 1, k: 0 }),
    "cat (position 1, id 7) → [CLS] (position 0, id 101) · the row sums to 1.0000",
  );
  assert.match(spokenCell({ ...state(), hide: true }, { q: 1, k: 0 }), /the column of \[CLS\] is hidden/);
});

test("figures of a head and its place in the outputs", () => {
  assert.deepEqual(
    figuresOf(state()).map(({ label, figure }) => [label, figure]),
    [
      ["entropy", "0.50"],
      ["on first token ([CLS])", "63\u00a0%"],
    ],
  );
  assert.equal(headCode(state()), "outputs.attentions[0][0, 0]");
  assert.equal(headCode({ ...state(), head: 1 }), "outputs.attentions[0][0].mean(0)");
  const scores = { ...state().value, kinds: [{ ...kind, softmax: ".softmax(-1)" }] };
  assert.equal(headCode({ ...state(), value: scores }), "outputs.attentions[0].softmax(-1)[0, 0]");
});

test("a head with a habit is named after it, an average is not", () => {
  assert.equal(habitOf(state()), "looks at the first token ([CLS])");
  assert.equal(habitOf({ ...state(), head: 1 }), "");
  const plain = { ...kind, habits: [["", ""]] };
  assert.equal(habitOf({ ...state(), value: { ...state().value, kinds: [plain] } }), "");
});

test("text in an SVG can't become markup", () => {
  assert.equal(escaped('<a href="x">&\u0001'), "&#60;a href=&#34;x&#34;&#62;&#38;\ufffd");
});

test("a row is found by its token, as lessons and links name it", () => {
  const texts = ["the", " cat", " the", "cat 2", "cat"];
  assert.deepEqual(
    ["the", "cat", "the 2", "dog", ""].map((name) => placeNamed(texts, name)),
    [0, 1, 2, -1, -1],
  );
});

test("all rows fit the height while their weights can be read; a long text scrolls", () => {
  assert.equal(cellThatFits(13, 13, 650, 1000), 46);
  assert.equal(cellThatFits(13, 13, 650, 546), 42);
  assert.equal(cellThatFits(40, 40, 2000, 546), 34);
  assert.equal(cellThatFits(40, 40, 650, 546), 16.25);
});

test("the ground of a label in focus lies on no letter of its neighbours", () => {
  const letters = 5.5; // half of their height, of 12 px
  for (let apart = 12; apart < 60; apart += 1) assert.ok(groundHeight(apart) / 2 + letters <= apart);
  assert.deepEqual([groundHeight(40), groundHeight(8)], [18, 13]); // as high as its own letters, at least
});

test("what the picture is said to be is so of what is drawn: a table, lines or a mask", () => {
  const said = (mode, hide = false) => pictureInWords({ mode, hide });
  assert.match(said("heatmap"), /^Each row is a token that asks .*square root/);
  assert.match(said("lines"), /^On the left stand the tokens that ask/);
  for (const hide of [false, true]) assert.doesNotMatch(said("lines", hide), /row|column|kept|square root/i);
  for (const mode of ["heatmap", "lines"]) assert.match(said(mode, true), /the figures below are\.$/);
  assert.match(said("mask", true), /^The mask of this layer/);
});
