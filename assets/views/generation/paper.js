/** The reply on its paper: turns of the chat, tokens, live figures, branches, beams, and all steps as a table. */

import { make, makeButton } from "../shared/dom.js";
import { counted, formatFixed, formatInteger, formatProbability } from "../shared/format.js";
import { oneTabStop } from "../shared/keyboard.js";
import { makeTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { drawBeams, nodeInWords } from "./beams.js";
import { figuresOf, settingsName } from "./reply.js";
import { wantNext } from "./runs.js";
import { closed, tokenSpan } from "./tokens.js";

const UNKNOWN = "–"; // as formatFixed writes it: it has no unit

/** What is drawn in each host: tokens that are there already are not drawn again. */
const DRAWN = new WeakMap();

/**
 * The reply whose tokens stand in a host.
 *
 * @param {Element} host
 * @returns {import("./reply.js").Reply | undefined}
 */
export function replyIn(host) {
  return DRAWN.get(host)?.reply;
}

/**
 * Draws the tokens of a reply that aren't there yet.
 *
 * @param {any} tab
 * @param {HTMLElement} host
 * @param {import("./reply.js").Reply} reply
 * @param {{ diverges?: number, withPrompt?: boolean }} [how]
 */
export function drawTokens({ state }, host, reply, { diverges = -1, withPrompt = false } = {}) {
  const key = `${reply.name}/${reply.version}/${state.tintBy}/${diverges}/${Boolean(reply.begin)}`;
  let drawn = DRAWN.get(host);
  if (drawn?.reply !== reply || drawn.key !== key || drawn.count > reply.tokens.length) {
    drawn = { reply, key, count: 0 };
    DRAWN.set(host, drawn);
    const prompt = withPrompt && reply.begin?.prompt;
    host.replaceChildren(...(prompt ? [make("span", "gen-prompt", closed(prompt))] : []));
  }
  host.querySelector(".gen-caret")?.remove();
  for (; drawn.count < reply.tokens.length; drawn.count += 1) {
    const span = tokenSpan(reply.tokens[drawn.count], state.tintBy, host.lastChild?.textContent ?? "");
    span.setAttribute("role", "button");
    span.tabIndex = -1;
    span.dataset.index = String(drawn.count);
    span.classList.toggle("diverges", drawn.count === diverges);
    host.append(span);
  }
  oneTabStop(host, ".gen-token");
  const open = state.pinned?.reply === reply ? state.pinned.index : -1;
  for (const span of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll(".gen-token")))
    span.classList.toggle("open", Number(span.dataset.index) === open);
}

/** @param {any} tab */
export function drawText(tab) {
  const { find, state } = tab;
  const paper = find(".gen-paper");
  const text = find(".gen-text");
  const follow = paper.scrollHeight - paper.scrollTop - paper.clientHeight < 60;
  const turns = state.shown?.begin?.messages ?? [];
  find(".gen-turns").replaceChildren(...turns.map(turnBox));
  if (!state.shown) {
    const press = state.mode === "Chat" ? "Send" : "Start";
    text.replaceChildren(make("span", "gen-hint", `The reply appears here, token by token. Press ${press}.`));
    DRAWN.delete(text);
    return;
  }
  drawTokens(tab, text, state.shown, { withPrompt: true });
  if (state.run) text.append(make("span", "gen-caret"));
  if (follow && state.run) paper.scrollTop = paper.scrollHeight;
}

function turnBox({ role, content }) {
  const known = role === "user" || role === "system" ? role : "assistant";
  const box = make("div", `gen-turn ${known}`, make("small", "", role), content);
  box.dir = "auto";
  return box;
}

/** @param {any} tab */
export function drawLive({ find, state }) {
  const reply = state.how === "compare" ? null : state.shown;
  find(".gen-live").hidden = !reply;
  if (!reply) return;
  const { first, rate, used, context, perplexity } = figuresOf(reply);
  const most = context ? `of ${formatInteger(context)}` : "";
  find(".gen-live").replaceChildren(
    tile("first token", formatFixed(first, 2), first === null ? "" : "s"),
    tile("speed", formatFixed(rate, 1), "tokens/s"),
    tile("context used", used === null ? UNKNOWN : formatInteger(used), most, context && used ? used / context : null),
    tile("perplexity", formatFixed(perplexity, 2), ""),
    tile("sharing now", String(Math.max(1, reply.people || 1)), reply.people > 1 ? "people" : "person"),
  );
}

