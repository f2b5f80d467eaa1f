"""A file that the page offers is written once and is gradio's to delete."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import gradio as gr

from playground.receipt import Receipt
from tabs.components import file_to_serve, receipt_values


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
