"""A Space with ZeroGPU: the real ``spaces`` package pickles and forks, and what it brings back is what others get."""

from __future__ import annotations

import shutil
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import yaml
from gradio_client import Client

import playground as pg
from playground.errors import BusyError, EmptyInputError, InputError, NotAllowedError
from playground.models import embedded
from playground.registry import declarations
from playground.tables import read_lines, read_pasted
from tests.answers import COLORS, REQUESTS, TEXT, last, same, shaped
from tests.tiny_models import make_model
from tests.zero_gpu import running_space

CATALOG = Path(__file__).parents[3] / "playground" / "models" / "catalog.yaml"
LONG = replace(COLORS, prompt="Once upon a time", max_new_tokens=6000)
ROWS = read_lines("\n".join(f"This film is number {n} of the good ones." for n in range(2000)))
TWINS = {"quantization_twin", "twin"}  # they want two copies, of which only one is loaded at the start
pytestmark = [
    pytest.mark.embedded,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="Spaces run on Linux"),
]


@pytest.fixture(scope="module")
def models_file(tmp_path_factory):
    """The embedded models in float32, as the others here compute; of SmolLM2 the tokenizer, with a tiny model to it."""
    folder = tmp_path_factory.mktemp("models")
    real, tiny = embedded.locate("smollm2-135m-instruct"), folder / "tiny"
    make_model(tiny, "llama", vocab_size=49152, max_position_embeddings=8192)
    for path in real.iterdir():
        if path.name.startswith(("tokenizer", "special", "chat_template", "vocab", "merges")):
            shutil.copy(path, tiny)
    models = [one for one in yaml.safe_load(CATALOG.read_text())["models"] if one["source"] == "embedded"]
    for one in models:
        one["quantizations"] = ["float32"]
        if one["location"] == real.name:
            one |= {"source": "folder", "location": str(tiny)}
    path = folder / "models.yaml"
    path.write_text(yaml.safe_dump({"models": models}))
    return path


@pytest.fixture(scope="module")
def here(models_file):
    """A playground that forks nothing."""
    with pg.Playground(pg.Settings(device="cpu", models_file=models_file)) as playground:
        yield playground


@pytest.fixture(scope="module")
def space(models_file, tmp_path_factory):
    """A Space that has loaded all of them."""
    ids = ",".join(one["id"] for one in yaml.safe_load(models_file.read_text())["models"])
    folder = tmp_path_factory.mktemp("space")
    with running_space(folder, "--models-file", str(models_file), "--warm-up", ids) as space:
        yield space


def ids_of(told):
    """The token ids of what `compare_batches` told, which ended well."""
    (finished,) = [event for batch in told for _, event in batch if isinstance(event, pg.Finished)]
    return finished.token_ids


def failure(told, kind, match):
    assert isinstance(told[-1], kind), told[-1]
    assert match in str(told[-1])


@pytest.fixture(scope="module")
def ids(here):
    """What everybody else gets for `COLORS`."""
    return here.generate(COLORS).result().finished.token_ids


def test_all_that_computes_runs_on_the_gpu():
    """A method that is added must say how long, or its weights are placeholders; and stand in this file."""
    on_gpu = {one.method for one in declarations(pg.Playground) if one.gpu_seconds}
    assert on_gpu == {*REQUESTS, *TWINS, "_compare_apart"}


@pytest.mark.parametrize("method", REQUESTS)
def test_an_answer_from_a_fork_is_that_of_everybody_else(space, here, method):
    same(shaped(space.ask(method, REQUESTS[method])[-1]), shaped(last(here, method, REQUESTS[method])))


def test_a_reply_streams_with_the_same_ids_and_alternatives(space, here):
    request = replace(COLORS, max_new_tokens=48)
    told = space.ask("compare_batches", (request,))
    reply = here.generate(request).result()
    assert ids_of(told) == reply.finished.token_ids
    assert len(told) > 2, "it arrives in parts"
    steps = [event for batch in told for _, event in batch if isinstance(event, pg.Step)]
    same(shaped(tuple(step.alternatives for step in steps)), shaped(tuple(step.alternatives for step in reply.steps)))


