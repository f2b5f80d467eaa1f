"""One tokenizer, many threads: nobody gets another's padding, truncation or language, and nothing is "borrowed"."""

from __future__ import annotations

import copy
import threading

import pytest
import transformers
from tokenizers import Tokenizer

from playground.models.shared_tokenizer import share
from tests.tiny_models import make_tokenizer

TEXTS = ["w5", "w5 w6 " * 20]


def in_threads(work, arguments):
    failures = []

    def guarded(argument):
        try:
            work(argument)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_threads_with_different_wishes_get_their_own():
    """Settings of one thread in the call of another gave rows of the wrong length, or "Already borrowed"."""
    tokenizer, plain = share(make_tokenizer()), make_tokenizer()
    wishes = [{}, {"padding": True, "truncation": True, "max_length": 16}, {"padding": "max_length", "max_length": 50}]
    wishes += [{"split_special_tokens": True}, {"truncation": True, "max_length": 3}]
    texts = [*TEXTS, "w7 [EOS] w8"]
    expected = [plain(texts, **wish).input_ids for wish in wishes]

    def work(number):
        for _ in range(100):
            assert tokenizer(texts, **wishes[number]).input_ids == expected[number]
            assert tokenizer.decode([5, 6]) == "w5 w6"
            assert tokenizer.convert_ids_to_tokens([5]) == ["w5"]

    in_threads(work, [number % len(wishes) for number in range(10)])


def test_what_everybody_reads_never_changes():
    tokenizer = share(make_tokenizer())
    before = tokenizer.backend_tokenizer.to_str()
    tokenizer(TEXTS, padding=True, truncation=True, max_length=8)
    tokenizer("w5", split_special_tokens=True)
    tokenizer.encode(TEXTS[1], truncation=True, max_length=8)
    assert tokenizer.backend_tokenizer.to_str() == before
    assert not tokenizer.backend_tokenizer.encode_special_tokens


def test_padding_that_a_file_brings_is_not_kept():
    """tokenizer.json of sentence-transformers says: truncate to 128 and pad."""
    plain = make_tokenizer()
    plain.backend_tokenizer.enable_truncation(4)
    plain.backend_tokenizer.enable_padding(length=9)
    tokenizer = share(plain)
    assert Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()).encode(TEXTS[1]).ids == [5, 6] * 20
    assert tokenizer(TEXTS[1]).input_ids == [5, 6] * 20


def test_it_is_the_same_class_for_everybody_else(tmp_path):
    tokenizer = share(make_tokenizer())
    assert isinstance(tokenizer, transformers.PreTrainedTokenizerFast)
    assert type(tokenizer).__name__ == type(make_tokenizer()).__name__
    tokenizer.save_pretrained(tmp_path)
    assert transformers.AutoTokenizer.from_pretrained(tmp_path)(TEXTS).input_ids == tokenizer(TEXTS).input_ids
    other = copy.deepcopy(tokenizer)
    assert other("w5 w6", truncation=True, max_length=1).input_ids == [5]
    assert other._twin is not tokenizer._twin


def test_a_tokenizer_of_translations_keeps_to_its_language():
    """mBART's kin exchange their special tokens in place, for the source before every call, for a target in between."""
    vocabulary = {word: number for number, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "▁a", "▁b", "en_XX"])}
    scores = [(word, -float(number)) for word, number in vocabulary.items()]
    tokenizer = share(transformers.MBartTokenizer(vocab=scores, src_lang="en_XX", tgt_lang="de_DE"))
    source, target = tokenizer("a b").input_ids, tokenizer(text_target="a b").input_ids
    assert source != target

    def work(number):
        for _ in range(100):
            found = tokenizer(text_target="a b") if number % 2 else tokenizer("a b")
            assert found.input_ids == (target if number % 2 else source)

    in_threads(work, range(6))


@pytest.mark.parametrize("wish", [{"padding": True}, {"truncation": True, "max_length": 4}, {}])
def test_chats_and_pairs_equal_the_plain_tokenizer(wish):
    plain = make_tokenizer()
    plain.chat_template = "{% for message in messages %}[BOS] {{ message.content }} [EOS] {% endfor %}"
    tokenizer = share(copy.deepcopy(plain))
    chat = [{"role": "user", "content": "w5 w6 w7"}]
    assert tokenizer.apply_chat_template(chat, **wish) == plain.apply_chat_template(chat, **wish)
    assert dict(tokenizer(["w5"], ["w6 w7"], **wish)) == dict(plain(["w5"], ["w6 w7"], **wish))
    assert tokenizer.tokenize("w5 w6", **wish) == plain.tokenize("w5 w6", **wish)
