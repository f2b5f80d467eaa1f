"""The form of a link: there and back, kind sentences for what is none, and nothing more than could be typed."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import playground as pg
from playground.errors import InputError
from playground.links.fingerprint import Fingerprint, Mark, Setting
from playground.links.form import (
    MOST_OF_A_FILE,
    MOST_OF_A_LINK,
    MOST_UNPACKED,
    VERSION,
    Link,
    differences,
    link_to,
    linked,
)
from playground.links.kinds import NOT_SHARED, PLACES_OF_LINKS, classes_of
from playground.receipt import Receipt, notebook, script
from playground.tables import Table

ROOT = Path(__file__).parents[3]
OLD = json.loads((ROOT / "tests" / "data" / "links" / "version-1.json").read_text(encoding="utf-8"))
BATCH = pg.EncodeRequest(("a cat", "where?"), ("", "here"), "a/model", max_length=12)
CHAT = (pg.Message("system", "Be brief."), pg.Message("user", "Hi \U0001f917"))
ASKED = {
    "classification": pg.ClassifyRequest("I love it", None, "a/model"),
    "tokens": pg.TokenizeRequest("naïve café ☕", "a/model", add_special_tokens=False),
    "batch": BATCH,
    "masks": pg.MaskRequest(BATCH, flips=((0, 1),)),
    "chat": pg.ChatTemplateRequest(CHAT, "a/model"),
    "tokenizers": pg.CompareRequest("cats", ("a/model", "another/model")),
    "attention": pg.AttentionRequest("cats", "a/model", padding=3),
    "generation": pg.GenerateRequest(messages=CHAT, model_id="a/model", stop_strings=("\n",), prefix_token_ids=(5, 6)),
    "similarity": pg.WordLossRequest(("man", "woman"), "a/model"),
    "matrix": pg.WordMatrixRequest(("man", "woman", "dog"), "a/model"),
    "pipelines": pg.PipelineRequest("fill-mask", "a [MASK]", "a/model", targets=("cat", "dog"), top_k=3),
    "twin": pg.TwinRequest("cats", "a/model", other_model_id="another/model"),
    "inside": pg.LensRequest("cats", prefix_token_ids=(5,), model_id="a/model", track_token_ids=(7,)),
    "why": pg.AttributeNextRequest(messages=CHAT, model_id="a/model", token_id=7, contrast_token_id=8),
    "model_map": pg.ModelMapRequest("king", "a/model", "queen", stack="cross", layer=1, head=2, position=0),
    "table": pg.ClassifyTableRequest(pg.read_lines("one\n\ntwo"), "text", None, "a/model"),
    "attribution": pg.AttributeRequest("I love it", None, 4, "a/model"),
    "perturb": pg.PerturbRequest(pg.ClassifyRequest("I love it", None, "a/model"), (1, 2), "delete"),
    "beside": (pg.ClassifyRequest("a", None, "a/model"), pg.ClassifyRequest("b", None, "a/model")),
    "vocabulary": (pg.VocabularyRequest("ground", "a/model"), pg.SplitRequest("playground", "a/model")),
    "people": pg.WordPairsRequest((("tiger", "cat"), ("car", "moon")), "a/model"),
}


def asked(place: str) -> tuple:
    """What a place is asked, as one or several requests."""
    return ASKED[place] if isinstance(ASKED[place], tuple) else (ASKED[place],)


ANSWER = Fingerprint((Mark("5 stars", 0.98), Mark("cat")), 2, "00ff", Setting("1", "5", "2", "abc", "4-bit", "x", "y"))


def packed(content: object) -> str:
    """A link that holds anything."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return f"#run={VERSION}." + base64.urlsafe_b64encode(zlib.compress(text)).decode().rstrip("=")


def test_every_place_that_can_be_shared_is_asked_here():
    assert ASKED.keys() == PLACES_OF_LINKS.keys() == OLD.keys()


