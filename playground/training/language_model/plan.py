"""What the training of a language model would take, before it begins; and the job for the line. Needs no torch."""

from __future__ import annotations

from playground.errors import InputError
from playground.training.desk import FLOAT, PROCESS_BYTES, Training
from playground.training.events import TrainingBytes
from playground.training.language_model.card import title_of
from playground.training.language_model.corpus import Corpus, read_corpus, require_enough
from playground.training.language_model.events import LanguageModelPlan
from playground.training.language_model.request import TASK, TrainLanguageModelRequest
from playground.training.language_model.shape import EXCERPT, activation_bytes, count_parameters

WORK = "playground.training.language_model.fit:fit"


def plan_language_model(request: TrainLanguageModelRequest) -> LanguageModelPlan:
    """What a training would take; nothing is made.

    Raises:
        InputError: the grammar can't be read, the text is too short, or the prompt has characters that it lacks.
    """
    corpus = read_corpus(request)
    require_enough(len(corpus.text), request.context)  # of BPE there are even fewer
    _check_prompt(request, corpus)
    characters = len(set(corpus.text)) + 1  # and the unknown one
    vocab_size = characters if request.tokenizer == "characters" else max(characters, request.vocab_size)
    parameters = count_parameters(request, vocab_size)
    size = TrainingBytes(
        FLOAT * parameters,
        FLOAT * parameters,
        2 * FLOAT * parameters,
        activation_bytes(request, vocab_size),
        PROCESS_BYTES,
    )
    possible = corpus.grammar.count if corpus.grammar else 0
    return LanguageModelPlan(len(corpus.text), vocab_size, parameters, size, possible, corpus.text[:EXCERPT])


def language_model_training(request: TrainLanguageModelRequest) -> Training:
    """The job for the line.

    Raises:
        As `plan_language_model`.
    """
    plan = plan_language_model(request)
    return Training(
        WORK, request, TASK, title_of(request), plan.bytes, plan.parameters, request.person, request.address,
        request.run_id, request.keep, plan.excerpt.strip().partition("\n")[0][:80],
    )  # fmt: skip


def _check_prompt(request: TrainLanguageModelRequest, corpus: Corpus) -> None:
    strange = next((one for one in request.prompt if one not in corpus.text), "")
    if strange:
        raise InputError(f"The text has no “{strange}”, so the prompt can't have it.", "Write another prompt.")
