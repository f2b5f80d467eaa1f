/**
 * Asking Python and taking what comes back. Python gets "go" (generate something), "halt" (stop it), "emptied" (clear
 * the prompt), "reseed" (show the new seed) and "receipt" (write the code of what has just run).
 */

import { make } from "../shared/dom.js";
import { applyEvent, chosenToken, newReply, readNext, replyText, tokenIds } from "./reply.js";
import { branchOff, remember, restore } from "./state.js";

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
  state.run = { id, targets, n: -1, gap: false, chat: asked.chat || false };
  find(".gen-notes").replaceChildren();
  view.trigger("go", { run: id, ...asked, ...(chosen ? { num_beams: 1 } : {}) });
  if (chosen && state.settings.num_beams > 1)
    note(tab, "Beam search can't go on from chosen tokens, so this runs with num_beams 1.");
  tab.draw();
}

function sourceOf({ begin }) {
  return { prompt: begin.messages ? null : begin.prompt, messages: begin.messages, model_id: begin.model_id };
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

/** @param {Tab} tab */
export function start(tab) {
  const { state } = tab;
  const history = turnsSoFar(state);
  state.pinned = null;
  if (state.how === "compare") {
    const column = ({ name, settings }) => Object.assign(newReply(name), { settings });
    state.columns = state.strategies.map(column);
    go(tab, state.columns, { history, columns: state.strategies.map((one) => one.settings) });
    return;
  }
  remember(state);
  state.replies = [newReply("A")];
  state.shown = state.replies[0];
  const asked = { history, chat: state.mode === "Chat" };
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

/** What the buttons do, by their data-act. */
export const ACTS = {
  start,
  stop(tab) {
    const { view, state } = tab;
    view.trigger("halt", {});
    if (!state.run) return;
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
    const { view, state } = tab;
    if (state.how === "compare") {
      start(tab);
      return;
    }
    remember(state);
    const from = state.shown;
    const seed = Number(state.settings.seed || 0) + 1;
    state.settings.seed = seed;
    tab.host.dataset.seed = String(seed);
    view.trigger("reseed", {});
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

function begin(tab, run, notes) {
  run.began = true;
  if (run.chat) tab.view.trigger("emptied", {});
  const there = [...tab.find(".gen-notes").children].map((one) => one.textContent);
  for (const line of new Set(notes)) if (!there.includes(line)) note(tab, line);
}

function end(tab, run, message) {
  const { view, state } = tab;
  if (message.next) state.shown.next = readNext(message.next);
  else if (state.how === "step" && state.shown) state.shown.next = null;
  state.run = null;
  const wrote = run.targets.some((reply) => reply.finished?.token_ids.length);
  if (!message.error && wrote) view.trigger("receipt", { run: run.id });
  if (message.error && !run.began) restore(state);
  if (!message.error && run.chat && !run.began) view.trigger("emptied", {}); // a step by hand began with the next token
  state.before = null;
}
