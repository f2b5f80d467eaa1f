"""The glossary: one source for the page and the documentation, each word once."""

from __future__ import annotations

from tabs import glossary


def test_the_page_of_the_documentation_is_what_the_source_makes():
    assert glossary.TARGET.read_text(encoding="utf-8") == glossary.text(), "run make glossary"


def test_no_word_and_no_form_is_there_twice():
    words = [word for group in glossary.groups().values() for word in group]
    forms = [form.lower() for word in words for form in word.forms]
    assert len({word.name for word in words}) == len(words)
    assert len(set(forms)) == len(forms)


def test_words_that_a_newcomer_meets_explain_themselves():
    forms = {form for word in glossary.words_of_the_page() for form in word.forms}
    wanted = {"logit", "softmax", "perplexity", "entropy", "KV cache", "temperature", "attention head", "calibration"}
    wanted |= {"gradient", "activations", "PCA", "variance", "eigenvalues", "classical scaling"}
    assert wanted | {"token", "mask", "quantization", "Spearman's rho"} <= forms


def test_a_mask_token_is_not_explained_as_the_attention_mask():
    named = {form: word.name for word in glossary.words_of_the_page() for form in word.forms}
    assert named["mask"] == "`attention_mask`" and named["[MASK]"] == "mask token"


def test_the_page_gets_plain_text_with_pairs_of_backticks():
    for word in glossary.words_of_the_page():
        assert word.text.count("`") % 2 == 0 == word.name.count("`") % 2
        assert not {"*", "<"} & set(word.text)
