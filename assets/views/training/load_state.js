/** What is said of a file on its way to the server, and of the server's answer. */

/** @typedef {{ file?: string, error?: string }} Answer  the token of a file that has come, or why it hasn't */

/**
 * Why a file isn't even sent; null if it may be.
 *
 * @param {number} size
 * @param {number} most
 * @param {string} limit  as a sentence
 * @returns {Answer | null}
 */
export function tooLarge(size, most, limit) {
  return size > most ? { error: `This file is too large. ${limit}` } : null;
}

/**
 * @param {number} loaded
 * @param {number} total
 * @returns {string}
 */
export function saidOfSending(loaded, total) {
  return loaded < total ? `Sending: ${Math.floor((100 * loaded) / total)} %` : "It is here, and is being read…";
}

/**
 * The server's answer; a status of 0 is none.
 *
 * @param {number} status
 * @param {string} text
 * @returns {Answer}
 */
export function answerOf(status, text) {
  const broken = { error: "The connection broke off. Try again." };
  if (!status) return broken;
  try {
    const { file, detail } = JSON.parse(text);
    return status === 200 && file ? { file } : { error: detail ?? broken.error };
  } catch {
    return broken; // such as a proxy's own page
  }
}
