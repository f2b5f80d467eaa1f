// What Python sends to the views. Made by `make types` from the dataclasses of playground/ and tabs/: change them, not
// this file. Texts of people and models are plain strings here: put them into the page with textContent alone.

export namespace attention {
  /** ``/attention``: ``attentions[layer][head][query][key]``; each query's weights sum to 1. */
  interface Attended {
    model_id: string;
    kind: string;
    kinds: string[];
    layers: number[];
    heads: number[];
    queries: string[];
    keys: string[];
    input_ids: number[];
    attention_mask: number[];
    attentions: number[][][][];
    masked: number[][][];
    tokens_given: number;
    tokens_shown: number;
    decoder_reads: string;
    written: string | null;
  }
  /** What to run. */
  interface AttentionRequest {
    text: string;
    model_id: string;
    second_text: string;
    padding: number;
    attention_mask: number[] | null;
    max_tokens: number;
  }
  /** What a model attended to. */
  interface AttentionResult {
    request: attention.AttentionRequest;
    model_type: string;
    pretrained: models.Pretrained;
    stacks: attention.AttentionStack[];
    tokens_given: number;
    tokens_shown: number;
    pad_token_id: number;
    decoder_reads: string;
    written: string | null;
  }
  /** All layers and heads of one kind of attention. */
  interface AttentionStack {
    kind: string;
    queries: attention.AttentionToken[];
    keys: attention.AttentionToken[];
    layers: number;
    heads: number;
    data: string;
    masks: string[];
    mask_of_layer: number[];
    summaries: attention.HeadSummary[][];
    from_scores: boolean;
  }
  /** One row or column: ``token`` is the tokenizer's own piece, ``text`` what a person reads. */
  interface AttentionToken {
    token_id: number;
    token: string;
    text: string;
    special: boolean;
    attended: boolean;
  }
  /** One head in seven numbers, each a mean over the query tokens that aren't padding. */
  interface HeadSummary {
    entropy_nats: number;
    first_token_share: number;
    special_tokens_share: number;
    separator_share: number | null;
    previous_token_share: number | null;
    same_token_share: number | null;
    mean_distance_tokens: number | null;
  }
}

export namespace classification {
  /** Which label of which text to explain; ``label_id`` None takes the predicted one. */
  interface AttributeRequest {
    text: string;
    text_pair: string | null;
    label_id: number | null;
    model_id: string | null;
    quantization: string;
    methods: string[];
    n_steps: number;
  }
  /** The attributions of one label: its ``logit``, and ``neutral_logit`` where every token is ``neutral_token``. */
  interface AttributeResult {
    request: classification.AttributeRequest;
    info: classification.ClassifierInfo;
    label_id: number;
    label: string;
    predicted_id: number;
    logit: number;
    neutral_logit: number;
    neutral_token: string;
    tokens: classification.Token[];
    words: classification.Word[];
    methods: classification.MethodAttribution[];
    encoder_decoder: boolean;
  }
  /** ``/classify``: ``labels``, ``logits`` and ``probabilities`` in the order of the label ids. */
  interface Classified {
    model_id: string;
    label: string;
    labels: string[];
    logits: number[];
    probabilities: number[];
    function_to_apply: "softmax" | "sigmoid" | "none";
    tokens: string[];
    input_ids: number[];
    tokens_used: number;
    tokens_total: number;
    pipeline: classification.PipelineLabel[];
    max_difference: number;
    entropy_nats: number | null;
    verdict: string;
    labels_note: string;
  }
  /** One row with its label; ``gold`` is the label id that the table says is right, where it says so. */
  interface ClassifiedRow {
    line: number;
    text: string;
    text_pair: string | null;
    label_id: number;
    label: string;
    probability: number;
    probabilities: number[];
    tokens_used: number;
    tokens_total: number;
    gold: number | null;
  }
  /** ``/classify_table``: rows in the order of the table, ``read_as`` with how the right labels were read. */
  interface ClassifiedTable {
    model_id: string;
    labels: string[];
    rows: classification.ClassifiedRow[];
    bad_rows: tables.BadRow[];
    read_as: classification.LabelReading | null;
    no_metrics: string;
    metrics: classification.Evaluation | null;
    format: tables.TableFormat;
    notes: string[];
  }
  /** What a classifier can be asked, known once it is loaded; ``pretrained`` is how this run holds it. */
  interface ClassifierInfo {
    model_id: string;
    labels: string[];
    problem_type: string;
    function_to_apply: "softmax" | "sigmoid" | "none";
    max_length: number;
    pair_names: [string, string] | null;
    pretrained: models.Pretrained;
    labels_note: string;
  }
  /** One text, or a pair of texts, for one model; ``model_id`` None takes the catalog's first. */
  interface ClassifyRequest {
    text: string;
    text_pair: string | null;
    model_id: string | null;
    quantization: string;
  }
  /** Everything between a text and its label; ``labels`` in the order of their ids, ``pipeline`` best first. */
  interface ClassifyResult {
    request: classification.ClassifyRequest;
    info: classification.ClassifierInfo;
    tokens: classification.Token[];
    labels: classification.LabelProbability[];
    pipeline: classification.PipelineLabel[];
    max_difference: number;
    entropy_nats: number | null;
    tokens_used: number;
    tokens_total: number;
    cut_at: number | null;
    cut_pair_at: number | null;
  }
  /** A table to classify: its column of texts, that of second texts, and that of the right labels, if there are any. */
  interface ClassifyTableRequest {
    table: tables.Table;
    text_column: string;
    label_column: string | null;
    model_id: string | null;
    quantization: string;
    pair_column: string | null;
    labels_read_as: string | null;
    run_id: string;
  }
  /** How predictions compare with the right labels; ``confusion[gold][predicted]`` counts rows. */
  interface Evaluation {
    labels: string[];
    count: number;
    accuracy: number;
    chance: number;
    majority: number;
    majority_label: string;
    mean_distance: number | null;
    macro_f1: number;
    per_label: classification.LabelMetrics[];
    confusion: number[][];
    reliability: classification.ReliabilityBin[];
    expected_calibration_error: number;
  }
  /** How one label did. A share with nothing to divide by is 0, as in scikit-learn. */
  interface LabelMetrics {
    label: string;
    precision: number;
    recall: number;
    f1: number;
    support: number;
  }
  /** One label with its logit and what became of it. */
  interface LabelProbability {
    label_id: number;
    label: string;
    logit: number;
    probability: number;
  }
  /** One way to read a column of labels: ``fits`` values mean a label, the ``first`` of them with the label's name. */
  interface LabelReading {
    name: string;
    fits: number;
    first: [string, string][];
  }
  /** What one method says: a value per token and per word, in units of the logit; above 0 speaks for the label. */
  interface MethodAttribution {
    method: string;
    values: number[];
    word_values: number[];
    delta: number | null;
  }
  /** A text of which some tokens are masked or deleted, by their positions. */
  interface PerturbRequest {
    request: classification.ClassifyRequest;
    positions: number[];
    action: string;
  }
  /** The labels before and after; ``tokens`` are those of the whole text. */
  interface PerturbResult {
    request: classification.PerturbRequest;
    info: classification.ClassifierInfo;
    tokens: classification.Token[];
    before: classification.LabelProbability[];
    after: classification.LabelProbability[];
    neutral_token: string;
  }
  /** One entry of what ``pipeline()`` returns, in its own words. */
  interface PipelineLabel {
    label: string;
    score: number;
  }
  /** Answers given with a probability in ``low..high``: how sure the model was on average, how often it was right. */
  interface ReliabilityBin {
    low: number;
    high: number;
    count: number;
    confidence: number;
    accuracy: number;
  }
  /** How far a run has come. */
  interface TableProgress {
    done: number;
    total: number;
    elapsed_seconds: number;
  }
  /** The rows in the order of the table; ``read_as`` is the reading of the label column that was taken. */
  interface TableResult {
    request: classification.ClassifyTableRequest;
    info: classification.ClassifierInfo;
    rows: classification.ClassifiedRow[];
    bad_rows: tables.BadRow[];
    read_as: classification.LabelReading | null;
    no_metrics: string;
    elapsed_seconds: number;
    usable_rows: number;
  }
  /** One token of an encoded text; ``start`` and ``end`` are character offsets into the text of its ``segment``. */
  interface Token {
    token: string;
    token_id: number;
    attention_mask: number | null;
    token_type_id: number | null;
    special: boolean;
    unknown: boolean;
    segment: number | null;
    word: number | null;
    start: number | null;
    end: number | null;
  }
  /** A word and the positions of its tokens; a special token is a word of its own. */
  interface Word {
    text: string;
    positions: number[];
    special: boolean;
  }
}

