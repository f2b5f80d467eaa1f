"""Receipts of several replies as one: what they share is done once, and each reply bears its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from playground.receipt import AS_JSON, Receipt, literal

SHOW = 'print("The reply:", tokenizer.decode(reply, skip_special_tokens=True))'
_KEEP = """\
replies[{name}] = reply
texts[{name}] = tokenizer.decode(reply, skip_special_tokens=True)"""
_END = """\
# %% Side by side
for name, text in texts.items():
    print(f"{{name}}:{{text}}\\n")

{as_json}
print(json.dumps({{"token_ids": list(replies.values())}}))
"""
Section = tuple[str, str]


def side_by_side(receipts: Sequence[Receipt], names: Sequence[str]) -> Receipt:
    """One receipt that makes all the replies of several ones, each under the name that the page gives it.

    A model is loaded again, and a prompt read again, only where it is another one than that of the reply before.
    """
    written, before = "", list[Section]()
    for receipt, name in zip(receipts, names, strict=True):
        *head, (_, reply) = [one for one in _sections(receipt.code) if not AS_JSON.startswith(f"# %% {one[0]}\n")]
        same = next((n for n, (one, other) in enumerate(zip(head, before, strict=False)) if one != other), len(before))
        new = head[same:] if before else head
        written += "".join(f"# %% {heading}\n{code}" for heading, code in new)
        begin = "" if before else "replies, texts = {}, {}\n"
        kept = reply.replace(SHOW, _KEEP.format(name=literal(name)))
        written += f"# %% {name}\n{begin}{kept}"
        before = head
    return Receipt("Generation side by side", written + _END.format(as_json=AS_JSON))


def _sections(code: str) -> list[Section]:
    """(heading, code) of each part of a receipt."""
    parts = re.split(r"^# %% ", code, flags=re.M)[1:]
    return [(heading, body) for heading, _, body in (part.partition("\n") for part in parts)]
