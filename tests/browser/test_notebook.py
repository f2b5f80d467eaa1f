"""``playground.show`` in a notebook that a real kernel runs: its outputs, opened without a network, are the views."""

from __future__ import annotations

import html
import re
from pathlib import Path

import nbclient
import nbformat
import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.embedded, pytest.mark.browser]
SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"
CELLS = {
    "start": "import playground as pg\nplayground = pg.Playground(pg.Settings(warm_up=('none',)))",
    "tokens": f"pg.show(playground.tokenize(pg.TokenizeRequest('naïve </script> cats', '{SMOL}')))",
    "attention": "pg.show(playground.attend(pg.AttentionRequest('The cat sat')))",
    "generation": "pg.show(playground.generate(pg.GenerateRequest('Red, <b>blue</b>', max_new_tokens=6)).result())",
    "matrix": "*_, m = playground.word_matrix(pg.WordMatrixRequest(('man', 'woman', 'lamp')))\npg.show(m, height=500)",
    "labels": "pg.show(playground.classify(pg.ClassifyRequest('I love it')))",
    "losses": "pg.show(playground.word_loss(pg.WordLossRequest(('man', 'woman'))))",
    "end": "playground.close()",
}


@pytest.fixture(scope="module")
def outputs():
    """What each cell shows, as HTML."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS.values()])
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(ROOT)}}).execute()
    told = {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}
    shown = {name: [one["data"] for one in outputs if "data" in one] for name, outputs in told.items()}
    return {name: data[0]["text/html"] for name, data in shown.items() if data}


def test_a_result_is_shown_with_the_page_s_view_and_without_a_server(outputs, browser, tmp_path):
    """All cells as one document, as a notebook is: frames that reach nothing, in a browser that is offline."""
    document = tmp_path / "notebook.html"
    document.write_text("<!doctype html><meta charset=utf-8>" + "\n".join(outputs.values()), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1100, "height": 900}, offline=True)
    page, troubles = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: line.type == "error" and troubles.append(line.text))
    page.on(
        "request", lambda one: one.url.startswith(("data:", "blob:", "file:", "about:")) or troubles.append(one.url)
    )
    page.goto(document.as_uri())
    frames = dict(zip(outputs, page.locator("iframe").all(), strict=True))
    for frame in frames.values():
        frame.scroll_into_view_if_needed()
    views = {name: frame.content_frame for name, frame in frames.items()}
    views["tokens"].locator(".chips button .piece").nth(3).wait_for()
    assert "naïve </script> cats" in views["tokens"].locator("textarea").input_value()
    views["attention"].get_by_text("All layers × heads").wait_for()
    views["attention"].get_by_text("the row sums to 1.0000").wait_for()
    views["generation"].locator(".gen-token").nth(5).wait_for()
    expect(views["generation"].locator(".gen-text")).to_contain_text("<b>blue</b>", use_inner_text=True)
    expect(views["generation"].get_by_role("button", name="Start")).to_be_hidden()
    views["generation"].locator(".gen-token").first.hover()
    views["generation"].locator(".gen-panel .gen-choice").nth(9).wait_for()  # ten tokens that could have stood there
    expect(views["matrix"].locator(".wm-cell")).to_contain_text(
        re.compile(r"man → woman: \d\.\d\d\snats"), use_inner_text=True
    )
    assert "click" not in views["matrix"].locator(".wm-cell").inner_text()
    expect(views["labels"].locator(".lb-verdict")).to_contain_text("5 stars", use_inner_text=True)
    views["losses"].get_by_text("piece of the label").wait_for()
    context.close()
    assert troubles == []


def test_a_frame_has_its_own_height_and_may_run_its_own_script_alone(outputs):
    heights = {
        name: int(re.search(r"100%; height: (\d+)px; border: 0\" title", shown)[1]) for name, shown in outputs.items()
    }
    assert heights["matrix"] == 500 and heights["attention"] > heights["tokens"] > 200
    for shown in outputs.values():
        assert re.findall(r'sandbox="([^"]*)"', shown) == ["allow-scripts allow-downloads"]
        page = html.unescape(re.search(r'srcdoc="([^"]*)"', shown)[1])
        assert page.startswith("<!doctype html>") and page.count("</script>") == 3
