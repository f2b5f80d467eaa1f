/** A reply while it grows: its tokens, its figures, and what other replies share with it; without a page. */

import { counted } from "../shared/format.js";
import { beamTokens } from "./beam_tree.js";

/**
 * @typedef {object} Alternative  what could have been said instead
 * @property {number} id
 * @property {string} piece
 * @property {number} before  its probability as the model gave it
 * @property {number} after  what the sampler left of it
 * @property {boolean} kept  whether the sampler left anything
 */

/**
 * @typedef {object} Token
 * @property {number} index
 * @property {number} id
 * @property {string} piece
 * @property {string} text  empty for special tokens and for bytes of a character that is not whole yet
 * @property {number} before
 * @property {number | null} after
 * @property {number} entropy
 * @property {number} elapsed
 * @property {Alternative[]} alternatives
 * @property {boolean} [forced]  chosen by a person
 * @property {boolean} [guessed]  guessed right by a lookup in the prompt
 * @property {boolean} [beam]
 * @property {string} [drawn]  the settings that took it, in words
 */

/**
 * @typedef {object} Reply
 * @property {string} name
 * @property {Reply | null} parent  whose text it shares up to `fork`
 * @property {number} fork
 * @property {any} begin  the request, as Python understood it
 * @property {any} [settings]  those of a column
 * @property {Token[]} tokens
 * @property {Map<number, any>} nodes  of beam search
 * @property {number} lastNode  the end of the best beam
 * @property {import("../types.d.ts").generation.Started | null} started
 * @property {import("../types.d.ts").generation.Finished | null} finished
 * @property {number} position  in line
 * @property {string} reason  for waiting
 * @property {number} read  how many tokens of the prompt were read
 * @property {number} first  the first token of this run
 * @property {number} people  who share the model
 * @property {any} next  the distribution over the next token
 * @property {boolean} [byHand]  whether it has as many tokens as somebody took, up to no limit
 * @property {number} version  changes when what was drawn is no longer true
 */

const NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * @param {number} count  of replies that there are already
 * @returns {string}
 */
export function nameOf(count) {
  return NAMES[count % 26] + (count >= 26 ? Math.floor(count / 26) : "");
}

/**
 * @param {string} name
 * @param {Reply | null} [parent]
 * @param {number} [fork]
 * @param {any} [begin]
 * @returns {Reply}
 */
export function newReply(name, parent = null, fork = 0, begin = null) {
  return {
    ...{ name, parent, fork, begin, tokens: [], nodes: new Map(), lastNode: -1, started: null, finished: null },
    ...{ position: 0, reason: "", read: 0, first: 0, people: 1, next: null, version: 0 },
  };
}

/**
 * A token that a person chose; its numbers are those of what stood there.
 *
 * @param {Alternative} taken
 * @param {number} index
 * @param {{ entropy?: number, alternatives?: Alternative[] }} there
 * @returns {Token}
 */
export function chosenToken(taken, index, there = {}) {
  const { id, piece, before, after } = taken;
  const { entropy = 0, alternatives = [] } = there;
  return { index, id, piece, text: piece, before, after, entropy, elapsed: 0, forced: true, alternatives };
}

/** Alternatives come over the wire as lists. */
const readAlternative = (one) =>
  Array.isArray(one) ? { id: one[0], piece: one[1], before: one[2], after: one[3], kept: one[4] } : one;

/** What each event of the engine does to a reply. */
const EVENTS = {
  waiting: (reply, event) => Object.assign(reply, { position: event.position, reason: event.reason }),
  started: (reply, event) => Object.assign(reply, { started: event, position: 0, reason: "" }),
  reading: (reply, event) => Object.assign(reply, { read: event.read_tokens }),
  step(reply, event) {
    if (event.index < reply.tokens.length) {
      reply.tokens.length = event.index;
      reply.version += 1;
    }
    const drawn = reply.begin ? drawnInWords(reply.begin) : "";
    reply.tokens.push({ ...event, drawn, alternatives: event.alternatives.map(readAlternative) });
  },
  beams(reply, event) {
    for (const [node, parent, step, id, piece, own, total, state] of event.nodes)
      reply.nodes.set(node, { node, parent, step, id, piece, own, total, state, elapsed: event.elapsed });
    const going = event.nodes.filter((one) => one[7] !== "dropped").sort((a, b) => b[6] - a[6])[0];
    followBeam(reply, going ? going[0] : reply.lastNode);
  },
  finished(reply, event) {
    Object.assign(reply, { finished: event, people: event.people });
    if (event.beams.length && reply.nodes.size) followBeam(reply, event.beams[0].node);
  },
};

function followBeam(reply, node) {
  reply.lastNode = node;
  reply.tokens = beamTokens(reply.nodes, node);
  reply.version += 1;
}

/**
 * @param {Reply} reply
 * @param {{ type: string }} event  of the engine
 */
export function applyEvent(reply, event) {
  EVENTS[event.type]?.(reply, event);
}

/**
 * The distribution over the next token, its candidates as objects.
 *
 * @param {any} next
 */
export function readNext(next) {
  const candidates = next.candidates.map(([id, piece, logit, before, after, kept, seen]) => {
    return { id, piece, logit, before, after, kept, seen };
  });
  return { ...next, candidates };
}

/** @param {Reply} reply */
export function replyText(reply) {
  return reply.finished ? reply.finished.text : reply.tokens.map((token) => token.text).join("");
}

/** @param {Reply} reply */
export function tokenIds(reply) {
  return reply.tokens.map((token) => token.id);
}

/**
 * First token and rate count the tokens of this run that nobody chose; the perplexity is that of the whole reply.
 *
 * @param {Reply} reply
 */
