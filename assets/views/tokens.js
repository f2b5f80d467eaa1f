// Tokens while a person types: the text coloured in place, a chip per token, and what each stands for.
// Text reaches the page through textContent alone.
const $ = (name) => element.querySelector(name);
const area = $("textarea"), mirror = $(".mirror"), chips = $(".chips"), counts = $(".counts"), notes = $(".notes");
const detail = $(".detail"), samples = $(".samples");
const DEBOUNCE_MS = 50, CHUNK = 200, LIMIT = 20000;
const state = { modelId: "", special: true, result: null, letters: [], wanted: 0, shown: 0, flying: false, again: false,
  chipAt: new Map(), spanAt: new Map(), observer: null, timer: 0, told: 0, current: -1 };

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const number = (value) => value.toLocaleString("en-US");

// ---- what comes over the wire: JSON as text, one short row per token
const read = (answer) => {
  const result = JSON.parse(answer);
  result.tokens = (result.tokens || []).map(([id, piece, shown, start, end, segment, marks, bytes], index) => ({ id, piece, shown, start, end,
    segment, bytes, index, special: Boolean(marks & 1), unknown: Boolean(marks & 2), continuation: Boolean(marks & 4), added: Boolean(marks & 8) }));
  return result;
};

// ---- asking: after a short pause, one question at a time, the latest wins
const ask = () => {
  clearTimeout(state.timer);
  state.timer = setTimeout(send, DEBOUNCE_MS);
};
const send = async () => {
  if (state.flying) { state.again = true; return; }
  state.flying = true;
  const asked = ++state.wanted;
  const letters = Array.from(area.value);
  const text = letters.length > LIMIT ? letters.slice(0, LIMIT).join("") : area.value;
  let result;
  try {
    result = read(await server.live_tokens({ text, model_id: state.modelId, add_special_tokens: state.special }));
  } catch (error) {
    result = { error: "The server didn't answer. Your text is still here; it is asked again when you type." };
  }
  state.flying = false;
  if (state.again) { state.again = false; send(); return; }
  if (asked === state.wanted) draw(result, letters);
};

// ---- drawing
const draw = (result, letters) => {
  notes.replaceChildren();
  if (result.error) {
    notes.append(make("div", "pg-note warn", result.error));
    return;
  }
  state.result = result;
  state.letters = letters.slice(0, LIMIT);
  state.current = -1;
  drawCounts(result.counts, result.algorithm);
  const said = [...result.notes];
  if (letters.length > LIMIT) said.unshift(`The text has ${number(letters.length)} characters; the first ${number(LIMIT)} are tokenized.`);
  if (result.tokens.length < result.counts.tokens)
    said.push(`All ${number(result.counts.tokens)} tokens are counted; the first ${number(result.tokens.length)} are shown one by one.`);
  else if (result.tokens.length > CHUNK) said.push(`${number(result.tokens.length)} tokens: chips are drawn as you scroll.`);
  for (const note of said) notes.append(make("div", "pg-note", note));
  drawMirror(result, letters);
  drawChips(result);
  describe(-1);
  element.dataset.drawn = String(Number(element.dataset.drawn || 0) + 1);
  tell();
};
const drawCounts = (c, algorithm) => {
  const rate = c.words ? ((c.tokens - c.special_tokens) / c.words).toFixed(2) : "–";
  const items = [[c.characters, "characters"], [c.utf8_bytes, "bytes"], [c.words, "words"], [c.tokens, "tokens"],
    [c.special_tokens, "special"], [c.unknown_tokens, "unknown"], [rate, "tokens per word"]];
  counts.replaceChildren(...items.map(([value, name]) => {
    const node = make("span");
    node.append(make("b", "", typeof value === "number" ? number(value) : value), ` ${name}`);
    return node;
  }), make("span", "pg-badge", algorithm));
};
const colour = (segment) => `c${segment % 6}`;
const drawMirror = (result, letters) => {
  state.spanAt.clear();
  const piece = document.createDocumentFragment();
  result.segments.forEach(([start, end, members], k) => {
    const described = members.length && members[members.length - 1] < result.tokens.length;
    const node = make("span", described ? colour(k) : "", state.letters.slice(start, end).join(""));
    if (described) { node.dataset.segment = k; state.spanAt.set(k, node); }
    piece.append(node);
  });
  piece.append(letters.slice(LIMIT).join("") + "\n");
  mirror.replaceChildren(piece);
  mirror.scrollTop = area.scrollTop;
};
const items = (result) => {
  const list = [];
  let next = 0;
  const emit = () => {
    const [start, end, members] = result.segments[next];
    if (!members.length) list.push({ gap: state.letters.slice(start, end).join(""), label: result.gaps[String(next)] });
    else if (members[0] < result.tokens.length) list.push({ segment: next, members, text: state.letters.slice(start, end).join("") });
    next += 1;
  };
  result.tokens.forEach((token, index) => {
    if (token.segment === null) { list.push({ members: [index] }); return; }
    while (next <= token.segment) emit();
  });
  if (result.tokens.length === result.counts.tokens) while (next < result.segments.length) emit();
  return list;
};
const drawChips = (result) => {
  state.observer?.disconnect();
  state.chipAt.clear();
  const list = items(result), chunks = [];
  for (let k = 0; k < list.length; k += CHUNK) {
    const chunk = make("div", "chunk"), part = list.slice(k, k + CHUNK);
    chunk.fill = () => {
      if (chunk.childNodes.length) return;
      chunk.style.minHeight = "";
      chunk.append(...part.map(drawItem));
    };
    chunk.members = part;
    chunk.style.minHeight = `${Math.ceil(part.length / 9) * 46}px`;
    chunks.push(chunk);
  }
  chips.replaceChildren(...chunks);
  state.observer = new IntersectionObserver((seen) => seen.forEach((entry) => entry.isIntersecting && entry.target.fill()),
    { root: chips, rootMargin: "600px" });
  chunks.forEach((chunk, k) => (k < 1 ? chunk.fill() : state.observer.observe(chunk)));
  const first = chips.querySelector("button");
  if (first) first.tabIndex = 0;
};
const drawItem = (item) => {
  if (item.gap !== undefined) {
    const node = make("span", /\S/.test(item.gap) ? "gap lost" : "gap", item.label);
    node.title = /\S/.test(item.gap) ? "dropped by the tokenizer: no token stands for it" : "whitespace that no token stands for";
    return node;
  }
  if (item.members.length === 1) return drawChip(item.members[0], item.segment);
  const group = make("span", "group");
  group.title = `${item.members.length} tokens share ${item.text}`;
  group.append(...item.members.map((index) => drawChip(index, item.segment)), make("span", "whole", `= ${item.text.trim() || "·"}`));
  return group;
};
const marks = (token) => [token.special && "special", token.unknown && "unknown", token.continuation && "continuation",
  token.added && !token.special && "added"].filter(Boolean);
