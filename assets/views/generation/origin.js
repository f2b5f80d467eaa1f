/** What a reply was made from, in words, and what of it is no longer so; without a page. */

import { counted, quoted } from "../shared/format.js";
import { drawnInWords, settingsName } from "./reply.js";

const LONGEST = 70;

/** @param {string} text  A text in quotation marks, on one line, cut if it is long. */
function cited(text) {
  const letters = Array.from(text.replace(/\s+/g, " "));
  return quoted(letters.length > LONGEST ? `${letters.slice(0, LONGEST).join("")}…` : letters.join(""));
}

/** @param {any} begin  What the model read. */
function sourceInWords({ messages, prompt }) {
  if (!messages) return prompt ? cited(prompt) : "an empty prompt";
  const turns = messages.filter((turn) => turn.role !== "system");
  const said =
    turns.length > 1 ? `a chat of ${counted(turns.length, "message")}` : `chat: ${cited(turns[0]?.content ?? "")}`;
  return systemOf(messages) ? `${said} · system message ${cited(systemOf(messages))}` : said;
}

/** @param {{ role: string, content: string }[] | null} messages */
const systemOf = (messages) => messages?.find((turn) => turn.role === "system")?.content ?? "";

/**
 * The texts that end a reply, in quotation marks, a line's end as one types it.
 *
 * @param {string | string[]} [given]  one per line, as their field has them, or as Python understood it
 */
function stopsInWords(given = []) {
  const lines = typeof given === "string" ? given.split("\n") : given.map((one) => one.replaceAll("\n", "\\n"));
  return lines.filter(Boolean).map(quoted).join(", ");
}

/** @param {{ quantization: string, dtype: string }} held  How the weights really were, whatever was asked for. */
function heldInWords({ quantization, dtype }) {
  return quantization === dtype ? dtype : `${quantization}, computed in ${dtype}`;
}

/**
 * The model, how its weights are held, what it read and the settings; those before them, too, where some of its tokens
 * were taken by others: a reply that goes on keeps them.
 *
 * @param {{ begin?: any, started?: any, byHand?: boolean, tokens?: { drawn?: string }[] }} reply  the request as
 *   understood, and what came
 * @param {Record<string, string>} titles  of the models, by their ids
 * @param {boolean} [compared]  several settings, which stand elsewhere
 * @returns {string}
 */
export function originInWords({ begin, started, byHand, tokens = [] }, titles, compared = false) {
  const parts = [titles[begin.model_id] ?? begin.model_id, sourceInWords(begin)];
  if (started?.dtype) parts.splice(1, 0, heldInWords(started));
  const now = drawnInWords(begin);
  const before = new Set(tokens.map(({ drawn }) => drawn).filter((drawn) => drawn && drawn !== now));
  if (!compared) parts.push(before.size ? `${now} (earlier tokens: ${[...before].join("; ")})` : now);
  if (!byHand) parts.push(`max_new_tokens ${begin.max_new_tokens}`); // by hand a reply is as long as somebody goes on
  if (stopsInWords(begin.stop_strings)) parts.push(`stop_strings ${stopsInWords(begin.stop_strings)}`);
  if (begin.split_special_tokens) parts.push("split_special_tokens");
  return parts.join(" · ");
}

/**
 * What has been changed since: model, text or settings. How long a reply may be changes none of its tokens.
 *
 * @param {any} begin  the request, as Python understood it
 * @param {Record<string, any>} now  what the controls say
 * @param {Record<string, string>} titles
 * @param {{ compared?: boolean, byHand?: boolean, seed?: number }} [how]  then the settings of choosing are not those
 *   of the controls; the seed of the first text that was drawn beside others
 * @returns {string[]}
 */
