// Tokens while a person types: the text coloured in place, a chip per token, and what each stands for.
// Text reaches the page through textContent alone.
const $ = (name) => element.querySelector(name);
const area = $("textarea"), mirror = $(".mirror"), chips = $(".chips"), counts = $(".counts"), notes = $(".notes");
const detail = $(".detail"), samples = $(".samples"), heard = $(".heard");
const PAUSE_MS = 40, CHUNK = 200, LIMIT = 20000;
const state = { modelId: "", special: true, result: null, letters: [], flying: false, again: false, askedAt: -1e9, tookMs: 0,
  parts: [], homes: [], drawnModel: "", observer: null, timer: 0, told: 0, current: -2, said: "", tail: null };

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const number = (value) => value.toLocaleString("en-US");

// ---- what comes over the wire: JSON as text, a list per property
const read = (answer) => {
  const result = JSON.parse(answer);
  if (result.error) return result;
  const bytes = new Map(result.bytes), pieces = result.pieces || result.shown;
  result.gaps = new Map(result.gaps);
  result.tokens = result.ids.map((id, index) => {
    const mark = result.marks[index], start = result.spans[2 * index], end = result.spans[2 * index + 1];
    return { id, index, mark, start, end, piece: pieces[index], shown: result.shown[index], bytes: bytes.get(index) || "",
      special: Boolean(mark & 1), unknown: Boolean(mark & 2), continuation: Boolean(mark & 4), added: end < 0 };
  });
  return result;
};

// ---- asking: the first keystroke at once, then one question at a time and no faster than the answers come; the latest wins
const ask = () => {
  clearTimeout(state.timer);
  state.timer = setTimeout(send, Math.max(0, state.askedAt + Math.max(PAUSE_MS, state.tookMs) - performance.now()));
};
const send = async () => {
  clearTimeout(state.timer);
  if (state.flying) { state.again = true; return; }
  state.flying = true;
  state.askedAt = performance.now();
  const asked = { text: area.value, model_id: state.modelId, add_special_tokens: state.special };
  const letters = Array.from(asked.text);
  if (letters.length > LIMIT) asked.text = letters.slice(0, LIMIT).join("");
  let result;
  try {
    result = read(await server.live_tokens(asked));
  } catch (error) {
    result = { error: "The server didn't answer. Your text is still here; it is asked again when you type." };
  }
  state.tookMs = Math.min(400, performance.now() - state.askedAt);
  state.flying = false;
  if (state.again) { state.again = false; ask(); return; }
  draw(result, letters, asked.model_id);
};

// ---- from tokens to parts: what shares characters stands together, and what lies between is a gap
const arrange = (result, letters) => {
  const parts = [], homes = [];
  let reached = 0, segments = 0, open = null;
  const cut = (end, part) => {
    open = { text: letters.slice(reached, end).join(""), members: [], segment: segments, ...part };
    segments += 1;
    parts.push(open);
    reached = end;
  };
  const close = (start) => { if (start > reached) cut(start, { gap: result.gaps.get(reached) ?? "·" }); };
  for (const token of result.tokens) {
    if (token.added) {
      parts.push({ text: "", members: [token.index], segment: null });
      homes.push(parts[parts.length - 1]);
      continue;
    }
    if (open && token.start < reached) {
      if (token.end > reached) {
        open.text += letters.slice(reached, token.end).join("");
        reached = token.end;
      }
    } else {
      close(token.start);
      cut(token.end, {});
    }
    open.members.push(token.index);
    homes.push(open);
  }
  close(result.rest ?? letters.length);
  if (result.rest !== null) cut(letters.length, { rest: true });
  for (const part of parts)
    part.key = `${part.text}\n${part.gap}\n${part.members.map((k) => `${result.ids[k]} ${result.marks[k]} ${result.tokens[k].bytes}`).join("\n")}`;
  return { parts, homes };
};

