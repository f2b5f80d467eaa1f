// The tab's state and wiring: which reply is shown, what is running, what the person points at.
// Python gets "go" (generate something), "halt" (stop it), "emptied" (clear the prompt), "reseed" (show the new seed) and
// "receipt" (write the code of what has just run).
const find = (selector) => element.querySelector(selector);
const state = {
  how: "write", mode: "Complete", settings: { ...props.defaults, ...props.presets.greedy }, tintBy: "probability",
  replies: [], shown: null, columns: [], before: null, strategies: Object.entries(props.presets).map(([name, settings]) => ({ name, settings })),
  run: null, pinned: null, more: false,
};
const text = find(".gen-text"), panel = find(".gen-panel"), notes = find(".gen-notes");
const button = (act) => find(`[data-act="${act}"]`);
const running = () => state.run !== null;

// Asking Python

let runs = 0;
// What was there before a run, so that one which doesn't even begin takes nothing away.
const remember = () => {
  const reply = state.shown;
  state.before = state.before || { replies: state.replies.slice(), shown: reply, own: reply && { tokens: reply.tokens.slice(), next: reply.next, finished: reply.finished } };
};
const restore = () => {
  if (!state.before) return;
  Object.assign(state, { replies: state.before.replies, shown: state.before.shown });
  if (state.shown) Object.assign(state.shown, state.before.own, { version: state.shown.version + 1 });
};
const go = (targets, asked) => {
  runs += 1;
  const chosen = asked.draw !== undefined || Boolean((asked.prefix_token_ids || []).length);
  state.run = { id: `${Date.now()}-${runs}`, targets, n: -1, gap: false, chat: asked.chat || false };
  notes.replaceChildren();
  trigger("go", { run: state.run.id, ...asked, ...(chosen ? { num_beams: 1 } : {}) });
  if (chosen && state.settings.num_beams > 1) note("Beam search can't go on from chosen tokens, so this runs with num_beams 1.");
  draw();
};
const source = (reply) => ({ prompt: reply.begin.messages ? null : reply.begin.prompt, messages: reply.begin.messages, model_id: reply.begin.model_id });
const ids = (reply) => reply.tokens.map((token) => token.id);
const budget = (count, reply) => (count < reply.begin.max_new_tokens ? reply.begin.max_new_tokens : count + Number(state.settings.max_new_tokens));

// The chat so far, the reply that is shown included: what was branched or continued is what the model will read.
const turnsSoFar = () => {
  const reply = state.shown;
  if (state.mode !== "Chat" || !reply || !reply.begin || !reply.begin.messages) return [];
  return [...reply.begin.messages.filter((turn) => turn.role !== "system"), { role: "assistant", content: replyText(reply) }];
};
const start = () => {
  const history = turnsSoFar();
  const asked = { history, chat: state.mode === "Chat" };
  state.pinned = null;
  if (state.how === "compare") {
    state.columns = state.strategies.map((one) => Object.assign(newReply(one.name), { settings: one.settings }));
    return go(state.columns, { history, columns: state.strategies.map((one) => one.settings) });
  }
  remember();
  state.replies = [newReply("A")];
  state.shown = state.replies[0];
  return go(state.replies.slice(), state.how === "step" ? { ...asked, draw: 0 } : asked);
};

