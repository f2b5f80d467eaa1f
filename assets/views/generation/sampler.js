/**
 * What other settings would make of cached logits: the arithmetic of transformers' processors, in their order.
 *
 * `rest` are the tokens beyond the listed ones, as pairs: how many, and their common logit.
 */

/** @typedef {{ logits: number[], rest: [number, number][] }} Scores */

/** @param {Scores} scores  The probabilities of the listed tokens. */
function softmax({ logits, rest }) {
  const most = Math.max(...logits);
  const listed = logits.reduce((sum, x) => sum + Math.exp(x - most), 0);
  const total = rest.reduce((sum, [count, x]) => sum + count * Math.exp(x - most), listed);
  return logits.map((x) => Math.exp(x - most) / total);
}

/** @returns {Scores} */
function withTopK({ logits, rest }, settings) {
  const { top_k } = settings;
  if (!(top_k > 0) || top_k >= logits.length) return { logits, rest };
  const least = [...logits].sort((a, b) => b - a)[top_k - 1];
  return { logits: logits.map((x) => (x >= least ? x : -Infinity)), rest: [] };
}

/** @returns {Scores} */
function withTopP({ logits, rest }, settings) {
  const { top_p } = settings;
  if (top_p >= 1) return { logits, rest };
  const probabilities = softmax({ logits, rest });
  const order = logits.map((_, i) => i).sort((a, b) => logits[b] - logits[a]);
  const left = [...logits];
  let total = 0;
  for (const i of order) {
    if (total >= top_p && total > 0) left[i] = -Infinity;
    total += probabilities[i];
  }
  return { logits: left, rest: total >= top_p ? [] : rest };
}

/** @returns {Scores} */
function withMinP({ logits, rest }, settings) {
  const { min_p } = settings;
  if (!(min_p > 0)) return { logits, rest };
  const least = Math.max(...logits) + Math.log(min_p);
  return { logits: logits.map((x) => (x >= least ? x : -Infinity)), rest: rest.filter(([, x]) => x >= least) };
}

/**
 * The candidates with what these settings leave of each.
 *
 * @template {{ logit: number, seen: boolean }} Candidate
 * @param {Candidate[]} candidates
 * @param {[number, number][]} rest
 * @param {Record<string, any>} settings  under transformers' names
 * @returns {(Candidate & { after: number, kept: boolean })[]}
 */
export function afterSampler(candidates, rest, settings) {
  const { repetition_penalty: penalty, temperature } = settings;
  const penalized = candidates.map(({ logit, seen }) => {
    if (!seen) return logit;
    return logit < 0 ? logit * penalty : logit / penalty;
  });
  if (!settings.do_sample) {
    const best = penalized.indexOf(Math.max(...penalized));
    return candidates.map((one, i) => ({ ...one, after: i === best ? 1 : 0, kept: i === best }));
  }
  const logits = penalized.map((x) => x / temperature);
  const cooled = { logits, rest: rest.map(([n, x]) => /** @type {[number, number]} */ ([n, x / temperature])) };
  const left = withMinP(withTopP(withTopK(cooled, settings), settings), settings);
  const after = softmax(left);
  return candidates.map((one, i) => ({ ...one, after: after[i], kept: left.logits[i] > -Infinity }));
}
