"""What the attention section does, without a page."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest

import playground as pg
from playground.errors import InputError
from tabs.attention import handlers
from tabs.attention.export import STEPS, document
from tabs.attention.results import Results


@pytest.fixture(scope="module")
def playground():
    with pg.Playground(pg.Settings(warm_up=("none",))) as made:
        yield made


def test_a_page_asks_for_heads_by_its_ticket(playground):
    results = Results()
    asked = handlers.attention_request("a cat", "", "", 2.0)
    shown = handlers.show_attention(playground, results, "ann", playground.attend(asked))
    value = json.loads(shown.heads)
    ticket, first = value["ticket"], value["first"]
    result = results.get(ticket)
    assert result.request.padding == 2 and value["title"] in (spec.title for spec in playground.catalog)
    head = np.frombuffer(base64.b64decode(first["weights"]), "<f4").reshape(6, 6)
    assert np.array_equal(head, result.stack().head(5, None))
    average = handlers.head_weights(results, ticket, "self", 0, -1)["weights"]
    assert np.array_equal(np.frombuffer(base64.b64decode(average), "<f4").reshape(6, 6), result.stack().head(0, None))
    assert handlers.overview(results, ticket, "self", True)["rows"] == 6
    chosen = handlers.ChosenHead.read({"ticket": ticket, "kind": "self", "layer": 1, "head": -1})
    second = handlers.ChosenHead.read({"ticket": ticket, "kind": "self", "layer": 1, "head": 2})
    assert handlers.result_of(results, second) is result and handlers.result_of(results, chosen) is None
    assert handlers.seen(second, result) == {"kind": "self", "layer": 1, "head": 2}
    in_row = handlers.ChosenHead.read({"ticket": ticket, "kind": "self", "layer": 1, "head": 2, "row": 2})
    assert handlers.seen(in_row, result)["row"] == result.stack().queries[2].text == "cat"
    link = pg.read_link(handlers.head_code(playground, results, in_row).link)
    assert link.seen == handlers.seen(in_row, result)
    assert "attentions[1, :].mean(dim=0)" in handlers.head_code(playground, results, chosen).code
    results.forget("ann")
    assert handlers.head_code(playground, results, chosen) is None and handlers.result_of(results, second) is None
    with pytest.raises(InputError, match="Press Show attention again"):
        handlers.head_weights(results, ticket, "self", 0, 0)


def test_a_file_to_take_away_has_all_weights(playground):
    result = playground.attend(pg.AttentionRequest("a cat"))
    page = document(result, "MiniLM", "html", "self")
    assert page["name"] == "attention-all-MiniLM-L6-v2.html" and "Attention of MiniLM" in page["text"]
    data = json.loads(page["text"].split('id="data">')[1].split("</script>")[0])
    steps = np.frombuffer(zlib.decompress(base64.b64decode(data["packed"]["self"])), "<u2")
    assert np.abs(steps / STEPS - result.stack().weights.ravel()).max() <= 0.5 / STEPS + 1e-7
    taken = json.loads(document(result, "MiniLM", "json", "self")["text"])
    assert np.abs(np.array(taken["attentions"]) - result.stack().weights).max() <= 1e-7