def test_settings_are_compared_side_by_side(space, here):
    requests = (COLORS, replace(COLORS, do_sample=True, seed=3), replace(COLORS, num_beams=2))
    told = space.ask("compare_batches", requests)
    finished = {index: event for batch in told for index, event in batch if isinstance(event, pg.Finished)}
    expected = here.compare(requests).results()
    assert [finished[index].token_ids for index in range(3)] == [one.finished.token_ids for one in expected]


def test_visitors_at_once_and_fifty_calls(space, here, ids):
    """Forks at the same time ended in "os.fork is unsafe while filelock is changing descriptor ownership"."""
    texts = [f"This film is {word}{'!' * number}" for number in range(10) for word in ("good", "bad", "odd", "new")]
    with ThreadPoolExecutor(6) as visitors:
        replies = [visitors.submit(space.ask, "compare_batches", (COLORS,)) for _ in range(4)]
        labels = [visitors.submit(space.ask, "classify", pg.ClassifyRequest(text)) for text in texts]
        pairs = [visitors.submit(space.ask, "word_loss", REQUESTS["word_loss"]) for _ in range(6)]
    assert {ids_of(one.result()) for one in replies} == {ids}
    expected = [here.classify(pg.ClassifyRequest(text)).best.label for text in texts]
    assert [one.result()[-1].best.label for one in labels] == expected
    assert len({one.result()[-1].losses[0].target for one in pairs}) == 1
    assert space.scheduler.most_at_once > 1
    wait_for(lambda: not space.scheduler.lent)
    assert not any(one["fail"] == "true" for one in space.scheduler.released)


def run(space, method, *arguments):
    """The answers of a call that has begun on a GPU, as a future."""
    before = len(space.scheduler.asked)
    pool = ThreadPoolExecutor(1)
    answers = pool.submit(space.ask, method, *arguments)
    wait_for(lambda: len(space.scheduler.asked) > before and space.scheduler.lent)
    pool.shutdown(wait=False)
    return answers


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_stop_in_the_middle_of_a_reply(space):
    answers = run(space, "compare_batches", (replace(LONG, run_id="stop me"),))
    time.sleep(0.5)  # some way into it
    assert space.ask("cancel", "stop me") == [True]
    told = answers.result(30)
    (finished,) = [event for batch in told for _, event in batch if isinstance(event, pg.Finished)]
    assert finished.reason == "stopped"
    assert len(finished.token_ids) < LONG.max_new_tokens
    wait_for(lambda: not space.scheduler.lent)


def test_stop_in_the_middle_of_a_table(space):
    answers = run(space, "classify_table", pg.ClassifyTableRequest(ROWS, "text", run_id="stop this"))
    wait_for(lambda: space.ask("cancel", "stop this") == [True])
    result = answers.result(30)[-1]
    assert isinstance(result, pg.TableResult)
    assert len(result.rows) < len(ROWS.lines)


def test_a_page_that_closes_gives_its_gpu_back(space):
    job = Client(space.url, verbose=False).submit(
        prompt="Once upon a time", max_new_tokens=2000, api_name="/generate"
    )  # fmt: skip
    wait_for(job.outputs)
    assert space.scheduler.lent
    job.cancel()
    wait_for(lambda: not space.scheduler.lent)


def test_an_error_keeps_its_words(space, here):
    for method, request, kind in (
        ("attend", pg.AttentionRequest(""), EmptyInputError),
        ("word_matrix", pg.WordMatrixRequest(()), InputError),
    ):
        with pytest.raises(kind) as caught:
            last(here, method, request)
        failure(space.ask(method, request), kind, str(caught.value))
    wrong = replace(COLORS, prefix_token_ids=(10**6,))
    with pytest.raises(InputError) as caught:
        here.generate(wrong)
    failure(space.ask("compare_batches", (wrong,)), InputError, str(caught.value))
    assert ids_of(space.ask("compare_batches", (COLORS,))), "and the next one works"