export function figuresOf(reply) {
  const own = reply.tokens.slice(reply.first).filter((token) => !token.forced);
  const { finished, started } = reply;
  const flowing = own.length > 1 ? own[own.length - 1].elapsed - own[0].elapsed : 0;
  const losses = reply.tokens.map((token) => -Math.log(Math.max(token.before, 1e-45)));
  const mean = losses.length ? losses.reduce((a, b) => a + b, 0) / losses.length : null;
  return {
    first: own.length && own[0].elapsed ? own[0].elapsed : (finished?.seconds_to_first_token ?? null),
    rate: flowing > 0 ? (own.length - 1) / flowing : null,
    perplexity: finished ? finished.perplexity : mean === null ? null : Math.exp(mean),
    used: started ? started.prompt_tokens + reply.tokens.length : null,
    context: started ? started.context_length : null,
  };
}

/**
 * Index of the first token in which two replies differ; -1 while one only goes on where the other has come to, and
 * where that other was stopped there: what it would have said nobody knows.
 *
 * @param {Reply} one
 * @param {Reply} other
 */
export function divergence(one, other) {
  const most = Math.min(one.tokens.length, other.tokens.length);
  for (let i = 0; i < most; i += 1) if (one.tokens[i].id !== other.tokens[i].id) return i;
  const shorter = one.tokens.length < other.tokens.length ? one : other;
  const ended = one.finished && other.finished && !wasStopped(shorter);
  return ended && one.tokens.length !== other.tokens.length ? most : -1;
}

/**
 * The settings in a few words: only those that matter, under transformers' names.
 *
 * @param {Record<string, any>} settings
 */
export function settingsName(settings) {
  if (settings.num_beams > 1) return `num_beams ${settings.num_beams}`;
  const parts = settings.do_sample ? sampledName(settings) : [greedyName(settings)];
  if (settings.repetition_penalty !== 1) parts.push(`repetition_penalty ${settings.repetition_penalty}`);
  return parts.join(" · ");
}

/**
 * What a column does, below its name: its settings, or in words what it is where the name says them all.
 *
 * @param {Record<string, any>} settings
 * @param {string} name
 */
export function aboutSettings(settings, name) {
  const said = settingsName(settings);
  if (said !== name) return said;
  if (said === "greedy") return "the most probable token, always";
  return settings.do_sample ? "each token drawn by chance" : "nothing left to chance";
}

/**
 * Which of several replies parts first from another; they may be several, at the same token.
 *
 * @param {string} from
 * @param {string} other
 * @param {number} count  of those that part there
 */
export function firstToPart(from, other, count) {
  return count > 1
    ? `The first to part from ${from} are ${count} at the same token; one is ${other}.`
    : `The first to part from ${from} is ${other}.`;
}

/**
 * Whether none of the replies that are still being written can part from the first one sooner than at a token.
 *
 * @param {Reply[]} replies
 * @param {number[]} places  where each parts from the first; -1: nowhere so far
 * @param {number} at
 */
export function isEarliest(replies, places, at) {
  const isSettled = (/** @type {Reply} */ one) => one.finished || (!one.nodes.size && one.tokens.length > at);
  return replies.every((one, i) => places[i] >= 0 || isSettled(one));
}

/** @param {any} begin  The settings of a run, and its seed where there are dice. */
export function drawnInWords(begin) {
  return `${settingsName(begin)}${begin.do_sample ? ` · seed ${begin.seed}` : ""}`;
}

function greedyName(settings) {
  const looked = settings.prompt_lookup_num_tokens;
  return looked ? `greedy, prompt_lookup_num_tokens ${looked}` : "greedy";
}

function sampledName(settings) {
  const { temperature, top_k, top_p, min_p } = settings;
  const parts = [`temperature ${temperature}`];
  if (top_k) parts.push(`top_k ${top_k}`);
  if (top_p < 1) parts.push(`top_p ${top_p}`);
  if (min_p > 0) parts.push(`min_p ${min_p}`);
  return parts;
}

/**
 * How a reply ended, in a sentence; empty while it hasn't.
 *
 * @param {Reply} reply
 */
export function endingOf({ finished, byHand }) {
  if (!finished) return "";
  const count = counted(finished.token_ids.length, "token");
  if (byHand && finished.reason === "length") return `${count} so far: Continue goes on from here.`;
  const sentences = {
    eos: "The model ended its reply (eos).",
    length: `max_new_tokens reached after ${count}.`,
    stop_string: "A stop string was written.",
    context: `The context is full: ${finished.context_length} tokens of prompt and reply.`,
    crowded: `Ended after ${count}, because others were waiting: Continue goes on from here.`,
    stopped: `Stopped after ${count}.`,
  };
  return sentences[finished.reason] || "";
}

/** @param {Reply} reply  Whether somebody, or the crowd, ended it before the model or its settings did. */
export function wasStopped({ finished }) {
  return finished?.reason === "stopped" || finished?.reason === "crowded";
}

/** @param {Reply | null} reply  Whether nothing can follow. */
export function isOver(reply) {
  return reply?.finished?.reason === "eos" || reply?.finished?.reason === "context";
}

/**
 * A token with all that the model had read when it came.
 *
 * @param {Reply} reply
 * @param {number} index
 */
export function insideOf(reply, index) {
  return { reply: reply.name, ...textBefore(reply, index), token_id: reply.tokens[index].id };
}

/**
 * What a model reads before a token of a reply, or before the next one.
 *
 * @param {Reply} reply
 * @param {number} index
 */
export function textBefore({ begin, tokens }, index) {
  const { prompt, messages, model_id, quantization, split_special_tokens } = begin;
  const prefix_token_ids = tokens.slice(0, index).map((token) => token.id);
  return { prompt, messages, model_id, quantization, split_special_tokens, prefix_token_ids };
}