export function changesSince(begin, now, titles, { compared = false, byHand = false, seed } = {}) {
  const chat = now.mode === "Chat";
  const changes = [];
  if (now.model_id !== begin.model_id) changes.push(`the model was ${titles[begin.model_id] ?? begin.model_id}`);
  if (now.quantization !== begin.quantization) changes.push(`quantization was ${begin.quantization}`);
  if (chat !== Boolean(begin.messages)) changes.push(begin.messages ? "it was a chat" : "it was no chat");
  else if (!chat && now.prompt !== begin.prompt)
    changes.push(`the prompt was ${begin.prompt ? sourceInWords(begin) : "empty"}`);
  if (!compared && !byHand && drawnInWords(now) !== drawnInWords(begin))
    changes.push(`the settings were ${drawnInWords(begin)}`);
  if (seed !== undefined && Number(now.seed || 0) !== seed) changes.push(`the seed was ${seed}`);
  return [...changes, ...readOtherwise(begin, now, byHand)];
}

/** What else is read or ends otherwise than it was: the system message, special tokens, stop strings. */
function readOtherwise(begin, now, byHand) {
  const changes = [];
  const [system, stops] = [systemOf(begin.messages), stopsInWords(begin.stop_strings)];
  if (now.mode === "Chat" && begin.messages && (now.system ?? "") !== system)
    changes.push(system ? `the system message was ${cited(system)}` : "there was no system message");
  if (Boolean(now.split_special_tokens) !== Boolean(begin.split_special_tokens))
    changes.push(`split_special_tokens was ${begin.split_special_tokens ? "on" : "off"}`);
  if (!byHand && stopsInWords(now.stop_strings) !== stops)
    changes.push(stops ? `stop_strings were ${stops}` : "there were no stop_strings");
  return changes;
}

/**
 * Whether columns have different models, or one held in different ways; of a link each names its own.
 *
 * @param {{ settings: Record<string, any> }[]} columns
 */
export const ofSeveralModels = (columns) =>
  new Set(columns.map(({ settings }) => `${settings.model_id ?? ""} ${settings.quantization ?? ""}`)).size > 1;

/**
 * Whether the settings to compare are others than those that stand side by side; a link's own are on no button.
 *
 * @param {{ settings: Record<string, any> }[]} columns
 * @param {{ settings: Record<string, any> }[]} strategies
 */
export function comparesOthers(columns, strategies) {
  const settings = (list) => JSON.stringify(list.map((one) => one.settings));
  return !columns.some((one) => "seed" in one.settings) && settings(columns) !== settings(strategies);
}

/**
 * What an example shows, as long as the reply is the one that it was chosen for.
 *
 * @param {any} begin
 * @param {string} text  of the reply so far
 * @param {any[]} examples
 * @param {string} model_id  that they were tried with
 * @param {string} [reason]  for which the reply has ended
 * @returns {string}  empty where it isn't, or not yet
 */
export function shownBy(begin, text, examples, model_id, reason = "") {
  if (begin.model_id !== model_id || settingsName(begin) !== "greedy" || begin.prefix_token_ids.length) return "";
  if (!["auto", "float32"].includes(begin.quantization)) return ""; // of fewer bits nobody has tried what it says
  if (begin.messages && begin.messages.length !== 1) return "";
  const prompt = begin.messages ? begin.messages[0].content : begin.prompt;
  const mode = begin.messages ? "Chat" : "Complete";
  const example = examples.find((one) => one.mode === mode && one.prompt === prompt && text.startsWith(one.begins));
  return example && (!example.ends || example.ends === reason) ? example.shows : "";
}

/**
 * How many different texts each of several settings gave.
 *
 * @param {{ name: string, settings: any, replies: { tokens: { id: number }[] }[] }[]} groups
 * @returns {string}
 */
export function varietyInWords(groups) {
  const different = ({ replies }) => new Set(replies.map((one) => one.tokens.map((token) => token.id).join())).size;
  const count = (one) => `${one.name} ${different(one)} of ${one.replies.length}`;
  const drawn = groups.filter((one) => one.settings.do_sample);
  const fixed = groups.filter((one) => !one.settings.do_sample).map((one) => one.name);
  const sentences = [
    `Different texts: ${drawn.map(count).join(", ")}.`,
    `${fixed.length > 1 ? "One text each" : "One text"}, without dice: ${fixed.join(", ")}.`,
  ];
  return sentences.filter((_, i) => (i ? fixed : drawn).length).join(" ");
}