export namespace generation {
  /** A token that could stand here. ``after`` is 0 and ``kept`` False for one that the sampler cut off. */
  interface Alternative {
    token_id: number;
    piece: string;
    before: number;
    after: number;
    kept: boolean;
  }
  /** One finished hypothesis; ``node`` is its last one in the tree, ``mean_log_probability`` what it was ranked by. */
  interface Beam {
    node: number;
    token_ids: number[];
    text: string;
    total_log_probability: number;
    mean_log_probability: number;
  }
  /** One candidate of beam search. ``state`` is kept (goes on), finished (ended by eos or a stop string) or dropped. */
  interface BeamNode {
    node: number;
    parent: number;
    step: number;
    token_id: number;
    piece: string;
    log_probability: number;
    total_log_probability: number;
    state: "kept" | "finished" | "dropped";
  }
  /** What beam search looked at in one step, best first. ``text`` is the best running beam's whole reply so far. */
  interface BeamStep {
    type: "beamstep";
    index: number;
    nodes: generation.BeamNode[];
    text: string;
    elapsed_seconds: number;
  }
  /** A token that may come next, with its raw ``logit``; ``seen`` if it stands in the text already. */
  interface Candidate {
    token_id: number;
    piece: string;
    logit: number;
    before: number;
    after: number;
    kept: boolean;
    seen: boolean;
  }
  /** The end of a reply and its figures. */
  interface Finished {
    type: "finished";
    reason: "eos" | "stop_string" | "length" | "context" | "crowded" | "stopped";
    text: string;
    token_ids: number[];
    prompt_tokens: number;
    context_length: number;
    perplexity: number | null;
    tokens_per_second: number | null;
    seconds_to_first_token: number | null;
    elapsed_seconds: number;
    people: number;
    beams: generation.Beam[];
    use_cache: boolean;
    max_new_tokens: number;
  }
  /** Everything that decides what is generated; the names and defaults are those of transformers' ``GenerationConfig``. */
  interface GenerateRequest {
    prompt: string | null;
    messages: models.Message[] | null;
    model_id: string | null;
    quantization: string;
    max_new_tokens: number;
    do_sample: boolean;
    temperature: number;
    top_k: number;
    top_p: number;
    min_p: number;
    repetition_penalty: number;
    seed: number;
    stop_strings: string[];
    num_beams: number;
    prompt_lookup_num_tokens: number;
    prefix_token_ids: number[];
    split_special_tokens: boolean;
    top: number;
    person: string;
    address: string;
    run_id: string;
  }
  /** All of one stream, read to its end; ``started`` is None for one that was stopped while it waited. */
  interface GenerationResult {
    request: generation.GenerateRequest;
    started: generation.Started | null;
    steps: generation.Step[];
    beam_steps: generation.BeamStep[];
    finished: generation.Finished;
  }
  /** The distribution over the next token: the best candidates one by one, the rest in bins. */
  interface NextTokenResult {
    prompt_tokens: number;
    context_length: number;
    entropy: number;
    candidates: generation.Candidate[];
    rest: [number, number][];
    notes: string[];
    quantization: string;
    dtype: string;
  }
  /** How much of a long prompt has been read; a prompt that is read at once has none of these. */
  interface Reading {
    type: "reading";
    read_tokens: number;
    prompt_tokens: number;
  }
  /** The prompt is being read, after ``queue_seconds`` in line. */
  interface Started {
    type: "started";
    prompt_tokens: number;
    context_length: number;
    max_new_tokens: number;
    notes: string[];
    queue_seconds: number;
    model_settings: [string, string][];
    quantization: string;
    dtype: string;
  }
  /** One token of the reply. */
  interface Step {
    type: "step";
    index: number;
    token_id: number;
    piece: string;
    text: string;
    probability_before: number;
    probability_after: number;
    entropy: number;
    elapsed_seconds: number;
    alternatives: generation.Alternative[];
    forced: boolean;
    guessed: boolean;
  }
  /** One of the two: its name, its figures as they are shown, and the pieces that it wrote. */
  interface TwinColumn {
    name: string;
    figures: string[];
    pieces: string[];
    wrote: string;
  }
  /** What is being done, ``done`` of ``total`` parts before it. */
  interface TwinProgress {
    doing: string;
    done: number;
    total: number;
  }
  /** What one of them writes after the text, always its most probable token. */
  interface TwinReply {
    text: string;
    pieces: string[];
    token_ids: number[];
    tokens_per_second: number | null;
  }
  /** Read one text with two models token for token: one model in two quantizations, or two that share a tokenizer. */
  interface TwinRequest {
    text: string;
    model_id: string | null;
    quantization: string;
    other_model_id: string | null;
    other_quantization: string;
    max_new_tokens: number;
    person: string;
    address: string;
  }
  /** One text, read by two models token for token. */
  interface TwinResult {
    request: generation.TwinRequest;
    start: string[];
    tokens: generation.TwinToken[];
    mean_kl_divergence: number;
    changed_share: number;
    first: generation.TwinSide;
    second: generation.TwinSide;
    parts_at: number | null;
    notes: string[];
  }
  /** One of the two: its ``perplexity`` on the text, its weights in bytes, how fast it read, and what it wrote. */
  interface TwinSide {
    model_id: string;
    title: string;
    quantization: string;
    dtype: string;
    measured_bytes: number;
    perplexity: number;
    reading_tokens_per_second: number;
    reply: generation.TwinReply | null;
  }
  /** One token of the text, and what both models gave it after the same tokens before it. */
  interface TwinToken {
    token_id: number;
    piece: string;
    kl_divergence: number;
    probability: number;
    other_probability: number;
    best: string;
    best_probability: number;
    other_best: string;
    other_best_probability: number;
    changed: boolean;
  }
  /** ``figures`` names the rows of both columns' figures; ``verdict`` says in a sentence or two what was lost. */
  interface TwinView {
    verdict: string;
    figures: string[];
    columns: generation.TwinColumn[];
    start: string[];
    tokens: generation.TwinToken[];
    parts_at: number | null;
    parting: string;
    notes: string[];
  }
  /** The device is full: ``position`` 1 is next in line. ``reason`` is a sentence where it waits for memory. */
  interface Waiting {
    type: "waiting";
    position: number;
    reason: string;
  }
}

