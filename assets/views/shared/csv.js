/**
 * Comma-separated values as spreadsheets read them: a mark of UTF-8 first, quotes around text, CRLF between lines.
 *
 * A spreadsheet calculates a text that begins with = + - @, a tab or CR, whoever wrote it. An apostrophe before it
 * makes it text again. The same rule as `playground.tables.csv_text`; both are tested on `tests/data/csv_cases.json`.
 */

const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[-+]?(?:\d+(?:[.,]\d+)*|\.\d+)(?:[eE][-+]?\d+)?%?$/;
const NO_CHARACTER = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * @param {string} text
 * @returns {string} the text so that no spreadsheet takes it for a formula
 */
export function guarded(text) {
  const whole = text.replace(NO_CHARACTER, "\ufffd");
  return FORMULA.test(whole) && !NUMBER.test(whole) ? `'${whole}` : whole;
}

/**
 * @param {(string | number)[][]} rows
 * @returns {string}
 */
export function csvText(rows) {
  const field = (value) => (typeof value === "number" ? String(value) : `"${guarded(value).replaceAll('"', '""')}"`);
  return `\ufeff${rows.map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}
