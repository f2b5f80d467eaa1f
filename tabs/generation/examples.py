"""Prompts to begin with, each with the fact that it is there to show; a test runs all of them.

They are chosen for `MODEL`, the embedded one, with greedy decoding: another model does other things with them.
"""

from __future__ import annotations

from dataclasses import dataclass

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"


@dataclass(frozen=True)
class Example:
    """A prompt. The reply of `MODEL` starts with ``begins``, and then ``shows`` is true of it.

    ``max_new_tokens`` ends the reply where it still shows that. Where the sentence is about the end, ``ends`` is the
    reason for which the reply must have ended.
    """

    label: str
    mode: str
    prompt: str
    max_new_tokens: int
    begins: str
    shows: str
    ends: str = ""


EXAMPLES = (
    Example(
        "a story", "Complete", "Once upon a time, there was a little", 24,
        " girl named Emma who loved to play in the sun. She would often go to the beach and play with her friends.",
        "What it is good at: plain English that goes on as such texts usually do.",
    ),
    Example(
        "a fact", "Complete", "The capital of France is", 2, " Paris.",
        "A fact that stands in many texts. With a max_new_tokens of 20 it drifts off, to a date that nobody asked for.",
    ),
    Example(
        "a pattern", "Complete", "The first month of the year is January. The second month is", 2, " February.",
        "It goes on with the pattern of the sentence before.",
    ),
    Example(
        "counting", "Complete", "1, 2, 3, 4,", 15, " 5, 6, 7, 8",
        "Nobody taught it to count: it has read many such rows.",
    ),
    Example(
        "drifting off", "Complete", "A list of colors: red, blue", 30,
        ", and green\n\nThe user will input a list of colors",
        "A much used first prompt, and a small model drifting off: one more color, then it is about a program.",
    ),
    Example(
        "a chat", "Chat", "Name three colors.", 40, "1. Red\n2. Blue\n3. Green",
        "Trained on chats, it answers, and ends the reply by itself.", "eos",
    ),
    Example(
        "a wrong answer", "Chat", "What is a token? Answer in two sentences.", 60,
        "A token is a small, portable device",
        "Fluent and wrong. Its probabilities say how usual a word is there, not whether it is true.",
    ),
)  # fmt: skip
FIRST = {mode: next(one for one in EXAMPLES if one.mode == mode) for mode in ("Complete", "Chat")}
