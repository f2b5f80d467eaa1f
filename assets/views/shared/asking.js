/**
 * Asking the server while somebody types: one question at a time, no faster than answers come, the latest wins. What is
 * chosen waits for no other answer.
 */

const PAUSE_MS = 40;
const MOST_MS = 400;
const SLOW_MS = 600;

/**
 * @template Question, Answer
 * @param {object} work
 * @param {() => Question} work.question  what is asked now
 * @param {(question: Question) => Promise<Answer>} work.send  never rejects
 * @param {(answer: Answer, question: Question) => void} work.receive  of the latest question alone
 * @param {(question: Question) => void} [work.wait]  its answer takes long
 * @returns {{ ask: () => void, askNow: () => Promise<void> }} `ask` after a keystroke, `askNow` after a choice
 */
export function latestAnswer({ question, send, receive, wait = () => {} }) {
  const state = {
    flight: 0,
    flying: false,
    again: false,
    askedAt: -Infinity,
    tookMs: 0,
    timer: /** @type {any} */ (0),
  };
  const ask = () => {
    clearTimeout(state.timer);
    const pause = state.askedAt + Math.max(PAUSE_MS, state.tookMs) - performance.now();
    state.timer = setTimeout(askInTurn, Math.max(0, pause));
  };
  const askInTurn = () => {
    if (state.flying) state.again = true;
    else askNow();
  };
  const askNow = async () => {
    clearTimeout(state.timer);
    const flight = state.flight + 1;
    Object.assign(state, { flight, flying: true, again: false, askedAt: performance.now() });
    const asked = question();
    const slow = setTimeout(() => flight === state.flight && wait(asked), SLOW_MS);
    const answer = await send(asked);
    clearTimeout(slow);
    if (flight !== state.flight) return; // something else was chosen meanwhile
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
