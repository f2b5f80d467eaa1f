"""The forward passes of one model: over a table of keys and values that streams share, or over whole texts.

How a model may be run is found by trying it, because nothing in a checkpoint says so: a family may ignore
``past_key_values`` (GPT-1, RWKV), keep its state in a cache of another kind (Mamba), or count positions from the left
edge whatever is masked there. A few tokens are read as ``model.generate`` reads them, and once more as the engine
would; a way that gives other logits is not taken. It leaves out whose rows they are (`batch`).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from playground.errors import UnsupportedOptionError
from playground.generation.kv_cache import KeyValueTable
from playground.generation.static_step import StaticStep, StaticTable, obstacle
from playground.models.cpu.llama_step import llama_step
from playground.models.cpu.threads import release_helpers
from playground.models.families import embedding_rows, explaining
from playground.models.memory import free_memory, is_out_of_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

log = logging.getLogger(__name__)

PROBE = 6  # tokens
ATTEMPTS = 3
EXACT, ROUGH = 3e-4, 0.1  # of the spread of the logits; float32 rounds to 1e-6, half precision to 1e-2
COUNTS_ITSELF = ("reformer",)  # given positions, it fails at texts that don't fill its chunks
NO_NEXT_TOKEN = "can't be asked for a next token"
UNCACHED = (
    "This model keeps no keys and values that could be used again, so every step reads the whole text: it is slow."
)


class Passes:
    """Runs a model; ``cached`` says if a table of keys and values may be used, ``padded`` if rows of different length
    may share one. ``static`` is how steps are made on CUDA, where that can be (``graphs``: or anywhere, or nowhere).

    Raises:
        UnsupportedOptionError: the model can't be asked for the next token of a text at all.
    """

    def __init__(self, model: PreTrainedModel, graphs: bool | None = None) -> None:
        if model.config.is_encoder_decoder:
            raise UnsupportedOptionError(
                f"{type(model).__name__} is an encoder-decoder: it answers a text rather than going on from it.",
                "Pick a causal language model.",
            )
        self.model = model
        self.device: torch.device = model.device
        self.embedding_rows: int = embedding_rows(model) or model.config.get_text_config().vocab_size
        self._step = llama_step(model)
        self.static: StaticStep | None = None
        self._options = set(inspect.signature(model.forward).parameters)
        self.cached = self.padded = False
        self.bytes_per_token = 0
        self.vocab = 0
        self._try()
        if self._step and not self.padded:
            self._step = None
            self._try()
        if self.padded and (self.device.type == "cuda" if graphs is None else graphs):
            self._try_static()
        release_helpers()  # this is the caller's thread, which computes no more

    @property
    def note(self) -> str:
        """A sentence for the person, where the model is slow here."""
        return "" if self.cached else UNCACHED

    @property
    def static_bytes(self) -> int:
        """Bytes of static steps and of the table that they are made over."""
        return self.static.nbytes if self.static else 0

    def forget(self) -> None:
        """Gives up what static steps keep; nobody may be decoding."""
        if self.static:
            self.static.clear()

    def give_back(self) -> None:
        """As `forget`, and the device gets all that no tensor uses any more."""
        self.forget()
        free_memory(self.device)

    @property
    def shared_class(self) -> type[KeyValueTable]:
        """The kind of `shared_table`."""
        return StaticTable if self.static else KeyValueTable

    def table(self) -> KeyValueTable:
        """An empty table of keys and values."""
        return KeyValueTable(self.model)

    def shared_table(self) -> KeyValueTable:
        """The empty table of the rows that share each step; there is one at a time."""
        return self.static.table if self.static else self.table()

    def forward(self, table: KeyValueTable, token_ids: Sequence[Sequence[int]], wanted: int = 1) -> Tensor:
        """The logits of the last ``wanted`` columns, shape (rows, wanted, vocab); the table grows by the columns."""
        columns = len(token_ids[0])
        if columns == 1 and self.static and table is self.static.table and self.static.usable:
            try:
                return self.static([row[0] for row in token_ids])[:, None]
            except Exception as error:  # CUDA refuses in many ways
                if is_out_of_memory(error) and self.static.usable:
                    raise
                if not is_out_of_memory(error):
                    self._refuse_static(str(error))
        if columns == 1 and self._step:
            seen = table.inputs(1)
            logits = self._step(torch.tensor(token_ids), table, seen["position_ids"], seen["attention_mask"])
            table.advance(1)
            return logits[:, None]
        inputs = {name: value.to(self.device) for name, value in table.inputs(columns).items() if value is not None}
        if "position_ids" not in self._options:
            inputs.pop("position_ids")
        if "logits_to_keep" in self._options:
            inputs["logits_to_keep"] = wanted  # type: ignore[assignment]
        output = self.model(
            input_ids=torch.tensor(token_ids, device=self.device), past_key_values=table, use_cache=True, **inputs
        )
        table.advance(columns)
        return output.logits[:, -wanted:]

    def whole(self, token_ids: Sequence[Sequence[int]]) -> Tensor:
        """The logits after texts of equal length, shape (rows, vocab), read at once as ``model.generate`` would."""
        ids = torch.tensor(token_ids, device=self.device)
        options: dict[str, Any] = {"attention_mask": torch.ones_like(ids), "use_cache": False}
        if "position_ids" in self._options and self.model.config.model_type not in COUNTS_ITSELF:
            options["position_ids"] = torch.arange(ids.shape[1], device=self.device).expand_as(ids)
        prepared: dict[str, Any] = self.model.prepare_inputs_for_generation(ids, is_first_iteration=True, **options)
        taken = inspect.signature(self.model.forward).parameters
        if not any(one.kind is one.VAR_KEYWORD for one in taken.values()):
            prepared = {name: value for name, value in prepared.items() if name in taken}
        return self.model(**prepared).logits[:, -1]

    @torch.inference_mode()
    def _try(self) -> None:
        """Finds out how the model may be run."""
        for attempt in range(ATTEMPTS):
            long = self._plain_ids(attempt)
            short = long[-2:]
            with explaining(self.model, NO_NEXT_TOKEN):
                truths = [self.whole([ids])[0] for ids in (long, short)]
            self.vocab = truths[0].shape[-1]
            if self._reads([long, short], truths):
                self.cached = self.padded = True
                return
            self.cached = self.cached or self._reads([long], truths)
        if not self.cached:
            self.bytes_per_token = 0
            self._check_generate(self._plain_ids(0))

    def _reads(self, rows: list[list[int]], truths: list[Tensor]) -> bool:
        """True if rows, padded on the left and read in two passes over a table, end in their true logits."""
        longest = max(map(len, rows))
        padded = [[0] * (longest - len(row)) + row for row in rows]
        try:
            table = self.table()
            table.open([len(row) for row in rows], longest)
            self.forward(table, [row[:-1] for row in padded])
            logits = self.forward(table, [row[-1:] for row in padded])[:, -1]
        except Exception as error:  # each family refuses a foreign cache in its own words
            if is_out_of_memory(error):
                raise
            log.info("%s takes no shared cache: %s", type(self.model).__name__, error)
            return False
        self.bytes_per_token = table.bytes_per_token
        return bool(table.bytes_per_token) and all(map(self._equal, logits, truths))

    @torch.inference_mode()
    def _try_static(self) -> None:
        """Makes steps static, if two of them, of which the second plays what the first has recorded, are right."""
        if reason := obstacle(self.model, self._options):
            log.info("%s is decoded without CUDA graphs: %s", type(self.model).__name__, reason)
            return
        long = self._plain_ids(0)
        rows, columns, steps = [long, long[-3:]], len(long), 2
        truths = [self.whole([ids])[0] for ids in rows]
        read, self.static = self.table(), StaticStep(self.model)
        read.open([len(row) for row in rows], columns)
        self.forward(read, [([0] * (columns - len(row)) + row)[:-steps] for row in rows])
        self.static.table.join(read, range(len(rows)))
        for step in range(-steps, 0):
            logits = self.forward(self.static.table, [[row[step]] for row in rows])[:, -1]
        self.static.table.clear()
        if not self.static.refused and not all(map(self._equal, logits, truths)):
            self._refuse_static("it gives other logits then")
        if self.static.refused:
            self.static = None

    def _refuse_static(self, reason: str) -> None:
        """Steps are made as anywhere from now on."""
        assert self.static is not None
        log.warning("%s is decoded without CUDA graphs: %s", type(self.model).__name__, reason.partition("\n")[0])
        self.static.refuse(reason)

    def _check_generate(self, ids: list[int]) -> None:
        """Returns if ``model.generate`` reads whole texts as they are read here, step after step."""
        given = torch.tensor([ids], device=self.device)
        with explaining(self.model, NO_NEXT_TOKEN):
            output: Any = self.model.generate(
                given, attention_mask=torch.ones_like(given), max_new_tokens=3, do_sample=False, num_beams=1,
                use_cache=False, output_logits=True, return_dict_in_generate=True, stop_strings=None,
            )  # fmt: skip
        said = output.sequences[0].tolist()
        for step, logits in enumerate(output.logits):
            if not self._equal(self.whole([said[: len(ids) + step]])[0], logits[0]):
                raise UnsupportedOptionError(
                    f"{type(self.model).__name__} reads a text that it goes on with in a way of its own, which can't be"
                    " repeated here.",
                    "Pick another model.",
                )

    def _equal(self, logits: Tensor, truth: Tensor) -> bool:
        rough = self.model.dtype != torch.float32 or getattr(self.model, "is_quantized", False)
        logits, truth = logits.float(), truth.float()
        difference = (logits - truth).norm() / (truth - truth.mean()).norm().clamp(min=1e-9)
        return bool(difference < (ROUGH if rough else EXACT))

    def _plain_ids(self, attempt: int) -> list[int]:
        """Some ids of the vocabulary that have no meaning of their own, such as padding or an end."""
        config, special = self.model.config.get_text_config(), set()
        for name in ("pad_token_id", "eos_token_id", "bos_token_id", "mask_token_id", "unk_token_id"):
            value = getattr(config, name, None)
            special |= set(value) if isinstance(value, list) else {value}
        ids = [one for one in range(self.embedding_rows) if one not in special]
        step = max(1, len(ids) // (PROBE * ATTEMPTS))
        return [ids[(PROBE * attempt + place) * step % len(ids)] for place in range(PROBE)]
