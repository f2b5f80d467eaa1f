/**
 * Asking Python and taking what comes back. Python gets "go" (generate something), "halt" (stop it), "emptied" (clear
 * the prompt), "reseed" (show the new seed) and "receipt" (write the code of what has just run).
 */

import { bringBelowField, make } from "../shared/dom.js";
import { applyEvent, chosenToken, newReply, readNext, replyText, settingsName, textBefore, tokenIds } from "./reply.js";
import { branchOff, remember, restore, strategyName } from "./state.js";

/**
 * @param {import("./state.js").State} state
 * @param {Record<string, string>} titles  of models
 * @returns {import("./state.js").Column[]}  a column for each strategy; one reply where nothing is left to chance
 */
export function columnsOf({ strategies, samples, settings: { seed } }, titles) {
  return strategies.map((strategy) => {
    const { settings } = strategy;
    const name = strategyName(strategy, titles);
    const seeds = Array.from({ length: settings.do_sample ? samples : 1 }, (_, i) => Number(seed || 0) + i);
    const reply = (one) => Object.assign(newReply(name), { settings: { ...settings, seed: one } });
    return { name, settings, sampled: true, replies: seeds.map(reply) };
  });
}

const OF_CHAT = 240; // pixels of its paper that show more than the message, which stands before the reply

/** @typedef {any} Tab  { view, find, state, draw, setHow } */

/**
 * @param {Tab} tab
 * @param {string} line
 * @param {boolean} [bad]
 */
export function note({ find }, line, bad = false) {
  find(".gen-notes").append(make("div", bad ? "pg-note warn" : "pg-note", line));
}

function go(tab, targets, asked) {
  const { view, find, state } = tab;
  state.runs += 1;
  const id = `${Date.now()}-${state.runs}`;
  const chosen = asked.draw !== undefined || Boolean((asked.prefix_token_ids || []).length);
  const byHand = asked.draw !== undefined;
  state.run = { id, targets, n: -1, gap: false, chat: asked.chat || false, first: asked.first || false, byHand };
  for (const reply of targets) reply.byHand = byHand;
  find(".gen-notes").replaceChildren();
  view.trigger("go", { run: id, ...asked, ...(chosen ? { num_beams: 1 } : {}) });
  if (chosen && state.settings.num_beams > 1)
    note(tab, "Beam search can't go on from chosen tokens, so this runs with num_beams 1.");
  tab.draw();
  const place = find(state.how === "compare" ? ".gen-columns" : ".gen-paper");
  const isChat = state.mode === "Chat";
  const isLeft = !asked.first && bringBelowField(place, find(".gen-how"), isChat ? OF_CHAT : undefined);
  if (isLeft && !isChat) find('[data-act="stop"]').focus({ preventScroll: true }); // who chats writes on
}

/** What a reply goes on from: its text, and the model and the weights that began it. */
function sourceOf({ begin }) {
  const { messages, model_id, quantization } = begin;
  return { prompt: messages ? null : begin.prompt, messages, model_id, quantization };
}

/**
 * The chat so far, the reply that is shown included: what was branched or continued is what the model will read.
 *
 * @param {import("./state.js").State} state
 */
export function turnsSoFar({ mode, shown }) {
  if (mode !== "Chat" || !shown?.begin?.messages) return [];
  const turns = shown.begin.messages.filter((turn) => turn.role !== "system");
  return [...turns, { role: "assistant", content: replyText(shown) }];
}

/**
 * What a class can be asked about: what stands before the token that is kept open, before the next one by hand, or
 * what a chat's model reads next; null where the fields say it all.
 *
 * @param {import("./state.js").State} state
 */
