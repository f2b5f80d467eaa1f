"""What lessons can read of a result: one dataclass per tab, each field with a sentence, sent to the page as JSON.

The readings of a lesson are paths into these: ``classification.best.label``, ``generation.steps[3].text``,
``similarity.closest(man)``. What is looked up by a word is a dictionary. Adding a field here makes it a reading
everywhere. How they are filled: `observe`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _says(about: str) -> Any:
    """A field with the sentence that documents it."""
    return field(metadata={"about": about})


@dataclass(frozen=True)
class LabelFact:
    """One label of a classifier."""

    label: str = _says("The label's name.")
    probability: float = _says("Its probability, from 0 to 1.")
    logit: float = _says("Its logit: the number before softmax.")


@dataclass(frozen=True)
class ClassificationFacts:
    """The answer of a classifier."""

    text: str = _says("The text that was classified.")
    model_id: str = _says("The model that answered.")
    best: LabelFact = _says("The label with the highest probability.")
    second: LabelFact = _says("The label with the second highest probability.")
    labels: tuple[LabelFact, ...] = _says("All labels, in the order of their ids.")
    label: dict[str, LabelFact] = _says("A label by its name.")
    entropy_nats: float | None = _says("How spread the probabilities are, in nats: 0 is certain.")
    count: int = _says("How many tokens were read, special ones too.")
    total: int = _says("How many tokens the text has; more than were read if it was cut.")
    tokens: tuple[str, ...] = _says("The tokens.")
    input_ids: tuple[int, ...] = _says("Their numbers in the vocabulary.")
    attention_mask: tuple[int | None, ...] = _says("1 for each token that counts.")
    token_type_ids: tuple[int | None, ...] = _says("Which text of a pair each token is of, from 0.")


@dataclass(frozen=True)
class TokenFact:
    """One token of a text."""

    token: str = _says("The piece, as people read it.")
    token_id: int = _says("Its number in the vocabulary.")
    special: bool = _says("True if the tokenizer added it.")
    unknown: bool = _says("True if it stands for something that the vocabulary lacks.")
    continuation: bool = _says("True if it goes on with a word.")


@dataclass(frozen=True)
class TokensFacts:
    """A text as a tokenizer sees it."""

    text: str = _says("The text.")
    model_id: str = _says("Whose tokenizer it is.")
    count: int = _says("How many tokens there are, special ones too.")
    own_count: int = _says("How many tokens there are without the special ones.")
    words: int = _says("How many words there are: what spaces separate.")
    characters: int = _says("How many characters (code points) there are.")
    utf8_bytes: int = _says("How many bytes the text has in UTF-8.")
    unknown: int = _says("How many tokens stand for something that the vocabulary lacks.")
    tokens: tuple[TokenFact, ...] = _says("Each token, special ones too.")
    pieces: tuple[str, ...] = _says("The pieces, without special tokens.")


@dataclass(frozen=True)
class TokenizersFacts:
    """One text under several tokenizers."""

    text: str = _says("The text.")
    of: dict[str, TokensFacts] = _says("What one tokenizer makes of it, by its model_id.")
    fewest: str = _says("The model_id whose tokenizer needs the fewest tokens.")
    most: str = _says("The model_id whose tokenizer needs the most tokens.")
    agreed: int = _says("How many boundaries all of them have.")
    contested: int = _says("How many boundaries only some of them have.")


@dataclass(frozen=True)
class RowFact:
    """One row of a batch."""

    length: int = _says("How many columns it has.")
    padding: int = _says("How many of them are padding.")
    tokens: tuple[str, ...] = _says("Its tokens.")
    input_ids: tuple[int, ...] = _says("Its ids.")
    attention_mask: tuple[int, ...] = _says("1 for tokens that count, 0 for padding.")


@dataclass(frozen=True)
class BatchFacts:
    """Texts as the rectangle of ids that a model takes."""

    rows: tuple[RowFact, ...] = _says("Each row.")
    columns: int = _says("How many columns the longest row has.")
    padding: int = _says("How many cells are padding, in all rows.")
    padding_share: float = _says("Which share of all cells is padding, from 0 to 1.")
    rectangular: bool = _says("True if all rows have one length, so that they fit into one tensor.")
    truncated: int = _says("How many tokens were cut off, in all rows.")


@dataclass(frozen=True)
class MaskedRowFact:
    """One text with the right mask and with a wrong one."""

    summary: str = _says("What the wrong mask changes, in a sentence.")
    unit: str = _says("What the model's numbers are.")
    largest_difference: float = _says("How far the number moves that moves most.")
    right: dict[str, float] = _says("A number with the right mask, by its name.")
    wrong: dict[str, float] = _says("The same number with the wrong mask.")


@dataclass(frozen=True)
class MasksFacts:
    """A batch, run with right masks and with wrong ones."""

    mistake: str = _says("What was wrong.")
    flips: tuple[tuple[int, int], ...] = _says("The bits that were turned over: row and column.")
    rows: tuple[MaskedRowFact, ...] = _says("Each row.")
    most_moved: int = _says("The row that moves most, counted from 0.")
    least_moved: int = _says("The row that moves least, counted from 0.")


@dataclass(frozen=True)
class ChatFacts:
    """A conversation as a chat model reads it."""

    text: str = _says("All that the model reads.")
    messages: int = _says("How many messages were given.")
    count: int = _says("How many tokens it has.")
    special: int = _says("How many of them are special tokens.")
    content: int = _says("How many of them stand for what people wrote.")
    markup: int = _says("How many of them the template wrote.")
    added_system: bool = _says("True if the template wrote a system message that nobody gave.")
    tokens: tuple[str, ...] = _says("The tokens, as people read them.")


@dataclass(frozen=True)
class HeadFact:
    """One attention head in numbers, each a mean over the tokens that read."""

    layer: int = _says("Its layer, counted from 0.")
    head: int = _says("Its number in the layer, counted from 0.")
    entropy_nats: float = _says("How spread its look is: 0 if every token reads one other.")
    first_token: float = _says("The share that goes to the first token.")
    special_tokens: float = _says("The share that goes to special tokens.")
    previous_token: float | None = _says("The share that goes to the token just before.")
    same_token: float | None = _says("The share that goes to the token itself.")


@dataclass(frozen=True)
class AttentionFacts:
    """Where a model's attention looks."""

    text: str = _says("The text.")
    model_id: str = _says("The model.")
    layers: int = _says("How many layers it has.")
    heads: int = _says("How many heads each layer has.")
    count: int = _says("How many tokens were read.")
    tokens: tuple[str, ...] = _says("The tokens.")
    shown: HeadFact = _says("The head that is shown large.")
    reads: dict[str, str] = _says("In the head shown: the token that a token reads most.")
    weight: dict[str, dict[str, float]] = _says("In the head shown: how much one token reads of another.")
    average_first_token: float = _says("The share that goes to the first token, over all heads.")
    average_special_tokens: float = _says("The share that goes to special tokens, over all heads.")
    most_previous: HeadFact = _says("The head that looks most at the token before.")
    most_first: HeadFact = _says("The head that looks most at the first token.")