/** @param {number | null} [share]  of the most there is */
function tile(name, value, unit, share = null) {
  const box = make(
    "div",
    "",
    make("dt", "pg-words", name),
    make("dd", "", value, unit && value !== UNKNOWN && make("small", "", `\u00a0${unit}`)),
  );
  if (share === null) return box;
  const bar = make("i");
  bar.style.width = `${Math.min(100, 100 * share)}%`;
  box.lastElementChild?.append(make("div", "gen-meter", bar));
  return box;
}

/** @param {any} tab */
export function drawBranches(tab) {
  const { find, state } = tab;
  const box = find(".gen-branches");
  box.hidden = state.how === "compare" || state.replies.length < 2;
  if (box.hidden) return;
  const compareThem = () => {
    const column = (reply) => {
      return { name: reply.name, settings: reply.begin || state.settings, sampled: false, replies: [reply] };
    };
    state.columns = state.replies.slice(-4).map(column);
    tab.setHow("compare", false);
    find("[data-how=compare]").focus({ preventScroll: true }); // what was pressed is gone
  };
  const compare = makeButton("", "Compare them", compareThem);
  compare.disabled = Boolean(state.run);
  const text = `${state.replies.length} branches: choose one to return to it. `;
  const head = make("div", "gen-branches-head", text, compare);
  box.replaceChildren(head, ...state.replies.map((reply) => branchRow(tab, reply)));
}

function branchRow(tab, reply) {
  const { state } = tab;
  const show = () => {
    if (state.run) return;
    Object.assign(state, { shown: reply, pinned: null });
    tab.draw();
    wantNext(tab);
  };
  const at = reply.tokens[reply.fork];
  const fork = reply.parent && `${visiblePiece(at ? at.piece : "…")} at ${reply.fork + 1}, from ${reply.parent.name}`;
  const tail = reply.tokens.slice(reply.fork).map((token) => token.text);
  const perplexity = formatFixed(figuresOf(reply).perplexity, 2);
  const row = makeButton("gen-branch", make("b", "", reply.name), show);
  row.setAttribute("aria-pressed", String(reply === state.shown));
  row.append(
    make("span", "gen-chip", fork || originOf(reply)),
    make("span", "gen-tail", tail.join("").replace(/\n/g, " ↵ ").slice(0, 200)),
    make("span", "gen-figure", `${counted(reply.tokens.length, "token")} · perplexity ${perplexity}`),
  );
  return row;
}

function originOf({ begin }) {
  if (!begin) return "…";
  return begin.do_sample ? `seed ${begin.seed}` : settingsName(begin);
}

/** @param {any} tab */
export function drawTree({ find, state }) {
  const reply = state.shown;
  const box = find(".gen-tree-box");
  box.hidden = state.how !== "write" || !reply?.nodes.size;
  if (box.hidden) return;
  const info = find(".gen-tree-info");
  const pick = (node) => {
    info.textContent = nodeInWords(reply.nodes, node);
  };
  drawBeams(find(".gen-tree-scroll"), reply.nodes, reply.lastNode, find(".gen-dropped").checked, pick);
  const hint = "Numbers are total log-probabilities: closer to 0 is more probable. The best text is highlighted.";
  info.textContent ||= hint;
}

const COLUMNS = [
  { name: "step", kind: "num" },
  { name: "token_id", kind: "num" },
  { name: "token", kind: "piece" },
  { name: "probability", kind: "num" },
  { name: "after the sampler", kind: "num" },
  { name: "entropy (nats)", kind: "num" },
  { name: "seconds", kind: "num" },
  { name: "runner-up", kind: "piece" },
];

/** @param {any} tab */
export function drawTable({ find, state }) {
  const box = find(".gen-table");
  const reply = state.shown;
  box.hidden = state.how === "compare" || !reply?.tokens.length;
  if (box.hidden || !box.open) return;
  const rows = reply.tokens.map((token, i) => {
    const other = token.alternatives.find((one) => one.id !== token.id);
    return [
      i + 1,
      token.id,
      visiblePiece(token.piece),
      formatFixed(token.before, 4),
      formatFixed(token.after, 4),
      token.beam ? "–" : formatFixed(token.entropy, 3),
      formatFixed(token.elapsed, 3),
      other && `${visiblePiece(other.piece)} ${formatProbability(other.before)}`,
    ];
  });
  box.querySelector(".pg-table-wrap").replaceChildren(makeTable(COLUMNS, rows));
}
