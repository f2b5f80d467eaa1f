/** No cell that a view writes becomes a formula; the same table of cases as in Python. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { csvText } from "../../../assets/views/shared/csv.js";

const { cells } = JSON.parse(readFileSync(new URL("../../data/csv_cases.json", import.meta.url), "utf8"));

for (const [cell, text] of cells.filter(([value]) => value !== null)) {
  test(`a cell is written as the table of cases says: ${JSON.stringify(cell)}`, () => {
    const written = typeof cell === "number" ? text : `"${text.replaceAll('"', '""')}"`;
    assert.equal(csvText([["a"], [cell]]), `\ufeff"a"\r\n${written}\r\n`);
  });
}