// The same text up to ``index``, then another token: a branch of its own; the old one stays in the list.
const branch = (from, index, taken) => {
  const reply = newReply(NAMES[state.replies.length % 26] + (state.replies.length >= 26 ? Math.floor(state.replies.length / 26) : ""), from, index, from.begin);
  reply.tokens = from.tokens.slice(0, index);
  reply.started = from.started;
  reply.first = index + (taken ? 1 : 0);
  if (taken) reply.tokens.push({ index, id: taken.id, piece: taken.piece, text: taken.piece, before: taken.before, after: taken.after, entropy: (from.tokens[index] || {}).entropy || 0, elapsed: 0, forced: true, alternatives: (from.tokens[index] || {}).alternatives || [] });
  state.replies.push(reply);
  state.shown = reply;
  state.pinned = null;
  return reply;
};
const choose = (from, index, taken) => {
  remember();
  if (from.columns || from.nodes.size) { // a reply of another view or of beam search becomes an ordinary one
    state.replies = [from];
    from.name = "A";
  }
  if (state.how === "compare") setHow("write", false);
  const reply = branch(from, index, taken);
  const prefix = ids(reply);
  if (state.how === "step") return go([reply], { ...source(reply), prefix_token_ids: prefix, have: index, draw: 0 });
  if (innerWidth > 900) state.pinned = { reply, index }; // beside the text; on a phone the panel would cover it
  return go([reply], { ...source(reply), prefix_token_ids: prefix, have: index, max_new_tokens: budget(prefix.length, reply) });
};
// By hand: the shown reply itself grows or shrinks by one token.
const byHand = (prefix, draws, have) => {
  remember();
  const reply = state.shown;
  state.pinned = null;
  reply.finished = null;
  reply.first = have; // a speed over tokens that a person chose one by one would say nothing
  reply.next = draws ? reply.next : null;
  return go([reply], { ...source(reply), prefix_token_ids: prefix, have, draw: draws });
};
const pick = (one) => {
  remember();
  const reply = state.shown;
  reply.tokens.push({ index: reply.tokens.length, id: one.id, piece: one.piece, text: one.piece, before: one.before, after: one.after, entropy: reply.next.entropy, elapsed: 0, forced: true, alternatives: [] });
  byHand(ids(reply), 0, reply.tokens.length - 1);
};
const acts = {
  start,
  stop: () => {
    trigger("halt", {});
    if (!running()) return;
    const begun = state.run.targets.some((reply) => reply.started || reply.position);
    if (begun) state.run.stopping = true;
    else { state.run = null; restore(); state.before = null; } // still loading the model: nothing of it will be shown
    draw();
  },
  continue: () => {
    remember();
    const reply = state.shown, prefix = ids(reply);
    reply.finished = null;
    reply.first = prefix.length;
    go([reply], { ...source(reply), prefix_token_ids: prefix, have: prefix.length, max_new_tokens: prefix.length + Number(state.settings.max_new_tokens) });
  },
  regenerate: () => {
    if (state.how === "compare") return start();
    remember();
    const seed = Number(state.settings.seed || 0) + 1;
    const from = state.shown;
    window.pgGenerationSeed = state.settings.seed = seed;
    trigger("reseed", {});
    const reply = branch(from, 0, null);
    reply.parent = null;
    go([reply], { ...source(from), seed });
    if (!state.settings.do_sample) note("These settings leave nothing to chance: one prompt always gets one reply. Switch do_sample on for another.");
  },
  step: () => (state.shown && state.shown.begin ? byHand(ids(state.shown), 1, state.shown.tokens.length) : start()),
  undo: () => {
    remember();
    const reply = state.shown;
    reply.tokens.pop();
    reply.version += 1;
    byHand(ids(reply), 0, reply.tokens.length);
  },
  fresh: () => { state.replies = []; state.shown = null; state.pinned = null; draw(); },
};

// What comes back

const receive = (delta) => {
  const run = state.run;
  if (!run || delta.run !== run.id) return;
  if (delta.begin) run.targets.forEach((reply, i) => { reply.begin = delta.begin[i]; });
  run.gap = run.gap || delta.n > run.n + 1;
  const repairs = delta.final && run.gap;
  if (!run.gap || delta.final)
    for (const [i, event] of delta.events || []) {
      const reply = run.targets[i];
      reply.people = delta.people;
      if (!delta.final || repairs) apply(run, reply, event);
    }
  run.n = delta.n;
  if (delta.error) note(delta.error, true);
  if (delta.final) {
    if ("next" in delta && delta.next) state.shown.next = readNext(delta.next);
    else if (state.how === "step" && state.shown) state.shown.next = null;
    state.run = null;
    const told = run.targets.filter((reply) => reply.finished && reply.finished.token_ids.length);
    if (!delta.error && told.length) trigger("receipt", { run: run.id });
    if (delta.error && !run.began) restore();
    if (!delta.error && run.chat && !run.began) trigger("emptied", {}); // a step by hand began with the distribution alone
    state.before = null;
  }
  draw();
};
const apply = (run, reply, event) => {
  applyEvent(reply, event);
  if (event.type !== "started") return;
  run.began = true;
  if (run.chat) trigger("emptied", {});
  for (const line of event.notes) if (![...notes.children].some((one) => one.textContent === line)) note(line);
};
const readNext = (next) => ({
  ...next,
  candidates: next.candidates.map(([id, piece, logit, before, after, kept, seen]) => ({ id, piece, logit, before, after, kept, seen })),
});
const note = (line, bad = false) => notes.append(make("div", bad ? "pg-note warn" : "pg-note", line));

