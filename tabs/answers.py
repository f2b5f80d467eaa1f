"""What the API's endpoints answer, as types: gradio shows them on its API page, and `gradio_client` in ``view_api()``.

One type per endpoint, named like it; the docstring of the endpoint says what its numbers mean. A test compares them
with what the endpoints really send. Importing this is cheap: nothing here knows torch.
"""

from __future__ import annotations

from typing import Literal, TypedDict

# Classification


class PipelineEntry(TypedDict):
    """One entry of what transformers' pipeline returns."""

    label: str
    score: float


class Classified(TypedDict):
    """``/classify``: ``labels``, ``logits`` and ``probabilities`` in the order of the label ids."""

    model_id: str
    label: str
    labels: list[str]
    logits: list[float]
    probabilities: list[float]
    function_to_apply: Literal["softmax", "sigmoid", "none"]
    tokens: list[str]
    input_ids: list[int]
    tokens_used: int
    tokens_total: int
    pipeline: list[PipelineEntry]
    max_difference: float
    entropy_bits: float | None
    verdict: str


class ClassifiedRow(TypedDict):
    """One row of a file."""

    line: int
    text: str
    label: str
    probabilities: list[float]
    tokens_used: int
    tokens_total: int


class BadRow(TypedDict):
    """A row that could not be used."""

    line: int
    reason: str


class Metrics(TypedDict):
    """How right the labels are; ``confusion[gold][predicted]`` counts rows."""

    count: int
    accuracy: float
    macro_f1: float
    expected_calibration_error: float
    confusion: list[list[int]]


class ClassifiedFile(TypedDict):
    """``/classify_file``: rows in the order of the file."""

    model_id: str
    labels: list[str]
    rows: list[ClassifiedRow]
    bad_rows: list[BadRow]
    metrics: Metrics | None


# Tokens


class Token(TypedDict):
    """One token; ``start`` and ``end`` count characters of the text."""

    index: int
    token_id: int
    piece: str
    shown: str
    start: int
    end: int
    segment: int | None
    special: bool
    unknown: bool
    continuation: bool
    added: bool
    byte_note: str


class Segment(TypedDict):
    """A stretch of the text, with the tokens that share it."""

    start: int
    end: int
    text: str
    tokens: list[int]


class Counts(TypedDict):
    """How long a text is, in every unit."""

    characters: int
    utf8_bytes: int
    words: int
    tokens: int
    special_tokens: int
    unknown_tokens: int
    tokens_per_word: float | None


class Tokenized(TypedDict):
    """``/tokenize``."""

    model_id: str
    algorithm: str
    text: str
    input_ids: list[int]
    tokens: list[Token]
    segments: list[Segment]
    counts: Counts
    notes: list[str]


class Encoded(TypedDict, total=False):
    """``/encode``: what the tokenizer returns (some return no ``token_type_ids``), and the pieces of each row."""

    input_ids: list[list[int]]
    token_type_ids: list[list[int]]
    attention_mask: list[list[int]]
    special_tokens_mask: list[list[int]]
    tokens: list[list[str]]
    truncated: list[int]


class MaskQuantity(TypedDict):
    """One number that a model gives a text, with the right mask and with the wrong one."""

    name: str
    right: float
    wrong: float


class MaskedRow(TypedDict):
    """One row of a batch under both masks."""

    title: str
    unit: str
    summary: str
    compared: int
    largest_difference: float
    quantities: list[MaskQuantity]


class MasksCompared(TypedDict):
    """``/flip_mask``."""

    mistake: str
    right_mask: list[list[int]]
    wrong_mask: list[list[int]]
    rows: list[MaskedRow]


class ChatSpan(TypedDict):
    """Characters of the rendered text that one message (or the template itself) wrote."""

    start: int
    end: int
    role: str
    message: int | None
    content: bool


class ChatToken(TypedDict):
    """A token of the rendered text and the span that it stands in."""

    id: int
    piece: str
    shown: str
    special: bool
    span: int | None


class ChatRendered(TypedDict):
    """``/chat_template``."""

    text: str
    template: str
    spans: list[ChatSpan]
    tokens: list[ChatToken]
    input_ids: list[int]


class ComparedTokenizer(TypedDict):
    """One tokenizer's tokens of the text."""

    model_id: str
    tokens: list[str]
    input_ids: list[int]
    tokens_per_word: float | None
    unknown_tokens: int


class TokenizersCompared(TypedDict):
    """``/compare_tokenizers``: character offsets where all agree, and where only some have a boundary."""

    agreed: list[int]
    contested: list[int]
    results: list[ComparedTokenizer]


class VocabularyEntry(TypedDict):
    """One piece; ``rank`` is the number of its merge (BPE), ``log_probability`` its weight (Unigram)."""

    token_id: int
    piece: str
    shown: str
    special: bool
    rank: int | None
    log_probability: float | None


class VocabularySearched(TypedDict):
    """``/search_vocabulary``."""

    size: int
    matches: int
    entries: list[VocabularyEntry]


class SplitStep(TypedDict):
    """The pieces of a word after one step, and why."""

    pieces: list[str]
    reason: str


class SplitExplained(TypedDict):
    """``/explain_split``."""

    algorithm: str
    word: str
    pieces: list[str]
    steps: list[SplitStep]


