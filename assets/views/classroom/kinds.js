/** The kinds of questions that a teacher can ask by hand, and the fields of each. */

/** @type {Record<string, string>} */
export const KINDS = {
  next_word: "The next word, free",
  one_of_top: "The next token, one of the likeliest",
  label: "The label of a text",
  token_count: "The number of tokens",
  closer_pair: "Which word is closer",
  greedy_reply: "Which reply is greedy",
  slider: "A position between two numbers",
  choice: "A question with choices",
  number: "A question for a number",
  word: "A question for a word",
};

/** What a field of a whole number takes: the browser says so beside it, before anything is asked. */
const whole = (/** @type {number} */ min, /** @type {number} */ max) => ({ min, max, step: 1 });
const text = ["text", "Text", "text", "In the morning I drink a cup of"];

/** @type {Record<string, any[][]>} */
export const FIELDS = {
  next_word: [text],
  one_of_top: [text, ["top", "How many tokens, 2 to 10", "number", 4, whole(2, 10)]],
  label: [["text", "Text", "text", "This is not good."]],
  token_count: [["text", "Text", "text", "Tokens are not words."]],
  closer_pair: [
    ["word", "Closer to", "line", "man"],
    ["choices", "Two words, one a line", "text", "woman\nanimal"],
  ],
  greedy_reply: [text, ["max_new_tokens", "Tokens of each reply, 1 to 100", "number", 20, whole(1, 100)]],
  slider: [
    ["question", "Question", "line", "How sure is the model?"],
    ["low", "From", "number", 0],
    ["high", "To", "number", 100],
    ["unit", "Unit, or none", "line", "%"],
  ],
  choice: [
    ["question", "Question", "line", ""],
    ["choices", "Choices, one a line", "text", ""],
  ],
  number: [["question", "Question", "line", ""]],
  word: [["question", "Question", "line", ""]],
};

/**
 * The fields of a question, as the room takes them.
 *
 * @param {string} kind
 * @param {ParentNode} form
 */
export function readFields(kind, form) {
  const read = (/** @type {any[]} */ [name, , type]) => {
    const typed = /** @type {HTMLInputElement} */ (form.querySelector(`[name="${name}"]`)).value;
    if (type === "number") return [name, Number(typed)];
    return [name, name === "choices" ? linesOf(typed) : typed];
  };
  return Object.fromEntries(FIELDS[kind].map(read));
}

/** @param {string} typed */
export const linesOf = (typed) =>
  typed
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