const drawChip = (index, segment) => {
  const token = state.result.tokens[index];
  const chip = make("button", `pg-chip ${segment === undefined ? "" : colour(segment)} ${marks(token).join(" ")}`);
  chip.type = "button";
  chip.tabIndex = -1;
  chip.dataset.index = index;
  chip.append(make("span", "piece", token.shown), make("span", "id", token.id));
  chip.setAttribute("aria-label", sentence(token));
  state.chipAt.set(index, chip);
  return chip;
};
const where = (token) => token.added ? "stands for no character of the text"
  : token.end - token.start === 1 ? `character ${token.start}` : `characters ${token.start} to ${token.end - 1}`;
const sentence = (token) => [`token ${token.index}`, token.shown, `id ${token.id}`, where(token), ...marks(token), token.bytes].filter(Boolean).join(", ");

// ---- linking text and chips
const mark = (segments, indices) => {
  for (const node of element.querySelectorAll(".hot")) node.classList.remove("hot");
  for (const k of segments) state.spanAt.get(k)?.classList.add("hot");
  for (const index of indices) state.chipAt.get(index)?.classList.add("hot");
};
const describe = (index) => {
  detail.replaceChildren();
  if (index < 0 || !state.result) {
    detail.append(make("span", "pg-muted", "Point at a token or at the text, or move with Tab and the arrow keys, to see what belongs together."));
    return;
  }
  const token = state.result.tokens[index];
  detail.append(make("span", "piece", token.piece), ` token ${index} · id ${token.id} · ${where(token)}`);
  if (!token.added) detail.append(` · stands for “${state.letters.slice(token.start, token.end).join("")}”`);
  if (token.bytes) detail.append(` · ${token.bytes}`);
  const reasons = { special: "special: the tokenizer knows it as a sign of its own", unknown: "unknown: the vocabulary can't write this",
    continuation: "goes on with the same word", added: "put there by the tokenizer" };
  for (const name of marks(token)) detail.append(` · ${reasons[name]}`);
};
const point = (index) => {
  if (index === state.current) return;
  state.current = index;
  const token = state.result?.tokens[index];
  if (!token) { mark([], []); describe(-1); return; }
  mark(token.segment === null ? [] : [token.segment], [index]);
  describe(index);
};
const pointSegment = (k) => {
  const segment = state.result?.segments[k];
  if (!segment || !segment[2].length || segment[2][0] >= state.result.tokens.length) { point(-1); return; }
  point(segment[2][0]);
  const chunk = [...chips.children].find((part) => part.members?.some((item) => item.segment === k));
  chunk?.fill();
  mark([k], segment[2]);
  const chip = state.chipAt.get(segment[2][0]);
  if (!chip) return;
  const box = chips.getBoundingClientRect(), place = chip.getBoundingClientRect();
  if (place.top < box.top || place.bottom > box.bottom) chips.scrollTop += place.top - box.top - box.height / 3;
};
chips.addEventListener("pointerover", (event) => {
  const chip = event.target.closest(".pg-chip");
  if (chip) point(Number(chip.dataset.index));
});
chips.addEventListener("pointerleave", () => point(-1));
chips.addEventListener("focusin", (event) => {
  const chip = event.target.closest(".pg-chip");
  if (!chip) return;
  for (const other of chips.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  chip.tabIndex = 0;
  point(Number(chip.dataset.index));
});
chips.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || !state.result) return;
  event.preventDefault();
  const next = Math.min(state.result.tokens.length - 1, Math.max(0, Number(document.activeElement.dataset.index) + step));
  if (!state.chipAt.has(next)) [...chips.children].forEach((part) => part.members?.some((item) => item.members?.includes(next)) && part.fill());
  state.chipAt.get(next)?.focus();
});
area.addEventListener("pointermove", (event) => {
  const hit = document.elementsFromPoint(event.clientX, event.clientY).find((node) => node.dataset?.segment && mirror.contains(node));
  if (hit) pointSegment(Number(hit.dataset.segment));
});
area.addEventListener("pointerleave", () => point(-1));
const caret = () => {
  if (!state.result) return;
  const place = Array.from(area.value.slice(0, area.selectionStart)).length;
  const k = state.result.segments.findIndex(([start, end]) => start <= place && place < end);
  if (k >= 0) pointSegment(k);
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