export namespace inside {
  /** How far one method has come. */
  interface AttributeNextProgress {
    method: string;
    done: number;
    total: number;
  }
  /** Which tokens spoke for the next one; the text is given as in `LensRequest`. */
  interface AttributeNextRequest {
    prompt: string;
    messages: models.Message[] | null;
    prefix_token_ids: number[];
    split_special_tokens: boolean;
    model_id: string;
    quantization: string;
    token_id: number | null;
    contrast_token_id: number | null;
    methods: string[];
    n_steps: number;
    run_id: string;
    address: string;
  }
  /** How much each token spoke for the next one, or for it rather than for another. */
  interface AttributeNextResult {
    request: inside.AttributeNextRequest;
    model_type: string;
    pretrained: models.Pretrained;
    target: inside.NextCandidate;
    contrast: inside.NextCandidate | null;
    candidates: inside.NextCandidate[];
    explained: number;
    neutral: number | null;
    tokens: inside.InsideToken[];
    words: inside.NextWord[];
    first_covered: number;
    methods: inside.NextAttribution[];
    stopped: boolean;
    notes: string[];
  }
  /** One token that the query can read: numbers in the order in which the head computes them. */
  interface HeadKey {
    position: number;
    key_before: number[];
    key: number[];
    product: number;
    scaled: number;
    added: number;
    masked: boolean;
    weight: number;
    value: number[];
    weighted: number[];
  }
  /** One head for one query token: ``output`` is the sum of the weighted values, before the output projection. */
  interface HeadUnrolled {
    attention: inside.MapAttention;
    head: number;
    position: number;
    key_value_head: number;
    shared_with: number[];
    scaling: number;
    query_scale: number;
    rotary: boolean;
    biased: boolean;
    query_from: string;
    key_from: string;
    value_from: string;
    query_before: number[];
    query: number[];
    keys: inside.HeadKey[];
    output: number[];
    difference: number;
  }
  /** One token that the model read: ``piece`` is what it adds to the text, spaces and all. */
  interface InsideToken {
    token_id: number;
    piece: string;
    special: boolean;
  }
  /** What the model would say at one position after one layer. */
  interface LensCell {
    best: inside.LensGuess[];
    entropy_nats: number;
    rank: number;
    winner_probability: number;
  }
  /** A token that could come next (or stand under the mask), and how probable it is after one layer. */
  interface LensGuess {
    token_id: number;
    piece: string;
    probability: number;
  }
  /** What the model would say after each layer. */
  interface LensRequest {
    prompt: string;
    messages: models.Message[] | null;
    prefix_token_ids: number[];
    split_special_tokens: boolean;
    model_id: string;
    quantization: string;
    positions: number[];
    track_token_ids: number[];
    top: number;
  }
  /** The predictions after each layer. */
  interface LensResult {
    request: inside.LensRequest;
    model_type: string;
    pretrained: models.Pretrained;
    masked: boolean;
    layers: number;
    last_block: string;
    final_norm: string[];
    tokens: inside.InsideToken[];
    positions: number[];
    cells: inside.LensCell[][];
    tracks: inside.LensTrack[][];
    notes: string[];
  }
  /** One token followed through the layers at one position, its probability after each. */
  interface LensTrack {
    token_id: number;
    piece: string;
    probabilities: number[];
  }
  /** One attention that ran: the ``layer``-th of its stack. Query heads share ``key_value_heads`` keys and values. */
  interface MapAttention {
    name: string;
    stack: string;
    layer: number;
    heads: number;
    key_value_heads: number;
    head_dim: number;
  }
  /** Where what modules return joins a stream that went past them, between the modules of one. */
  interface MapJoin {
    before: string;
    stream: string;
    branches: string[];
    scale: number;
    times: boolean;
  }
  /** One module; the one around it is its name without the last step. */
  interface MapPart {
    name: string;
    kind: string;
    class_name: string;
    side: string;
    about: string;
    parameters: number;
    bytes: number;
    tensors: inside.MapTensor[];
    like: string;
    same_as: string;
    order: number | null;
    calls: number;
    reads: string;
    joins: inside.MapJoin[];
  }
  /** What all modules of a kind hold together; the shares of a model add up to its totals. */
  interface MapShare {
    kind: string;
    parameters: number;
    bytes: number;
  }
  /** What a module returned for the text: the shape, and how long its vectors are (the mean over the tokens). */
  interface MapState {
    name: string;
    shape: number[];
    norm: number;
    norms: number[];
  }
  /** One tensor of a module: its shape as it computes, however it is held. */
  interface MapTensor {
    name: string;
    shape: number[];
    dtype: string;
    parameters: number;
    bytes: number;
    tied_to: string;
  }
  /** A model, and what is followed through it. */
  interface ModelMapRequest {
    text: string;
    model_id: string;
    decoder_text: string;
    task: string;
    quantization: string;
    stack: string;
    layer: number | null;
    head: number;
    position: number | null;
  }
  /** A model drawn from its own modules. */
  interface ModelMapResult {
    request: inside.ModelMapRequest;
    model_class: string;
    model_type: string;
    pretrained: models.Pretrained;
    parameters: number;
    bytes: number;
    ran: boolean;
    parts: inside.MapPart[];
    shares: inside.MapShare[];
    attentions: inside.MapAttention[];
    tokens: inside.InsideToken[];
    decoder_tokens: inside.InsideToken[];
    decoder_reads: string;
    states: inside.MapState[];
    head: inside.HeadUnrolled | null;
    unfit: string;
    notes: string[];
  }
  /** What one method says: a number for each token and each word of the result, in units of the logit. */
  interface NextAttribution {
    method: string;
    values: number[];
    word_values: number[];
    delta: number | null;
  }
  /** A token that may come next, with its raw logit. */
  interface NextCandidate {
    token_id: number;
    piece: string;
    logit: number;
    probability: number;
  }
  /** Tokens that are one word, by their places; ``special`` tokens are words of their own. */
  interface NextWord {
    text: string;
    positions: number[];
    special: boolean;
  }
}