// Drawing

const renderTokens = (host, reply, diverges = -1) => {
  const key = `${reply.name}/${reply.version}/${state.tintBy}/${diverges}/${Boolean(reply.begin)}`;
  if (host.pgReply !== reply || host.pgKey !== key || host.pgCount > reply.tokens.length) {
    host.replaceChildren();
    host.pgReply = reply;
    host.pgKey = key;
    host.pgCount = 0;
    if (reply.begin && reply.begin.prompt && host === text) host.append(make("span", "gen-prompt", closed(reply.begin.prompt)));
  }
  const caret = host.querySelector(".gen-caret");
  if (caret) caret.remove();
  for (; host.pgCount < reply.tokens.length; host.pgCount += 1) {
    const span = tokenSpan(reply.tokens[host.pgCount], state.tintBy);
    span.setAttribute("role", "button");
    span.tabIndex = host.querySelector('.gen-token[tabindex="0"]') ? -1 : 0;
    span.dataset.index = host.pgCount;
    if (host.pgCount === diverges) span.classList.add("diverges");
    host.append(span);
  }
  for (const span of host.querySelectorAll(".gen-token"))
    span.classList.toggle("open", Boolean(state.pinned && state.pinned.reply === reply && state.pinned.index === Number(span.dataset.index)));
};

