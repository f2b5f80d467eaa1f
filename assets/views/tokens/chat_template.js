/** A conversation on top, what the template makes of it below, live; colours are roles. */

import { latestAnswer, wellFormed } from "../shared/asking.js";
import { finder, make, makeButton, sayEmpty } from "../shared/dom.js";
import { counted } from "../shared/format.js";
import { hostOf, readInbox, tell } from "../shared/inbox.js";
import { swatches } from "../shared/legend.js";
import { lifeOf } from "../shared/lifecycle.js";

const ROLES = ["system", "user", "assistant", "tool"];
const DRAWN = 1500;
const TELL_MS = 900;
const MEASURED = "pg-tokens-chat-next"; // the view that says of which conversation it is
const KEY = "bold: what was written · dotted: markup of the template · dashed: added by the template itself";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger, server }) {
  const find = finder(element);
  const state = { modelId: "", drawnModel: "", told: /** @type {any} */ (0), tellMs: TELL_MS };
  const question = () => ({
    messages: readMessages(find(".messages")),
    model_id: state.modelId,
    add_generation_prompt: find(".prompt input").checked,
  });
  const receive = (answer, asked) => {
    draw(find, answer);
    state.drawnModel = asked.model_id;
    sayEmpty(element, Boolean(answer.error));
    const told = answer.error ? { failed: true } : cleaned(asked);
    clearTimeout(state.told);
    state.told = setTimeout(() => trigger("input", told), answer.error ? 0 : state.tellMs);
    state.tellMs = TELL_MS;
    if (!answer.error) element.dataset.drawn = String(Number(element.dataset.drawn || 0) + 1);
  };
  const wait = (asked) => sayItIsRead(element, state, asked);
  const { ask, askNow } = latestAnswer({ question, send: (asked) => sendTo(server, asked), receive, wait });
  const configure = () => {
    const value = props.value || {};
    const isUntouched = !state.modelId && !find(".messages").children.length; // by a link, which can come first
    if (isUntouched) for (const [role, content] of value.messages || []) add(find, role, content, ask);
    const changed = value.model_id && value.model_id !== state.modelId;
    state.modelId = value.model_id || state.modelId;
    if (changed) askNow();
  };
  find(".add").addEventListener("click", () => addTurn(find, question().messages.at(-1), ask));
  find(".prompt input").addEventListener("change", askNow);
  readInbox(hostOf(element), lifeOf(element).signal, (_, { messages, add_generation_prompt }) => {
    find(".messages").replaceChildren();
    for (const { role, content } of messages) add(find, role, content, ask);
    find(".prompt input").checked = add_generation_prompt;
    state.tellMs = 0; // nobody goes on typing it
    askNow();
  });
  watch("value", configure);
  configure();
}

/** The question goes to the server; what was measured of another conversation hears of it. */
function sendTo(server, asked) {
  tell(document.getElementById(MEASURED), "asked", fieldsOf(cleaned(asked).messages));
  return server.live_chat(asked).catch(() => ({ error: "The server didn't answer. Your messages are still here." }));
}

/** Instead of what another model reads, while the chosen one's tokenizer can take seconds. */
function sayItIsRead(element, { drawnModel }, { model_id }) {
  if (model_id === drawnModel) return;
  draw(finder(element), { error: "Reading this model's tokenizer…" });
  sayEmpty(element, true, true);
}

/** A message after the last one, of the other side. */
function addTurn(find, last, ask) {
  add(find, last?.role === "user" ? "assistant" : "user", "", ask).focus();
  ask();
}

/** A conversation as Python sends it with what was measured of it. */
const fieldsOf = (messages) => [messages.length, ...messages.flatMap(({ role, content }) => [role, content])];

function cleaned(asked) {
  const messages = asked.messages.map(({ role, content }) => ({ role, content: wellFormed(content) }));
  return { ...asked, messages };
}

function readMessages(list) {
  return [...list.children].map((row) => ({
    role: row.querySelector("select").value,
    content: row.querySelector("textarea").value,
  }));
}

function add(find, role, content, ask) {
  const select = make("select", "", ...ROLES.map((name) => new Option(name, name)));
  select.value = role;
  select.addEventListener("change", ask);
  const area = make("textarea");
  area.value = content;
  area.rows = Math.min(4, 1 + Math.floor(content.length / 90));
  area.addEventListener("input", ask);
  const list = find(".messages");
  const remove = () => {
    row.remove();
    nameRows(list);
    ask();
  };
  const row = make("div", "message", select, area, makeButton("", "×", remove));
  row.setAttribute("role", "listitem");
  list.append(row);
  nameRows(list);
  return area;
}

/** Each row's controls say which message is theirs. */
function nameRows(list) {
  for (const [i, row] of [...list.children].entries()) {
    row.querySelector("select").setAttribute("aria-label", `role of message ${i + 1}`);
    row.querySelector("textarea").setAttribute("aria-label", `content of message ${i + 1}`);
    row.querySelector("button").setAttribute("aria-label", `Remove message ${i + 1}`);
  }
}

function draw(find, answer) {
  find(".notes").replaceChildren();
  if (answer.error) {
    find(".notes").append(make("div", "pg-note warn", answer.error));
    for (const part of [".rendered", ".legend", ".chips", ".count", ".template"]) find(part).replaceChildren();
    return;
  }
  find(".notes").append(...(answer.notes ?? []).map((note) => make("div", "pg-note", note)));
  const letters = Array.from(answer.text);
  find(".rendered").replaceChildren(...answer.spans.map((span) => spanNode(span, letters)));
  const roles = [...new Set(answer.spans.map((span) => span.role))];
  find(".legend").replaceChildren(...swatches(roles.map((role) => [role, role])), make("span", "", KEY));
  const kept = answer.tokens.slice(0, DRAWN);
  find(".chips").replaceChildren(...kept.map((token) => chip(token, answer.spans[token.span]?.role)));
  const specials = answer.tokens.filter((token) => token.special).length;
  const rest = kept.length < answer.tokens.length ? `; the first ${DRAWN} are drawn` : "";
  find(".count").textContent = `${counted(answer.tokens.length, "token")}, ${specials} of them special${rest}`;
  find(".template").textContent = answer.template;
}

function spanNode(span, letters) {
  const kind = `${span.content ? "content" : "markup"}${span.message === null ? " invented" : ""}`;
  const node = make("span", `${span.role} ${kind}`, letters.slice(span.start, span.end).join(""));
  const what = span.content ? "content" : "markup of the template";
  node.title =
    span.message === null ? "added by the template itself" : `message ${span.message}, ${span.role}, ${what}`;
  return node;
}

function chip(token, role) {
  const parts = [make("span", "piece", token.shown), make("span", "id", token.id)];
  const node = make("span", `pg-chip ${role || ""}${token.special ? " marked" : ""}`, ...parts);
  node.title = `${token.piece} · ${role}`;
  return node;
}