class Attended(TypedDict):
    """``/attention``: ``attentions[layer][head][query][key]``; each query's weights sum to 1."""

    model_id: str
    kind: str
    kinds: list[str]
    layers: list[int]
    heads: list[int]
    queries: list[str]
    keys: list[str]
    input_ids: list[int]
    attention_mask: list[int]
    attentions: list[list[list[list[float]]]]
    masked: list[list[list[int]]]
    tokens_given: int
    tokens_shown: int
    written: str | None


# Generation


class Waiting(TypedDict):
    """The device is full; ``position`` 1 is next in line."""

    type: Literal["waiting"]
    position: int


class Started(TypedDict):
    """The prompt is being read."""

    type: Literal["started"]
    prompt_tokens: int
    context_length: int
    max_new_tokens: int
    notes: list[str]
    queue_seconds: float


class Reading(TypedDict):
    """How much of a long prompt has been read."""

    type: Literal["reading"]
    read_tokens: int
    prompt_tokens: int


class Alternative(TypedDict):
    """A token that could stand here, with its probability before and after the sampler."""

    type: Literal["alternative"]
    token_id: int
    piece: str
    before: float
    after: float
    kept: bool


class Step(TypedDict):
    """One token of the reply; ``text`` is what the reply grew by, ``entropy`` in nats."""

    type: Literal["step"]
    index: int
    token_id: int
    piece: str
    text: str
    probability_before: float
    probability_after: float
    entropy: float
    elapsed_seconds: float
    alternatives: list[Alternative]
    forced: bool
    guessed: bool


class BeamNode(TypedDict):
    """One candidate of beam search; ``parent`` is the node it continues, -1 for the prompt."""

    type: Literal["beamnode"]
    node: int
    parent: int
    step: int
    token_id: int
    piece: str
    log_probability: float
    total_log_probability: float
    state: Literal["kept", "finished", "dropped"]


class BeamStep(TypedDict):
    """What beam search looked at in one step, best first; ``text`` is the best running beam's whole reply so far."""

    type: Literal["beamstep"]
    index: int
    nodes: list[BeamNode]
    text: str
    elapsed_seconds: float


class Beam(TypedDict):
    """One finished hypothesis of beam search."""

    type: Literal["beam"]
    node: int
    token_ids: list[int]
    text: str
    total_log_probability: float
    mean_log_probability: float


class Finished(TypedDict):
    """The end of a reply and its figures."""

    type: Literal["finished"]
    reason: Literal["eos", "stop_string", "length", "context", "stopped"]
    text: str
    token_ids: list[int]
    prompt_tokens: int
    context_length: int
    perplexity: float | None
    tokens_per_second: float | None
    seconds_to_first_token: float | None
    elapsed_seconds: float
    people: int
    beams: list[Beam]


Events = list[Waiting | Started | Reading | Step | BeamStep | Finished]
"""``/generate``: what each message of the stream carries."""


class Candidate(TypedDict):
    """A token that may come next; ``seen`` if it stands in the text already."""

    type: Literal["candidate"]
    token_id: int
    piece: str
    logit: float
    before: float
    after: float
    kept: bool
    seen: bool


class NextToken(TypedDict):
    """``/next_token``: the best candidates one by one, the rest as pairs (how many tokens, their common logit)."""

    type: Literal["nexttokenresult"]
    prompt_tokens: int
    context_length: int
    entropy: float
    candidates: list[Candidate]
    rest: list[list[float]]
    notes: list[str]


# Similarity


class PieceLoss(TypedDict):
    """One piece of a target word; ``loss`` in nats."""

    token_id: int
    piece: str
    probability: float
    loss: float


class WordLoss(TypedDict):
    """One direction of one pair: ``loss`` is the mean over pieces, ``perplexity`` its exp."""

    source: str
    target: str
    loss: float
    loss_sum: float
    perplexity: float
    pieces: list[PieceLoss]


class WordLosses(TypedDict):
    """``/word_loss``: the most expected pair first."""

    model_id: str
    template: str | None
    losses: list[WordLoss]
    notes: list[str]


class WordMatrix(TypedDict):
    """``/word_matrix``: ``loss[source][target]`` in nats."""

    model_id: str
    template: str | None
    words: list[str]
    loss: list[list[float]]
    pieces: list[int]
    baseline_sum: list[float]
    cosine: list[list[float]] | None
    notes: list[str]


# Models


class ModelVariant(TypedDict):
    """One model in one quantization, as the manager holds it; bytes and seconds."""

    task: str
    quantization: str
    state: str
    device: str
    dtype: str
    predicted_bytes: int | None
    measured_bytes: int | None
    leases: int
    waiting: int
    loads: int
    evictions: int
    last_used: float | None
    pinned: bool
    progress: float | None
    message: str
    load_seconds: float | None
    cache_bytes: int


class ListedModel(TypedDict):
    """One model of the catalog, or typed in, and its variants that were asked for."""

    id: str
    title: str
    task: str
    source: str
    licence: str
    parameters: int | None
    note: str
    revision: str | None
    variants: list[ModelVariant]


class Device(TypedDict):
    """One device, in bytes."""

    device: str
    name: str
    total_bytes: int
    budget_bytes: int
    used_bytes: int
    free_bytes: int
    reserve_bytes: int
    cache_bytes: int
    limit_bytes: int


class ModelsListed(TypedDict):
    """``/models`` and ``/unload_model``."""

    devices: list[Device]
    models: list[ListedModel]
    public: bool
    typing: bool
    hub: str
    tasks: list[str]
    problem: str


class ModelAsked(TypedDict):
    """``/load_model``: under which names the model is found."""

    model_id: str
    task: str
    quantization: str
