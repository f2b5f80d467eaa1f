/** What the view knows, in one object: which reply is shown, what is running, what the person points at. */

import { nameOf, newReply } from "./reply.js";

/** @typedef {import("./reply.js").Reply} Reply */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {Reply[]} targets  that its events go to
 * @property {number} n  number of the last message
 * @property {boolean} gap  whether messages were lost; the last one then repairs what is missing
 * @property {boolean} chat
 * @property {boolean} first  whether nobody pressed anything for it
 * @property {boolean} [began]
 * @property {boolean} [stopping]
 * @property {"start" | "step"} [next]  what was asked for while it stopped, and begins when it has ended
 */

/**
 * @typedef {object} Column  replies that were made with the same settings, but for their seeds
 * @property {string} name
 * @property {Record<string, any>} settings
 * @property {Reply[]} replies
 * @property {boolean} sampled  whether they are there to be counted
 */

/**
 * @typedef {object} State
 * @property {"write" | "step" | "compare"} how
 * @property {string} mode  Complete or Chat
 * @property {Record<string, any>} settings  as the controls beside the view show them, model and prompt too
 * @property {string} tintBy
 * @property {Reply[]} replies
 * @property {Reply | null} shown
 * @property {Column[]} columns
 * @property {{ name: string, settings: Record<string, any> }[]} strategies
 * @property {number} samples  how many replies each strategy gives that draws by chance
 * @property {Run | null} run
 * @property {number} runs  how many there were
 * @property {{ replies: Reply[], shown: Reply | null, columns: Column[], own: any } | null} before  a run that may not
 *   even begin
 * @property {{ reply: Reply, index: number } | null} pinned
 * @property {any[] | null} panel  what the panel shows, so that it is drawn once
 * @property {boolean} more
 */

/**
 * @param {Record<string, any>} props
 * @returns {State}
 */
export function newState(props) {
  const settings = { ...props.defaults, ...props.presets.greedy, ...props.opening };
  return {
    ...{ how: "write", mode: "Complete", settings, tintBy: "probability", replies: [], shown: null, columns: [] },
    ...{
      strategies: presetStrategies(props),
      samples: 3,
      run: null,
      runs: 0,
      before: null,
      pinned: null,
      panel: null,
      more: false,
    },
  };
}

/** @param {Record<string, any>} props */
export function presetStrategies(props) {
  return Object.entries(props.presets).map(([name, settings]) => ({ name, settings }));
}

/**
 * What a strategy is called: by its settings, and by the model and the weights that are its own.
 *
 * @param {{ name: string, settings: Record<string, any> }} strategy
 * @param {Record<string, string>} titles  of models
 * @returns {string}
 */
export function strategyName({ name, settings: { model_id, quantization } }, titles) {
  return [name, model_id && (titles[model_id] ?? model_id), quantization].filter(Boolean).join(" · ");
}

/** @param {State} state  Notes what there was before a run, so that one which doesn't begin takes nothing away. */
export function remember(state) {
  const { replies, shown, columns } = state;
  const own = shown && { tokens: shown.tokens.slice(), next: shown.next, finished: shown.finished };
  state.before ??= { replies: replies.slice(), shown, columns, own };
}

/** @param {State} state */
export function restore(state) {
  if (!state.before) return;
  const { replies, shown, columns, own } = state.before;
  Object.assign(state, { replies, shown, columns, before: null });
  if (shown) Object.assign(shown, own, { version: shown.version + 1 });
}

/**
 * A reply with the same text up to `index`; what it branches from stays in the list.
 *
 * @param {State} state
 * @param {Reply} from
 * @param {number} index
 * @returns {Reply}
 */
export function branchOff(state, from, index) {
  const reply = newReply(nameOf(state.replies.length), from, index, from.begin);
  reply.tokens = from.tokens.slice(0, index);
  reply.started = from.started;
  reply.first = index;
  state.replies.push(reply);
  Object.assign(state, { shown: reply, pinned: null });
  return reply;
}
