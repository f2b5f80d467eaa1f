"""Every endpoint sends what its published type says: all keys, none besides, of the right types."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gradio_client import handle_file

EMBEDDED = ["sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct"]
CHAT = [{"role": "user", "content": "Hello"}]
CALLS: dict[str, list[dict[str, Any]]] = {
    "/classify": [{"text": "I love it"}],
    "/tokenize": [{"text": "naïve 👍🏽 cats"}, {"text": "naïve 👍🏽", "model_id": EMBEDDED[1]}],
    "/encode": [{"texts": ["one", "two words"]}, {"texts": ["one", "two words"], "model_id": EMBEDDED[1]}],
    "/flip_mask": [{"texts": ["one", "two words"], "flips": [[0, 1]]}],
    "/chat_template": [{"messages": CHAT}],
    "/compare_tokenizers": [{"text": "unbelievable", "model_ids": EMBEDDED}],
    "/search_vocabulary": [{"query": "cat"}, {"query": "cat", "model_id": EMBEDDED[1]}],
    "/explain_split": [{"word": "unbelievable"}],
    "/attention": [{"text": "The cat sat", "layer": 0}],
    "/generate": [{"prompt": "Once", "max_new_tokens": 3}, {"prompt": "Once", "max_new_tokens": 3, "num_beams": 2}],
    "/next_token": [{"prompt": "Once"}],
    "/logit_lens": [{"prompt": "Once upon"}],
    "/model_map": [{"text": "Once upon", "layer": 3, "head": 2}],
    "/attribute_next": [{"prompt": "Once upon"}, {"prompt": "Once", "methods": ["occlusion"]}],
    "/word_loss": [{"words": ["man", "woman"]}],
    "/word_matrix": [{"words": ["man", "woman", "lamp"]}],
    "/word_map": [{"words": ["man", "woman", "lamp"]}],
    "/quantization_twin": [{"text": "Once upon", "other_quantization": "float32", "max_new_tokens": 2}],
    "/pipeline": [
        {"text": "a cat", "texts": ["a dog"]},
        {"task": "text2text-generation", "text": "salt", "options": {"max_new_tokens": 4}},
    ],
    "/trained_models": [{}],
    "/load_model": [{"model_id": EMBEDDED[0]}],
    "/models": [{}],
}
EVENTS = {"started", "step", "beamstep", "finished"}


@pytest.fixture(scope="module")
def published(client):
    """The JSON schema of each endpoint's answer, with keys that it doesn't name forbidden."""
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    return {name: strict(endpoint["returns"][0]["type"]) for name, endpoint in endpoints.items()}


def strict(schema: Any) -> Any:
    """The schema with ``additionalProperties: false`` in every object."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    return inner | ({"additionalProperties": False} if "properties" in schema else {})


def test_every_endpoint_is_typed(published):
    assert set(published) == {*CALLS, "/classify_table", "/unload_model", "/train_classifier", "/train_language_model"}
    assert [name for name, schema in published.items() if not schema.get("type")] == []


def test_arguments_have_their_names_and_what_docstrings_say_of_them(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for endpoint in endpoints.values():
        assert all(one["label"] == one["parameter_name"] for one in endpoint["parameters"])
    text, *_ = endpoints["/classify"]["parameters"]
    assert text["python_type"] == {"type": "str", "description": "What is judged."}


def test_every_argument_says_what_it_means_and_nothing_is_markup(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    said = {
        f"{name} {one['parameter_name']}": one["python_type"]["description"]
        for name, endpoint in endpoints.items()
        for one in endpoint["parameters"]
    }
    assert [name for name, meaning in said.items() if not re.fullmatch(r"[A-Z\d\[\"].+\.", meaning)] == []
    values = r"(Auto|Longest|Head|Characters|Llama|Self|Feature-extraction|Text-classification)[,: ]"
    assert [name for name, meaning in said.items() if re.match(values, meaning)] == [], "a value begins small"
    assert "``" not in json.dumps(endpoints)
    assert {one["label"] for endpoint in endpoints.values() for one in endpoint["returns"]} == {"answer"}


@pytest.mark.parametrize("endpoint", [name for name in CALLS if name != "/generate"])
def test_an_answer_is_of_its_type(client, published, endpoint):
    for arguments in CALLS[endpoint]:
        jsonschema.validate(client.predict(**arguments, api_name=endpoint), published[endpoint])


def test_a_classified_file_is_of_its_type(client, published, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\nI love it,5 stars\n,1 star\n", encoding="utf-8")
    answer = client.predict(handle_file(path), "text", "label", "", api_name="/classify_table")
    jsonschema.validate(answer, published["/classify_table"])
    assert answer["metrics"] and answer["bad_rows"], "the optional parts were there to be looked at"


def test_the_state_after_an_unload_is_of_its_type(client, published):
    key = {"model_id": EMBEDDED[0], "task": "feature-extraction", "quantization": "bfloat16"}
    client.predict(**key, api_name="/load_model")
    for _ in range(600):
        [row] = [one for one in client.predict(api_name="/models")["models"] if one["id"] == EMBEDDED[0]]
        if "resident" in {one["state"] for one in row["variants"] if one["quantization"] == "bfloat16"}:
            break
        time.sleep(0.1)
    jsonschema.validate(client.predict(**key, api_name="/unload_model"), published["/unload_model"])


def test_every_message_of_a_stream_is_of_its_type(client, published):
    seen = set()
    for arguments in CALLS["/generate"]:
        for message in client.submit(**arguments, api_name="/generate"):
            jsonschema.validate(message, published["/generate"])
            seen |= {event["type"] for event in message}
    assert seen == EVENTS


def test_a_missing_or_unknown_key_is_noticed(client, published):
    answer = client.predict(text="I love it", api_name="/classify")
    for wrong in ({**answer, "more": 1}, {name: answer[name] for name in answer if name != "logits"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, published["/classify"])


def test_the_example_of_the_readme_runs(app_server, capsys):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [code] = [one for one in re.findall(r"```python\n(.*?)```", readme, re.S) if "gradio_client" in one]
    exec(compile(code.replace("http://localhost:7860", app_server), "README.md", "exec"), {})
    label, reply = capsys.readouterr().out.split("\n", 1)
    assert label.startswith("5 stars [")
    assert len(reply.split()) > 3
