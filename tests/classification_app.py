"""The Classification tab on a page of its own, over tiny models of every kind, named in a models file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import transformers
import yaml

from tests.tiny_classifiers import SMALL, tiny_model, tiny_tokenizer

NLI = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")
TOPICS = ("food", "film", "travel", "music")


def save_classifiers(folder: Path) -> Path:
    """A models file that names a classifier of each kind, and a language model that has no head for it."""
    kinds: dict[str, transformers.PreTrainedModel] = {
        "mood": _named(tiny_model(labels=3), ("bad", "fair", "good")),
        "nli": _named(tiny_model(labels=3), NLI),
        "topics": _named(tiny_model(labels=4, problem_type="multi_label_classification"), TOPICS),
        "rating": _named(tiny_model(labels=1, problem_type="regression"), ("stars",)),
        "headless": transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=120, **SMALL)),
    }
    for name, model in kinds.items():
        model.save_pretrained(folder / name)
        tiny_tokenizer().save_pretrained(folder / name)
    entries = [
        {"id": f"tiny/{name}", "title": name, "task": "text-classification", "source": "folder"}
        | {"location": str(folder / name), "quantizations": ["auto", "float32", "8-bit", "4-bit"]}
        for name in kinds
    ]
    path = folder / "models.yaml"
    path.write_text(yaml.safe_dump({"models": entries}), encoding="utf-8")
    return path


def _named(model: transformers.PreTrainedModel, labels: tuple[str, ...]) -> transformers.PreTrainedModel:
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: number for number, label in enumerate(labels)}
    return model


@contextmanager
def classification_app(folder: Path) -> Iterator[str]:
    """The page's address."""
    import gradio as gr

    import app
    from playground.config import Settings
    from playground.service import Playground
    from tabs.classification import tab

    settings = Settings(device="cpu", models_file=save_classifiers(folder), warm_up=("none",))
    with Playground(settings) as playground:
        with gr.Blocks() as demo, gr.Tabs(), gr.Tab(tab.TITLE):
            tab.build_tab(playground)
        demo.queue(api_open=False, default_concurrency_limit=10)
        _, url, _ = demo.launch(
            server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **app.launch_options(settings)
        )
        yield url.rstrip("/")
        demo.close()
