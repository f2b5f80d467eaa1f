"""The training scripts go on where they were interrupted, and say in one line what is wrong with their input."""

from pathlib import Path

import pytest
import torch

from training.data import add_data_argument, data_files, plain_text, read_labelled, tree_phrases
from training.evaluate import evaluate_file, read_pairs
from training.sentiment import Examples, Recipe, Stage, Training, encode, plan_steps, soft_targets, span_means
from training.sentiment_eval import expected_calibration_error, sentiment_figures

TREES = """\
(4 (2 The) (3 (4 (3 warm) (2 bread)) (2 .)))
(1 (2 It) (1 (2 was) (1 (1 (2 n't) (3 fun)) (2 .))))
(2 (2 They) (2 (2 (2 met) (2 (2 on) (2 Monday))) (2 .)))
"""
RECIPE = Recipe(stages=(Stage(epochs=2, batch=2, learning_rate=1e-3, phrase_share=1.0, neutral_share=0.5),), rank=2)


@pytest.fixture
def examples(tmp_path) -> Examples:
    trees = tmp_path / "trees.txt"
    trees.write_text(TREES, encoding="utf-8")
    return Examples(trees)


def test_an_interrupted_training_ends_with_the_same_weights(examples, tmp_path):
    steps = list(plan_steps(RECIPE, examples))[:4]
    straight = Training(RECIPE, tmp_path / "straight")
    for step in steps:
        straight.step(step)
    interrupted = Training(RECIPE, tmp_path / "run")
    for step in steps[:2]:
        interrupted.step(step)
    interrupted.save()
    resumed = Training(RECIPE, tmp_path / "run")
    assert resumed.resume()
    for step in steps[resumed.steps_done :]:
        resumed.step(step)
    for name, weight in straight.weights.items():
        assert torch.equal(weight, resumed.weights[name]), name
        assert torch.equal(straight.mean[name], resumed.mean[name]), name


def test_a_checkpoint_of_another_recipe_is_not_continued(tmp_path):
    Training(RECIPE, tmp_path).save()
    assert not Training(Recipe(stages=RECIPE.stages, rank=2, seed=6), tmp_path).resume()


def test_spans_point_at_the_tokens_of_their_words(examples):
    training = Training(RECIPE, Path("unused"))

    class HeadsOrTails:
        def __init__(self, value: float) -> None:
            self.value = value

        def random(self) -> float:
            return self.value

    for spaced in (0.0, 1.0):
        batch = encode(examples.sentences[1:2], training.tokenizer, HeadsOrTails(spaced))
        texts = [training.tokenizer.decode(batch.inputs["input_ids"][0, first:end]) for _, first, end, _ in batch.spans]
        assert texts[:4] == ["it", "was", "n ' t", "fun"] if spaced == 0.0 else texts[3] == "fun"


def test_span_means_equal_a_loop(examples):
    hidden = torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(0))
    spans = torch.tensor([[0, 1, 4, 2], [1, 2, 3, 0], [1, 0, 7, 4]])
    expected = torch.stack([hidden[row, first:end].mean(dim=0) for row, first, end, _ in spans.tolist()])
    torch.testing.assert_close(span_means(hidden, spans), expected)


def test_soft_targets_are_symmetric_hills():
    targets = soft_targets(torch.tensor([0, 2]), spread=0.45)
    torch.testing.assert_close(targets.sum(dim=-1), torch.ones(2))
    assert targets.argmax(dim=-1).tolist() == [0, 2]
    assert targets[1, 1] == targets[1, 3]


def test_plain_text_is_how_people_type():
    words = tree_phrases("(1 (2 It) (1 (2 was) (1 (1 (2 n't) (3 fun)) (2 .))))")[-1].words
    assert plain_text(words)[0] == "It wasn't fun."


def test_figures_by_hand():
    logits = torch.log(torch.tensor([[0.6, 0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1, 0.6], [0.1, 0.1, 0.6, 0.1, 0.1]]))
    figures = sentiment_figures(logits, torch.tensor([1, 4, 2]))
    assert figures == {"accuracy_5": 0.6667, "accuracy_binary": 1.0, "ece": 0.0667, "n": 3}


def test_a_sure_and_wrong_model_is_badly_calibrated():
    assert expected_calibration_error(torch.tensor([[1.0, 0.0]]), torch.tensor([1])) == 1.0


def test_a_wrong_or_incomplete_data_folder_gets_one_line(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="No data folder at") as missing:
        data_files(tmp_path / "nowhere", "sentiment/sst5_dev.txt")
    assert "--data PATH" in str(missing.value)
    assert "\n" not in str(missing.value)
    with pytest.raises(SystemExit, match=r"has no sentiment/sst5_dev\.txt"):
        data_files(tmp_path, "sentiment/sst5_dev.txt")


def test_the_data_folder_can_come_from_the_environment(monkeypatch):
    import argparse

    monkeypatch.setenv("PLAYGROUND_DATA", "/somewhere")
    parser = argparse.ArgumentParser()
    add_data_argument(parser)
    assert parser.parse_args([]).data == "/somewhere"
    assert parser.parse_args(["--data", "here"]).data == "here"


@pytest.mark.parametrize(
    ("text", "says"),
    [("hello\n", "starts with neither"), ("__label__9\tgood\n", "line 1"), ("__label__4 good\n", "line 1")],
)
def test_a_file_of_no_known_kind_gets_one_line(tmp_path, text, says):
    file = tmp_path / "file.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=says):
        evaluate_file(file)


def test_a_missing_file_or_model_gets_one_line(tmp_path):
    with pytest.raises(SystemExit, match="No file at"):
        evaluate_file(tmp_path / "nothing")
    file = tmp_path / "file.txt"
    file.write_text("__label__4\tgood\n", encoding="utf-8")
    assert read_labelled(file) == [(4, "good")]
    with pytest.raises(SystemExit, match="make train-sentiment"):
        evaluate_file(file, models_folder=tmp_path)


def test_word_pairs_are_read_and_a_bad_line_is_named(tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("word1,word2,similarity\ncup, tea ,7.5\n", encoding="utf-8")
    assert read_pairs(file) == [("cup", "tea", 7.5)]
    file.write_text("word1,word2,similarity\ncup,tea,hot\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="line 2"):
        read_pairs(file)
