/** From the answer of the server to parts of the text, without a page: what shares characters stands together. */

import { counted, formatInteger } from "../shared/format.js";
import { visiblePiece } from "../shared/tokens.js";

/**
 * @typedef {object} Token
 * @property {number} index
 * @property {number} id
 * @property {string} piece  as the vocabulary writes it
 * @property {string} shown  with spaces and control characters made visible
 * @property {string} bytes  a note, where it stands for bytes of a character
 * @property {number} start  its first character; -1 where it stands for none
 * @property {number} end
 * @property {boolean} special
 * @property {boolean} unknown
 * @property {boolean} continuation
 * @property {boolean} added
 */

/**
 * @typedef {object} Part  one or more tokens with the characters that they share, or a gap between tokens
 * @property {string} text
 * @property {number[]} members  indices of its tokens
 * @property {number | null} segment  its number among the parts with text, which gives it a colour
 * @property {string} [gap]  how whitespace is shown for which no token stands
 * @property {boolean} [rest]  text beyond the last token that is shown
 * @property {string} key  equal where two parts look the same
 */

/**
 * What came over the wire: JSON as text, a list per property, as tokens.
 *
 * @param {string} answer
 * @returns {any} `{ error }` where it failed
 */
export function readAnswer(answer) {
  const result = JSON.parse(answer);
  if (result.error) return result;
  const bytes = new Map(result.bytes);
  const pieces = result.pieces || result.shown;
  result.gaps = new Map(result.gaps);
  result.tokens = result.ids.map((id, index) => {
    const mark = result.marks[index];
    const start = result.spans[2 * index];
    const end = result.spans[2 * index + 1];
    return {
      ...{ id, index, mark, start, end, piece: pieces[index], shown: result.shown[index] },
      ...{ bytes: bytes.get(index) || "", special: Boolean(mark & 1), unknown: Boolean(mark & 2) },
      ...{ continuation: Boolean(mark & 4), added: end < 0 },
    };
  });
  return result;
}

/**
 * The parts of a text in order, and for each token the part that it stands in.
 *
 * @param {{ tokens: (Token & { mark: number })[], gaps: Map<number, string>, rest: number | null }} result
 * @param {string[]} letters
 * @returns {{ parts: Part[], homes: Part[] }}
 */
export function arrange(result, letters) {
  const parts = /** @type {Part[]} */ ([]);
  const homes = /** @type {Part[]} */ ([]);
  let reached = 0;
  let segments = 0;
  let open = /** @type {Part | null} */ (null);
  const cut = (end, part) => {
    open = { text: letters.slice(reached, end).join(""), members: [], segment: segments++, key: "", ...part };
    parts.push(/** @type {Part} */ (open));
    reached = end;
    return /** @type {Part} */ (open);
  };
  const close = (start) => start > reached && cut(start, { gap: result.gaps.get(reached) ?? visiblePiece(" ") });
  const ending = endingOf(result.tokens);
  for (const token of result.tokens) {
    if (token.added) {
      if (token.index === ending && result.rest === null) close(letters.length);
      homes.push({ text: "", members: [token.index], segment: null, key: "" });
      parts.push(homes[homes.length - 1]);
      continue;
    }
    if (!open || token.start >= reached) {
      close(token.start);
      open = cut(token.end, {});
    } else if (token.end > reached) {
      open.text += letters.slice(reached, token.end).join("");
      reached = token.end;
    }
    open.members.push(token.index);
    homes.push(open);
  }
  close(result.rest ?? letters.length);
  if (result.rest !== null) cut(letters.length, { rest: true });
  for (const part of parts) part.key = keyOf(part, result.tokens);
  return { parts, homes };
}

/** The index of the first token that was added behind the text: what no token stands for belongs before it. */
function endingOf(tokens) {
  const last = tokens.findLastIndex((token) => !token.added);
  return tokens[last < 0 ? tokens.length >> 1 : last + 1]?.index;
}

function keyOf(part, tokens) {
  const looks = part.members.map((k) => `${tokens[k].id} ${tokens[k].mark} ${tokens[k].bytes}`);
  return `${part.text}\n${part.gap}\n${looks.join("\n")}`;
}

/**
 * How many parts two lists share at their beginning and at their end.
 *
 * @param {{ key: string }[]} old
 * @param {{ key: string }[]} fresh
 * @returns {{ before: number, after: number }}
 */
export function sharedEnds(old, fresh) {
  const most = Math.min(old.length, fresh.length);
  let before = 0;
  let after = 0;
  while (before < most && old[before].key === fresh[before].key) before += 1;
  const same = (k) => old[old.length - 1 - k].key === fresh[fresh.length - 1 - k].key;
  while (after < most - before && same(after)) after += 1;
  return { before, after };
}

/**
 * @param {Part} part
 * @returns {string} the class that colours it; empty for what is not coloured
 */
export function colourOf(part) {
  return part.segment === null || part.rest || part.gap !== undefined ? "" : `c${part.segment % 6}`;
}

/**
 * @param {Token} token
 * @returns {string[]} what is special about it
 */
export function marksOf(token) {
  const { special, unknown, continuation, added } = token;
  const marks = { special, unknown, continuation, added: added && !special };
  return Object.keys(marks).filter((name) => marks[name]);
}

/**
 * @param {Token} token
 * @returns {string} which characters it stands for
 */
export function placeOf(token) {
  if (token.added) return "stands for no character of the text";
  return token.end - token.start === 1 ? `character ${token.start}` : `characters ${token.start} to ${token.end - 1}`;
}

/**
 * @param {Token} token
 * @returns {string} what a screen reader says
 */
export function sentenceOf(token) {
  const parts = [`token ${token.index}`, token.shown, `id ${token.id}`, placeOf(token), ...marksOf(token), token.bytes];
  return parts.filter(Boolean).join(", ");
}

const UNSPACED = "words (some have no spaces between them)";
const UNKNOWN = "tokens per word (not counted where pieces are unknown: few are no bargain then)";

/**
 * @param {any} counts  of a text
 * @returns {string[][]} each number and its unit, such as "1" and "word"
 */
export function countsOf({ characters, utf8_bytes, words, tokens, special_tokens, unknown_tokens, tokens_per_word }) {
  const named = Object.entries({ character: characters, byte: utf8_bytes, word: words, token: tokens });
  const isSpaced = !words || tokens_per_word !== null; // not Thai or Chinese, where a space parts no words
  const rate = words && isSpaced && !unknown_tokens ? ((tokens - special_tokens) / words).toFixed(2) : "–";
  const count = ([unit, number]) => (unit === "word" && !isSpaced ? ["–", UNSPACED] : counted(number, unit).split(" "));
  return [
    ...named.map(count),
    [formatInteger(special_tokens), "special"],
    [formatInteger(unknown_tokens), "unknown"],
    [rate, unknown_tokens ? UNKNOWN : special_tokens ? "tokens per word, special ones aside" : "tokens per word"],
  ];
}
