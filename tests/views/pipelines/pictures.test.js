import assert from "node:assert/strict";
import { test } from "node:test";
import { flowing, sheetOf } from "../../../assets/views/pipelines/sheet.js";
import { tint } from "../../../assets/views/pipelines/states.js";
import { scaled } from "../../../assets/views/pipelines/tokens.js";
import { svgOf } from "../../../assets/views/shared/parts.js";

test("logits are parts of the way from the smallest to the largest, and equal ones are whole", () => {
  assert.deepEqual(
    scaled([-4, 0, 4]).map((part) => Number(part.toFixed(3))),
    [0.03, 0.515, 1],
  );
  assert.deepEqual(scaled([2, 2]), [1, 1]);
});

test("a number has the colour of its side, and no more than that", () => {
  const inks = { neg: [0, 0, 200], mid: [100, 100, 100], pos: [200, 0, 0] };
  assert.deepEqual(tint(0, inks), [100, 100, 100]);
  assert.deepEqual(tint(-0.5, inks), [50, 50, 150]);
  assert.deepEqual(tint(7, inks), [200, 0, 0]);
});

/** Letters are ten pixels wide, whatever their size. */
const LOOK = {
  ink: (name) => (name.startsWith("div") ? "#102030" : name),
  fonts: { plain: "plain", mono: "mono" },
  context: /** @type {any} */ ({ measureText: (text) => ({ width: 10 * text.length }) }),
};
const sheet = (...hero) => sheetOf({ task: "t", title: "Best: <b>", origin: "tiny", hero, after: [] }, LOOK);
const partsOf = ({ placed }) => placed.flatMap(({ picture }) => picture.parts);

test("bars are as long as their shares, and the best has the colour of the page", () => {
  const rows = [
    { name: "cat", share: 1, shown: "100 %", best: true },
    { name: "dog", share: 0.25, shown: "25 %", best: false },
  ];
  const parts = partsOf(sheet({ kind: "bars", title: "Labels", rows }));
  const [track, cat, , dog] = parts.filter(({ kind }) => kind === "rect");
  assert.deepEqual([cat.width, dog.width], [track.width, track.width / 4]);
  assert.deepEqual([cat.fill, dog.fill], ["accent", "seq-4"]);
  assert.ok(svgOf(sheet({ kind: "bars", title: "Labels", rows })).includes("&#60;b&#62;"));
});

test("a text is wrapped at spaces, and what is labelled stands on its colour", () => {
  const { parts, height } = flowing([{ text: "ab ".repeat(40) }, { text: "end", ground: "cat-1" }], LOOK, { size: 14 });
  const words = parts.filter(({ kind }) => kind === "text");
  assert.equal(words.length, 41);
  assert.equal(new Set(words.map(({ y }) => y)).size, 2);
  assert.ok(words.every(({ x, text }) => x + 10 * text.length <= 720) && height > words[40].y);
  const box = parts.find(({ kind }) => kind === "rect");
  assert.ok(box.fill === "cat-1" && box.x < words[40].x && box.x + box.width > words[40].x + 30);
});

test("every picture of an answer stands below the one before, inside the sheet", () => {
  const window = { tokens: ["a", "b".repeat(200), "c"], start: [1, 2, 3], end: [3, 2, 1], best: [0, 1] };
  const found = sheet(
    { kind: "marked", title: "?", pieces: [{ text: "in " }, { text: "Rome", label: "LOC", shown: "99 %", colour: 0 }] },
    { kind: "steps", title: "", steps: [{ piece: "yes", share: 0.5, shown: "50 %" }] },
    { kind: "states", title: "", scale: 1, texts: [{ text: "a", tokens: ["a"], rows: [[1, -1]], mean: [0, 0] }] },
    { kind: "logits", title: "", windows: [window, window] },
    { kind: "table", title: "no picture" },
  );
  assert.equal(found.placed.length, 2 + 2 * 4);
  for (const [n, { picture, y }] of found.placed.entries()) {
    assert.ok(n === 0 || y >= found.placed[n - 1].y + found.placed[n - 1].picture.height);
    for (const part of picture.parts) {
      const bottom = part.kind === "rect" ? part.y + part.height : part.y;
      assert.ok(
        part.y >= 0 && bottom <= picture.height + 0.01 && y + bottom <= found.size.height,
        JSON.stringify(part),
      );
    }
  }
});