export namespace links {
  /** The first ``marks`` of an answer that has ``count`` of them, and a hash of all that is exact in it. */
  interface Fingerprint {
    marks: ([string, number | null])[];
    count: number;
    exact: string;
    setting: links.Setting;
  }
  /** What was asked at which place of the page; several requests where settings stood side by side. */
  interface Link {
    place: string;
    asked: unknown[];
    seen: Record<string, string | number | number | boolean | null>;
    answer: links.Fingerprint | null;
  }
  /** What an answer was made with; empty is what isn't known, or doesn't count. */
  interface Setting {
    playground: string;
    transformers: string;
    torch: string;
    model: string;
    quantization: string;
    dtype: string;
    device: string;
  }
  /** What is said of an answer beside its link; ``same`` is None where nothing is compared. */
  interface Verdict {
    same: boolean | null;
    sentence: string;
  }
}

export namespace models {
  /** One device, in bytes. */
  interface DeviceReport {
    device: string;
    name: string;
    total_bytes: number;
    budget_bytes: number;
    used_bytes: number;
    free_bytes: number;
    reserve_bytes: number;
    cache_bytes: number;
    limit_bytes: number;
  }
  /** All of it now. ``running`` replies are written, ``in_line`` wait for a turn, ``queue`` calls for a replica. */
  interface FleetListed {
    machines: models.FleetMachine[];
    replicas: models.FleetReplica[];
    running: number;
    in_line: number;
    queue: number;
  }
  /** One machine; bytes of its memory. ``alive`` is False for one that has gone and may come back. */
  interface FleetMachine {
    name: string;
    alive: boolean;
    cpus: number;
    gpus: number;
    total_bytes: number;
  }
  /** A model on one replica, with the replies that run there and those that wait for their turn. */
  interface FleetModel {
    title: string;
    quantization: string;
    state: string;
    running: number;
    in_line: number;
  }
  /** A process that holds models; ``calls`` is what it works on, replies among them. */
  interface FleetReplica {
    name: string;
    machine: string;
    state: string;
    calls: number;
    devices: models.DeviceReport[];
    models: models.FleetModel[];
  }
  /** One model of the catalog, or typed in, and its variants that were asked for. */
  interface ListedModel {
    id: string;
    title: string;
    task: string;
    source: string;
    licence: string;
    parameters: number | null;
    note: string;
    revision: string | null;
    variants: models.ModelVariant[];
  }
  /** One turn of a chat, as chat templates take it: ``role`` is system, user, assistant or tool; templates differ. */
  interface Message {
    role: string;
    content: string;
  }
  /** ``/load_model``: under which names the model is found. */
  interface ModelAsked {
    model_id: string;
    task: string;
    quantization: string;
  }
  /** One model in one quantization, as the manager holds it; bytes and seconds. */
  interface ModelVariant {
    task: string;
    quantization: string;
    state: string;
    device: string;
    dtype: string;
    predicted_bytes: number | null;
    measured_bytes: number | null;
    leases: number;
    waiting: number;
    loads: number;
    evictions: number;
    last_used: number | null;
    pinned: boolean;
    progress: number | null;
    message: string;
    load_seconds: number | null;
    cache_bytes: number;
  }
  /** Devices and models; ``typing`` says whether ids of the Hub may be typed in. A process alone has no ``fleet``. */
  interface ModelsListed {
    devices: models.DeviceReport[];
    models: models.ListedModel[];
    public: boolean;
    visitor_rules: string;
    typing: boolean;
    hub: string;
    tasks: string[];
    problem: string;
    fleet: models.FleetListed | null;
  }
  /** What ``from_pretrained`` got for a run. */
  interface Pretrained {
    source: string;
    auto_class: string;
    quantization: string;
    dtype: string;
    device: string;
    revision: string;
    tokenizer_source: string;
    notes: string[];
    hub_id: string;
    hub_revision: string;
  }
  /** A model that somebody trained here. */
  interface TrainedModel {
    model_id: string;
    title: string;
    task: string;
    parameters: number;
    file_bytes: number;
    made_at: number;
    first_text: string;
    before_id: string;
  }
}

