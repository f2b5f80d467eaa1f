"""Words and templates as people type them -> what can be scored."""

from __future__ import annotations

from collections.abc import Sequence

from playground import texts
from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.similarity.request import DEFAULT_TEMPLATE
from playground.texts import usable_text

MAX_CHARACTERS = 2_000


def check_words(words: Sequence[str], most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words, stripped and without repetitions, and notes about what was left out.

    Raises:
        EmptyInputError: there is no word. InputError: there is only one. InputTooLongError: too many, or one too long.
    """
    stripped = [word.strip() for word in words]
    kept = tuple(dict.fromkeys(word for word in stripped if word))
    notes = []
    if len(kept) < len([word for word in stripped if word]):
        repeated = sorted({word for word in kept if stripped.count(word) > 1})
        notes.append(f"Counted once: {', '.join(repeated[:5])}{' …' if len(repeated) > 5 else ''}.")
    if not kept:
        raise EmptyInputError("There are no words yet.", "Type two words, for example man and woman.")
    if len(kept) == 1:
        fix = "A loss needs a second one to be the label."
        fix = "Put a comma between two words." if " " in kept[0] and len(stripped) == 1 else fix
        raise InputError(f"There is only one word, {quoted(kept[0])}.", fix)
    if len(kept) > most:
        raise InputTooLongError(f"These are {len(kept):,} words; {most:,} fit.", f"Keep the {most:,} that matter most.")
    for word in kept:
        if len(word) > MAX_CHARACTERS:
            raise InputTooLongError(
                f"{quoted(word)} has {len(word):,} characters; {MAX_CHARACTERS:,} fit.", "Shorten it or split it."
            )
        usable_text(word, name=quoted(word))
    return kept, tuple(notes)


def check_pairs(pairs: Sequence[tuple[str, ...]], most: int) -> list[tuple[str, str]]:
    """The pairs with their words stripped.

    Raises:
        EmptyInputError: there is no pair. InputError: one isn't two words. InputTooLongError: there are too many.
    """
    if not pairs:
        raise EmptyInputError("There are no pairs.", "Give at least one pair of words.")
    if len(pairs) > most:
        raise InputTooLongError(f"These are {len(pairs):,} pairs; {most:,} fit.", "Give fewer at a time.")
    stripped = [tuple(word.strip() for word in pair) for pair in pairs]
    for number, pair in enumerate(stripped, start=1):
        if len(pair) != 2 or not all(pair):
            raise InputError(f"Pair {number} is not two words.", "Give two words for every pair.")
    return [(pair[0], pair[1]) for pair in stripped]


def check_template(template: str) -> str:
    """The template, if it can be used: it names ``{source}`` once and ends with ``{target}``.

    Raises:
        InputError: it doesn't; the message says what to write.
    """
    template = template.strip()
    if template.count("{target}") != 1 or not template.endswith("{target}") or template.count("{source}") != 1:
        raise InputError(
            "The template needs {source} once and must end with {target}.", f"For example: {DEFAULT_TEMPLATE}"
        )
    return usable_text(template, MAX_CHARACTERS, "The template")


def before_target(template: str, source: str) -> str:
    """What stands before the target, with the source in its place; a word may itself be ``{target}``.

    >>> before_target("{source} and {target}", "{target}")
    '{target} and '
    """
    before, after = template.removesuffix("{target}").split("{source}")
    return f"{before}{source}{after}"


def quoted(text: str) -> str:
    """The text in quotes, its first 30 characters if it is long."""
    return texts.quoted(text, 31)
