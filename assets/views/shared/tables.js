/** Tables, and the twin that says in numbers what a picture shows. */

import { make } from "./dom.js";

/** @typedef {import("./dom.js").Content} Content */
/** @typedef {{ name: string, kind?: string }} Column  kind "num" sets numbers to the right */

/**
 * A row of cells.
 *
 * @param {Content[]} cells
 * @param {Column[]} columns
 * @returns {HTMLTableRowElement}
 */
function row(cells, columns) {
  return make("tr", "", ...cells.map((cell, k) => make("td", columns[k]?.kind ?? "", cell)));
}

/**
 * Fills a table that has a head and a body.
 *
 * @param {HTMLTableElement} table
 * @param {Column[]} columns
 * @param {Content[][]} rows
 * @returns {HTMLTableElement}
 */
export function fillTable(table, columns, rows) {
  const heads = columns.map(({ name, kind }) => {
    const cell = make("th", kind ?? "", name);
    cell.scope = "col";
    return cell;
  });
  const head = make("thead", "", make("tr", "", ...heads));
  table.replaceChildren(head, make("tbody", "", ...rows.map((cells) => row(cells, columns))));
  return table;
}

/**
 * A table with a heading for each column.
 *
 * @param {Column[]} columns
 * @param {Content[][]} rows
 * @returns {HTMLTableElement}
 */
export function makeTable(columns, rows) {
  return fillTable(make("table", "pg-table"), columns, rows);
}

/**
 * A table whose rows and columns both have names.
 *
 * @param {string} corner
 * @param {string[]} rowNames
 * @param {string[]} columnNames
 * @param {(row: number, column: number) => Node | string} cell
 * @returns {DocumentFragment}
 */
export function namedGrid(corner, rowNames, columnNames, cell) {
  const heading = (scope, name) => Object.assign(make("th", scope === "col" ? "num" : "", name), { scope });
  const filled = (content) => (content instanceof HTMLTableCellElement ? content : make("td", "num", content));
  const part = document.createDocumentFragment();
  part.append(make("thead", "", make("tr", "", make("th", "", corner), ...columnNames.map((n) => heading("col", n)))));
  const rows = rowNames.map((name, r) =>
    make("tr", "", heading("row", name), ...columnNames.map((_, c) => filled(cell(r, c)))),
  );
  part.append(make("tbody", "", ...rows));
  return part;
}
