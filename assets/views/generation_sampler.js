// What other settings would make of cached logits: the arithmetic of transformers' processors, in their order.
// `rest` are the tokens beyond the listed ones, as pairs (how many, their common logit).
const softmax = (logits, rest) => {
  const most = Math.max(...logits);
  const total = logits.reduce((sum, x) => sum + Math.exp(x - most), 0) + rest.reduce((sum, [n, x]) => sum + n * Math.exp(x - most), 0);
  return logits.map((x) => Math.exp(x - most) / total);
};

const afterSampler = (candidates, rest, settings) => {
  const penalty = settings.repetition_penalty;
  let logits = candidates.map((one) => (one.seen ? (one.logit < 0 ? one.logit * penalty : one.logit / penalty) : one.logit));
  if (!settings.do_sample) {
    const best = logits.indexOf(Math.max(...logits));
    return candidates.map((one, i) => ({ ...one, after: i === best ? 1 : 0, kept: i === best }));
  }
  logits = logits.map((x) => x / settings.temperature);
  rest = rest.map(([n, x]) => [n, x / settings.temperature]);
  if (settings.top_k > 0 && settings.top_k < logits.length) {
    const least = [...logits].sort((a, b) => b - a)[settings.top_k - 1];
    logits = logits.map((x) => (x >= least ? x : -Infinity));
    rest = [];
  }
  if (settings.top_p < 1) {
    const probabilities = softmax(logits, rest);
    const order = logits.map((_, i) => i).sort((a, b) => logits[b] - logits[a]);
    let total = 0;
    logits = [...logits];
    for (const i of order) {
      if (total >= settings.top_p && total > 0) logits[i] = -Infinity;
      total += probabilities[i];
    }
    if (total >= settings.top_p) rest = [];
  }
  if (settings.min_p > 0) {
    const least = Math.max(...logits) + Math.log(settings.min_p);
    logits = logits.map((x) => (x >= least ? x : -Infinity));
    rest = rest.filter(([, x]) => x >= least);
  }
  const after = softmax(logits, rest);
  return candidates.map((one, i) => ({ ...one, after: after[i], kept: logits[i] > -Infinity }));
};