export namespace pipelines {
  /** A candidate: tokens ``first`` to ``last`` of a window are characters ``start`` to ``end`` of the text. */
  interface AnswerSpan {
    window: number;
    first: number;
    last: number;
    start: number;
    end: number;
    answer: string;
    start_logit: number;
    end_logit: number;
    score: number;
  }
  /** A part of the text: a start and an end logit for each token; ``context`` are the tokens that may be an answer. */
  interface AnswerWindow {
    start_logits: number[];
    end_logits: number[];
    context: [number, number];
    spans_tried: number;
    no_answer: number;
  }
  /** One label as a hypothesis: the logits of the NLI model in the order of its labels, and the label's score. */
  interface CandidateLabel {
    label: string;
    hypothesis: string;
    logits: number[];
    score: number;
  }
  /** Characters of the text with one label. */
  interface Entity {
    label: string;
    score: number;
    word: string;
    start: number;
    end: number;
  }
  /** Texts as vectors, and the cosine of every two. */
  interface FeaturesAnswer {
    type: "feature-extraction";
    dimensions: number;
    texts: pipelines.TextFeatures[];
    cosines: number[][];
  }
  /** What may stand for each mask. */
  interface FillMaskAnswer {
    type: "fill-mask";
    vocabulary: number;
    masks: pipelines.FilledMask[];
  }
  /** One mask: ``log_sum`` is log(sum(exp(logit))) of the whole vocabulary, so score = exp(logit - log_sum). */
  interface FilledMask {
    position: number;
    log_sum: number;
    guesses: pipelines.MaskGuess[];
  }
  /** A token that may stand for a mask, and the text with it. */
  interface MaskGuess {
    token_id: number;
    token_str: string;
    logit: number;
    score: number;
    sequence: string;
  }
  /** One run of the model: ``about`` says what it reads; ``cut`` is how many tokens of the text it doesn't. */
  interface ModelPass {
    about: string;
    tokens: pipelines.PipelineToken[];
    inputs: pipelines.TensorShape[];
    outputs: pipelines.TensorShape[];
    cut: number;
  }
  /** A task on a text. An option that isn't given is what the task takes by default, see `OPTIONS`, and None here. */
  interface PipelineRequest {
    task: "feature-extraction" | "fill-mask" | "zero-shot-classification" | "token-classification" | "question-answering" | "summarization" | "translation" | "text2text-generation";
    text: string;
    model_id: string;
    quantization: string;
    texts: string[] | null;
    top_k: number | null;
    targets: string[] | null;
    candidate_labels: string[] | null;
    hypothesis_template: string | null;
    multi_label: boolean | null;
    aggregation_strategy: string | null;
    stride: number | null;
    question: string | null;
    max_answer_len: number | null;
    max_seq_len: number | null;
    doc_stride: number | null;
    handle_impossible_answer: boolean | null;
    prefix: string | null;
    max_new_tokens: number | null;
    run_id: string;
    address: string;
  }
  /** A task on a text: what went into the model and came out, what was made of it, and what ``pipeline()`` says. */
  interface PipelineResult {
    request: pipelines.PipelineRequest;
    model_id: string;
    pretrained: models.Pretrained;
    passes: pipelines.ModelPass[];
    answer: pipelines.FillMaskAnswer | pipelines.ZeroShotAnswer | pipelines.TokenClassificationAnswer | pipelines.QuestionAnsweringAnswer | pipelines.Seq2SeqAnswer | pipelines.FeaturesAnswer;
    pipeline: string[];
    removed: string;
    max_difference: number | null;
    max_length: number;
    notes: string[];
  }
  /** A token that the model reads: ``start`` and ``end`` are its characters, ``segment`` which text of a pair. */
  interface PipelineToken {
    token: string;
    token_id: number;
    special: boolean;
    segment: number | null;
    start: number | null;
    end: number | null;
  }
  /** The best spans of all windows; ``no_answer`` is the score of the empty one, None where it isn't allowed. */
  interface QuestionAnsweringAnswer {
    type: "question-answering";
    windows: pipelines.AnswerWindow[];
    spans: pipelines.AnswerSpan[];
    no_answer: number | null;
  }
  /** A text that was written token by token; ``begins`` are the tokens that the decoder is given. */
  interface Seq2SeqAnswer {
    type: "seq2seq";
    prefix: string;
    begins: string[];
    steps: pipelines.WrittenToken[];
    text: string;
    ended: "eos" | "length" | "stopped";
  }
  /** A tensor that goes into the model, or comes out of it. */
  interface TensorShape {
    name: string;
    shape: number[];
    dtype: string;
  }
  /** A text as numbers: a row of hidden states for each of its first tokens, their mean over all tokens, and its size. */
  interface TextFeatures {
    states: number[][];
    mean: number[];
    norm: number;
    vector: number[];
  }
  /** Labels of tokens, of words (empty where the strategy has no such step), and what they are joined to. */
  interface TokenClassificationAnswer {
    type: "token-classification";
    labels: string[];
    tokens: pipelines.TokenLabel[];
    words: pipelines.Entity[];
    entities: pipelines.Entity[];
  }
  /** A token's best label: ``window`` and ``position`` say which token, ``scores`` are those of all labels. */
  interface TokenLabel {
    window: number;
    position: number;
    label: string;
    score: number;
    scores: number[];
    joins: boolean;
  }
  /** An answer for the page: ``hero`` comes first, ``after`` are the pictures of the last step. */
  interface Told {
    headline: string;
    given: string;
    steps: string;
    hero: Record<string, unknown>[];
    after: Record<string, unknown>[];
    rows: unknown[][];
    opens: number;
  }
  /** A token that could have been written next. */
  interface WrittenGuess {
    token_id: number;
    piece: string;
    probability: number;
  }
  /** One step of the loop. ``ruled`` says that a rule of the generation config chose, not the largest logit. */
  interface WrittenToken {
    token_id: number;
    piece: string;
    logit: number;
    probability: number;
    ruled: boolean;
    best: pipelines.WrittenGuess[];
  }
  /** Labels in the order in which they were given. */
  interface ZeroShotAnswer {
    type: "zero-shot-classification";
    nli_labels: string[];
    entailment_id: number;
    contradiction_id: number | null;
    labels: pipelines.CandidateLabel[];
  }
}

export namespace service {
  /** How far the loading at start has come. */
  interface WarmUp {
    device: string;
    current: string;
    finished: number;
    total: number;
    failed: string[];
    done: boolean;
  }
}