export function chosenIn({ how, mode, pinned, shown, settings }) {
  const reply = pinned?.reply ?? shown;
  if (!reply?.begin || how === "compare") return null;
  if (pinned) return textBefore(reply, pinned.index);
  if (how === "step") return textBefore(reply, reply.tokens.length);
  const { messages } = reply.begin;
  if (!messages || mode !== "Chat") return null;
  const said = textBefore(reply, 0);
  if (!settings.prompt.trim()) return said;
  const turns = [
    { role: "assistant", content: replyText(reply) },
    { role: "user", content: settings.prompt },
  ];
  return { ...said, messages: [...messages, ...turns] };
}

/**
 * @param {Tab} tab
 * @param {{ first?: boolean }} [more]
 */
export function start(tab, more = {}) {
  const { state } = tab;
  const history = turnsSoFar(state);
  state.pinned = null;
  remember(state);
  if (state.how === "compare") {
    state.columns = columnsOf(state, tab.view.props.titles);
    const targets = state.columns.flatMap((one) => one.replies);
    go(tab, targets, { history, columns: targets.map((one) => one.settings) });
    return;
  }
  state.replies = [newReply("A")];
  state.shown = state.replies[0];
  const asked = { ...more, history, chat: state.mode === "Chat" };
  go(tab, state.replies.slice(), state.how === "step" ? { ...asked, draw: 0 } : asked);
}

/**
 * Goes on from another token than the one that stands there: a branch of its own.
 *
 * @param {Tab} tab
 * @param {import("./reply.js").Reply} from
 * @param {number} index
 * @param {import("./reply.js").Alternative} taken
 */
export function choose(tab, from, index, taken) {
  const { state } = tab;
  remember(state);
  if (!state.replies.includes(from) || from.nodes.size) {
    state.replies = [from]; // a reply of another view or of beam search becomes an ordinary one
    from.name = "A";
  }
  if (state.how === "compare") tab.setHow("write", false);
  const reply = branchOff(state, from, index);
  reply.first = index + 1;
  reply.tokens.push(chosenToken(taken, index, from.tokens[index]));
  const asked = { ...sourceOf(reply), prefix_token_ids: tokenIds(reply), have: index };
  if (state.how === "step") {
    go(tab, [reply], { ...asked, draw: 0 });
    return;
  }
  if (innerWidth > 900) state.pinned = { reply, index }; // beside the text; on a phone the panel would cover it
  const most = reply.begin.max_new_tokens;
  const count = index + 1;
  go(tab, [reply], { ...asked, max_new_tokens: count < most ? most : count + Number(state.settings.max_new_tokens) });
}

/**
 * By hand: the shown reply itself grows or shrinks by one token.
 *
 * @param {Tab} tab
 * @param {number} draws  how many tokens the sampler draws
 * @param {number} have  how many tokens Python needn't send again
 */
export function byHand(tab, draws, have) {
  const { state } = tab;
  remember(state);
  const reply = state.shown;
  state.pinned = null;
  // A speed over tokens that a person chose one by one would say nothing.
  Object.assign(reply, { finished: null, first: have, next: draws ? reply.next : null });
  go(tab, [reply], { ...sourceOf(reply), prefix_token_ids: tokenIds(reply), have, draw: draws });
}

/**
 * @param {Tab} tab
 * @param {any} one  of the candidates for the next token
 */
export function pick(tab, one) {
  remember(tab.state);
  const reply = tab.state.shown;
  reply.tokens.push(chosenToken(one, reply.tokens.length, { entropy: reply.next.entropy }));
  byHand(tab, 0, reply.tokens.length - 1);
}

/** @param {Tab} tab  Shows the distribution over the next token, asked for where it isn't known. */
export function wantNext(tab) {
  const { how, run, shown } = tab.state;
  if (how === "step" && !run && shown?.begin && !shown.nodes.size && !shown.next) byHand(tab, 0, shown.tokens.length);
}

/** The seed that comes after those of the last run, shown in its control too. */
function reseed({ view, host, state }, used) {
  const seed = Number(state.settings.seed || 0) + used;
  state.settings.seed = seed;
  host.dataset.seed = String(seed);
  view.trigger("reseed", {});
  return seed;
}