const showAlternatives = (reply, index) => {
  const token = reply && reply.tokens[index];
  if (!token) { state.pinned = null; return showDefault(); }
  // Drawn once: a row that is replaced between pressing and releasing the mouse would lose the click.
  const shown = [reply, index, token.id, token.alternatives.length, Boolean(state.pinned), state.how];
  if (panel.pgShown && shown.every((part, i) => part === panel.pgShown[i])) return undefined;
  const focused = panel.contains(document.activeElement) && document.activeElement.matches(".gen-choice");
  panel.replaceChildren();
  panel.pgShown = shown;
  panel.hidden = false;
  panel.classList.add("showing");
  const title = make("h4", "", `Token ${index + 1}: `);
  title.append(make("code", "", visible(token.piece)));
  if (state.pinned) {
    const close = make("button", "gen-close", "×");
    close.type = "button";
    close.setAttribute("aria-label", "close");
    close.addEventListener("click", () => { state.pinned = null; draw(); showDefault(); });
    title.append(close);
  }
  panel.append(title);
  panel.append(make("p", "", token.beam
    ? `token_id ${token.id} · log-probability ${Math.log(token.before).toFixed(2)} · the beams' candidates after the same text`
    : `token_id ${token.id} · probability ${percent(token.before)} · entropy ${fixed(token.entropy, 2)} nats${token.guessed ? " · guessed right" : ""}`));
  if (token.alternatives.length) panel.append(barKey(token.beam ? "goes on" : undefined));
  const rows = token.alternatives.map((one) => (Array.isArray(one) ? { id: one[0], piece: one[1], before: one[2], after: one[3], kept: one[4] } : one));
  if (!rows.some((one) => one.id === token.id)) rows.push({ id: token.id, piece: token.piece, before: token.before, after: token.after || 0, kept: true });
  const list = make("div", "gen-choices");
  const largest = Math.max(...rows.map((one) => Math.max(one.before, one.after)), 1e-9);
  for (const one of rows) list.append(choiceRow(one, largest, one.id === token.id, one.id === token.id ? null : (taken) => choose(reply, index, taken)));
  panel.append(list);
  const foot = make("div", "gen-panel-foot");
  if (state.how !== "compare" && !token.beam) {
    const here = make("button", "", "Step from here");
    here.type = "button";
    here.addEventListener("click", () => { remember(); setHow("step", false); branch(reply, index, null); byHand(ids(state.shown), 0, index); });
    foot.append(here);
  }
  foot.append(make("span", "", "Choose another and the text goes on from it."));
  panel.append(foot);
  if (focused) list.querySelector(".chosen").focus({ preventScroll: true });
  return undefined;
};
const barKey = (after = "after the sampler") => {
  const key = make("div", "gen-key");
  for (const [kind, label] of [["before", "the model's own"], ["after", after]]) {
    const item = make("span");
    item.append(make("i", kind), label);
    key.append(item);
  }
  return key;
};
const showNext = (next) => {
  panel.hidden = false;
  panel.pgShown = null;
  panel.replaceChildren(make("h4", "", "What comes next?"));
  panel.append(make("p", "", "Pick a token, or let Step draw one. Move a slider: the lower bars follow at once, from the same logits."), barKey());
  const all = afterSampler(next.candidates, next.rest, state.settings);
  const rows = all.slice(0, state.more ? 60 : 12);
  const largest = Math.max(...rows.map((one) => Math.max(one.before, one.after)), 1e-9);
  const list = make("div", "gen-choices");
  for (const one of rows) list.append(choiceRow(one, largest, false, running() ? null : pick));
  panel.append(list);
  const vocab = next.candidates.length + next.rest.reduce((sum, [n]) => sum + n, 0);
  const listed = rows.reduce((sum, one) => sum + one.before, 0);
  const foot = make("div", "gen-panel-foot");
  const more = make("button", "", state.more ? "Fewer" : "More");
  more.type = "button";
  more.addEventListener("click", () => { state.more = !state.more; showNext(next); });
  const kept = all.filter((one) => one.kept).length;
  foot.append(more, make("span", "", `The other ${(vocab - rows.length).toLocaleString("en")} tokens share ${percent(Math.max(0, 1 - listed))}. ${kept < all.length ? `The sampler keeps ${kept}.` : ""} Entropy ${fixed(next.entropy, 2)} nats.`));
  panel.append(foot);
};
const showDefault = () => {
  if (state.pinned) return showAlternatives(state.pinned.reply, state.pinned.index);
  panel.classList.remove("showing");
  if (state.how === "step" && state.shown && state.shown.next) return showNext(state.shown.next);
  panel.hidden = state.how === "compare";
  panel.pgShown = null;
  const over = state.how === "step" && isOver(state.shown);
  panel.replaceChildren(make("h4", "", over ? "The reply has ended" : state.how === "step" ? "What comes next?" : "What else could it have said?"));
  panel.append(make("p", "", over
    ? "Undo takes the last token back, and the choice is yours again. Or point at any token and choose another there."
    : state.how === "step" ? `${state.shown && state.shown.begin ? "Working out the" : "Press Start: the"} model's whole distribution over the next token appears here, and you choose.`
    : "Point at a token of the reply, or move there with the arrow keys: its alternatives appear here, with their probabilities before and after the sampler. Choose one and the text goes on from it."));
};

