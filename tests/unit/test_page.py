"""What every page is made of: failures are kind, endpoints send what they say, a served file is written once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import pytest

from playground.errors import InputError
from playground.receipt import Receipt
from tabs import gradio_patches
from tabs.page import answering, file_to_serve, friendly, publish, receipt_values, said_in_place


def test_a_served_file_is_written_once_and_left_to_gradio(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    path = Path(file_to_serve("losses.csv", "word\r\n💡\r\n"))
    assert path.name == "losses.csv" and path.read_bytes().decode() == "word\r\n💡\r\n"

    button = gr.DownloadButton()
    served = asyncio.run(button.async_move_resource_to_block_cache(str(path)))
    assert served == str(path) and button.temp_files == {str(path)}  # what gradio deletes when its time has come

    assert file_to_serve("losses.csv", "word\r\n💡\r\n") == str(path)
    assert receipt_values(Receipt("Words", "print(1)")) == receipt_values(Receipt("Words", "print(1)"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["gradio"]
    assert len([entry for entry in tmp_path.rglob("*") if entry.is_file()]) == 2


ONES = {
    "kind": (InputError("There is no word.", "Type one."), "There is no word. Type one."),
    "ours": (ZeroDivisionError("x"), "Something went wrong on our side (ZeroDivisionError)."),
}


def test_what_is_said_in_place_is_said_by_no_toast(monkeypatch):
    warned, said = [], []
    monkeypatch.setattr(gr, "Warning", lambda message, **options: warned.append(message))

    def fail(error) -> None:
        said.append(said_in_place(error))
        raise error

    for error in (InputError("No text.", "Write one."), ZeroDivisionError("ours")):
        with pytest.raises(gr.Error) as caught:
            friendly(fail)(error)
        assert caught.value.visible is isinstance(error, ZeroDivisionError)
    assert said == ["No text. Write one.", ""] and warned == []


@pytest.mark.parametrize(("error", "said"), ONES.values(), ids=list(ONES))
@pytest.mark.parametrize("form", ["plain", "generator", "coroutine", "async generator"])
def test_every_form_of_handler_fails_kindly(error, said, form):
    def fail():
        raise error

    def generator():
        yield 1
        fail()

    async def coroutine():
        fail()

    async def stream():
        yield 1
        fail()

    async def drained(items):
        return [item async for item in items]

    handler = friendly({"plain": fail, "generator": generator, "coroutine": coroutine, "async generator": stream}[form])
    runs = {
        "plain": handler,
        "generator": lambda: list(handler()),
        "coroutine": lambda: asyncio.run(handler()),
        "async generator": lambda: asyncio.run(drained(handler())),
    }
    with pytest.raises(gr.Error) as caught:
        runs[form]()
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("error", "for_page", "arrives", "is_hint"),
    [
        (InputError("No text.", "Write one."), True, True, True),
        (InputError("No text.", "Write one."), True, False, False),
        (InputError("No text.", "Write one."), False, True, False),
        (ZeroDivisionError("ours"), True, True, False),
    ],
    ids=["page", "outside of the queue", "API", "our mistake"],
)
def test_what_a_person_can_mend_is_a_hint_and_no_red_error(monkeypatch, error, for_page, arrives, is_hint):
    warned, shown = said_of(monkeypatch, error, for_page=for_page, arrives=arrives)
    assert warned == ["No text. Write one."] * is_hint
    assert shown.visible is not is_hint


@pytest.mark.parametrize("error", [InputError("There is no <b>model</b>.", "Pick one & go."), ZeroDivisionError("<b>")])
def test_what_a_toast_would_read_as_html_is_sent_to_it_as_text(monkeypatch, error):
    warned, shown = said_of(monkeypatch, error)
    if isinstance(error, InputError):
        assert warned == ["There is no &lt;b&gt;model&lt;/b&gt;. Pick one &amp; go."]
    assert "<" not in shown.message


def said_of(monkeypatch, error: Exception, for_page: bool = True, arrives: bool = True) -> tuple[list[str], gr.Error]:
    """The hints and the error that a failing handler ends in."""
    warned: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda message, **options: warned.append(message))
    monkeypatch.setattr(gradio_patches, "toasts_arrive", lambda: arrives)

    def fail() -> None:
        raise error

    with pytest.raises(gr.Error) as caught:
        friendly(fail, for_page=for_page)()
    return warned, caught.value


@pytest.mark.parametrize(("error", "said"), ONES.values(), ids=list(ONES))
def test_a_server_function_answers_what_went_wrong(error, said):
    def fail(given):
        raise error

    async def fail_later(given):
        raise error

    assert said in answering(fail)([1])["error"]
    assert said in asyncio.run(answering(fail_later)([1]))["error"]
    assert answering(lambda given: {"value": Receipt("a", "b")})([1])["value"] == {
        "title": "a",
        "code": "b",
        "link": "",
    }


@dataclass(frozen=True)
class Counted:
    """How many."""

    number: int


@pytest.mark.parametrize("form", ["plain", "generator", "async generator"])
def test_an_endpoint_sends_the_json_of_what_it_returns(form):
    def plain(most: int = 3) -> Counted:
        """Counts."""
        return Counted(most)

    def generator(most: int = 3) -> Iterator[Counted]:
        """Counts."""
        yield Counted(most)

    async def stream(most: int = 3) -> AsyncIterator[list[Counted]]:
        """Counts."""
        yield [Counted(most)]

    handler = {"plain": plain, "generator": generator, "async generator": stream}[form]
    with gr.Blocks() as demo:
        publish(handler)
    info = demo.get_api_info()["named_endpoints"][f"/{handler.__name__}"]
    assert [one["parameter_name"] for one in info["parameters"]] == ["most"]
    schema = info["returns"][0]["type"]
    assert (schema["items"] if form == "async generator" else schema)["properties"] == {"number": {"type": "integer"}}
    [block_function] = [one for one in demo.fns.values() if one.api_name == handler.__name__]

    async def first():
        return [item async for item in block_function.fn(7)]

    sent = {
        "plain": lambda: block_function.fn(7),
        "generator": lambda: next(block_function.fn(7)),
        "async generator": lambda: asyncio.run(first())[0],
    }[form]()
    assert sent == ([{"number": 7}] if form == "async generator" else {"number": 7})
