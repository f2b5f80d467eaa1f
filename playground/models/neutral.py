"""Which token of a vocabulary stands for "no word here": what an attribution compares a text with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.errors import UnsupportedOptionError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def neutral_token_id(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that stands for "no word here": the mask token, else the first other special one that says nothing else.

    The padding won't do: RoBERTa counts its positions by it, and decoders find the end of a text by it. Nor will the
    end of a text in an encoder-decoder, which reads its answer there.

    Raises:
        UnsupportedOptionError: the tokenizer has no such token.
    """
    config = model.config.get_text_config()
    taken = {getattr(config, "pad_token_id", None)}
    if model.config.is_encoder_decoder:
        taken.add(getattr(config, "eos_token_id", None))
    names = ("mask_token_id", "unk_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
    for name in names:
        token_id = getattr(tokenizer, name, None)
        if token_id is not None and token_id not in taken:
            return token_id
    spaces = tokenizer(" ", add_special_tokens=False)["input_ids"]
    if spaces and spaces[0] not in taken:
        return spaces[0]
    raise UnsupportedOptionError("This tokenizer has no token that could stand for nothing.", "Choose another model.")
