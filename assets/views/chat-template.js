// A conversation on top, what the template makes of it below, live; colours are roles.
const $ = (name) => element.querySelector(name);
const list = $(".messages"), rendered = $(".rendered"), chips = $(".chips"), notes = $(".notes"), legend = $(".legend");
const ROLES = ["system", "user", "assistant", "tool"], DRAWN = 1500;
const state = { modelId: "", flying: false, again: false, timer: 0, told: 0 };
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const messages = () => [...list.children].map((row) => ({ role: row.querySelector("select").value, content: row.querySelector("textarea").value }));
const addMessage = (role, content) => {
  const row = make("div", "message"), select = make("select"), area = make("textarea"), remove = make("button", "", "×");
  row.setAttribute("role", "listitem");
  select.setAttribute("aria-label", "role");
  area.setAttribute("aria-label", "content");
  select.append(...ROLES.map((name) => Object.assign(make("option", "", name), { value: name })));
  select.value = role;
  area.value = content;
  area.rows = Math.min(4, 1 + Math.floor(content.length / 90));
  remove.type = "button";
  remove.setAttribute("aria-label", "Remove this message");
  remove.addEventListener("click", () => { row.remove(); ask(); });
  select.addEventListener("change", ask);
  area.addEventListener("input", ask);
  row.append(select, area, remove);
  list.append(row);
};
const ask = () => { clearTimeout(state.timer); state.timer = setTimeout(send, 80); };
const send = async () => {
  if (state.flying) { state.again = true; return; }
  state.flying = true;
  const question = { messages: messages(), model_id: state.modelId, add_generation_prompt: $(".prompt input").checked };
  let answer;
  try { answer = await server.live_chat(question); }
  catch (error) { answer = { error: "The server didn't answer. Your messages are still here." }; }
  state.flying = false;
  if (state.again) { state.again = false; send(); return; }
  draw(answer, question);
};
const draw = (answer, question) => {
  notes.replaceChildren();
  if (answer.error) { notes.append(make("div", "pg-note warn", answer.error)); return; }
  const letters = Array.from(answer.text);
  rendered.replaceChildren(...answer.spans.map((span) => {
    const node = make("span", `${span.role} ${span.content ? "content" : "markup"} ${span.message === null ? "invented" : ""}`, letters.slice(span.start, span.end).join(""));
    node.title = span.message === null ? "added by the template itself" : `message ${span.message}, ${span.role}, ${span.content ? "content" : "markup of the template"}`;
    return node;
  }));
  const roles = [...new Set(answer.spans.map((span) => span.role))];
  legend.replaceChildren(...roles.map((role) => {
    const item = make("span");
    item.append(make("span", `swatch ${role}`), role);
    return item;
  }), make("span", "", "bold: what was written · dotted: markup of the template · dashed: added by the template itself"));
  const kept = answer.tokens.slice(0, DRAWN);
  chips.replaceChildren(...kept.map((token) => {
    const chip = make("span", `pg-chip ${answer.spans[token.span]?.role || ""} ${token.special ? "marked" : ""}`);
    chip.append(make("span", "piece", token.shown), make("span", "id", token.id));
    chip.title = `${token.piece} · ${answer.spans[token.span]?.role}`;
    return chip;
  }));
  const specials = answer.tokens.filter((token) => token.special).length;
  $(".count").textContent = `${answer.tokens.length} tokens, ${specials} of them special` + (kept.length < answer.tokens.length ? `; the first ${DRAWN} are drawn` : "");
  $(".template").textContent = answer.template;
  element.dataset.drawn = String(Number(element.dataset.drawn || 0) + 1);
  clearTimeout(state.told);
  state.told = setTimeout(() => trigger("input", JSON.parse(JSON.stringify(question, (k, v) => (typeof v === "string" && v.toWellFormed ? v.toWellFormed() : v)))), 900);
};
$(".add").addEventListener("click", () => {
  const last = messages().at(-1);
  addMessage(last?.role === "user" ? "assistant" : "user", "");
  list.lastChild.querySelector("textarea").focus();
  ask();
});
$(".prompt input").addEventListener("change", send);
const configure = () => {
  const value = props.value || {}, fresh = !state.modelId;
  if (fresh) (value.messages || []).forEach(([role, content]) => addMessage(role, content));
  const changed = value.model_id && value.model_id !== state.modelId;
  state.modelId = value.model_id || state.modelId;
  if (changed) send();
};
watch("value", configure);
configure();
