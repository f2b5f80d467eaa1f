"""What a model says of a question, against plain transformers on a tiny random model."""

from __future__ import annotations

import math
import random
import re

import pytest
import torch

from playground.classroom.answers import LIKELIEST, Answers
from playground.classroom.compare import reveal
from playground.classroom.questions import CloserPair, GreedyReply, Label, NextWord, OneOfTop, TokenCount
from playground.config import Settings
from playground.service import Playground
from tests.tiny_models import make_model
from tests.unit.generation.generation_models import tiny_model, tiny_tokenizer

TEXT = "the quick brown"


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """A playground over a tiny language model whose tokenizer has spaces, and a tiny classifier."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = tiny_tokenizer()
    tiny_model("llama", len(tokenizer)).save_pretrained(folder / "llama")
    tokenizer.save_pretrained(folder / "llama")
    make_model(folder / "bert", "bert")
    entries = (("lm", "A small one", "text-generation", "llama"), ("stars", "stars", "text-classification", "bert"))
    (folder / "models.yaml").write_text(
        "models:\n"
        + "".join(
            f"  - {{id: {name}, title: {title}, task: {task}, source: folder, location: {folder}/{kind}}}\n"
            for name, title, task, kind in entries
        )
    )
    with Playground(Settings(models_file=folder / "models.yaml", device="cpu")) as playground:
        yield playground


@pytest.fixture(scope="module")
def plain():
    """(model, tokenizer) of the same weights, as transformers has them."""
    tokenizer = tiny_tokenizer()
    return tiny_model("llama", len(tokenizer)), tokenizer


def probabilities(plain, ids) -> torch.Tensor:
    with torch.no_grad():
        return plain[0](torch.tensor([ids])).logits[0, -1].float().softmax(-1)


def test_a_first_letter_is_the_keyboards_where_the_model_knows_the_word_in_the_other_case(playground, plain):
    answers = Answers(playground)
    prepared = answers.prepare(NextWord(TEXT))
    says = answers.read_words(prepared.question, prepared.says, ["Fox", "fox", "Zebra", "zebra"])
    place = dict(says.read_as)
    assert place["Fox"] == place["fox"] and says.said[place["Fox"]].name == "·fox"
    firsts = {plain[1](text).input_ids[0] for text in (" Zebra", "Zebra", " zebra", "zebra")}
    assert {says.said[place[word]].token_id for word in ("Zebra", "zebra")} <= firsts


def test_words_have_the_probability_of_their_first_token(playground, plain):
    """Also those that aren't among the 200 likeliest, and each with a space before it or without."""
    tokenizer = plain[1]
    expected = probabilities(plain, tokenizer(TEXT).input_ids)
    rare = [tokenizer.decode([one]).strip() for one in expected.argsort()[:40].tolist()]
    words = ["fox", "dog", "jumps", *(word for word in rare if word.isalpha())]
    answers = Answers(playground)
    prepared = answers.prepare(NextWord(TEXT))
    says = answers.read_words(prepared.question, prepared.says, words)
    assert len(prepared.says.said) == 200 and {word for word, _ in says.read_as} == set(words)
    for word, place in says.read_as:
        typed = [tokenizer(text).input_ids for text in (f" {word}", word)]
        other = [tokenizer(text).input_ids for text in (f" {word.swapcase()}", word.swapcase())]  # of one letter
        fewest = min(map(len, typed))
        firsts = [ids[0] for ids in typed] + [ids[0] for ids in other if len(ids) <= fewest and len(word) == 1]
        assert says.said[place].token_id == max(firsts, key=lambda one: float(expected[one]))
        assert says.said[place].probability == pytest.approx(float(expected[says.said[place].token_id]), abs=1e-5)
    assert {one.token_id for one in says.said[:LIKELIEST]} == set(expected.topk(LIKELIEST).indices.tolist())


def test_a_token_that_shows_no_letter_of_a_word_stands_beside_the_word(playground):
    answers = Answers(playground)
    prepared = answers.prepare(NextWord(TEXT))
    says = answers.read_words(prepared.question, prepared.says, ["日本", "日曜", "日々", "fox"])
    place = dict(says.read_as)
    assert re.fullmatch(r"日々, 日曜… \(first token: (<0xE6>|· \(a space\))\)", says.said[place["日本"]].name)
    assert says.said[place["fox"]].name == "·fox"


def test_what_nobody_can_say_is_no_token(playground):
    answers = Answers(playground)
    prepared = answers.prepare(NextWord(TEXT))
    says = answers.read_words(prepared.question, prepared.says, ["<eos>", "fox"])
    shown = reveal(prepared.question, {1: "<eos>", 2: "fox"}, says)
    assert next(bar for bar in shown.bars if bar.name == "no token").probability == 0.0