def test_what_was_not_loaded_at_the_start_is_not_to_be_had(space):
    refused = "The GPU here is lent for seconds"
    failure(space.ask("classify", replace(TEXT, quantization="bfloat16")), NotAllowedError, refused)
    failure(space.ask("describe_classifier", "playground/sentiment-5-stars", "bfloat16"), NotAllowedError, refused)
    failure(space.ask("compare_batches", (replace(COLORS, quantization="bfloat16"),)), NotAllowedError, refused)
    for method in TWINS:
        failure(space.ask(method, pg.TwinRequest("A cat", other_quantization="bfloat16")), NotAllowedError, refused)
    assert refused in space.ask("visitor_rules")[0]


def test_a_model_is_trained_without_a_gpu_and_taken_home(space, tmp_path):
    """In a process of its own, on the processor; no GPU is lent to what wasn't loaded at the start."""
    before = len(space.scheduler.asked)
    rows = "\n".join(f"{word} {number},{word}" for word in ("good", "bad") for number in range(6))
    asked = pg.TrainClassifierRequest(read_pasted(rows), method="head", num_train_epochs=2, person="me")
    told = space.ask("train_classifier", asked)
    assert [type(told[0]), type(told[-1])] == [pg.TrainingBegins, pg.TrainedClassifier], told
    assert told[0].device == "cpu" and len(space.scheduler.asked) == before
    [model] = space.ask("trained_models", "me")[0]
    assert zipfile.is_zipfile(space.ask("pack_trained", model.model_id, str(tmp_path))[0])
    for name in (model.model_id, model.before_id):
        failure(
            space.ask("classify", replace(TEXT, model_id=name)), NotAllowedError, "The GPU here is lent for seconds"
        )
    assert space.ask("forget_trained", model.model_id) == [None]


def test_nothing_that_only_describes_asks_for_a_gpu(space):
    before = len(space.scheduler.asked)
    (about,) = space.ask("describe_classifier", None, "auto")
    assert about.labels[-1] == "5 stars"
    space.ask("generation_receipt", COLORS)
    space.ask("snapshot")
    Client(space.url, verbose=False).predict(text="a cat", api_name="/tokenize")
    assert len(space.scheduler.asked) == before


def test_a_visitor_pays_with_their_own_time(space):
    token = "e30.e30.visitor"
    client = Client(space.url, verbose=False, headers={"x-ip-token": token})
    client.predict(text="Fine", api_name="/classify")
    client.predict(prompt="Once", max_new_tokens=2, api_name="/generate")
    assert [one["token"] for one in space.scheduler.asked[-2:]] == [token, token]


def test_each_method_asks_for_its_own_time(space):
    def seconds(*asked):
        space.ask(*asked)
        return int(space.scheduler.asked[-1]["durationSeconds"])

    short, beams = (seconds("compare_batches", (replace(COLORS, num_beams=number),)) for number in (1, 4))
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(seconds, "compare_batches", (replace(LONG, run_id="long"),))
        wait_for(lambda: space.ask("cancel", "long") == [True])
    assert short < beams + 1 < answers.result() <= 120
    assert seconds("classify", TEXT) == 20


def test_no_gpu_is_free(space):
    space.scheduler.refuses = True
    try:
        for told in (space.ask("classify", TEXT), space.ask("compare_batches", (COLORS,))):
            failure(told, BusyError, "No GPU was available. Try again later.")
    finally:
        space.scheduler.refuses = False


def test_a_gpu_that_is_taken_away_in_the_middle(space):
    """As when the time is over that was asked for."""
    answers = run(space, "compare_batches", (LONG,))
    time.sleep(1)
    for child in psutil.Process(space.process).children():
        child.kill()
    failure(answers.result(30), BusyError, "GPU task aborted")
    assert ids_of(space.ask("compare_batches", (COLORS,))), "and the next one gets another process"


def test_the_log_tells_of_no_mistake(space):
    log = space.log.read_text()
    assert "Traceback" not in log, log[-3000:]
    assert "can't be loaded" not in log