@pytest.mark.parametrize("place", ASKED)
def test_what_was_asked_comes_back(place):
    link = link_to(*asked(place), seen={"part": "why", "layer": 3}, answer=ANSWER)
    text = str(link)
    assert link.place == place and len(text) < 1000
    for around in (text, f"http://localhost:7860/sub/path/{text}", f"# {text}\n", text[1:], text.replace("=", "%3D")):
        assert pg.read_link(around) == link
    assert pg.open_link(text) == ASKED[place]


@pytest.mark.parametrize("place", OLD)
def test_links_of_version_1_still_open(place):
    link = pg.read_link(OLD[place]["link"])
    assert (link.place, link.asked) == (place, asked(place))
    assert link.seen == {"layer": 3} and link.answer == ANSWER
    assert pg.open_link(OLD[place]["link"]) == ASKED[place]


def test_settings_side_by_side_come_back_as_a_tuple():
    both = (ASKED["generation"], replace(ASKED["generation"], seed=7))
    assert pg.open_link(str(link_to(*both))) == both


def test_what_a_question_leaves_to_the_catalog_is_no_difference():
    named = pg.ModelMapRequest("a", "a/model", task="text-generation")
    assert differences(link_to(pg.ModelMapRequest("a")), (named,)) == ()
    assert differences(link_to(pg.ModelMapRequest("a", task="fill-mask")), (named,)) == ("task",)


def test_who_asked_is_not_shared_and_cannot_be_given():
    mine = replace(ASKED["generation"], person="session", address="10.0.0.1", run_id="secret")
    assert pg.open_link(str(link_to(mine))) == ASKED["generation"]
    content = {"place": "generation", "asked": [{"prompt": "a", "person": "another", "run_id": "theirs"}]}
    asked = pg.open_link(packed(content))
    assert [getattr(asked, name) for name in NOT_SHARED] == ["", "", ""]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no link"),
        ("https://example.org/#section", "no link"),
        ("https://share.google/x?run=fast", "no link"),
        ("#tab=generation", "no link"),
        ("#run=0.eJw", "no link"),
        ("#run=2.eJw", "newer version (2"),
        ("#run=1.", "damaged"),
        ("#run=1.AAAA", "damaged"),
        (str(link_to(ASKED["tokens"]))[:-9], "damaged"),
        (packed(b"\xff\xfe"), "damaged"),
        (packed(b"[" * 100_000), "damaged"),
        (packed(b'{"place": NaN}'), "damaged"),
        (packed([1]), "doesn't say what was asked"),
        (packed({"place": "tokens", "asked": {}}), "doesn't say what was asked"),
        (packed({"place": "tokens", "asked": []}), "0 things at once"),
        (packed({"place": "tokens", "asked": [{"text": "a"}] * 13}), "13 things at once"),
        (packed({"place": "images", "asked": [{}]}), "no part 'images'"),
        (packed({"place": "tokens", "asked": [{"text": 5}]}), "text is '5'"),
        (packed({"place": "tokens", "asked": [{"text": "a", "hue": 1}]}), "no field"),
        (packed({"place": "tokens", "asked": [{"text": "a"}], "answer": {"marks": 5}}), "can't be asked here"),
        (packed({"place": "generation", "asked": [{"prompt": "a", "temperature": -1}]}), "temperature is -1"),
        (packed(b'{"place": "generation", "asked": [{"prompt": "a", "temperature": 1e999}]}'), "damaged"),
        (packed({"place": "generation", "asked": [{"prompt": "a", "quantization": "3-bit"}]}), "quantization '3-bit'"),
        (packed({"place": "twin", "asked": [{"text": "a", "other_quantization": "1-bit"}]}), "quantization '1-bit'"),
        (
            packed({"place": "perturb", "asked": [{"request": {"text": "a", "quantization": "x"}, "positions": [1]}]}),
            "quantization 'x'",
        ),
        (packed({"place": "tokens", "asked": [{"text": "a"}], "seen": {"x": ["nested"]}}), "makes no sense"),
        (packed({"place": "tokens", "asked": [{"text": "a"}], "seen": {"x": "y" * 300}}), "makes no sense"),
        (packed({"place": "tokens", "asked": [{"text": "a"}], "seen": dict.fromkeys(map(str, range(99)))}), "too much"),
        ("x" * (MOST_OF_A_FILE + 1), "far more than a link"),
        (packed(b" " * (MOST_UNPACKED + 1)), "more than the page takes"),
    ],
)
def test_what_is_no_link_gets_one_kind_sentence(text, said):
    with pytest.raises(InputError) as caught:
        pg.read_link(text)
    assert said in str(caught.value) and caught.value.fix and "Traceback" not in str(caught.value)


