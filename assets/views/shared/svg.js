/** Pictures as text in SVG. */

/**
 * @param {string} text
 * @returns {string} as it may stand between tags and in attributes
 */
export function escaped(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids exactly these
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`).replace(forbidden, "\ufffd");
}
