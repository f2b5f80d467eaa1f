"""Same or not, where it first differs, and what is likely to be the cause."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import playground as pg
from playground.errors import InputError, ModelNotFoundError
from playground.links.answers import CUT_SHORT, asked_by, compare_with, link, presence, revision, setting_of
from playground.links.compare import Verdict, compare
from playground.links.fingerprint import MOST_MARKS, Fingerprint, Mark, Setting, fingerprint, versions
from playground.models.catalog import ModelSpec

HERE = Setting("0.9.0", "5.23.0", "2.13.0", "53aa5117", "float32", "float32", "cpu")
STORY = Fingerprint((Mark(" a", 0.5), Mark(" cat", 0.31), Mark(".", 0.8)), 3, "0f", HERE)


def with_mark(index: int, mark: Mark, **more: object) -> Fingerprint:
    marks = [*STORY.marks[:index], mark, *STORY.marks[index + 1 :]]
    return replace(STORY, marks=tuple(marks), **more)


def test_the_same_answer_is_the_same():
    verdict = compare("generation", STORY, with_mark(1, Mark(" cat", 0.3104)))
    assert verdict.same and verdict.sentence == "Same as when it was shared."


def test_another_token_is_named_with_its_place_and_both_numbers():
    verdict = compare("generation", STORY, with_mark(1, Mark(" dog", 0.29), setting=replace(HERE, dtype="bfloat16")))
    assert not verdict.same
    assert verdict.sentence == (
        "Differs from when it was shared. First at token 2: ` cat` 0.31 there, ` dog` 0.29 here. "
        "Likely because of another dtype (float32 there, bfloat16 here)."
    )


@pytest.mark.parametrize(
    ("place", "here", "said"),
    [
        ("generation", with_mark(1, Mark(" cat", 0.32)), "First at token 2 ` cat`: 0.31 there, 0.32 here."),
        ("classification", with_mark(0, Mark("5 stars", 0.5)), "First: ` a` 0.5 there, `5 stars` 0.5 here."),
        ("classification", with_mark(0, Mark(" a", 0.5031)), "First at ` a`: 0.5 there, 0.503 here."),
        ("generation", replace(STORY, marks=STORY.marks[:2], count=2), "First at token 3: `.` 0.8 there, nothing here"),
        ("tokens", with_mark(1, Mark("dog")), "First at token 2: ` cat` 0.31 there, `dog` here."),
        ("tokens", replace(STORY, exact="1f"), "the token ids are others"),
        ("generation", replace(STORY, exact="1f", count=90), "The first 3 are the same: it differs later."),
    ],
)
def test_where_it_first_differs(place, here, said):
    verdict = compare(place, STORY, here)
    assert not verdict.same and said in verdict.sentence
    assert verdict.sentence.endswith("as far as the link says.")


def test_causes_come_with_the_likelier_first_and_unknown_ones_not_at_all():
    here = replace(HERE, transformers="5.24.0", device="cuda", model="", torch="2.14.0")
    said = compare("tokens", STORY, with_mark(0, Mark("x"), setting=here)).sentence
    assert said.endswith(
        "another device (cpu there, cuda here), transformers (5.23.0 there, 5.24.0 here) and torch "
        "(2.13.0 there, 2.14.0 here)."
    )
    same = compare("tokens", STORY, replace(STORY, setting=here)).sentence
    assert same.startswith("Same as when it was shared, though here it is another device (cpu there, cuda here)")


def test_a_question_alone_can_not_be_compared():
    assert compare("tokens", None, STORY).same is None


def test_what_was_stopped_is_neither_compared_nor_what_others_are_compared_with(manager):
    end = SimpleNamespace(text="a", beams=(), perplexity=1.0, token_ids=(1,), reason="eos")
    asked = pg.GenerateRequest(prompt="a", model_id="tiny")
    whole = link(manager, (end,), (asked,), None)
    assert whole.answer and compare_with(manager, whole, (end,)).same
    for reason in ("stopped", "crowded"):
        early = replace_in(end, reason=reason)
        stopped = SimpleNamespace(request=asked, finished=early)
        assert compare_with(manager, whole, stopped).sentence == CUT_SHORT
        assert link(manager, stopped, None, None).answer is None
        assert link(manager, (end, early), (asked, asked), None).answer is None
    request = pg.ClassifyTableRequest(pg.read_lines("So so.\nBad."), "text", model_id="tiny")
    unread: Any = None
    table = pg.TableResult(request, unread, (), (), None, "", 0.1, usable_rows=2)
    written = SimpleNamespace(answer=SimpleNamespace(ended="stopped"))
    for result in (table, written, SimpleNamespace(stopped=True)):
        assert compare_with(manager, whole, result) == Verdict(None, CUT_SHORT)


def replace_in(one: SimpleNamespace, **values: object) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(one), **values})


def test_a_fingerprint_is_short_whatever_the_answer():
    ends = tuple(SimpleNamespace(text="x" * 500, beams=(), perplexity=1 / 3, token_ids=(n,)) for n in range(50))
    found = fingerprint(ends, HERE)
    assert (len(found.marks), found.count) == (MOST_MARKS, 50)
    assert found.marks[0] == Mark("x" * 40, 0.3333) and found.exact != fingerprint(ends[1:], HERE).exact
    assert all(versions().values())


SPECS = {
    "tiny": ModelSpec("tiny", "text-generation", "embedded", "tiny"),
    "org/here": ModelSpec("org/here", "text-generation", "hub", "org/here"),
    "org/far": ModelSpec("org/far", "text-generation", "hub", "org/far"),
}


class Manager:
    """What links ask of a manager."""

    settings = SimpleNamespace(hub="catalog")

    def __init__(self, folder) -> None:
        self._folder = folder

    def spec(self, model_id, task=""):
        if model_id == "secret/model":
            raise ModelNotFoundError("There is no model 'secret/model' in the catalog.", "Pick one.")
        return SPECS[model_id or "tiny"]

    def local_folder(self, spec):
        return None if spec.id == "org/far" else self._folder

    def pretrained(self, model_id, task, quantization):
        return SimpleNamespace(quantization="4-bit", dtype="bfloat16", device="cuda:1")


@pytest.fixture
def manager(tmp_path):
    folder = tmp_path / "0123456789abcdef"
    folder.mkdir()
    files = {"model.safetensors": {"sha256": "53aa51172d14"}}
    (folder / "manifest.json").write_text(json.dumps({"files": files}), encoding="utf-8")
    return Manager(folder)


def test_a_revision_is_the_hubs_commit_or_the_hash_of_the_weights(manager, tmp_path):
    assert [revision(manager, name) for name in ("tiny", "org/here", "org/far", None)] == [
        "53aa5117", "01234567", "", "",
    ]  # fmt: skip
    assert revision(Manager(tmp_path), "tiny") == "", "a folder of somebody's own has no manifest"


def test_a_link_names_the_model_that_answered_and_what_it_was_made_with(manager):
    words = pg.WordLossResult(
        "tiny", "4-bit", None, (pg.WordLoss("man", "dog", 1.0, 1.0, 2.7, ()),), words=("man", "dog")
    )
    found = link(manager, words, None, None)
    assert found.asked == (pg.WordLossRequest(("man", "dog"), "tiny", "4-bit"),) and found.model_ids == ("tiny",)
    assert found.answer.setting == Setting(**versions(), model="53aa5117", quantization="4-bit", dtype="bfloat16",
                                           device="cuda")  # fmt: skip
    ends = (SimpleNamespace(text="a", beams=(), perplexity=1.0, token_ids=(1,)),) * 2
    asked = tuple(pg.GenerateRequest(prompt="a", seed=seed) for seed in (1, 2))
    assert [one.model_id for one in link(manager, ends, asked, None).asked] == ["tiny", "tiny"]
    with pytest.raises(InputError, match="doesn't say what was asked"):
        asked_by(SimpleNamespace())
    with pytest.raises(InputError, match="can't be shared"):
        link(manager, ends, pg.SplitRequest("a", "tiny"), None)
    assert setting_of(manager, pg.TokenizeRequest("a"), object()).dtype == ""


@pytest.mark.parametrize(
    ("model_id", "hub", "state", "said"),
    [
        ("tiny", "off", "here", ""),
        ("org/here", "off", "here", ""),
        ("org/far", "catalog", "load", "isn't on this machine"),
        ("org/far", "off", "refused", "downloads nothing"),
        ("secret/model", "any", "refused", "no model 'secret/model'"),
    ],
)
def test_a_model_that_is_not_here_is_loaded_only_on_purpose(manager, model_id, hub, state, said):
    link = pg.link_to(pg.GenerateRequest(prompt="a", model_id=model_id))
    for public in (False, True):
        manager.settings = SimpleNamespace(hub=hub, public=public)
        found = presence(manager, link)
        assert found.state == state and said in found.sentence
        assert not public or "--" not in found.sentence  # visitors read of no flag