/**
 * A reply that nobody pressed Start for, at the first sight of the tab: not where somebody has begun to do something.
 *
 * @param {Tab} tab
 */
export function startBySelf(tab) {
  const { view, state } = tab;
  const { opening } = view.props;
  const touched = state.mode !== opening.mode || state.settings.prompt !== opening.prompt || state.how !== "write";
  if (!touched && !state.run && !state.runs) start(tab, { first: true });
}

/** @param {Tab} tab  An example was chosen: what runs ends, a chat begins anew. */
export function startExample(tab) {
  const { view, state } = tab;
  if (state.run) {
    view.trigger("halt", { run: state.run.id });
    abandon(tab);
  }
  Object.assign(state, { replies: [], shown: null });
  start(tab);
}

/** @param {Tab} tab  A lesson fills the fields: what nobody asked for ends, and a chat begins anew. */
export function makeReady(tab) {
  const { state } = tab;
  tab.seen = true;
  if (state.run?.first) ACTS.stop(tab);
  if (state.how !== "write") tab.setHow("write");
  if (state.shown?.begin?.messages && !state.run) Object.assign(state, { replies: [], shown: null });
  tab.draw();
}

/**
 * Asks again what a link holds: one reply, or a column for each of several.
 *
 * @param {Tab} tab
 * @param {any[]} requests
 */
export function startShared(tab, requests) {
  const { view, state } = tab;
  if (state.run) {
    view.trigger("halt", {});
    abandon(tab);
  }
  remember(state);
  const [first] = requests;
  const settings = requests.map(controlsOf);
  state.mode = first.messages ? "Chat" : "Complete";
  Object.assign(state, { how: requests.length > 1 ? "compare" : "write", pinned: null, replies: [], shown: null });
  if (requests.length > 1) state.columns = columnsFrom(settings, Object.keys(view.props.presets.greedy));
  else state.replies = [newReply("A")];
  state.shown = state.replies[0] ?? null;
  const targets = requests.length > 1 ? state.columns.flatMap((one) => one.replies) : state.replies.slice();
  const { prompt, messages, model_id, prefix_token_ids } = first;
  const columns = requests.length > 1 ? targets.map((one) => one.settings) : settings;
  go(tab, targets, { prompt, messages, model_id, prefix_token_ids, columns, chat: Boolean(messages) });
}

/** The settings of a request as the controls have them. */
function controlsOf(request) {
  const stop_strings = request.stop_strings.map((one) => one.replaceAll("\n", "\\n")).join("\n");
  return { ...request, stop_strings };
}

/** A column for each of these settings that differ in more than their seed. */
function columnsFrom(settings, names) {
  const columns = new Map();
  for (const one of settings) {
    const key = JSON.stringify(names.map((name) => one[name]));
    if (!columns.has(key)) columns.set(key, { name: settingsName(one), settings: one, sampled: true, replies: [] });
    columns.get(key).replies.push(Object.assign(newReply(settingsName(one)), { settings: one }));
  }
  return [...columns.values()];
}

