"""What the page relies on and gradio doesn't promise: it is as it was read, and another version is refused."""

from __future__ import annotations

from copy import deepcopy

import gradio as gr
import pytest
from fastapi.testclient import TestClient
from gradio import route_utils
from gradio.blocks import BlocksConfig
from gradio.routes import App
from gradio.state_holder import SessionState

from tabs import gradio_patches


def test_the_installed_gradio_is_the_one_that_was_read():
    gradio_patches.check_version()


def test_another_gradio_is_refused_loudly():
    with pytest.raises(RuntimeError, match=r"read from gradio .*; this is 6\.99\.0"):
        gradio_patches.check_version("6.99.0")


@pytest.fixture
def page():
    with gr.Blocks() as demo:
        gr.Textbox("Hello")
        gr.api(lambda: None, api_name="plain")
    return demo


def test_components_are_described_once_for_all_visitors(page, monkeypatch):
    described, original = [], BlocksConfig.config_for_block

    def counted(number, *given):
        described.append(number)
        return original(number, *given)

    monkeypatch.setattr(BlocksConfig, "config_for_block", staticmethod(counted))
    gradio_patches.describe_once(page)
    first, second = SessionState(page), SessionState(page)
    assert first.config_values == second.config_values and set(first.config_values) == set(page.blocks)
    assert sorted(described) == sorted(page.blocks), "once each"


def test_a_page_is_copied_once_and_each_visitor_gets_addresses_of_files_under_their_root(tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    with gr.Blocks() as demo:
        text = gr.Textbox("Hello")
        image = gr.Image(str(picture))
        text.change(lambda it: it, text, text)
    gradio_patches.send_no_schemas(demo)
    config = demo.get_config_file()
    for root in ("http://a.example/x", "http://b.example"):
        copies = deepcopy(config["components"])
        assert not any(name.startswith("api_info_as_") for one in copies for name in one)
        page = route_utils.update_root_in_config({**config, "components": copies, "root": None}, root)
        values = {one["id"]: one["props"].get("value") for one in page["components"]}
        assert page["root"] == root and values[text._id] == "Hello" and "pg_with_files" not in page
        assert values[image._id]["url"].startswith(f"{root}/gradio_api/file=")
    again = deepcopy(config["components"])
    same = [one is other for one, other in zip(copies, again, strict=True)]
    assert same == [one["id"] != image._id for one in again], "what holds no file is one copy for all"
    assert deepcopy(config["dependencies"])[0] is deepcopy(config["dependencies"])[0]
    alone = route_utils.update_root_in_config({"components": [], "root": None}, "http://c.example")
    assert alone["root"] == "http://c.example", "what is no page of ours goes gradio's way"


def test_hidden_progress_is_told_to_no_component():
    with gr.Blocks() as page:
        box = gr.Textbox()
        box.change(lambda: "a", None, box, show_progress="hidden")
        box.submit(lambda: "b", None, box)
    gradio_patches.no_hidden_progress(page)
    told = [event["show_progress_on"] for event in page.get_config_file()["dependencies"]]
    assert told == [[], None], "gradio's own choice, all that is filled, stays where progress is shown"


def test_gradio_looks_for_work_as_often_as_it_is_told(page):
    page.queue()
    assert page._queue.sleep_when_free != 0.01
    gradio_patches.poll_seldom(page)
    assert page._queue.sleep_when_free == 0.01


def test_an_answer_is_documented_by_its_schema():
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}}
    with gr.Blocks() as demo:

        def count() -> dict:
            return {"number": 1}

        for output in gradio_patches.outputs_of(gr.api(count)):
            gradio_patches.document_answer(output, schema)
    [answer] = demo.get_api_info()["named_endpoints"]["/count"]["returns"]
    assert answer["type"] == schema and "number: int" in answer["python_type"]["type"]


def test_what_is_being_built_is_known():
    with gr.Blocks() as demo:
        assert gradio_patches.blocks_being_built() is demo
        assert gradio_patches.tab_being_built() is None
        with gr.Tab("one") as tab:
            assert gradio_patches.tab_being_built() is tab
    with pytest.raises(AssertionError):
        gradio_patches.blocks_being_built()


def test_what_has_no_id_yet_can_be_cancelled():
    gradio_patches.allow_early_cancels()
    with gr.Blocks() as demo:
        gr.Button()
    client = TestClient(App.create_app(demo))
    asked = {"session_hash": "a", "fn_index": 0, "event_id": None}
    assert client.post("/gradio_api/cancel", json=asked).json() == {"success": True}
    assert client.post("/gradio_api/cancel", json=asked | {"event_id": "b"}).status_code == 200
    for event_id in (None, "b"):
        assert client.post("/gradio_api/reset", json={"event_id": event_id}).status_code == 200


def test_what_a_view_sends_arrives_as_it_is():
    assert gradio_patches.payload(gr.EventData(None, [1, {"target": 2}])) == [1, {"target": 2}]


def test_what_follows_on_a_value_without_being_one_is_sent_whole():
    """The edits between the two would be made in the very object that a hidden tab will show."""
    value, nothing = {"tokens": ["a"], "pressed": []}, {"props": {"__type__": "update"}, "__type__": "update"}
    gradio_patches.send_updates_whole()
    with gr.Blocks() as demo:
        shown = gr.HTML()
        gr.Button().click(lambda: None, None, shown)
    [function] = demo.fns.values()

    def sent(data, final=False):
        return demo.handle_streaming_diffs(function, [data], "page", "run", final)[0]

    assert sent(value) == value
    assert sent(nothing) == [["replace", [], nothing]] and sent(nothing) == []
    assert sent(value) == [["replace", [], value]]
    assert sent({"tokens": ["a", "b"], "pressed": []}) == [["add", ["tokens", 1], "b"]]
    assert sent(None, final=True)["tokens"] == ["a", "b"]
