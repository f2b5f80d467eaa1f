"""The token ids of a receipt, run as it stands, are those of the page."""

import pytest

from playground.generation.events import Finished
from playground.generation.generate import generate
from playground.generation.prompts import read_as_text
from playground.generation.receipt import generation_receipt
from playground.generation.request import GenerateRequest
from playground.generation.side_by_side import side_by_side
from playground.models.tokenizers import Message
from playground.receipt import notebook
from tests.unit.generation.generation_models import held, run_receipt, tiny_model

RECEIPTS = (
    {"prompt": "the quick"},
    {"prompt": "", "repetition_penalty": 1.3},
    {"messages": (Message("user", 'fox "${1}"\n'),), "do_sample": True, "top_k": 20, "top_p": 0.9, "seed": 5},
    {"messages": (Message("user", "the <eos> fox"),), "split_special_tokens": True},
    {"prompt": "the quick", "num_beams": 3, "repetition_penalty": 1.2},
    {"prompt": "a", "prompt_lookup_num_tokens": 3},
    {"prompt": "the", "prefix_token_ids": (7, 9), "do_sample": True, "min_p": 0.02, "temperature": 1.2, "seed": 4},
    {"prompt": "the", "prefix_token_ids": (7, 9), "repetition_penalty": 1.5, "stop_strings": ("q", "zz")},
    {"prompt": "the " * 40, "max_new_tokens": 400},
    {"prompt": "the", "prefix_token_ids": (7, 0, 9)},
    {"prompt": "the quick", "stop_strings": "<eos>"},
    {"prompt": "the q", "stop_strings": ("e q", "q", "%")},
    {"prompt": "the", "stop_strings": ("er^", "^^^"), "prompt_lookup_num_tokens": 4, "max_new_tokens": 30},
)


@pytest.fixture(scope="module")
def saved(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_model("llama", len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("settings", RECEIPTS)
def test_receipts_give_the_same_tokens(tiny, tokenizer, saved, settings):
    manager = tiny()
    request = GenerateRequest(**{"max_new_tokens": 12, "model_id": "tiny", **settings})
    finished = generate(manager, request).result().finished
    receipt = generation_receipt(request, held(saved), finished, read_as_text(request, tokenizer))
    assert run_receipt(receipt.code) == list(finished.token_ids)
    assert "import playground" not in receipt.code


def test_the_receipt_of_a_stopped_reply_ends_where_it_ended(tiny, saved):
    manager = tiny()
    finished = generate(manager, GenerateRequest(prompt="the", max_new_tokens=3)).result().finished
    stopped = Finished(**{**vars(finished), "reason": "stopped"})
    receipt = generation_receipt(GenerateRequest(prompt="the", max_new_tokens=99), held(saved), stopped)
    assert run_receipt(receipt.code) == list(stopped.token_ids)


def test_replies_side_by_side_are_one_receipt_that_names_each_and_loads_each_model_once(tiny, saved, capsys):
    manager = tiny()
    settings = ({}, {"do_sample": True, "seed": 1}, {"num_beams": 2}, {"prompt": "the fox"})
    requests = [
        GenerateRequest(**{"prompt": "the quick", "max_new_tokens": 6, "model_id": "tiny"} | one) for one in settings
    ]
    ended = [generate(manager, one).result().finished for one in requests]
    pairs = zip(requests, ended, strict=True)
    receipts = [generation_receipt(request, held(saved), finished) for request, finished in pairs]
    names = ["greedy", "drawn, seed 1", "beam", 'a "name"']
    whole = side_by_side(receipts, names)
    assert whole.code.count("from_pretrained(MODEL") == 2  # a tokenizer and a model
    assert whole.code.count("# %% The prompt") == 2
    cells = [cell["source"] for cell in notebook(whole)["cells"]]
    assert [cell for cell in cells if cell.startswith("## ")][2:5] == ["## greedy", "## drawn, seed 1", "## beam"]
    assert run_receipt(whole.code) == [list(one.token_ids) for one in ended]
    exec("\n".join(cell for cell in cells[2:] if not cell.startswith("#")), {})
    shown = capsys.readouterr().out
    assert all(f"{name}:" in shown for name in names), "the notebook ends in the texts, each under its name"
