"""What ``playground.show`` makes without a notebook: a file that is whole, and a sentence where there is no view."""

from __future__ import annotations

import json
import re

import pytest

import playground as pg
from tabs.notebook import HEIGHTS
from tabs.tokens.format import format_tokenization, format_tokens
from tabs.view_files import VIEWS


@pytest.fixture(scope="module")
def playground():
    with pg.Playground(pg.Settings(warm_up=("none",))) as playground:
        yield playground


@pytest.mark.embedded
def test_tokens_are_those_that_the_page_draws(playground):
    """Two forms of one result, one for a program and one for a keystroke, give the same picture."""
    for model in ("HuggingFaceTB/SmolLM2-135M-Instruct", "sentence-transformers/all-MiniLM-L6-v2"):
        request = pg.TokenizeRequest("naïve  \u200b 🤗👩‍👩‍👧 [SEP] cats\n\tunbelievable", model)
        quick, whole = format_tokens(playground.token_columns(request)), playground.tokenize(request)
        wanted = {**quick, "pieces": quick["pieces"] or quick["shown"]}
        assert json.loads(format_tokenization(whole)) == json.loads(json.dumps(wanted))


def test_a_page_is_one_file_that_needs_nothing(tmp_path):
    loss = pg.WordLoss("</script>", "<b>", 1.0, 1.0, 2.7, (pg.PieceLoss(1, "<b>", 0.4, 1.0),))
    shown = pg.show(pg.WordLossResult("m", "auto", "t {source} {target}", (loss,)))
    text = shown.save(tmp_path / "losses.html").read_text(encoding="utf-8")
    assert text == shown.page and len(repr(shown)) < 120
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', text) == []
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    assert data["losses"][0]["source"] == "</script>"
    imports = json.loads(re.search(r'type="importmap">(.*?)</script>', text, re.S)[1])["imports"]
    assert "alone/losses.js" in imports and all(one.startswith("data:text/javascript;") for one in imports.values())


def test_what_has_no_view_is_said():
    with pytest.raises(pg.PlaygroundError, match=r"no view for a dict.*Tokenization"):
        pg.show({})


def test_every_view_that_stands_alone_is_offered():
    assert {path.stem for path in (VIEWS / "alone").glob("*.js")} == {*HEIGHTS, "frame"}