def test_the_class_goes_on_and_the_model_says_how_likely_it_was(playground, plain):
    model, tokenizer = plain
    answers = Answers(playground)
    ids = [tokenizer(word).input_ids[0] for word in (" fox", " jumps", " dog")]
    question = answers.prepare(NextWord(TEXT, "lm")).question
    for token_id in ids:
        question = answers.continued(question, token_id)
    assert question.token_ids == tuple(ids) and question.added == tokenizer.decode(ids)
    following = answers.prepare(question).says
    start = tokenizer(TEXT).input_ids
    expected = probabilities(plain, [*start, *ids])
    assert following.said[0].probability == pytest.approx(float(expected.max()), abs=1e-5)
    both = answers.writing(question)
    log_probabilities = [float(probabilities(plain, [*start, *ids[:n]])[ids[n]].log()) for n in range(3)]
    assert both.class_perplexity == pytest.approx(math.exp(-sum(log_probabilities) / 3), rel=1e-3)
    greedy = model.generate(torch.tensor([start]), max_new_tokens=3, do_sample=False)[0, len(start) :]
    assert both.model_text == tokenizer.decode(greedy) and both.tokens == 3
    assert both.model_perplexity < both.class_perplexity


def test_a_class_goes_on_in_the_middle_of_a_reply(playground, plain):
    """Its text, its words and its perplexity begin after the tokens that stood there; so do those of the model."""
    model, tokenizer = plain
    answers = Answers(playground)
    before = tuple(tokenizer(" fox jumps").input_ids)
    asked = answers.prepare(NextWord(TEXT, "lm", reply_ids=before))
    start = [*tokenizer(TEXT).input_ids, *before]
    expected = probabilities(plain, start)
    assert asked.question.reply == tokenizer.decode(before)
    assert asked.says.said[0].probability == pytest.approx(float(expected.max()), abs=1e-5)
    (dog,) = tokenizer(" dog").input_ids
    later = answers.continued(asked.question, dog)
    assert (later.added, later.token_ids, later.reply_ids) == (" dog", (dog,), before)
    both = answers.writing(later)
    assert (both.prompt, both.class_text) == (TEXT + asked.question.reply, " dog")
    assert both.class_perplexity == pytest.approx(1 / float(expected[dog]), rel=1e-3)
    greedy = model.generate(torch.tensor([start]), max_new_tokens=1, do_sample=False)[0, len(start) :]
    assert both.model_text == tokenizer.decode(greedy)


def test_choices_are_the_likeliest_tokens_in_any_order(playground, plain):
    expected = probabilities(plain, plain[1](TEXT).input_ids).topk(4)
    orders = set()
    for seed in range(8):
        prepared = Answers(playground, chance=random.Random(seed)).prepare(OneOfTop(TEXT))
        assert sorted(prepared.question.choice_ids) == sorted(expected.indices.tolist())
        assert prepared.says.said[prepared.says.right].token_id == int(expected.indices[0])
        orders.add(prepared.question.choices)
    assert len(orders) > 1


def test_labels_numbers_pairs_and_replies(playground):
    answers = Answers(playground)
    label = answers.prepare(Label("w4 w5"))
    assert len(label.question.choices) == 5
    assert sum(one.probability for one in label.says.said) == pytest.approx(1)
    count = answers.prepare(TokenCount(TEXT, "lm"))
    assert count.says.number == len(plain_ids(TEXT))
    pair = answers.prepare(CloserPair("fox", ("dog", "the"), "lm"))
    losses = {one.target: one.loss for one in playground.word_loss(_asked(pair)).losses if one.source == "fox"}
    assert pair.question.choices[pair.says.right] == min(("dog", "the"), key=losses.get)
    before = (1, 2)
    replies = answers.prepare(GreedyReply(TEXT, reply_ids=before, max_new_tokens=5))
    greedy = answers.prepare(NextWord(TEXT, "lm", reply_ids=before, token_ids=(1,) * 5)).question
    assert replies.question.choices[replies.says.right] == answers.writing(greedy).model_text.strip()


def test_every_answer_says_which_model_gave_it_and_how_its_weights_were_held(playground):
    answers = Answers(playground)
    asked = (NextWord(TEXT), OneOfTop(TEXT), CloserPair("fox", ("dog", "the"), "lm"), GreedyReply(TEXT))
    assert {answers.prepare(one).says.origin for one in asked} == {"A small one in float32"}
    assert answers.prepare(Label("w4 w5")).says.origin == "stars in float32"
    assert answers.prepare(TokenCount(TEXT, "lm")).says.origin == "the tokenizer of A small one"
    said = answers.prepare(NextWord(TEXT))
    later = answers.continued(said.question, said.says.said[0].token_id)
    assert answers.writing(later).origin == "A small one in float32"
    says = answers.read_words(said.question, said.says, ["fox"])
    assert reveal(said.question, {1: "fox"}, says).origin == "A small one in float32"
    eight = answers.prepare(Label("w4 w5", quantization="8-bit"))
    assert eight.says.origin == "stars in 8-bit"


def plain_ids(text):
    return tiny_tokenizer()(text, add_special_tokens=False).input_ids


def _asked(pair):
    from playground.similarity.request import WordLossRequest

    return WordLossRequest((pair.question.word, *pair.question.choices), "lm")
