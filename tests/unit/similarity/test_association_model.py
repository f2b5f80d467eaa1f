"""The word-association model knows which of two words is closer, loads with plain transformers, and fits its budget.

The triples were written for this test: everyday words, the second close to the first, the third not.
"""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, T5ForConditionalGeneration

from training.association_eval import FORMULA, closeness, evaluate, summed_losses

MODEL = Path(__file__).resolve().parents[3] / "assets" / "models" / "association"
pytestmark = pytest.mark.skipif(
    not (MODEL / "model.safetensors").is_file(), reason="the weights are not in this checkout"
)

TRIPLES = [
    line.split()
    for line in """
    man woman animal
    doctor nurse banana
    king queen carpet
    bread butter engine
    dog cat ladder
    ocean wave keyboard
    winter snow pillow
    summer beach stapler
    teacher school volcano
    student exam tractor
    hospital surgeon violin
    guitar music cement
    piano song cabbage
    apple orchard hammer
    car road poem
    train station mustard
    airplane pilot spoon
    ship captain onion
    bee honey ceiling
    cow milk rocket
    horse saddle printer
    bird nest bank
    fish river telephone
    tree leaf lawyer
    flower garden algebra
    rain umbrella sausage
    sun moon shoelace
    fire smoke sandwich
    ice cold furniture
    hot warm grammar
    happy joyful metal
    sad cry bicycle
    angry furious pencil
    brave hero yogurt
    money bank feather
    price cost butterfly
    lawyer court mushroom
    police crime muffin
    thief steal cloud
    soldier army lipstick
    peace war button
    church priest noodle
    wedding bride screwdriver
    baby cradle treaty
    mother father copper
    brother sister gravel
    husband wife glacier
    hand finger tax
    foot shoe novel
    eye vision potato
    ear hear brick
    nose smell parliament
    tooth dentist desert
    heart blood chalk
    brain thought bucket
    book library goat
    pen ink jungle
    computer software pigeon
    telephone call turtle
    clock time broccoli
    kitchen cook galaxy
    knife fork sermon
    cup tea highway
    wine grape diploma
    salt pepper theatre
    sugar sweet nail
    lemon sour judge
    pizza cheese satellite
    chair table whale
    bed sleep profit
    door key salad
    window glass camel
    house roof opera
    city street kidney
    farm tractor ballet
    mountain climb invoice
    forest bear modem
    island sea diary
    star planet sock
    Jerusalem Israel tomato
    Paris France cucumber
    doctors nurses bananas
    elephants trunk calendar
    """.strip().splitlines()
]


@pytest.fixture(scope="module")
def loaded():
    model = T5ForConditionalGeneration.from_pretrained(MODEL, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(MODEL)


def mean_loss(loaded, source: str, target: str) -> float:
    model, tokenizer = loaded
    with torch.inference_mode():
        labels = tokenizer(target, return_tensors="pt").input_ids
        return model(**tokenizer(source, return_tensors="pt"), labels=labels).loss.item()


def test_nearly_every_triple_is_in_the_right_order(loaded):
    near = closeness(*loaded, [(word, related) for word, related, _ in TRIPLES])
    far = closeness(*loaded, [(word, unrelated) for word, _, unrelated in TRIPLES])
    wrong = [triple for triple, a, b in zip(TRIPLES, near, far, strict=True) if a <= b]
    assert len(TRIPLES) >= 60
    assert len(wrong) <= 0.05 * len(TRIPLES), wrong


def test_man_is_far_nearer_to_woman_than_to_animal_or_lamp(loaded):
    woman, animal, lamp = (torch.tensor(mean_loss(loaded, "man", word)).exp() for word in ("woman", "animal", "lamp"))
    assert woman * 5 < animal < lamp * 5
    assert woman * 10 < lamp


@pytest.mark.parametrize(
    ("source", "wanted"), [("doctor", "nurse"), ("bread", "butter"), ("king", "queen"), ("dog", "cat")]
)
def test_it_generates_what_people_say(loaded, source, wanted):
    model, tokenizer = loaded
    inputs = tokenizer(source, return_tensors="pt")
    beams = model.generate(**inputs, num_beams=10, num_return_sequences=10)
    assert wanted in tokenizer.batch_decode(beams, skip_special_tokens=True)


def test_greedy_generation_says_one_word_and_stops(loaded):
    model, tokenizer = loaded
    for word in ("doctor", "winter", "music"):
        answer = model.generate(**tokenizer(word, return_tensors="pt"))[0].tolist()
        assert answer[0] == tokenizer.pad_token_id
        assert answer[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(answer, skip_special_tokens=True).isalpha()


@pytest.mark.parametrize("word", ["man", "Woman", "KING", "jerusalem", "keyboard", "café"])
def test_a_common_word_is_one_piece_whatever_its_case(loaded, word):
    ids = loaded[1](word)["input_ids"]
    assert len(ids) == 2
    assert ids[1] == loaded[1].eos_token_id
    assert loaded[1].unk_token_id not in ids


def test_special_tokens_are_where_t5_has_them(loaded):
    tokenizer = loaded[1]
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (0, 1, 2)
    assert tokenizer("")["input_ids"] == [1]


def test_rare_words_come_apart_without_unknowns_and_come_back_whole(loaded):
    tokenizer = loaded[1]
    for text in ("xylophonist", "zzyzx", "new york", "grown-ups", "m&m's", "route 66"):
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_summed_losses_are_what_the_model_reports_times_the_pieces(loaded):
    pairs = [("doctor", "nurse"), ("", "nurse"), ("dog", "new york city")]
    for (source, target), total in summed_losses(*loaded, pairs).items():
        n_pieces = len(loaded[1](target)["input_ids"])
        assert total == pytest.approx(mean_loss(loaded, source, target) * n_pieces, rel=1e-3)


def test_closeness_does_not_depend_on_the_order_of_a_pair(loaded):
    one, other = closeness(*loaded, [("doctor", "nurse"), ("nurse", "doctor")])
    assert one == pytest.approx(other, abs=1e-4)


def test_evaluate_reports_a_rank_correlation_and_its_formula():
    rows = [("doctor", "nurse", 9.0), ("bread", "butter", 8.5), ("king", "cabbage", 0.5), ("bee", "ceiling", 0.2)]
    result = evaluate(rows, MODEL)
    assert result["spearman"] >= 0.8
    assert (result["n"], result["formula"]) == (4, FORMULA)
    with pytest.raises(ValueError, match="at least three rows"):
        evaluate(rows[:2], MODEL)


def test_weights_are_small_half_precision_and_hold_no_pickle():
    files = [path for path in MODEL.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 24_000_000
    assert not [path.name for path in files if path.suffix in {".bin", ".pt", ".pkl"}]
    assert json.loads((MODEL / "config.json").read_text())["dtype"] == "float16"
