"""The code that "Use via API" shows runs as it stands: pasted into Python, and into bash."""

from __future__ import annotations

import json
import shutil
import subprocess

import httpx
import pytest

pytestmark = pytest.mark.embedded
SLOW = ("/train_classifier", "/train_language_model")  # a minute and more each; their code is only read
OTHERS = ("/classify_table", "/unload_model")  # wants a file of the reader's; takes a model from the other tests


@pytest.fixture(scope="module")
def endpoints(app_server):
    return httpx.get(f"{app_server}/gradio_api/info", timeout=60).json()["named_endpoints"]


def test_python_runs_as_it_is_shown(endpoints):
    for name, endpoint in endpoints.items():
        code = compile(endpoint["code_snippets"]["python"].replace("print(result)", ""), name, "exec")
        if name not in SLOW + OTHERS:
            found: dict[str, object] = {}
            exec(code, found)
            assert found["result"] is not None, name


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
@pytest.mark.parametrize("name", ["/classify", "/encode"])
def test_curl_runs_as_it_is_shown(endpoints, name):
    code = endpoints[name]["code_snippets"]["bash"]
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=120)
    assert "event: complete" in done.stdout, done.stdout + done.stderr


def test_what_is_sent_as_json_is_json_and_stands_for_the_right_kind(endpoints):
    for name, endpoint in endpoints.items():
        sent = json.loads(endpoint["code_snippets"]["cli"].partition("'")[2].rpartition("'")[0])
        assert set(sent) == {one["parameter_name"] for one in endpoint["parameters"]}
        assert not {"...", "Hello!!"} & {str(one) for one in sent.values()}, name
        assert "'" not in json.dumps(sent), "it stands between such quotes"
