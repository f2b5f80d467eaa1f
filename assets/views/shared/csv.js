/** Comma-separated values as spreadsheets read them: a mark of UTF-8 first, quotes around text, CRLF between lines. */

/**
 * @param {(string | number)[][]} rows
 * @returns {string}
 */
export function csvText(rows) {
  const field = (value) => (typeof value === "number" ? String(value) : `"${value.replaceAll('"', '""')}"`);
  return `\ufeff${rows.map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}