const drawTurns = () => {
  const reply = state.shown;
  const turns = reply && reply.begin && reply.begin.messages ? reply.begin.messages : [];
  find(".gen-turns").replaceChildren(...turns.map((turn) => {
    const box = make("div", `gen-turn ${turn.role === "user" || turn.role === "system" ? turn.role : "assistant"}`);
    box.dir = "auto";
    box.append(make("small", "", turn.role), turn.content);
    return box;
  }));
};
const drawText = () => {
  const reply = state.shown, paper = find(".gen-paper");
  const follow = paper.scrollHeight - paper.scrollTop - paper.clientHeight < 60;
  drawTurns();
  if (!reply) {
    text.replaceChildren(make("span", "gen-hint", `The reply appears here, token by token. Press ${state.mode === "Chat" ? "Send" : "Start"}.`));
    text.pgReply = null;
    return;
  }
  renderTokens(text, reply);
  if (running() && !text.querySelector(".gen-caret")) text.append(make("span", "gen-caret"));
  if (follow && running()) paper.scrollTop = paper.scrollHeight;
};
const drawLive = () => {
  const reply = state.how === "compare" ? null : state.shown;
  const live = find(".gen-live");
  live.hidden = !reply;
  if (!reply) return;
  const own = figures(reply);
  const tile = (name, value, unit, full) => {
    const box = make("div");
    const dd = make("dd", "", value);
    if (unit) dd.append(make("small", "", ` ${unit}`));
    box.append(make("dt", "", name), dd);
    if (full !== undefined) { const meter = make("div", "gen-meter"), bar = make("i"); bar.style.width = `${Math.min(100, 100 * full)}%`; meter.append(bar); box.append(meter); }
    return box;
  };
  live.replaceChildren(
    tile("first token", own.first === null ? "–" : fixed(own.first, 2), own.first === null ? "" : "s"),
    tile("speed", fixed(own.rate, 1), "tokens/s"),
    tile("context used", String(own.used), own.context ? `of ${own.context.toLocaleString("en")}` : "", own.context ? own.used / own.context : undefined),
    tile("perplexity", fixed(own.perplexity, 2)),
    tile("sharing now", String(Math.max(1, reply.people || 1)), reply.people > 1 ? "people" : "person"),
  );
};
const origin = ({ begin }) => (!begin ? "…" : begin.do_sample ? `seed ${begin.seed}` : settingsName(begin));
const drawBranches = () => {
  const box = find(".gen-branches");
  box.hidden = state.how === "compare" || state.replies.length < 2;
  if (box.hidden) return;
  const head = make("div", "gen-branches-head", `${state.replies.length} branches: choose one to return to it. `);
  const compare = make("button", "", "Compare them");
  compare.type = "button";
  compare.addEventListener("click", () => { state.columns = state.replies.slice(-4).map((reply) => Object.assign(reply, { settings: reply.begin || state.settings })); setHow("compare", false); });
  compare.disabled = running();
  head.append(compare);
  box.replaceChildren(head, ...state.replies.map((reply) => {
    const row = make("button", "gen-branch");
    row.type = "button";
    row.setAttribute("aria-pressed", String(reply === state.shown));
    const at = reply.tokens[reply.fork];
    row.append(make("b", "", reply.name), make("span", "gen-chip", reply.parent ? `${visible(at ? at.piece : "…")} at ${reply.fork + 1}, from ${reply.parent.name}` : origin(reply)));
    row.append(make("span", "gen-tail", reply.tokens.slice(reply.fork).map((token) => token.text).join("").replace(/\n/g, " ↵ ").slice(0, 200)));
    row.append(make("span", "gen-figure", `${reply.tokens.length} tokens · perplexity ${fixed(figures(reply).perplexity, 2)}`));
    row.addEventListener("click", () => { if (running()) return; state.shown = reply; state.pinned = null; draw(); if (state.how === "step" && !reply.next) byHand(ids(reply), 0, reply.tokens.length); });
    return row;
  }));
};
const drawColumns = () => {
  const box = find(".gen-columns"), verdict = find(".gen-verdict");
  box.hidden = state.how !== "compare";
  verdict.hidden = true;
  if (box.hidden) return;
  if (box.pgColumns !== state.columns) {
    box.pgColumns = state.columns;
    box.replaceChildren(...state.columns.map((reply) => {
      const card = make("article", "gen-column");
      const body = make("div", "gen-column-text");
      body.dir = "auto";
      body.setAttribute("role", "group");
      body.setAttribute("aria-label", `${reply.name}, token by token`);
      card.append(make("h4", "", reply.name), make("p", "", settingsName(reply.settings) === reply.name ? "the most probable token, always" : settingsName(reply.settings)), body, make("div", "gen-column-foot"));
      return card;
    }));
  }
  const first = state.columns[0];
  let earliest = null;
  state.columns.forEach((reply, i) => {
    const body = box.children[i].querySelector(".gen-column-text"), settled = reply.finished || !reply.nodes.size;
    const at = i && settled && (first.finished || !first.nodes.size) ? divergence(first, reply) : -1;
    renderTokens(body, reply, at);
    if (at >= 0 && (!earliest || at < earliest.at)) earliest = { at, reply };
    const own = figures(reply);
    box.children[i].querySelector(".gen-column-foot").textContent = `${reply.tokens.length} tokens · perplexity ${fixed(own.perplexity, 2)}${i && at >= 0 ? ` · parts from ${first.name} at token ${at + 1}` : ""}${ending(reply) ? ` · ${ending(reply)}` : ""}`;
  });
  if (!earliest) {
    if (state.columns.length > 1 && state.columns.every((one) => one.finished)) { verdict.hidden = false; verdict.textContent = "All of them say the same, token for token."; }
    return;
  }
  const taken = (reply) => {
    const token = reply.tokens[earliest.at];
    return token ? [" takes ", make("span", "gen-chip", visible(token.piece)), ` (${percent(token.before)})`] : [" has ended"];
  };
  verdict.hidden = false;
  const agreed = { 0: "They part at once.", 1: "The first token is the same." }[earliest.at] || `The first ${earliest.at} tokens are the same.`;
  const both = first.tokens[earliest.at] && earliest.reply.tokens[earliest.at];
  verdict.replaceChildren(
    `${agreed} At token ${earliest.at + 1}, ${first.name}`, ...taken(first), ` and ${earliest.reply.name}`, ...taken(earliest.reply),
    both ? ": the model gave both these probabilities after the same text." : ".",
  );
};
const drawTree = () => {
  const reply = state.shown, box = find(".gen-tree-box");
  box.hidden = state.how !== "write" || !reply || !reply.nodes.size;
  if (box.hidden) return;
  const info = find(".gen-tree-info");
  drawBeams(find(".gen-tree-scroll"), reply.nodes, reply.lastNode, find(".gen-dropped").checked, (node) => {
    const path = beamPath(reply.nodes, node.node).map((one) => one.piece).join("");
    info.textContent = `Step ${node.step + 1}, ${visible(node.piece)}: log-probability ${node.own.toFixed(3)}, total ${node.total.toFixed(3)}, ${node.state === "kept" ? "goes on" : node.state}. Text: ${path.replace(/\n/g, "↵")}`;
  });
  if (!info.textContent) info.textContent = "Numbers are total log-probabilities: closer to 0 is more probable. The best text is highlighted.";
};
const drawTable = () => {
  const box = find(".gen-table");
  const reply = state.shown;
  box.hidden = state.how === "compare" || !reply || !reply.tokens.length;
  if (box.hidden || !box.open) return;
  const table = make("table", "pg-table");
  const head = table.createTHead().insertRow();
  for (const [label, kind] of [["step", "num"], ["token_id", "num"], ["token", ""], ["probability", "num"], ["after the sampler", "num"], ["entropy (nats)", "num"], ["seconds", "num"], ["runner-up", ""]]) {
    const cell = make("th", kind, label);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  reply.tokens.forEach((token, i) => {
    const other = token.alternatives.map((one) => (Array.isArray(one) ? one : [one.id, one.piece, one.before])).find((one) => one[0] !== token.id);
    const row = body.insertRow();
    const cells = [[String(i + 1), "num"], [String(token.id), "num"], [visible(token.piece), "piece"], [fixed(token.before, 4), "num"], [token.after === null ? "–" : fixed(token.after, 4), "num"], [token.beam ? "–" : fixed(token.entropy, 3), "num"], [fixed(token.elapsed, 3), "num"], [other ? `${visible(other[1])} ${percent(other[2])}` : "", "piece"]];
    for (const [content, kind] of cells) { const cell = row.insertCell(); cell.className = kind; cell.textContent = content; }
  });
  box.querySelector(".pg-table-wrap").replaceChildren(table);
};
const isOver = (reply) => Boolean(reply && reply.finished && ["eos", "context"].includes(reply.finished.reason));
const drawToolbar = () => {
  const reply = state.shown, busy = running(), by = state.how, chat = state.mode === "Chat";
  const begun = Boolean(reply && reply.begin);
  button("start").textContent = by === "compare" ? "Compare" : chat ? "Send" : by === "step" && begun ? "Restart" : "Start";
  button("start").disabled = busy || (by === "compare" && !state.strategies.length);
  button("start").classList.toggle("gen-primary", !(by === "step" && begun));
  button("step").hidden = button("undo").hidden = by !== "step" || !begun;
  button("step").classList.add("gen-primary");
  const over = isOver(reply);
  button("step").disabled = busy || Boolean(over);
  button("undo").disabled = busy || !reply || !reply.tokens.length;
  button("stop").disabled = !busy || Boolean(state.run && state.run.stopping);
  button("stop").classList.toggle("live", busy);
  button("continue").hidden = by !== "write";
  button("continue").disabled = busy || !begun || !reply.tokens.length || over || reply.nodes.size > 0;
  button("continue").title = over ? "The reply has ended: choose another token somewhere, or press Regenerate" : reply && reply.nodes.size ? "Beam search can't go on from a text: choose a token, or raise max_new_tokens and press Start" : "Go on from the last token";
  button("regenerate").hidden = by === "step";
  button("regenerate").disabled = busy || (by === "compare" ? !state.columns.length : !begun);
  button("fresh").hidden = !chat || !turnsSoFar().length || by === "compare";
  button("fresh").disabled = busy;
  const target = state.run && state.run.targets[0];
  find(".gen-state").textContent = busy
    ? state.run.stopping ? "Stopping…" : target.position ? `Waiting: number ${target.position} in line${target.reason ? `. ${target.reason}` : ""}` : !target.started ? "Getting the model ready…" : by === "step" ? "" : target.tokens.length ? "Writing…" : `Reading the prompt: ${target.started.prompt_tokens.toLocaleString("en")} tokens…`
    : by === "compare" || !reply ? "" : by === "step" && !over ? "" : ending(reply);
  const reading = busy && target.read > 0 && !target.tokens.length && !state.run.stopping;
  const bar = find(".gen-progress");
  bar.hidden = !reading;
  if (reading) {
    bar.max = target.started.prompt_tokens;
    bar.value = target.read;
    bar.title = `${target.read.toLocaleString("en")} of ${target.started.prompt_tokens.toLocaleString("en")} tokens`;
  }
};
const drawStrategies = () => {
  const box = find(".gen-strategies");
  box.hidden = state.how !== "compare";
  if (box.hidden) return;
  const chips = state.strategies.map((one, i) => {
    const chip = make("span", "gen-strategy", one.name);
    chip.title = settingsName(one.settings);
    const remove = make("button", "", "×");
    remove.type = "button";
    remove.setAttribute("aria-label", `remove ${one.name}`);
    remove.addEventListener("click", () => { state.strategies.splice(i, 1); draw(); });
    chip.append(remove);
    return chip;
  });
  const add = make("button", "", "+ current settings");
  add.type = "button";
  add.disabled = state.strategies.length >= 4;
  add.title = add.disabled ? "Four at most: remove one first" : settingsName(state.settings);
  add.addEventListener("click", () => {
    const settings = Object.fromEntries(Object.keys(props.presets.greedy).map((name) => [name, state.settings[name]]));
    const name = settingsName(settings);
    state.strategies.push({ name: state.strategies.some((one) => one.name === name) ? `${name} (again)` : name, settings });
    draw();
  });
  const reset = make("button", "", "Reset");
  reset.type = "button";
  reset.addEventListener("click", () => { state.strategies = Object.entries(props.presets).map(([name, settings]) => ({ name, settings })); draw(); });
  box.replaceChildren(...chips, add, reset);
};
const draw = () => {
  find(".gen").setAttribute("aria-busy", String(running()));
  for (const one of element.querySelectorAll("[data-how]")) one.setAttribute("aria-pressed", String(one.dataset.how === state.how));
  find(".gen-reply").hidden = state.how === "compare";
  find(".gen-stage").classList.toggle("panel-only", state.how === "compare");
  drawToolbar();
  drawStrategies();
  drawText();
  drawColumns();
  drawTree();
  drawLive();
  drawBranches();
  drawTable();
  const pointing = panel.matches(":hover, :focus-within") || element.querySelector(".gen-token:hover, .gen-token:focus");
  const stale = panel.pgShown && state.how !== "compare" && panel.pgShown[0] !== state.shown;
  if (state.how === "step" || !pointing || state.pinned || stale) showDefault();
};

// Pointing, keys and buttons

const setHow = (how, ask = true) => {
  state.how = how;
  state.pinned = null;
  draw();
  const reply = state.shown;
  if (ask && how === "step" && !running() && reply && reply.begin && !reply.nodes.size && !reply.next) byHand(ids(reply), 0, reply.tokens.length);
};
const tokenAt = (target) => {
  const span = target.closest && target.closest(".gen-token");
  const host = span && span.closest(".gen-text, .gen-column-text");
  return host && host.pgReply ? { reply: host.pgReply, index: Number(span.dataset.index), span, host } : null;
};
// A short rest on a token shows it, so that the way to the panel across other tokens changes nothing.
element.addEventListener("mouseover", (event) => {
  const at = tokenAt(event.target);
  clearTimeout(state.resting);
  if (at && !state.pinned) state.resting = setTimeout(() => showAlternatives(at.reply, at.index), 90);
});
element.addEventListener("focusin", (event) => {
  const at = tokenAt(event.target);
  if (!at) return;
  for (const one of at.host.querySelectorAll('.gen-token[tabindex="0"]')) one.tabIndex = -1;
  at.span.tabIndex = 0;
  // Under a finger the panel would open before the finger is lifted, and catch the tap: a tap waits for its click.
  if (at.span.matches(":focus-visible")) showAlternatives(at.reply, at.index);
});
find(".gen-text").addEventListener("mouseleave", () => { if (state.how === "step" && !state.pinned) { clearTimeout(state.resting); showDefault(); } });
const focusToken = (host, index) => { const span = host.querySelector(`[data-index="${index}"]`); if (span) span.focus(); };
const pin = (at) => {
  const same = state.pinned && state.pinned.reply === at.reply && state.pinned.index === at.index;
  state.pinned = same ? null : { reply: at.reply, index: at.index };
  draw();
  showDefault();
  const { top, bottom } = at.span.getBoundingClientRect();
  if (state.pinned && innerWidth <= 900 && bottom > innerHeight / 2) window.scrollBy({ top: top - innerHeight / 4 }); // above the panel
};
element.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]"), how = event.target.closest("[data-how]"), at = tokenAt(event.target);
  if (act && !act.disabled) acts[act.dataset.act]();
  else if (how) setHow(how.dataset.how);
  else if (at) pin(at);
});
element.addEventListener("keydown", (event) => {
  const at = tokenAt(event.target);
  if (at) {
    const to = { ArrowRight: at.index + 1, ArrowLeft: at.index - 1, Home: 0, End: at.reply.tokens.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); focusToken(at.host, to); }
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey || event.key === " ") { event.preventDefault(); pin(at); }
    if (event.key === "ArrowDown") { event.preventDefault(); state.back = at; const first = panel.querySelector(".gen-choice"); if (first) first.focus(); }
    return;
  }
  if (!event.target.closest(".gen-panel")) return;
  const rows = [...panel.querySelectorAll(".gen-choice")], row = rows.indexOf(event.target);
  if (row < 0) return;
  if (event.key === "ArrowDown" && rows[row + 1]) { event.preventDefault(); rows[row + 1].focus(); }
  if (event.key === "ArrowUp") { event.preventDefault(); if (rows[row - 1]) rows[row - 1].focus(); else if (state.back) focusToken(state.back.host, state.back.index); }
});
const onKey = (event) => {
  if (!element.isConnected) return document.removeEventListener("keydown", onKey);
  if (!element.offsetParent) return undefined;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const act = state.how === "step" && state.shown && state.shown.begin ? "step" : "start";
    if (!button(act).disabled) { event.preventDefault(); acts[act](); }
  }
  if (event.key === "Escape") { if (running()) acts.stop(); else if (state.pinned) { state.pinned = null; draw(); } }
  return undefined;
};
document.addEventListener("keydown", onKey);
find(".gen-tint").addEventListener("change", (event) => {
  state.tintBy = event.target.value;
  find(".gen-scale").style.visibility = state.tintBy === "plain" ? "hidden" : "";
  find(".gen-scale-high").textContent = state.tintBy === "entropy" ? "undecided" : "surprising";
  draw();
});
find(".gen-dropped").addEventListener("change", drawTree);
find(".gen-table").addEventListener("toggle", drawTable);
const onOutside = (event) => {
  if (!element.isConnected) return document.removeEventListener("pg-generation", onOutside);
  const { name, value } = event.detail;
  if (name === "settings") { Object.assign(state.settings, value); if (state.how === "step" && !state.pinned) showDefault(); drawStrategies(); }
  if (name === "mode") { state.mode = value; draw(); }
  if (name === "failed" && running()) { state.run = null; restore(); state.before = null; note("The request didn't get through. Your prompt is still there: try again.", true); draw(); }
  return undefined;
};
document.addEventListener("pg-generation", onOutside);
watch("value", () => props.value && receive(JSON.parse(props.value)));
draw();