/** What the buttons do, by their data-act. */
export const ACTS = {
  start: (tab) => start(tab),
  stop(tab) {
    const { view, state } = tab;
    if (!state.run) return;
    view.trigger("halt", { run: state.run.id });
    if (state.run.targets.some((reply) => reply.started || reply.position)) state.run.stopping = true;
    else abandon(tab); // still loading the model: nothing of it will be shown
    tab.draw();
  },
  continue(tab) {
    const { state } = tab;
    remember(state);
    const reply = state.shown;
    const have = reply.tokens.length;
    Object.assign(reply, { finished: null, first: have });
    const most = have + Number(state.settings.max_new_tokens);
    go(tab, [reply], { ...sourceOf(reply), prefix_token_ids: tokenIds(reply), have, max_new_tokens: most });
  },
  regenerate(tab) {
    const { state } = tab;
    const comparing = state.how === "compare";
    const seed = reseed(tab, comparing ? state.samples : 1);
    if (comparing) {
      start(tab);
      return;
    }
    remember(state);
    const from = state.shown;
    const reply = branchOff(state, from, 0);
    reply.parent = null;
    go(tab, [reply], { ...sourceOf(from), seed });
    const greedy =
      "These settings leave nothing to chance: one prompt always gets one reply. Switch do_sample on for another.";
    if (!state.settings.do_sample) note(tab, greedy);
  },
  step(tab) {
    const { shown } = tab.state;
    if (shown?.begin) byHand(tab, 1, shown.tokens.length);
    else start(tab);
  },
  undo(tab) {
    remember(tab.state);
    const reply = tab.state.shown;
    reply.tokens.pop();
    reply.version += 1;
    byHand(tab, 0, reply.tokens.length);
  },
  fresh(tab) {
    Object.assign(tab.state, { replies: [], shown: null, pinned: null });
    tab.draw();
  },
};

/** @param {Tab} tab  Forgets a run that brought nothing. */
function abandon({ state }) {
  state.run = null;
  restore(state);
}

/** @param {Tab} tab  What was wrong is being changed: what was said about it goes. */
export function forgive({ find }) {
  for (const one of find(".gen-notes").querySelectorAll(".warn")) one.remove();
}

/** @param {Tab} tab  The request didn't even reach Python. */
export function fail(tab) {
  if (!tab.state.run) return;
  abandon(tab);
  note(tab, "The request didn't get through. Your prompt is still there: try again.", true);
  tab.draw();
}

/**
 * Takes a message of the run: events of its replies, a refusal, the next distribution, the end.
 *
 * @param {Tab} tab
 * @param {any} message
 */
export function receive(tab, message) {
  const { run } = tab.state;
  if (!run || message.run !== run.id) return;
  if (message.begin)
    run.targets.forEach((reply, i) => {
      reply.begin = message.begin[i];
    });
  run.gap ||= message.n > run.n + 1;
  takeEvents(tab, run, message);
  run.n = message.n;
  if (message.error) note(tab, message.error, true);
  if (message.final) end(tab, run, message);
  tab.draw();
}

function takeEvents(tab, run, { events = [], final, people }) {
  if (run.gap && !final) return;
  for (const [i, event] of events) {
    const reply = run.targets[i];
    reply.people = people;
    if (final && !run.gap) continue; // the last message repeats all of them, for whoever has missed some
    applyEvent(reply, event);
    if (event.type === "started") begin(tab, run, event.notes);
  }
}

/** What may come next; before the first token nothing else has told yet how the model is held. */
function takeNext(reply, next) {
  const { prompt_tokens, context_length, quantization, dtype } = next;
  reply.next = readNext(next);
  const held = { prompt_tokens, context_length, quantization, dtype };
  reply.started ??= /** @type {any} */ (held);
}

function begin(tab, run, notes) {
  run.began = true;
  if (run.chat) tab.view.trigger("emptied", {});
  const there = [...tab.find(".gen-notes").children].map((one) => one.textContent);
  for (const line of new Set(notes)) if (!there.includes(line)) note(tab, line);
}

function end(tab, run, message) {
  const { view, state } = tab;
  if (message.next) takeNext(state.shown, message.next);
  else if (state.how === "step" && state.shown) state.shown.next = null;
  state.run = null;
  const wrote = run.targets.some((reply) => reply.finished?.token_ids.length);
  if (!message.error && wrote) view.trigger("receipt", { run: run.id });
  if ((message.error || run.first) && !run.began) restore(state);
  if (!message.error && run.chat && !run.began) view.trigger("emptied", {}); // a step by hand began with the next token
  state.before = null;
  const { next } = run; // else "By hand" may have been chosen meanwhile
  setTimeout(() => state.run || (next ? ACTS[next](tab) : run.byHand || message.error || wantNext(tab)));
}