// ---- drawing: parts that did not change keep their nodes
const draw = (result, letters, modelId) => {
  const said = result.error ? [result.error] : [...result.notes];
  if (!result.error) {
    if (letters.length > LIMIT) said.unshift(`The text has ${number(letters.length)} characters; the first ${number(LIMIT)} are tokenized.`);
    if (result.tokens.length < result.counts.tokens)
      said.push(`All ${number(result.counts.tokens)} tokens are counted; the first ${number(result.tokens.length)} are shown one by one.`);
    else if (result.tokens.length > 2 * CHUNK) said.push(`${number(result.tokens.length)} tokens: chips are drawn as you scroll.`);
  }
  drawNotes(said, Boolean(result.error));
  if (result.error) return;
  const old = state.parts, fresh = arrange(result, letters.slice(0, LIMIT)), same = state.drawnModel === modelId;
  Object.assign(state, { result, letters: letters.slice(0, LIMIT), drawnModel: modelId, homes: fresh.homes });
  drawCounts(result.counts, result.algorithm);
  if (!same || !patch(old, fresh.parts)) drawAll(fresh.parts);
  state.tail.data = letters.slice(LIMIT).join("") + "\n";
  requestAnimationFrame(() => { mirror.scrollTop = area.scrollTop; });
  point(-1);
  element.dataset.drawn = String(Number(element.dataset.drawn || 0) + 1);
  tell();
};
const drawNotes = (said, failed) => {
  if (said.join("\n") === state.said) return;
  state.said = said.join("\n");
  notes.replaceChildren(...said.map((text) => make("div", failed ? "pg-note warn" : "pg-note", text)));
};
const UNITS = ["characters", "bytes", "words", "tokens", "special", "unknown", "tokens per word"];
const drawCounts = (c, algorithm) => {
  if (!counts.childNodes.length) counts.append(...UNITS.map((name) => {
    const node = make("span");
    node.append(make("b"), ` ${name}`);
    return node;
  }), make("span", "pg-badge"));
  const rate = c.words ? ((c.tokens - c.special_tokens) / c.words).toFixed(2) : "–";
  const values = [c.characters, c.utf8_bytes, c.words, c.tokens, c.special_tokens, c.unknown_tokens].map(number).concat(rate);
  values.forEach((value, k) => { counts.children[k].firstChild.textContent = value; });
  counts.lastChild.textContent = algorithm;
};
const colour = (part) => (part.segment === null || part.rest || part.gap !== undefined ? "" : `c${part.segment % 6}`);
const spanOf = (part) => {
  part.colour = colour(part);
  part.mirror = part.segment === null ? null : make("span", part.colour, part.text);
  if (part.mirror && !part.rest && part.gap === undefined) part.mirror.home = part;
  return part.mirror;
};
const drawAll = (parts) => {
  state.observer?.disconnect();
  state.observer = new IntersectionObserver((seen) => seen.forEach((entry) => entry.isIntersecting && fill(entry.target)),
    { root: chips, rootMargin: "600px" });
  state.parts = parts;
  state.tail = document.createTextNode("");
  mirror.replaceChildren(...parts.map(spanOf).filter(Boolean), state.tail);
  const chunks = [];
  parts.filter((part) => !part.rest).forEach((part, k) => {
    if (k % CHUNK === 0) chunks.push(make("div", "chunk"));
    part.chunk = chunks[chunks.length - 1];
    part.chunk.size = (part.chunk.size || 0) + 1;
  });
  for (const chunk of chunks) chunk.style.minHeight = `${Math.ceil(chunk.size / 9) * 46}px`;
  chips.replaceChildren(...chunks);
  chunks.forEach((chunk, k) => (k < 1 ? fill(chunk) : state.observer.observe(chunk)));
};
const fill = (chunk) => {
  state.observer.unobserve(chunk);
  if (chunk.filled) return;
  chunk.filled = true;
  chunk.style.minHeight = "";
  chunk.append(...state.parts.filter((part) => part.chunk === chunk).map(drawPart));
  oneTabStop();
};
const oneTabStop = () => {
  const first = chips.querySelector("button");
  if (first && !chips.querySelector('[tabindex="0"]')) first.tabIndex = 0;
};
// True when what changed was drawn in place; false when too much changed, or there was nothing.
const patch = (old, parts) => {
  const most = Math.min(old.length, parts.length);
  let before = 0, after = 0;
  while (before < most && old[before].key === parts[before].key) before += 1;
  while (after < most - before && old[old.length - 1 - after].key === parts[parts.length - 1 - after].key) after += 1;
  const gone = old.slice(before, old.length - after), added = parts.slice(before, parts.length - after);
  const next = old[old.length - after], home = (before ? old[before - 1] : next)?.chunk;
  if (!home || added.length > CHUNK || home.size + added.length > 3 * CHUNK || gone.some((part) => part.rest) || added.some((part) => part.rest)) return false;
  for (const part of gone) {
    part.mirror?.remove();
    part.node?.remove();
    part.chunk.size -= 1;
  }
  parts.forEach((part, k) => {
    if (k >= before && k < parts.length - after) return;
    keep(old[k < before ? k : k - parts.length + old.length], part);
  });
  state.parts = [...old.slice(0, before), ...added, ...old.slice(old.length - after)];
  const spanBelow = state.parts.slice(before + added.length).find((part) => part.mirror)?.mirror || state.tail;
  spanBelow.before(...added.map(spanOf).filter(Boolean));
  for (const part of added) part.chunk = home;
  home.size += added.length;
  if (home.filled) {
    const nodes = added.map(drawPart);
    if (next?.chunk === home) next.node.before(...nodes);
    else home.append(...nodes);
  }
  oneTabStop();
  return true;
};
// The part that is on the page already stands for the new one: its place may have moved, its look has not.
const keep = (part, fresh) => {
  const moved = part.members[0] !== fresh.members[0] || state.result.tokens[fresh.members[0]]?.start !== part.start;
  part.members = fresh.members;
  part.segment = fresh.segment;
  for (const index of part.members) state.homes[index] = part;
  if (colour(part) !== part.colour) {
    for (const node of [part.mirror, ...(part.chips || [])]) node?.classList.replace(part.colour, colour(part));
    part.colour = colour(part);
  }
  if (moved && part.chips) label(part);
};
const drawPart = (part) => {
  if (part.gap !== undefined) {
    const lost = /\S/.test(part.text);
    part.node = make("span", lost ? "gap lost" : "gap", part.gap);
    part.node.title = lost ? "dropped by the tokenizer: no token stands for it" : "whitespace that no token stands for";
    return part.node;
  }
  part.colour = colour(part);
  part.chips = part.members.map((index) => drawChip(state.result.tokens[index], part));
  label(part);
  part.node = part.chips[0];
  if (part.chips.length > 1) {
    part.node = make("span", "group");
    part.node.title = `${part.members.length} tokens share ${part.text}`;
    part.node.append(...part.chips, make("span", "whole", `= ${readable(part.text)}`));
  }
  return part.node;
};
// What several tokens share, as a person can see it: a joiner or a soft hyphen by its number.
const readable = (text) => [...text.trim()].map((c) => (/[\p{C}\p{Z}]/u.test(c) ? `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}` : c)).join("") || "·";
const drawChip = (token, part) => {
  const chip = make("button", `pg-chip ${part.colour} ${marks(token).join(" ")}`);
  chip.type = "button";
  chip.tabIndex = -1;
  chip.home = part;
  chip.append(make("span", "piece", token.shown), make("span", "id", token.id));
  return chip;
};
const label = (part) => {
  part.start = state.result.tokens[part.members[0]].start;
  part.chips.forEach((chip, k) => chip.setAttribute("aria-label", sentence(state.result.tokens[part.members[k]])));
};
const indexOf = (chip) => chip.home.members[chip.home.chips.indexOf(chip)];
const chipOf = (index) => {
  const part = state.homes[index];
  if (part && !part.chips) fill(part.chunk);
  return part?.chips[part.members.indexOf(index)];
};
const marks = (token) => [token.special && "special", token.unknown && "unknown", token.continuation && "continuation",
  token.added && !token.special && "added"].filter(Boolean);
