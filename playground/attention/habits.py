"""Heads with a simple habit, by name: what gets at least half of their attention whatever the text says."""

from __future__ import annotations

from collections import Counter

from playground.attention.result import AttentionStack, HeadSummary

HABITUAL = 0.5  # of a query's attention, on average over the queries
BEFORE = "the token before"
ITSELF = "the token itself"
SPECIAL = "special tokens"


def habit_of(summary: HeadSummary, first: str, separator: str) -> str:
    """What a head looks at by habit; empty where no single thing gets half of its attention.

    ``first`` and ``separator`` are how the first token and the separators are called.

    >>> habit_of(HeadSummary(0.1, 0.2, 0.3, 0.1, previous_token_share=0.9), "the first token ([CLS])", "[SEP]")
    'the token before'
    """
    shares = {
        BEFORE: summary.previous_token_share,
        ITSELF: summary.same_token_share,
        first: summary.first_token_share,
        separator: summary.separator_share,
        SPECIAL: summary.special_tokens_share,
    }
    found = {name: share for name, share in shares.items() if share is not None and share >= HABITUAL}
    named = {name: share for name, share in found.items() if name != SPECIAL} or found
    return max(named, key=named.__getitem__) if named else ""


def habits_of(stack: AttentionStack) -> tuple[tuple[str, ...], ...]:
    """The habit of every head, and last of the heads' average, per layer."""
    first = f"the first token ({next((key.text for key in stack.keys if key.attended), '')})"
    separators = [key.text for key in stack.keys[1:] if key.special and key.attended]
    names = first, separators[-1] if separators else "the end token"
    return tuple(tuple(habit_of(head, *names) for head in layer) for layer in stack.summaries)


def habits_in_words(stack: AttentionStack) -> str:
    """One sentence about all heads of a stack on this text."""
    counts = Counter(habit for layer in habits_of(stack) for habit in layer[:-1])
    plain, total = counts.pop("", 0), stack.layers * stack.heads
    parts = [f"to {habit}: {count}" for habit, count in counts.most_common()]
    if not parts:
        return f"None of the {total} heads gives half of its attention to one habitual place on this text."
    return (
        f"Of the {total} heads, these give at least half of their attention on this text {', '.join(parts)}."
        f" The other {plain} have no such habit."
    )
