"""BigBird's sparse attention, which the first short text would switch off for everybody who comes later.

Its sparse attention needs some length. At a shorter text the model exchanges it for the full one, and never turns
back: what a long text gets would depend on who came before. So whoever runs one calls `restore_sparse_attention`
before a long text, pads no rows together, and runs one pass at a time.

Source: ``BigBirdModel.forward`` and ``BigBirdPegasusEncoder.forward`` in transformers.
"""

from __future__ import annotations

from typing import Any


def sparse_above(config: Any) -> int | None:
    """The most tokens that a model still reads with full attention; None where nothing changes with the length.

    >>> from types import SimpleNamespace as Config
    >>> sparse_above(Config(attention_type="block_sparse", num_random_blocks=3, block_size=64))
    704
    """
    if getattr(config, "attention_type", None) != "block_sparse":
        return None
    return (5 + 2 * config.num_random_blocks) * config.block_size


def restore_sparse_attention(model: Any) -> None:
    """Puts the sparse attention back where a short text has switched it off."""
    module = next((one for one in model.modules() if hasattr(one, "set_attention_type")), None)
    if module is not None:
        module.set_attention_type("block_sparse")
