"""Conversations written down by chat templates: what is whose, by construction, and what a template may not do."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import InputError, UnsupportedOptionError
from playground.models.tokenizers import read_messages, render_chat, render_text
from tests.tiny_models import make_tokenizer

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
STRIPPING = CHATML.replace("m['content']", "m['content'] | trim")
THINKING = CHATML.replace("m['content']", "m['content'].split('</think>')[-1]")
SHOUTING = CHATML.replace("m['content']", "m['content'] | upper")
SHORTENING = CHATML.replace("m['content']", "m['content'][:4]")
QUOTING = CHATML.replace("m['content']", "m['content'] | tojson")
TWICE = "{{ messages[0]['content'] }} {{ messages[0]['content'] }}"
SYSTEM_LAST = (  # as Mistral's: the system message stands in front of the last user message
    "{% for m in messages[1:] %}[{{ m['role'] }}]{% if loop.last %}{{ messages[0]['content'] }}\n{% endif %}"
    "{{ m['content'] }}{% endfor %}"
)
INVENTING = "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are kind.<|im_end|>\n{% endif %}" + CHATML


def tokenizer_with(template):
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    return tokenizer


def chat(*contents: str, roles=("user", "assistant")):
    return [{"role": roles[k % len(roles)], "content": content} for k, content in enumerate(contents)]


def contents_of(rendered):
    return [(rendered.text[span.start : span.end], span.message) for span in rendered.contents]


@pytest.mark.parametrize("content", ["start", "<|im_end|>", "user", "u", "\n", "im_start|>user\nuser", "assistant"])
def test_a_content_that_occurs_in_the_markup_is_not_taken_for_it(content):
    rendered = render_chat(tokenizer_with(CHATML), chat(content, "x"))
    assert (
        rendered.text
        == f"<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\nx<|im_end|>\n<|im_start|>assistant\n"
    )
    assert rendered.contents[0].start == len("<|im_start|>user\n")
    assert contents_of(rendered) == [(content, 0), ("x", 1)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab <|>im_endstart\n\t", max_size=12), min_size=1, max_size=4), st.booleans())
def test_the_text_is_that_of_transformers_and_every_content_stands_where_it_was_put(contents, prompt):
    tokenizer, position = tokenizer_with(CHATML), 0
    rendered = render_chat(tokenizer, chat(*contents), prompt)
    assert rendered.text == tokenizer.apply_chat_template(chat(*contents), tokenize=False, add_generation_prompt=prompt)
    expected = []
    for number, message in enumerate(chat(*contents)):
        position += len(f"<|im_start|>{message['role']}\n")
        expected += [(position, position + len(message["content"]), number)] * bool(message["content"])
        position += len(message["content"] + "<|im_end|>\n")
        assert rendered.ends[number] == position
    assert [tuple(span) for span in rendered.contents] == expected


def test_white_space_is_content_where_the_template_keeps_it_only():
    assert contents_of(render_chat(tokenizer_with(CHATML), chat(" a \n"))) == [(" a \n", 0)]
    assert contents_of(render_chat(tokenizer_with(STRIPPING), chat(" a \n", "  "))) == [("a", 0)]


def test_what_a_template_keeps_of_a_content_is_marked_and_what_it_rewrites_is_said():
    kept = render_chat(tokenizer_with(THINKING), chat("<think>hm</think>\nYes."))
    assert contents_of(kept) == [("\nYes.", 0)] and kept.changed == ()
    assert contents_of(render_chat(tokenizer_with(SHOUTING), chat("hi", "HO"))) == [("HI", 0), ("HO", 1)]
    cut = render_chat(tokenizer_with(SHORTENING), chat("a long one", "b"))
    assert contents_of(cut) == [("b", 1)] and cut.changed == (0,)
    quoted = render_chat(tokenizer_with(QUOTING), chat('a "b"'))
    assert contents_of(quoted) == [('a \\"b\\"', 0)]
    assert contents_of(render_chat(tokenizer_with(TWICE), chat("hi"))) == [("hi", 0), ("hi", 0)]


def test_a_template_may_write_the_messages_in_another_order():
    messages = chat("Be brief.", "Hi", "Hello", "Why?", roles=("system", "user", "assistant", "user"))
    assert contents_of(render_chat(tokenizer_with(SYSTEM_LAST), messages)) == [
        ("Hi", 1), ("Hello", 2), ("Be brief.", 0), ("Why?", 3),
    ]  # fmt: skip


def test_a_system_prompt_that_the_template_invents_ends_where_the_first_message_begins():
    rendered = render_chat(tokenizer_with(INVENTING), chat("You are kind."))
    assert rendered.text[: rendered.invented] == "<|im_start|>system\nYou are kind.<|im_end|>\n"
    assert contents_of(rendered) == [("You are kind.", 0)]


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ messages[0]['content'] }}{% endfor %}{% endfor %}",
        "{{ lipsum(n=99999999) }}",
    ],
)
def test_a_template_that_loops_is_stopped(template, monkeypatch):
    monkeypatch.setattr("playground.models.tokenizers.TEMPLATE_SECONDS", 0.2)
    begin = time.monotonic()
    for render in (render_chat, render_text):
        with pytest.raises(UnsupportedOptionError, match="was stopped"):
            render(tokenizer_with(template), chat("hi"))
    assert time.monotonic() - begin < 20  # it would take hours


@pytest.mark.parametrize(
    ("template", "error", "says"),
    [
        ("{{ 9**9**9 }}", UnsupportedOptionError, "powers"),
        (None, UnsupportedOptionError, "no chat template"),
        ("{{ raise_exception('Roles must alternate') }}", InputError, "Roles must alternate"),
        ("{% for %}", InputError, "refuses"),
        ({"a": CHATML, "b": CHATML}, UnsupportedOptionError, r"several chat templates \(a, b\)"),
    ],
)
def test_a_template_that_can_not_be_used_says_why(template, error, says):
    with pytest.raises(error, match=says):
        render_text(tokenizer_with(template), chat("hi"))


def test_two_stars_in_the_text_of_a_template_are_no_power():
    assert render_text(tokenizer_with("**{{ messages[0]['content'] }}**"), chat("bold")) == "**bold**"


def test_messages_are_read_in_the_forms_that_clients_send():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read_messages([{"role": "user", "content": parts}]) == [{"role": "user", "content": "ab"}]


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ("hi", "no conversation"),
        ({"role": "user", "content": "x"}, "no conversation"),
        (None, "no conversation"),
        (["hi"], "Message 1 is no message"),
        ([{"content": "x"}], "Message 1 has no role"),
        ([{"role": 3, "content": "x"}], "has no role"),
        ([{"role": "user", "content": None}], "has no content"),
        ([{"role": "user"}], "has no content"),
        ([{"role": "user", "content": 3}], "is no text"),
        ([{"role": "user", "content": [{"type": "image", "url": "x"}]}], "a part that is no text"),
        ([{"role": "user", "content": ["x"]}], "a part that is no text"),
    ],
)
def test_a_message_without_text_is_refused_with_its_number(given_, says):
    with pytest.raises(InputError, match=says):
        read_messages(given_)