export namespace similarity {
  /** Turn up to 256 texts into unit vectors of an encoder; ``model_id`` None is the catalog's first. */
  interface EmbedRequest {
    texts: string[];
    model_id: string | null;
    quantization: string;
  }
  /** One unit vector for each text, in their order; ``tokens[i]`` is how many tokens text ``i`` has. */
  interface EmbedResult {
    model_id: string;
    vectors: number[][];
    tokens: number[];
  }
  /** Words as points of a plane, and how much of ``measure`` the plane can show. */
  interface FlatPicture {
    points: [number, number][];
    kept: number;
    negative: number;
    negative_share: number;
    measure: number[][];
    neighbours: number[][];
    still_near: number[];
  }
  /** Every ordered pair, source by source as they were given, the closest target of each first. */
  interface LossesView {
    losses: similarity.WordLoss[];
    verdict: string;
    notes: string[];
    scale: string;
    origin: string;
  }
  /** The pictures side by side, and one sentence about what both hide. */
  interface MapView {
    words: string[];
    nearest: number;
    hides: string;
    pictures: similarity.PictureView[];
    origin: string;
  }
  /** The losses, and an order of the words that puts close ones side by side. */
  interface MatrixView {
    words: string[];
    loss: number[][];
    pieces: number[];
    baseline_sum: number[];
    cosine: number[][] | null;
    clustered: number[];
    notes: string[];
    origin: string;
  }
  /** The same with what a model says of it. */
  interface MeasuredPair {
    word1: string;
    word2: string;
    rating: number;
    similarity: number;
    loss_sum_forward: number;
    loss_sum_backward: number;
    cosine: number | null;
  }
  /** Everything measured for one pair. ``similarity`` is the negated symmetric sum of losses less the baselines. */
  interface PairMeasures {
    word1: string;
    word2: string;
    loss_forward: number;
    loss_backward: number;
    loss_sum_forward: number;
    loss_sum_backward: number;
    baseline_sum_1: number;
    baseline_sum_2: number;
    cosine: number | null;
  }
  /** One flat picture: its heading and what it keeps, where each word stands, and the numbers behind it. */
  interface PictureView {
    name: string;
    title: string;
    about: string;
    measure: string;
    closest: string;
    points: [number, number][];
    numbers: number[][];
    neighbours: number[][];
    still_near: number[];
  }
  /** One piece of a label: its probability given the source and the pieces before it, and its loss in nats. */
  interface PieceLoss {
    token_id: number;
    piece: string;
    probability: number;
    loss: number;
  }
  /** A pair with people's mean rating, 0 to 10. */
  interface RatedPair {
    word1: string;
    word2: string;
    rating: number;
  }
  /** The pairs, ten of them to rate first, and how far the model agrees with people once it was asked. */
  interface RatingsView {
    pairs: (similarity.RatedPair | similarity.MeasuredPair)[];
    ten: number[];
    rho: number | null;
    rho_cosine: number | null;
    title: string;
    about: string;
  }
  /** One direction of one pair: ``loss`` is the mean over pieces, as the model returns it; ``perplexity`` its exp. */
  interface WordLoss {
    source: string;
    target: string;
    loss: number;
    loss_sum: number;
    perplexity: number;
    pieces: similarity.PieceLoss[];
  }
  /** Score every ordered pair of two or three words (or phrases), with the loss of each piece. */
  interface WordLossRequest {
    words: string[];
    model_id: string | null;
    quantization: string;
    template: string;
  }
  /** Every ordered pair, the most expected first, of ``words`` in the order in which they were asked. */
  interface WordLossResult {
    model_id: string;
    quantization: string;
    template: string | null;
    losses: similarity.WordLoss[];
    notes: string[];
    words: string[];
    held: string;
  }
  /** The same words on two flat pictures; ``nearest`` is how many neighbours of each word are counted. */
  interface WordMapResult {
    model_id: string;
    quantization: string;
    template: string | null;
    words: string[];
    nearest: number;
    by_embedding: similarity.FlatPicture | null;
    by_loss: similarity.FlatPicture;
    notes: string[];
    held: string;
  }
  /** Score up to 60 words against each other; ``cosine`` adds that of their embeddings. */
  interface WordMatrixRequest {
    words: string[];
    model_id: string | null;
    quantization: string;
    template: string;
    cosine: boolean;
  }
  /** Losses of all ordered pairs: ``loss[i][j]`` is the mean loss (nats) of word ``j`` as label of source ``i``. */
  interface WordMatrixResult {
    model_id: string;
    template: string | null;
    words: string[];
    loss: number[][];
    pieces: number[];
    baseline_sum: number[];
    cosine: number[][] | null;
    notes: string[];
    quantization: string;
    held: string;
  }
  /** Score a list of (word1, word2) pairs in both directions, with everything that can be compared with ratings. */
  interface WordPairsRequest {
    pairs: [string, string][];
    model_id: string | null;
    quantization: string;
    template: string;
    cosine: boolean;
  }
  /** The measures of every pair, in the order of the request. */
  interface WordPairsResult {
    model_id: string;
    template: string | null;
    pairs: similarity.PairMeasures[];
    quantization: string;
    held: string;
  }
}

export namespace tables {
  /** A line that could not be used, and why. */
  interface BadRow {
    line: number;
    reason: string;
  }
  /** Rows of strings under named columns; ``lines`` says at which line of the source each row begins. */
  interface Table {
    columns: string[];
    rows: string[][];
    lines: number[];
    bad_rows: tables.BadRow[];
    format: tables.TableFormat;
    notes: string[];
  }
  /** How a file was understood. */
  interface TableFormat {
    kind: string;
    encoding: string;
    separator: string;
    quoting: string;
    header: boolean;
    header_doubtful: boolean;
  }
}

