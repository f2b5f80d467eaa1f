"""Conversations as the model reads them, and who said what."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.errors import EmptyInputError, InputError, UnsupportedOptionError
from playground.models.tokenizers import Message
from playground.tokens.chat_template import chat_template
from playground.tokens.request import ChatTemplateRequest

SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
STRICT = (  # refuses two turns of one side, strips content and knows no system role, like some real ones
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}"
    "<{{ m.role }}>{{ m.content | trim }}</{{ m.role }}>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture
def strict(shelf):
    """The same tokenizer with a stricter template."""
    tokenizer = shelf.tokenizer(SMOLLM)
    kept, tokenizer.chat_template = tokenizer.chat_template, STRICT
    yield shelf
    tokenizer.chat_template = kept


def parts(result):
    return [(span.role, span.message, span.is_content, result.text[span.start : span.end]) for span in result.spans]


def test_roles_contents_and_what_the_template_added_are_told_apart(shelf):
    chat = (Message("user", "Hi!"), Message("assistant", "Hello."), Message("user", "Hi!"))
    result = chat_template(shelf, ChatTemplateRequest(chat, SMOLLM, add_generation_prompt=True))
    contents = [(role, number, text) for role, number, content, text in parts(result) if content]
    assert contents == [("user", 0, "Hi!"), ("assistant", 1, "Hello."), ("user", 2, "Hi!")]
    added = [(role, text) for role, number, _, text in parts(result) if number is None]
    assert added[0][0] == "system" and "helpful AI assistant" in added[0][1]
    assert added[-1] == ("assistant", "<|im_start|>assistant\n")


def test_a_system_message_of_ones_own_replaces_the_default(shelf):
    chat = (Message("system", "Be brief."), Message("user", "Hi!"))
    result = chat_template(shelf, ChatTemplateRequest(chat, SMOLLM, add_generation_prompt=False))
    assert next((role, number) for role, number, _, _ in parts(result)) == ("system", 0)
    assert all(number is not None for _, number, _, _ in parts(result))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(st.text("ab <|im_end|>\n👍é", max_size=20), min_size=1, max_size=5),
    first=st.sampled_from(["system", "user"]),
    prompt=st.booleans(),
)
def test_spans_cover_the_text_and_ids_are_those_of_transformers(shelf, contents, first, prompt):
    roles = [first] + [("user", "assistant")[k % 2] for k in range(len(contents) - 1)]
    chat = tuple(map(Message, roles, contents))
    result = chat_template(shelf, ChatTemplateRequest(chat, SMOLLM, prompt))
    assert "".join(text for *_, text in parts(result)) == result.text
    assert all(a.end == b.start for a, b in zip(result.spans, result.spans[1:], strict=False))
    tokenizer = shelf.tokenizer(SMOLLM)
    messages = [{"role": message.role, "content": message.content} for message in chat]
    theirs = tokenizer.apply_chat_template(messages, add_generation_prompt=prompt, tokenize=True, return_dict=False)
    assert list(result.tokenization.input_ids) == list(theirs)
    assert len(result.token_spans) == len(theirs)


def test_a_template_that_strips_still_has_its_contents_found(strict):
    chat = (Message("user", "  hi  "), Message("assistant", "yes"))
    result = chat_template(strict, ChatTemplateRequest(chat, SMOLLM, True))
    assert [text for _, _, content, text in parts(result) if content] == ["hi", "yes"]
    assert parts(result)[-1] == ("assistant", None, False, "<assistant>")


def test_a_template_that_refuses_says_why(strict):
    with pytest.raises(InputError, match="must alternate"):
        chat_template(strict, ChatTemplateRequest((Message("user", "a"), Message("user", "b")), SMOLLM))


def test_no_template_no_message_and_unknown_roles(shelf):
    with pytest.raises(UnsupportedOptionError, match="no chat template"):
        chat_template(shelf, ChatTemplateRequest((Message("user", "a"),), "sentence-transformers/all-MiniLM-L6-v2"))
    with pytest.raises(EmptyInputError):
        chat_template(shelf, ChatTemplateRequest((), SMOLLM))
    with pytest.raises(InputError, match="role 'pilot'"):
        chat_template(shelf, ChatTemplateRequest((Message("pilot", "a"),), SMOLLM))


@pytest.mark.parametrize("content", ["start", "user", "<|im_start|>assistant", "\n", ""])
def test_a_content_that_occurs_in_the_markup_stands_where_it_was_written(shelf, content):
    result = chat_template(shelf, ChatTemplateRequest((Message("user", content), Message("user", "b")), SMOLLM))
    own = [(text, is_content) for _, number, is_content, text in parts(result) if number == 0]
    middle = [(content, True)] if content else []
    assert "".join(text for text, _ in own) == f"<|im_start|>user\n{content}<|im_end|>\n"
    assert [part for part in own if part[1]] == middle


def test_what_a_template_rewrites_is_said(shelf):
    tokenizer = shelf.tokenizer(SMOLLM)
    kept, tokenizer.chat_template = tokenizer.chat_template, "{{ messages[0].content[:2] }}"
    try:
        result = chat_template(shelf, ChatTemplateRequest((Message("user", "hello"),), SMOLLM))
    finally:
        tokenizer.chat_template = kept
    assert result.text == "he" and result.notes == ("The template rewrites the content of message 1.",)
    assert [span.is_content for span in result.spans] == [False]


@pytest.mark.parametrize("message", [("user", None), (None, "hi"), ("user", 3), ("user", [{"type": "image"}])])
def test_a_message_without_text_or_role_is_refused(message):
    with pytest.raises(InputError, match="essage 1 "):
        Message(*message)


def test_a_content_may_be_text_parts():
    assert Message("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]).content == "ab"
