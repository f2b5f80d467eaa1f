/** How a token is shown, the same in every tab. */

const SIGNS = { " ": "·", "\n": "↵", "\t": "→", "\x7f": "␡" };

/**
 * A piece for lists and chips, its spaces, line ends and whatever else can't be seen made visible; as `shown_text` of
 * `playground/texts.py` does it.
 *
 * @param {string} piece
 * @returns {string}
 */
export function visiblePiece(piece) {
  return Array.from(piece, visibleCharacter).join("");
}

function visibleCharacter(character) {
  if (character in SIGNS) return SIGNS[character];
  const code = Number(character.codePointAt(0));
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u.test(character) ? `⟨${codePoint(character)}⟩` : character;
}

/**
 * @param {string} character
 * @returns {string} its number in Unicode, such as U+200D
 */
function codePoint(character) {
  return `U+${Number(character.codePointAt(0)).toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * A piece for a screen reader.
 *
 * @param {string} piece
 * @returns {string}
 */
export function spokenPiece(piece) {
  return `'${piece.replace(/\n/g, "new line")}'`;
}