export namespace tokens {
  /** The attention of one row in both runs, averaged over the heads of each layer. */
  interface AttentionPair {
    right: number[][][];
    wrong: number[][][];
    right_tokens: string[];
    wrong_tokens: string[];
    right_mask: number[];
    wrong_mask: number[];
    row: number;
    aligned: boolean;
  }
  /** The likeliest next tokens of a conversation, with the generation prompt and without it. */
  interface ChatNext {
    with_prompt: tokens.NextPiece[];
    without_prompt: tokens.NextPiece[];
    pretrained: models.Pretrained;
  }
  /** ``/chat_template``. */
  interface ChatRendered {
    text: string;
    template: string;
    spans: tokens.ChatSpan[];
    tokens: tokens.ChatToken[];
    input_ids: number[];
    notes: string[];
  }
  /** Characters of the rendered text that one message (or the template itself) wrote. */
  interface ChatSpan {
    start: number;
    end: number;
    role: string;
    message: number | null;
    content: boolean;
  }
  /** The rendered conversation: the spans, in order, cover the text; ``token_spans[i]`` is the span of token i. */
  interface ChatTemplate {
    tokenization: tokens.Tokenization;
    spans: tokens.RoleSpan[];
    token_spans: number[];
    template: string;
    notes: string[];
  }
  /** A conversation and the tokenizer whose template shall write it down. */
  interface ChatTemplateRequest {
    messages: models.Message[];
    model_id: string;
    add_generation_prompt: boolean;
  }
  /** A token of the rendered text and the span that it stands in. */
  interface ChatToken {
    token_id: number;
    piece: string;
    shown: string;
    special: boolean;
    span: number | null;
  }
  /** A text and the two to four tokenizers that shall split it. */
  interface CompareRequest {
    text: string;
    model_ids: string[];
    add_special_tokens: boolean;
  }
  /** One tokenizer's tokens of the text. */
  interface ComparedTokenizer {
    model_id: string;
    tokens: string[];
    input_ids: number[];
    tokens_per_word: number | null;
    unknown_tokens: number;
  }
  /** One text under several tokenizers. */
  interface Comparison {
    text: string;
    results: tokens.Tokenization[];
    agreed: number[];
    contested: number[];
    vocabulary_sizes: number[];
  }
  /** How long a text is, in every unit that people mix up. */
  interface Counts {
    characters: number;
    utf8_bytes: number;
    words: number;
    tokens: number;
    special_tokens: number;
    unknown_tokens: number;
    tokens_per_word: number | null;
  }
  /** One to eight texts (or pairs) and the arguments of ``tokenizer(...)``, under transformers' names. */
  interface EncodeRequest {
    texts: string[];
    pairs: string[];
    model_id: string;
    padding: string;
    padding_side: string | null;
    truncation: string;
    max_length: number | null;
    add_special_tokens: boolean;
    return_token_type_ids: boolean | null;
    stride: number;
    return_overflowing_tokens: boolean;
  }
  /** ``/encode``: what the tokenizer returns, and the pieces of each row; some return no ``token_type_ids``. */
  interface Encoded {
    input_ids: number[][];
    token_type_ids: number[][] | null;
    attention_mask: number[][];
    special_tokens_mask: number[][];
    tokens: string[][];
    truncated: number[];
  }
  /** What ``tokenizer(...)`` returned, as rows and as the dictionary itself. */
  interface EncodedBatch {
    request: tokens.EncodeRequest;
    rows: tokens.EncodedRow[];
    dictionary: Record<string, unknown[]>;
    truncated: number[];
    padding_side: string;
    pad_token: string | null;
  }
  /** One row of the batch: four lists of equal length, and which text it comes from. */
  interface EncodedRow {
    sample: number;
    pieces: string[];
    shown: string[];
    kinds: string[];
    input_ids: number[];
    attention_mask: number[];
    special_tokens_mask: number[];
    token_type_ids: number[] | null;
  }
  /** Both batches, and what the model made of each row. */
  interface MaskComparison {
    request: tokens.MaskRequest;
    task: string;
    right: tokens.EncodedBatch;
    wrong: tokens.EncodedBatch;
    right_mask: number[][];
    wrong_mask: number[][];
    rows: tokens.RowComparison[];
    attention: tokens.AttentionPair;
    pretrained: models.Pretrained;
    encoder_only: boolean;
    has_token_types: boolean;
    decoder_start: number;
    notes: string[];
  }
  /** One number that a model gives a text, with the right mask and with the wrong one. */
  interface MaskQuantity {
    name: string;
    right: number;
    wrong: number;
  }
  /** A batch and what shall be wrong with it. */
  interface MaskRequest {
    batch: tokens.EncodeRequest;
    mistake: string;
    flips: [number, number][];
    attention_row: number;
    quantization: string;
  }
  /** One row of a batch under both masks. */
  interface MaskedRow {
    title: string;
    unit: string;
    summary: string;
    compared: number;
    largest_difference: number;
    quantities: tokens.MaskQuantity[];
  }
  /** ``/flip_mask``. */
  interface MasksCompared {
    mistake: string;
    right_mask: number[][];
    wrong_mask: number[][];
    rows: tokens.MaskedRow[];
    notes: string[];
  }
  /** A token that may come next. */
  interface NextPiece {
    token_id: number;
    shown: string;
    probability: number;
  }
  /** One number of the model's answer, in both runs. */
  interface Quantity {
    name: string;
    right: number;
    wrong: number;
  }
  /** Characters ``start:end`` of the rendered text, and whose they are. */
  interface RoleSpan {
    start: number;
    end: number;
    role: string;
    message: number | null;
    is_content: boolean;
  }
  /** One text in both runs. */
  interface RowComparison {
    sample: number;
    quantities: tokens.Quantity[];
    unit: string;
    largest_difference: number;
    compared: number;
    summary: string;
  }
  /** A stretch of the text: with the tokens that share it, or a gap (no tokens) that the tokenizer dropped. */
  interface Segment {
    start: number;
    end: number;
    text: string;
    tokens: number[];
  }
  /** How a word became pieces. */
  interface Split {
    algorithm: string;
    word: string;
    steps: tokens.SplitStep[];
    pieces: string[];
    idea: string;
  }
  /** A word whose split shall be explained. */
  interface SplitRequest {
    word: string;
    model_id: string;
  }
  /** One step: the pieces after it, and what was decided. */
  interface SplitStep {
    pieces: string[];
    reason: string;
    number: number | null;
  }
  /** One token as the tokenizer made it. */
  interface Token {
    index: number;
    token_id: number;
    piece: string;
    shown: string;
    start: number;
    end: number;
    segment: number | null;
    special: boolean;
    unknown: boolean;
    continuation: boolean;
    added: boolean;
    byte_note: string;
  }
  /** A `Tokenization` with a list per property instead of an object per token. */
  interface TokenColumns {
    algorithm: string;
    text: string;
    input_ids: number[];
    pieces: string[];
    shown: string[];
    spans: ([number, number] | null)[];
    marks: number[];
    byte_notes: [number, string][];
    groups: unknown[][];
    described: number;
    counts: tokens.Counts;
    notes: string[];
  }
  /** A text as one tokenizer sees it. */
  interface Tokenization {
    model_id: string;
    algorithm: string;
    text: string;
    input_ids: number[];
    tokens: tokens.Token[];
    segments: tokens.Segment[];
    counts: tokens.Counts;
    notes: string[];
  }
  /** A text and the tokenizer that shall split it. */
  interface TokenizeRequest {
    text: string;
    model_id: string;
    add_special_tokens: boolean;
    describe: number;
  }
  /** ``/compare_tokenizers``: character offsets where all agree, and where only some have a boundary. */
  interface TokenizersCompared {
    agreed: number[];
    contested: number[];
    results: tokens.ComparedTokenizer[];
  }
  /** One piece. ``rank`` is the number of its merge (BPE), ``log_probability`` its weight (Unigram); else None. */
  interface VocabularyEntry {
    token_id: number;
    piece: string;
    shown: string;
    special: boolean;
    rank: number | null;
    log_probability: number | null;
  }
  /** The first entries that match, shortest first, and how many there are in all. */
  interface VocabularyPage {
    size: number;
    matches: number;
    entries: tokens.VocabularyEntry[];
  }
  /** What to look for: a part of a piece (as it is shown or as it is stored), or a token id. */
  interface VocabularyRequest {
    query: string;
    model_id: string;
    limit: number;
  }
}