@dataclass(frozen=True)
class AlternativeFact:
    """A token that could have stood there."""

    token: str = _says("The token.")
    probability: float = _says("Its probability by the model alone.")
    drawn_with: float = _says("Its probability after temperature, top_p and the like: 0 if they cut it off.")


@dataclass(frozen=True)
class StepFact:
    """One token of a reply."""

    token: str = _says("The token.")
    probability: float = _says("Its probability by the model alone.")
    drawn_with: float = _says("Its probability after temperature, top_p and the like.")
    entropy_nats: float = _says("How open the choice was, in nats: 0 is certain.")
    rank: int = _says("1 if no token was more probable, 2 if one was; one more than are listed if it isn't among them.")
    alternatives: tuple[AlternativeFact, ...] = _says("What it could have been, most probable first.")


@dataclass(frozen=True)
class BeamFact:
    """One text that beam search ended with."""

    text: str = _says("The text.")
    log_probability: float = _says("The sum of its tokens' log-probabilities, in nats.")
    mean_log_probability: float = _says("The same divided by its length, by which beams are ranked.")


@dataclass(frozen=True)
class GenerationFacts:
    """What a model wrote, and how sure it was."""

    prompt: str = _says("What it went on from, or answered.")
    model_id: str = _says("The model.")
    text: str = _says("What it wrote.")
    reason: str = _says("Why it ended: eos, stop_string, length, context, crowded or stopped.")
    count: int = _says("How many tokens it wrote.")
    prompt_tokens: int = _says("How many tokens the model was given.")
    steps: tuple[StepFact, ...] = _says("Each token; none for beam search.")
    surest: StepFact | None = _says("The token that the model was surest of.")
    least_sure: StepFact | None = _says("The token that the model was least sure of.")
    log_probability: float | None = _says("The sum of log-probabilities of what it wrote, in nats.")
    perplexity: float | None = _says("How surprised the model is by what it wrote: 1 is not at all.")
    distinct_words: int = _says("How many different words it wrote.")
    repeated: int = _says("How many words it wrote that it had written already.")
    beams: tuple[BeamFact, ...] = _says("What beam search ended with, best first.")
    looked_at: int = _says("How many tokens beam search looked at and named.")
    do_sample: bool = _says("True if tokens were drawn by chance.")
    temperature: float = _says("The temperature.")
    top_p: float = _says("top_p.")
    max_new_tokens: int = _says("The most tokens that were allowed.")
    num_beams: int = _says("How many texts were followed at once.")
    seed: int = _says("The seed of the random draws.")
    quantization: str = _says("How the weights were asked to be held.")


@dataclass(frozen=True)
class PairFact:
    """One word as the label of another."""

    loss: float = _says("The mean loss of the label's pieces, in nats.")
    loss_sum: float = _says("The loss of the whole label, in nats.")
    perplexity: float = _says("exp(loss).")
    pieces: int = _says("How many pieces the label has.")