const where = (token) => token.added ? "stands for no character of the text"
  : token.end - token.start === 1 ? `character ${token.start}` : `characters ${token.start} to ${token.end - 1}`;
const sentence = (token) => [`token ${token.index}`, token.shown, `id ${token.id}`, where(token), ...marks(token), token.bytes].filter(Boolean).join(", ");

// ---- linking text and chips
const mark = (parts, shown) => {
  for (const node of element.querySelectorAll(".hot")) node.classList.remove("hot");
  for (const part of parts) part.mirror?.classList.add("hot");
  for (const chip of shown) chip.classList.add("hot");
};
const describe = (index) => {
  detail.replaceChildren();
  if (index < 0 || !state.result) {
    detail.append(make("span", "pg-muted", "Point at a token or at the text, or move with Tab and the arrow keys, to see what belongs together."));
    return;
  }
  const token = state.result.tokens[index];
  detail.append(make("span", "piece", token.shown), ` token ${index} · id ${token.id} · ${where(token)}`);
  if (token.piece !== token.shown) detail.append(" · in the vocabulary: ", make("span", "piece", token.piece));
  if (!token.added) detail.append(` · stands for “${state.letters.slice(token.start, token.end).join("")}”`);
  if (token.bytes) detail.append(` · ${token.bytes}`);
  const reasons = { special: "special: the tokenizer knows it as a sign of its own", unknown: "unknown: the vocabulary can't write this",
    continuation: "goes on with the same word", added: "put there by the tokenizer" };
  for (const name of marks(token)) detail.append(` · ${reasons[name]}`);
};
const point = (index) => {
  if (index === state.current && index >= 0) return;
  const quiet = index === state.current;
  state.current = index;
  const token = state.result?.tokens[index];
  mark(token ? [state.homes[index]] : [], token ? [chipOf(index)] : []);
  if (!quiet) describe(index);
};
const pointPart = (part) => {
  if (!part?.members.length) { point(-1); return; }
  point(part.members[0]);
  mark([part], part.chips);
  const box = chips.getBoundingClientRect(), place = part.chips[0].getBoundingClientRect();
  if (place.top < box.top || place.bottom > box.bottom) chips.scrollTop += place.top - box.top - box.height / 3;
};
chips.addEventListener("pointerover", (event) => {
  const chip = event.target.closest(".pg-chip");
  if (chip) point(indexOf(chip));
});
chips.addEventListener("pointerleave", () => point(-1));
chips.addEventListener("focusin", (event) => {
  const chip = event.target.closest(".pg-chip");
  if (!chip) return;
  for (const other of chips.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  chip.tabIndex = 0;
  point(indexOf(chip));
});
chips.addEventListener("keydown", (event) => {
  const chip = event.target.closest(".pg-chip");
  if (!chip) return;
  const last = state.result.tokens.length - 1, here = indexOf(chip);
  const next = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: last }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  chipOf(Math.min(last, Math.max(0, next)))?.focus();
});
area.addEventListener("pointermove", (event) => {
  const hit = document.elementsFromPoint(event.clientX, event.clientY).find((node) => node.home && mirror.contains(node));
  if (hit) pointPart(hit.home);
});
area.addEventListener("pointerleave", () => point(-1));
const caret = () => {
  if (!state.result) return;
  const place = Array.from(area.value.slice(0, area.selectionStart)).length;
  const token = state.result.tokens.find((item) => !item.added && item.start <= place && place < item.end);
  if (token) pointPart(state.homes[token.index]);
};
area.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && caret());
area.addEventListener("click", caret);
area.addEventListener("scroll", () => { mirror.scrollTop = area.scrollTop; });
area.addEventListener("input", () => {
  for (const node of mirror.querySelectorAll(".hot")) node.classList.remove("hot");
  ask();
});

// ---- telling Python, once the person pauses: the code receipt follows the text
const tell = () => {
  clearTimeout(state.told);
  state.told = setTimeout(() => {
    const c = state.result.counts;
    heard.textContent = `${c.tokens} tokens, ${c.special_tokens} of them special, ${c.unknown_tokens} unknown`;
    if (area.value.length <= LIMIT) trigger("input", { text: area.value.toWellFormed ? area.value.toWellFormed() : area.value });
  }, 900);
};
const configure = () => {
  const value = props.value || {};
  if (value.samples && !samples.childNodes.length) {
    samples.append(make("span", "pg-muted", "Try"));
    for (const [name, text] of value.samples) {
      const button = make("button", "", name);
      button.type = "button";
      button.addEventListener("click", () => { area.value = text; area.scrollTop = 0; send(); });
      samples.append(button);
    }
  }
  const fresh = !state.modelId;
  const changed = value.model_id !== state.modelId || value.add_special_tokens !== state.special;
  state.modelId = value.model_id || state.modelId;
  state.special = value.add_special_tokens !== false;
  if (fresh && value.text) area.value = value.text;
  if (changed || fresh) send();
};
watch("value", configure);
configure();
