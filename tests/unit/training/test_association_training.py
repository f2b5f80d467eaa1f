"""Training the association model: an interrupted run ends where an unbroken one does, and errors are one line."""

import numpy as np
import pytest
import torch

from training.association import FIRST_PIECE, Recipe, Trainer, log_targets
from training.association_teacher import (
    Teacher,
    compare_with_pieces,
    count_answers,
    estimate_log_prior,
    fill_by_ridge,
    normalise,
    read_associations,
    read_wordnet,
    sharpen,
    stem,
    walk_associations,
)

WORDS = "man woman dog cat sun moon bread butter king queen doctor nurse car road tree leaf".split()
RARE = ["dogs", "sunmoon", "new york"]
RECIPE = Recipe(d_model=64, d_ff=32, steps=4, batch=6, spelling_batch=6, top_columns=3, random_columns=4, n_endings=5)
ASSOCIATIONS = [("man", "woman", 0.6), ("woman", "man", 0.5), ("dog", "cat", 0.7), ("doctor", "nurse", 0.4)]


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    meaning = normalise(np.random.default_rng(0).normal(size=(len(WORDS + RARE), 64)).astype(np.float32))
    index = {word: i for i, word in enumerate(WORDS + RARE)}
    answers, popularity = count_answers(ASSOCIATIONS, index, len(WORDS))
    log_prior = estimate_log_prior(popularity)
    return Teacher(WORDS + RARE, len(WORDS), meaning, answers, log_prior, sharpen(meaning, log_prior))


def test_an_interrupted_run_ends_with_the_same_weights(teacher, tmp_path):
    unbroken = Trainer(teacher, RECIPE)
    for number in range(4):
        unbroken.step(number)
    first = Trainer(teacher, RECIPE)
    for number in range(2):
        first.step(number)
    first.save_checkpoint(tmp_path / "checkpoint.pt", 2)
    second = Trainer(teacher, RECIPE)
    assert second.load_checkpoint(tmp_path / "checkpoint.pt") == 2
    for number in range(2, 4):
        second.step(number)
    for name, weight in unbroken.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name


def test_every_word_of_the_vocabulary_is_the_piece_its_place_says(teacher):
    tokenizer = Trainer(teacher, RECIPE).tokenizer
    assert [tokenizer(word)["input_ids"] for word in WORDS] == [[FIRST_PIECE + i, 1] for i in range(len(WORDS))]
    assert all(len(tokenizer(word)["input_ids"]) > 2 for word in RARE)


def test_before_any_training_the_model_already_prefers_the_nearest_words(teacher):
    trainer = Trainer(teacher, RECIPE)
    hits = 0
    for row, word in enumerate(WORDS):
        inputs = trainer.tokenizer(word, return_tensors="pt")
        with torch.inference_mode():
            logits = trainer.model(**inputs, decoder_input_ids=torch.zeros(1, 1, dtype=torch.long)).logits[0, 0]
        hits += logits[FIRST_PIECE : FIRST_PIECE + len(WORDS)].argmax().item() == row
    assert hits >= 0.75 * len(WORDS)


def test_targets_are_distributions_that_hold_what_people_answered(teacher):
    meaning, prior = torch.tensor(teacher.meaning), torch.tensor(teacher.log_prior)
    rows = list(range(len(teacher.words)))
    targets = log_targets(teacher, meaning, torch.tensor(teacher.sharpness), prior, rows, share=0.5).exp()
    torch.testing.assert_close(targets.sum(1), torch.ones(len(rows)))
    assert targets[WORDS.index("man"), WORDS.index("woman")] >= 0.3  # half of the 0.6 of people who said so


def test_a_word_is_as_close_to_itself_as_to_its_nearest(teacher):
    rows = torch.arange(len(WORDS))
    closeness = compare_with_pieces(torch.tensor(teacher.meaning), rows, len(WORDS))
    others = closeness.clone().fill_diagonal_(-9.0)
    torch.testing.assert_close(closeness.diagonal(), others.amax(1))


def test_words_that_share_their_company_meet_though_nobody_answered_one_with_the_other():
    pairs = [("nurse", "hospital", 0.5), ("surgeon", "hospital", 0.5), ("leaf", "tree", 0.5), ("branch", "tree", 0.5)]
    index = {word: i for i, word in enumerate(sorted({word for cue, answer, _ in pairs for word in (cue, answer)}))}
    nodes, vectors = walk_associations(pairs, index, seed=0)
    place = {word: list(nodes).index(i) for word, i in index.items()}
    near, far = (vectors[place["nurse"]] @ vectors[place[word]] for word in ("surgeon", "leaf"))
    assert near > far + 0.15


def test_ridge_finds_a_linear_map():
    random = np.random.default_rng(1)
    everywhere, true_map = random.normal(size=(200, 5)), random.normal(size=(5, 3))
    target = normalise(everywhere @ true_map)
    guessed = fill_by_ridge(np.arange(150), everywhere[:150] @ true_map, everywhere, strength=1e-6)
    np.testing.assert_allclose(guessed[150:], target[150:], atol=1e-4)


@pytest.mark.parametrize(("word", "wanted"), [("dogs", "dog"), ("berries", "berry"), ("making", "make"), ("zzz", None)])
def test_stem_finds_the_word_as_wordnet_lists_it(word, wanted):
    assert stem(word, {"dog": [], "berry": [], "make": []}) == wanted


def test_missing_data_is_one_clear_line(tmp_path):
    for read in (read_associations, read_wordnet):
        with pytest.raises(SystemExit) as error:
            read(tmp_path / "nowhere")
        assert str(tmp_path / "nowhere") in str(error.value)
        assert "\n" not in str(error.value)