@dataclass(frozen=True)
class SimilarityFacts:
    """How surprised a model is by one word after another."""

    model_id: str = _says("The model.")
    words: tuple[str, ...] = _says("The words.")
    pair: dict[str, dict[str, PairFact]] = _says("One word as the label of another: the source first.")
    closest: dict[str, str] = _says("The word with the smallest exp(loss) after this one.")
    smallest: float = _says("The smallest exp(loss) of all pairs.")
    farthest: dict[str, str] = _says("The word with the greatest exp(loss) after this one.")


@dataclass(frozen=True)
class TwinTokenFact:
    """One token under two models."""

    token: str = _says("The token.")
    kl_divergence: float = _says("How far the second's distribution is from the first's, in nats: 0 is the same.")
    probability: float = _says("What the first model gave it.")
    other_probability: float = _says("What the second gave it.")
    changed: bool = _says("True if another token is the most probable.")


@dataclass(frozen=True)
class TwinFacts:
    """One text under two models, token by token."""

    text: str = _says("The text.")
    count: int = _says("How many tokens were judged: all but the first.")
    tokens: tuple[TwinTokenFact, ...] = _says("Each of them.")
    farthest: TwinTokenFact = _says("The one where they are farthest apart.")
    mean_kl_divergence: float = _says("The mean KL divergence, in nats.")
    changed: int = _says("At how many tokens another one is the most probable.")
    perplexity: float = _says("The first model's perplexity of the text.")
    other_perplexity: float = _says("The second model's.")
    megabytes: float = _says("What the first takes in memory, in MB.")
    other_megabytes: float = _says("What the second takes.")
    quantization: str = _says("How the first is held.")
    other_quantization: str = _says("How the second is held.")
    same_tokens: int | None = _says("How many tokens both wrote alike before they parted; nothing if they didn't.")


@dataclass(frozen=True)
class LayerFact:
    """What a model would say after one of its layers."""

    layer: int = _says("The layer: 0 are the embeddings, the last is the model's answer.")
    best: str = _says("The token that it would say.")
    probability: float = _says("Its probability.")
    entropy_nats: float = _says("How open the choice is there, in nats: 0 is certain.")
    rank: int = _says("The place of the token that wins in the end: 1 if it is the best here already.")


@dataclass(frozen=True)
class InsideFacts:
    """What a model would say after each of its layers, behind the last token of a text (or under its mask)."""

    text: str = _says("The text.")
    model_id: str = _says("The model.")
    count: int = _says("How many tokens it read.")
    layers: int = _says("How many layers it has.")
    answer: str = _says("The token that wins in the last layer.")
    probability: float = _says("Its probability there.")
    leads_from: int = _says("The layer from which on it stays the best.")
    after: tuple[LayerFact, ...] = _says("Each layer, the embeddings first.")


@dataclass(frozen=True)
class WhyFacts:
    """Which words spoke for the next token."""

    text: str = _says("The text.")
    model_id: str = _says("The model.")
    token: str = _says("The token that is explained: the most probable one.")
    probability: float = _says("Its probability.")
    logit: float = _says("Its logit.")
    strongest: dict[str, str] = _says("The word that speaks most for it, by the name of the method.")
    speaks: dict[str, dict[str, float]] = _says("How much a word speaks for it: the method first.")
    delta: float = _says("By how much integrated gradients miss what they should add up to.")


@dataclass(frozen=True)
class WordMapFacts:
    """Words as points of two flat pictures."""

    model_id: str = _says("The model whose losses are shown.")
    words: tuple[str, ...] = _says("The words.")
    nearest: int = _says("How many neighbours of each word are counted.")
    kept_by_embedding: float | None = _says("Which share of the variance of MiniLM's vectors its picture keeps.")
    kept_by_loss: float = _says("Which share of all eigenvalues' sizes the picture of the losses keeps.")
    negative_by_loss: int = _says("How many eigenvalues of the losses are negative, as in no space.")
    near_by_embedding: float | None = _says("How many of a word's nearest are still its nearest there, on average.")
    near_by_loss: float = _says("The same in the picture of the losses.")
    first_by_embedding: dict[str, str] = _says("The word whose embedding is nearest to this one's.")
    first_by_loss: dict[str, str] = _says("The word that is nearest to this one by loss, both directions.")


@dataclass(frozen=True)
class ModelsFacts:
    """What a model takes."""

    model_id: str = _says("The model.")
    megabytes: dict[str, float] = _says("What it takes in memory, in MB, by quantization.")


FACTS: dict[str, type] = {
    "classification": ClassificationFacts,
    "tokens": TokensFacts,
    "tokenizers": TokenizersFacts,
    "batch": BatchFacts,
    "masks": MasksFacts,
    "chat": ChatFacts,
    "attention": AttentionFacts,
    "generation": GenerationFacts,
    "similarity": SimilarityFacts,
    "word_map": WordMapFacts,
    "twin": TwinFacts,
    "inside": InsideFacts,
    "why": WhyFacts,
    "models": ModelsFacts,
}