def test_a_bomb_takes_no_memory():
    bomb = packed(b"0" * 500_000_000)
    tracemalloc.start()
    with pytest.raises(InputError, match="more than the page takes"):
        pg.read_link(bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 * MOST_UNPACKED


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def contents(draw):
    """JSON that is nearly a link."""
    place = draw(st.sampled_from([*PLACES_OF_LINKS, "none"]))
    names = [one.name for one in fields(classes_of(place, 1)[0])] if place != "none" else ["text"]
    asked = draw(st.lists(st.dictionaries(st.sampled_from(names), VALUES, max_size=5) | VALUES, max_size=3))
    content = {"place": place, "asked": asked, "seen": draw(VALUES), "answer": draw(VALUES)}
    return {name: content[name] for name in draw(st.sets(st.sampled_from(sorted(content))))}


@settings(max_examples=250, deadline=None)
@given(contents() | VALUES)
def test_whatever_a_link_holds_becomes_a_request_or_a_sentence(content):
    with suppress(InputError):
        link = pg.read_link(packed(content))
        assert isinstance(link, Link)
        assert tuple(map(type, link.asked)) == classes_of(link.place, len(link.asked))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_link_with_characters_changed_never_asks_something_else(data):
    text = str(link_to(ASKED["chat"], answer=ANSWER))
    at = data.draw(st.integers(7, len(text) - 1))
    broken = text[:at] + data.draw(st.text("abcXYZ019_-", max_size=4)) + text[at + data.draw(st.integers(0, 4)) :]
    with suppress(InputError):
        assert pg.open_link(broken) == ASKED["chat"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_survives(text):
    asked = pg.TokenizeRequest(text, "a/model")
    assert pg.open_link(str(link_to(asked))) == asked


def test_a_receipt_ends_with_its_link_unless_that_is_too_long():
    receipt = linked(Receipt("Tokens", "# %% One\nprint(1)\n"), link_to(ASKED["tokens"]))
    assert pg.open_link(script(receipt).splitlines()[-1]) == ASKED["tokens"]
    assert pg.open_link(notebook(receipt)["cells"][0]["source"]) == ASKED["tokens"]
    long = pg.TokenizeRequest("".join(map(chr, range(300, 9000))))
    assert len(str(link_to(long))) > MOST_OF_A_LINK
    assert linked(Receipt("Tokens", "print(1)"), link_to(long)).link == ""
    assert linked(Receipt("Tokens", "print(1)"), None).link == ""


def test_a_table_is_shared_as_far_as_it_can_be_opened_again():
    rows = tuple((f"{number} {'x' * 250}",) for number in range(9_000))
    request = pg.ClassifyTableRequest(Table(("a",), rows, tuple(range(9_000))), "a")
    with pytest.raises(InputError, match="more than a link or its file takes"):
        str(link_to(request))
    assert linked(Receipt("Table", "print(1)"), link_to(request)).link == ""
    half = link_to(replace(request, table=Table(("a",), rows[:4_000], tuple(range(4_000)))))
    assert pg.open_link(str(half)) == half.asked[0]
    bent = {
        "place": "table",
        "asked": [{"table": {"columns": ["a", "b"], "rows": [["x"]], "lines": [1]}, "text_column": "b"}],
    }
    with pytest.raises(InputError, match="don't fit its columns"):
        pg.open_link(packed(bent))


def test_what_no_part_of_the_page_is_asked_alone_has_no_link():
    assert link_to(pg.SplitRequest("a", "a/model")) is None


def test_reading_a_link_imports_no_heavy_library():
    code = (
        "import sys; import playground as pg; pg.open_link(sys.argv[1])\n"
        "print([name for name in ('torch', 'transformers', 'gradio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, OLD["generation"]["link"]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
