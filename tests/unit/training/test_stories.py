"""The story grammar: what it writes it accepts, and nothing else; one that can't be read says which line is wrong."""

from __future__ import annotations

from itertools import product

import pytest

from playground.errors import EmptyInputError, InputError
from playground.training.stories import StoryGrammar, example

SMALL = """
name = Mia, Ben, Lena   # people
thing = ball, kite-tail
{name} has a {thing}. The {thing} is new.
{name} and {name2} play.
"""


def test_it_accepts_exactly_what_it_can_write():
    grammar = StoryGrammar.read(SMALL)
    written = set(grammar.write(2_000, seed=1))
    names, things = ("Mia", "Ben", "Lena", "Meg"), ("ball", "kite-tail", "kite")
    candidates = {f"{a} has a {b}. The {c} is new." for a, b, c in product(names, things, things)}
    candidates |= {f"{a} and {b} play." for a, b in product(names, names)}
    assert {one for one in candidates if grammar.accepts(one)} == written
    assert len(written) == grammar.count == 3 * 2 + 3 * 2


def test_the_same_seed_writes_the_same():
    grammar = StoryGrammar.read(SMALL)
    assert grammar.write(50, 3) == grammar.write(50, 3) != grammar.write(50, 4)


@pytest.mark.parametrize(
    ("line", "follows"),
    [
        ("Mia has a ball. The ball is new.", 32),
        ("Mia has a ball. The kite-tail is new.", 20),
        ("Mia has a balloon. The", 14),
        ("Mia has a ba", 12),
        ("Mia and Mia play.", 8),
        ("Mia and Ben play!", 16),
        ("xyz", 0),
        ("", 0),
        ("Mia and Ben play. Then", 17),
    ],
)
def test_it_says_how_far_a_line_follows_it(line, follows):
    grammar = StoryGrammar.read(SMALL)
    assert grammar.follows(line) == follows
    assert grammar.accepts(line) == (follows == 32)


def test_the_example_can_be_read_and_accepts_itself():
    grammar = StoryGrammar.read(example())
    lines = grammar.write(3_000, seed=0)
    assert all(map(grammar.accepts, lines)) and grammar.count > 10_000
    assert not any(grammar.accepts(line[:-1]) or grammar.accepts(f"{line} ") for line in lines)
    assert {grammar.follows(line) for line in lines} <= {len(line) for line in lines}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = Mia\n{nme} sleeps.", "Line 2 of the grammar: there is no list for {nme}"),
        ("name = \nA cat.", "Line 1 of the grammar: the list name is empty"),
        ("name = a, a b\n{name}.", "“a” begins “a b”"),
        ("name = Mia\nname = Ben\n{name}.", "Line 2 of the grammar: the list name is there already"),
        ("name = Mia\n{name}s.", "something stands right behind {name}"),
        ("a = x\nb = y\n{a}{b}.", "something stands right behind {a}"),
        ("name = Mia\n{name} and {name2}.", "2 different words of the list name are needed"),
        ("name = Mia\n{name sleeps.", "a brace stands alone"),
        ("name = M{i}a\n{name}.", "is no word"),
        ("name = Mia\n" + "{name} " * 13, "the pattern is too long"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, said):
    with pytest.raises(InputError, match="Line") as caught:
        StoryGrammar.read(text)
    assert said in str(caught.value)


def test_lists_alone_are_no_grammar():
    with pytest.raises(EmptyInputError, match="no pattern"):
        StoryGrammar.read("name = Mia, Ben\n# {name} sleeps.")
