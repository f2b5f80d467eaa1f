/** Asking the server while somebody types: one question at a time, no faster than answers come, the latest wins. */

const PAUSE_MS = 40;
const MOST_MS = 400;

/**
 * @template Question, Answer
 * @param {object} work
 * @param {() => Question} work.question  what is asked now
 * @param {(question: Question) => Promise<Answer>} work.send  never rejects
 * @param {(answer: Answer, question: Question) => void} work.receive  of the latest question alone
 * @returns {{ ask: () => void, askNow: () => Promise<void> }} `ask` after a keystroke, `askNow` after a choice
 */
export function latestAnswer({ question, send, receive }) {
  const state = { flying: false, again: false, askedAt: -Infinity, tookMs: 0, timer: /** @type {any} */ (0) };
  const ask = () => {
    clearTimeout(state.timer);
    const wait = state.askedAt + Math.max(PAUSE_MS, state.tookMs) - performance.now();
    state.timer = setTimeout(askNow, Math.max(0, wait));
  };
  const askNow = async () => {
    clearTimeout(state.timer);
    if (state.flying) {
      state.again = true;
      return;
    }
    Object.assign(state, { flying: true, askedAt: performance.now() });
    const asked = question();
    const answer = await send(asked);
    state.tookMs = Math.min(MOST_MS, performance.now() - state.askedAt);
    state.flying = false;
    if (state.again) {
      state.again = false;
      ask();
    } else receive(answer, asked);
  };
  return { ask, askNow };
}

/**
 * The text without halves of characters, which JSON can't carry.
 *
 * @param {string} text
 * @returns {string}
 */
export function wellFormed(text) {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}
