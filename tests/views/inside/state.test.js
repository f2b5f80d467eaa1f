import assert from "node:assert/strict";
import { test } from "node:test";
import { gridPicture } from "../../../assets/views/inside/grid.js";
import { spread, ticks } from "../../../assets/views/inside/lines.js";
import {
  cellNote,
  cellOf,
  jsonOf,
  newState,
  placeOf,
  settledAt,
  spokenCell,
  tableOf,
  tracksTitle,
} from "../../../assets/views/inside/state.js";
import { svgOf } from "../../../assets/views/shared/parts.js";

const VALUE = {
  ...{ title: "tiny", origin: "", notes: [], masked: false, read: "lm_head(norm(state))", layers: 2, start: [2, 1] },
  ...{ positions: [3, 4], tokens: ["The", " capital"], ids: [5, 6], pieces: [" of", "\n", "="], pieceIds: [70, 71, 72] },
  best: [
    [[1, 2], [1, 0]],
    [[0, 1], [1, 0]],
    [[0, 1], [0, 2]],
  ],
  shares: [
    [[0.25, 0.2], [0.5, 0.1]],
    [[0.36, 0.2], [0.6, 0.3]],
    [[0.49, 0.2], [1, 0]],
  ],
  entropy: [[4, 2], [3, 1], [2, 0]],
  rank: [[100, 1000], [1, 2], [1, 1]],
  winner: [[0.001, 0.1], [0.36, 0.3], [0.49, 1]],
  tracks: [[{ id: 70, piece: " of", shares: [0.001, 0.36, 0.49] }], []],
}; // biome-ignore format: a table

test("a sentence says the best token, its probability and how far behind the winner is", () => {
  const early = spokenCell(VALUE, { layer: 0, column: 1 });
  assert.equal(
    early,
    "After the embeddings, after token ' capital', it would say 'new line' with 50\u00a0%. " +
      "The token that wins in the end, ' of', has rank 1000 here.",
  );
  assert.match(
    spokenCell(VALUE, { layer: 2, column: 1 }),
    /layer 2, the last, after .* the model says ' of' with 100\u00a0%\.$/,
  );
  assert.match(spokenCell(VALUE, { layer: 1, column: 0 }), /with 36\u00a0%: the token that wins in the end\.$/);
  assert.match(spokenCell({ ...VALUE, masked: true }, { layer: 1, column: 0 }), / at token 'The'/);
});

test("colours go from nothing to most, whatever they stand for", () => {
  const state = { ...newState(), value: VALUE };
  assert.equal(placeOf(state, 0, 0), 0.5);
  assert.equal(placeOf({ ...state, by: "entropy" }, 0, 0), 0);
  assert.equal(placeOf({ ...state, by: "entropy" }, 2, 1), 1);
  assert.equal(placeOf({ ...state, by: "rank" }, 0, 1), 0);
  assert.equal(placeOf({ ...state, by: "rank" }, 2, 1), 1);
});

test("the winner leads from the first layer on that it keeps", () => {
  assert.deepEqual([settledAt(VALUE, 0), settledAt(VALUE, 1)], [1, 2]);
  assert.equal(tracksTitle(VALUE, 0), "After “The”, “·of” leads from layer 1 on");
  assert.equal(tracksTitle(VALUE, 1), "After “·capital”, “·of” wins in the last layer");
});

test("what is best stands in quotation marks, so that a comma is no comma of the sentence", () => {
  assert.equal(
    cellNote(VALUE, { layer: 2, column: 0 }).join(""),
    "best: “·of” 49\u00a0%, “↵” 20\u00a0% · winner: “·of” 49\u00a0% · entropy 2.00\u00a0nats",
  );
});

test("where the winner leads a line stands below its token, which bold alone doesn't show of a dot", () => {
  const geometry = { rows: 3, columns: 2, cell: 40, row: 17, top: 0, width: 80, height: 60, gutter: 0 };
  const state = {
    ...newState(),
    value: VALUE,
    geometry,
    colours: {
      ramp: [
        [0, 0, 0],
        [255, 255, 255],
      ],
      ink: "#000",
    },
  };
  const { parts } = gridPicture(/** @type {any} */ (state), () => ({ kind: "text" }));
  const lines = parts.filter((part) => part.kind === "rect" && part.height < 3);
  assert.deepEqual(
    lines.map(({ x, y }) => [x, y]),
    [
      [13, 30.5],
      [13, 13.5],
      [53, 13.5],
    ],
  );
});

test("tables and JSON have every cell", () => {
  const [names, ...rows] = tableOf(VALUE);
  assert.equal(rows.length, 6);
  assert.deepEqual(rows[1], [0, 4, " capital", "\n", 0.5, 2, " of", 0.1, 1000]);
  const { cells, tracks } = JSON.parse(jsonOf(VALUE));
  assert.equal(cells[1].rank, 1000);
  assert.deepEqual(Object.keys(cells[0]), names);
  assert.deepEqual(tracks[0].followed, [{ token_id: 70, piece: " of", probabilities: [0.001, 0.36, 0.49] }]);
  assert.equal(cellOf(VALUE, 1, 1).best[1].piece, " of");
});

test("labels of lines are moved apart and stay within", () => {
  assert.deepEqual(spread([100, 100, 20], [10, 190]), [100, 115, 20]);
  assert.deepEqual(spread([190, 190], [10, 190]), [175, 190]);
  assert.deepEqual(ticks(6, 10), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(ticks(30, 8), [0, 4, 8, 12, 16, 20, 24, 28]);
});

test("what people wrote is text in an SVG", () => {
  const part = { kind: "text", x: 0, y: 0, text: "<img onerror=x>", fill: "red", align: "left", size: 12, weight: 400 };
  const picture = { width: 9, height: 9, parts: [part] };
  const svg = svgOf({ placed: [{ picture, x: 1, y: 2 }], size: { width: 20, height: 20, ground: "#fff" } });
  assert.ok(svg.includes("&#60;img onerror=x&#62;") && !svg.includes("<img"));
});
