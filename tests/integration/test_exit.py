"""How a process ends that used a playground: cleanly, whatever it was doing, and when it is told to."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.tiny_models import make_model

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
import playground as pg

playground = pg.Playground(pg.Settings.read(["--models-file", sys.argv[1], "--warm-up", "none"]))
"""
GENERATE = "generation = playground.generate(pg.GenerateRequest('w5 w6', model_id='tiny', max_new_tokens=4000))\n"
ENDINGS = {
    "a finished generation": GENERATE.replace("4000", "3") + "print(generation.result().text)",
    "a running generation": GENERATE + "next(iter(generation))",
    "an error in the middle of one": GENERATE + "next(iter(generation))\nsys.exit(3)",
    "a running load": "playground.load_model('tiny', 'text-generation')",
    "a lease that was never given back": "lease = playground.manager.lease('tiny', 'text-generation').__enter__()",
    "a playground that nobody refers to": GENERATE + "next(iter(generation))\ndel playground",
}


@pytest.fixture(scope="module")
def models_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "llama", "llama", max_position_embeddings=5000)
    path = folder / "models.yaml"
    path.write_text(f"models:\n  - {{id: tiny, task: text-generation, source: folder, location: {folder / 'llama'}}}\n")
    return path


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_script_that_closes_nothing_ends_cleanly(models_file, ending):
    """It ended in "terminate called without an active exception", with the exit code of a core dump."""
    command = [sys.executable, "-c", SCRIPT + ENDINGS[ending], str(models_file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == (3 if "error" in ending else 0), done.stderr
    assert "terminate called" not in done.stderr


def start_server(models_file, prefix=()):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ["--models-file", str(models_file), "--warm-up", "none", "--port", str(port)]
    server = subprocess.Popen(
        [*prefix, sys.executable, "app.py", *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    for line in server.stdout:
        said.append(line)
        if "is ready" in line:
            return server, f"http://127.0.0.1:{port}"
    raise AssertionError("".join(said))


def ended(server):
    """Its exit status; ten times as long as it takes is allowed, for a machine that does much else."""
    try:
        return server.wait(20)
    finally:
        server.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_stops_in_the_middle_of_a_generation(models_file, number):
    from gradio_client import Client

    server, url = start_server(models_file)
    client = Client(url, verbose=False)
    job = client.submit(prompt="w5 w6", model_id="tiny", max_new_tokens=4000, api_name="/generate")
    deadline = time.monotonic() + 60
    while not job.outputs() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert job.outputs(), "the generation has begun"
    server.send_signal(number)
    assert ended(server) == 0
    assert "terminate called" not in server.stdout.read()


def test_a_second_signal_ends_a_server_that_is_still_closing(models_file):
    server, _ = start_server(models_file)
    server.send_signal(signal.SIGINT)
    server.send_signal(signal.SIGTERM)
    assert ended(server) in (0, 1)


@pytest.mark.skipif(not sys.platform.startswith("linux") or not shutil.which("unshare"), reason="Linux's namespaces")
def test_the_first_process_of_a_container_heeds_a_signal(models_file):
    """To process 1 a signal without a handler means nothing: ``docker stop`` took ten seconds and then killed."""
    prefix = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no namespaces")
    server, _ = start_server(models_file, prefix)
    first = psutil.Process(server.pid).children()[0]
    first.send_signal(signal.SIGTERM)
    assert ended(server) == 0
    assert not first.is_running()


def test_a_server_in_the_background_of_a_script_heeds_ctrl_c(models_file):
    """A shell without job control starts background programs with SIGINT ignored."""
    server, _ = start_server(models_file, ["sh", "-c", 'trap "" INT; exec "$@"', "sh"])
    server.send_signal(signal.SIGINT)
    assert ended(server) == 0


def test_whoever_computes_is_told_before_leases_are_waited_for(models_file):
    """The engine's stream held its lease until the wait was over."""
    import playground as pg

    playground = pg.Playground(pg.Settings.read(["--models-file", str(models_file), "--warm-up", "none"]))
    generation = playground.generate(pg.GenerateRequest("w5 w6", model_id="tiny", max_new_tokens=4000))
    events = iter(generation)
    next(events)
    closing = threading.Thread(target=playground.close, kwargs={"patience_seconds": 1e6})
    closing.start()
    reasons = [event.reason for event in events if isinstance(event, pg.Finished)]
    closing.join(60)
    assert not closing.is_alive()
    assert reasons == ["stopped"]
    assert not playground.snapshot().resident
