// A reply while it grows, kept in the page: its tokens, figures, and what other replies share with it.
const NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const newReply = (name, parent = null, fork = 0, begin = null) => ({
  name, parent, fork, begin, tokens: [], nodes: new Map(), lastNode: -1, started: null, finished: null, position: 0, reason: "", read: 0,
  first: 0, people: 1, next: null, version: 0,
});

// Applies one event of the engine.
const applyEvent = (reply, event) => {
  if (event.type === "waiting") Object.assign(reply, { position: event.position, reason: event.reason });
  if (event.type === "started") { reply.started = event; reply.position = 0; reply.reason = ""; }
  if (event.type === "reading") reply.read = event.read_tokens;
  if (event.type === "step") {
    if (event.index < reply.tokens.length) { reply.tokens.length = event.index; reply.version += 1; }
    reply.tokens.push(event);
  }
  if (event.type === "beams") {
    for (const [node, parent, step, id, piece, own, total, state] of event.nodes)
      reply.nodes.set(node, { node, parent, step, id, piece, own, total, state, elapsed: event.elapsed });
    const going = event.nodes.filter((one) => one[7] !== "dropped").sort((a, b) => b[6] - a[6])[0];
    if (going) reply.lastNode = going[0];
    reply.tokens = beamTokens(reply.nodes, reply.lastNode);
    reply.version += 1;
  }
  if (event.type === "finished") {
    reply.finished = event;
    reply.people = event.people;
    if (event.beams.length && reply.nodes.size) {
      reply.lastNode = event.beams[0].node;
      reply.tokens = beamTokens(reply.nodes, reply.lastNode);
      reply.version += 1;
    }
  }
};

const replyText = (reply) => (reply.finished ? reply.finished.text : reply.tokens.map((token) => token.text).join(""));

// First token and rate count the tokens of this run that nobody chose; the perplexity is that of the whole reply.
const figures = (reply) => {
  const own = reply.tokens.slice(reply.first).filter((token) => !token.forced);
  const done = reply.finished;
  const flowing = own.length > 1 ? own[own.length - 1].elapsed - own[0].elapsed : 0;
  const losses = reply.tokens.map((token) => -Math.log(Math.max(token.before, 1e-45)));
  return {
    first: own.length && own[0].elapsed ? own[0].elapsed : done ? done.seconds_to_first_token : null,
    rate: flowing > 0 ? (own.length - 1) / flowing : null,
    perplexity: done ? done.perplexity : losses.length ? Math.exp(losses.reduce((a, b) => a + b, 0) / losses.length) : null,
    used: (reply.started ? reply.started.prompt_tokens : 0) + reply.tokens.length,
    context: reply.started ? reply.started.context_length : null,
  };
};

// Index of the first token in which two replies differ; -1 while one only goes on where the other has come to.
const divergence = (one, other) => {
  const most = Math.min(one.tokens.length, other.tokens.length);
  for (let i = 0; i < most; i += 1) if (one.tokens[i].id !== other.tokens[i].id) return i;
  return one.finished && other.finished && one.tokens.length !== other.tokens.length ? most : -1;
};

// The settings in a few words: only those that matter, under transformers' names.
const settingsName = (settings) => {
  if (settings.num_beams > 1) return `num_beams ${settings.num_beams}`;
  const parts = [];
  if (!settings.do_sample) parts.push(settings.prompt_lookup_num_tokens ? `greedy, prompt_lookup_num_tokens ${settings.prompt_lookup_num_tokens}` : "greedy");
  else {
    parts.push(`temperature ${settings.temperature}`);
    if (settings.top_k) parts.push(`top_k ${settings.top_k}`);
    if (settings.top_p < 1) parts.push(`top_p ${settings.top_p}`);
    if (settings.min_p > 0) parts.push(`min_p ${settings.min_p}`);
  }
  if (settings.repetition_penalty !== 1) parts.push(`repetition_penalty ${settings.repetition_penalty}`);
  return parts.join(" · ");
};

// How a reply ended, in a sentence.
const ending = (reply) => {
  const done = reply.finished;
  if (!done) return "";
  return {
    eos: "The model ended its reply (eos).",
    length: `max_new_tokens reached after ${done.token_ids.length} tokens.`,
    stop_string: "A stop string was written.",
    context: `The context is full: ${done.context_length} tokens of prompt and reply.`,
    stopped: `Stopped after ${done.token_ids.length} tokens.`,
  }[done.reason] || "";
};