export namespace training {
  /** What a training of a classifier would take: what it says of the rows when it begins, and its bytes. */
  interface ClassifierPlan {
    base_id: string;
    split: training.SplitSaid;
    bytes: training.TrainingBytes;
  }
  /** The view's value. ``confusion`` and what follows it are empty until the training is over. */
  interface ClassifierShown {
    status: string;
    percent: number;
    done: boolean;
    stopped: boolean;
    verdict: string;
    cards: [string, string][];
    total_steps: number;
    losses: [number, number][];
    held_losses: [number, number][];
    accuracies: [number, number][];
    loss_levels: training.Level[];
    accuracy_levels: training.Level[];
    table: [string, string, string][];
    labels: string[];
    confusion_before: number[][];
    confusion: number[][];
    wrong_heading: string;
    wrong: [string, string, string, string, string][];
    held: [string, string, string, string, string][];
    notes: string[];
  }
  /** Texts with what a model said before its training and what it says now; ``said`` is why there is none of it. */
  interface ComparedShown {
    rows: [string, string, string][];
    said: string;
  }
  /** The text as the model will see it, and the two levels that its loss is measured against, in nats per token. */
  interface CorpusRead {
    type: "corpus_read";
    characters: number;
    train_tokens: number;
    heldout_tokens: number;
    vocab_size: number;
    parameters: number;
    blocks: number;
    uniform_loss: number;
    unigram_loss: number;
    excerpt: string;
    probe: string[];
    possible_lines: number;
  }
  /** How the model does on the rows that it never learns from, after a step: its mean loss in nats, and the share that it gets right; ``best`` if its loss was never less. */
  interface HeldOut {
    type: "held_out";
    step: number;
    epoch: number;
    loss: number;
    accuracy: number;
    best: boolean;
  }
  /** A held-out row: its label ids as it is, and as the model says before and after, and how sure that is. */
  interface HeldRow {
    text: string;
    gold: number;
    before: number;
    after: number;
    probability: number;
  }
  /** A training as the view draws it. ``said`` is how it goes, ``reveal`` what came of a guess. */
  interface LanguageModelRun {
    run: string;
    said: string;
    percent: number;
    is_grammar: boolean;
    prompt: string;
    max_steps: number;
    n_layer: number;
    n_head: number;
    corpus: training.CorpusRead | null;
    merges: training.Merge[];
    merges_total: number;
    losses: [number, number][];
    checkpoints: training.TrainingCheckpoint[];
    trained: training.Outcome | null;
    ended: boolean;
    reveal: string;
  }
  /** What came out. ``model_id`` is its name in the manager, ``title`` how the page names it. */
  interface LanguageModelTrained {
    type: "language_model_trained";
    request: training.TrainLanguageModelRequest;
    model_id: string;
    title: string;
    steps: number;
    seconds: number;
    reason: "done" | "stopped" | "time";
    parameters: number;
    vocab_size: number;
    losses: [number, number][];
    heldout_loss: number;
    accepted: number | null;
    known_words: number;
    new_share: number | null;
    samples: training.TrainingSample[];
    device: string;
    threads: number;
  }
  /** A value to compare a curve with. */
  interface Level {
    name: string;
    value: number;
  }
  /** How large a file of a model may be that is loaded again: as a sentence, and in bytes. */
  interface LoadShown {
    limit: string;
    most_bytes: number;
    said: string;
  }
  /** The mean training loss since the last one, in nats per token, at this step. */
  interface LossLogged {
    type: "loss_logged";
    step: number;
    loss: number;
    learning_rate: number;
    seconds: number;
  }
  /** Two neighbours that became one piece: how often they stood beside each other, and how long the text is then. */
  interface Merge {
    left: string;
    right: string;
    count: number;
    tokens: number;
  }
  /** The next merges of BPE, in the order in which they were learned; ``first`` counts from 0. */
  interface MergesLearned {
    type: "merges_learned";
    first: number;
    merges: training.Merge[];
    total: number;
  }
  /** What came of a training, as far as the view says it. */
  interface Outcome {
    model_id: string;
    steps: number;
    seconds: number;
    reason: string;
  }
  /** How the rows were split: of each label (``labels``, in the order of their ids) how many are learned from, and how many are held out. ``notes`` say in sentences what was left out, and what to keep in mind. Whoever always says the commonest label is right of ``chance`` of the held-out rows; ``chance_loss``, in nats, has who gives each label the share that it has. */
  interface SplitSaid {
    type: "split";
    labels: string[];
    train_counts: number[];
    held_counts: number[];
    notes: string[];
    chance: number;
    chance_loss: number;
    total_steps: number;
    parameters: number;
    trained_parameters: number;
  }
  /** Labelled rows, a model to begin with, and how to train it. */
  interface TrainClassifierRequest {
    table: tables.Table;
    text_column: string;
    label_column: string;
    model_id: string | null;
    method: "head" | "lora" | "full";
    learning_rate: number | null;
    num_train_epochs: number | null;
    per_device_train_batch_size: number;
    warmup_steps: number;
    weight_decay: number;
    seed: number;
    held_out: number;
    r: number;
    name: string;
    keep: boolean;
    person: string;
    address: string;
    run_id: string;
  }
  /** Everything that decides what the model becomes; where `TrainingArguments` has the name, it means the same there. */
  interface TrainLanguageModelRequest {
    text: string;
    grammar: string;
    lines: number;
    tokenizer: string;
    vocab_size: number;
    architecture: string;
    n_layer: number;
    n_head: number;
    hidden_size: number;
    context: number;
    max_steps: number;
    per_device_train_batch_size: number;
    learning_rate: number;
    warmup_steps: number;
    weight_decay: number;
    seed: number;
    max_seconds: number;
    prompt: string;
    name: string;
    person: string;
    address: string;
    run_id: string;
    keep: boolean;
  }
  /** What came of a training. ``model_id`` is the name that every other request takes; ``rows`` are those held out. */
  interface TrainedClassifier {
    type: "trained_classifier";
    model_id: string;
    title: string;
    base_id: string;
    method: string;
    labels: string[];
    accuracy_before: number;
    accuracy: number;
    loss: number;
    confusion_before: number[][];
    confusion: number[][];
    rows: training.HeldRow[];
    best_step: number;
    steps: number;
    total_steps: number;
    stopped: boolean;
    train_losses: number[];
    held_losses: number[];
    parameters: number;
    trained_parameters: number;
    file_bytes: number;
    elapsed_seconds: number;
  }
  /** Where a trained model can be used: names and addresses. */
  interface TrainedShown {
    about: string;
    ways: [string, string][];
  }
  /** The process starts. ``run_id`` is what `follow_training` and `cancel` take, ``device`` where it works. */
  interface TrainingBegins {
    type: "begins";
    run_id: string;
    device: string;
    threads: number;
    bytes: training.TrainingBytes;
  }
  /** What a training takes, in bytes: weights, a gradient per trained number, two numbers of AdamW per trained number, what flows through the layers, Python with its libraries in the process of its own, and where the best weights so far are kept, these. */
  interface TrainingBytes {
    weights: number;
    gradients: number;
    optimizer: number;
    activations: number;
    process: number;
    best: number;
  }
  /** The model at one step: its loss on text that it isn't trained on, what it writes, where its heads look. */
  interface TrainingCheckpoint {
    type: "checkpoint";
    step: number;
    seconds: number;
    heldout_loss: number;
    known_words: number;
    accepted: number | null;
    samples: training.TrainingSample[];
    attention: string;
  }
  /** What the model wrote at a checkpoint, the prompt first. */
  interface TrainingSample {
    text: string;
    accepted: boolean | null;
    follows: number | null;
    is_new: boolean | null;
  }
  /** A step, counted from 1: the mean loss of its rows in nats, its learning rate, and how long is left of all. */
  interface TrainingStep {
    type: "step";
    step: number;
    epoch: number;
    loss: number;
    learning_rate: number;
    elapsed_seconds: number;
    eta_seconds: number;
  }
  /** A place in the line: 1 is next. ``reason`` says for what, as a sentence. */
  interface TrainingWaits {
    type: "waits";
    position: number;
    reason: string;
  }
}
