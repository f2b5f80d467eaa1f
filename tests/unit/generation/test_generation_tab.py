"""What the Generation tab does when something is pressed, without a page and without a model."""

from __future__ import annotations

import asyncio
import json

import pytest

import playground as pg
from playground.errors import EmptyInputError, InputError
from playground.receipt import Receipt
from tabs.generation.handlers import FEW_RUNS, stream_run, write_receipt
from tabs.generation.runs import PAGES, RUNS_OF_A_PAGE, Runs
from tabs.generation.settings import DEFAULTS, SPELLED, build_requests, echo

VALUES = {"model_id": "m", "mode": "Complete", "prompt": "Once", "system": "", **DEFAULTS, **SPELLED}


def step(index: int, text: str = "a") -> pg.Step:
    return pg.Step(index, 7 + index, text, text, 1 / 3, 1.0, 0.5, 0.1, (pg.Alternative(9, " b", 2 / 3, 0.0, False),))


def finished(*token_ids: int, reason: str = "length") -> pg.Finished:
    return pg.Finished(reason, "aa", token_ids, 1, 100, 1.5, 20.0, 0.1, 0.2, 1)


class FakePlayground:
    """Gives the same batches whatever is asked, and notes what it was asked."""

    def __init__(self, *batches) -> None:
        self.batches, self.asked, self.cancelled, self.during = batches, [], [], lambda: None

    def cancel(self, run_id):
        self.cancelled.append(run_id)

    async def compare_batches(self, requests, asked_at=None):
        self.asked.append(requests)
        for batch in self.batches:
            self.during()
            if isinstance(batch, Exception):
                raise batch
            yield batch

    def next_token(self, request):
        self.asked.append(request)
        return pg.NextTokenResult(1, 100, 0.5, (pg.Candidate(3, "c", 1 / 3, 0.5, 0.5, True, False),), ((2.0, -1.0),))

    def generation_receipt(self, request, finished):
        return Receipt(
            "Generation", f"# %% The model\nload()\n# %% The reply\nseed={request.seed} {finished.token_ids}\n"
        )


def played(playground, asked, runs=None, **changes):
    async def read():
        kept = runs if runs is not None else Runs(playground.cancel)
        return [json.loads(one) async for one in stream_run(playground, kept, VALUES | changes, asked, "me")]

    return asyncio.run(read())


def test_deltas_count_up_and_the_last_has_everything():
    playground = FakePlayground([(0, step(0))], [(0, step(1)), (0, finished(7, 8))])
    deltas = played(playground, {"run": "r"})
    assert [delta["n"] for delta in deltas] == [0, 1, 2, 3] and {delta["run"] for delta in deltas} == {"r"}
    assert deltas[-1]["final"] and deltas[-1]["events"] == deltas[1]["events"] + deltas[2]["events"]
    assert deltas[0]["begin"] == [echo(playground.asked[0][0])] and "run_id" not in deltas[0]["begin"][0]
    assert deltas[1]["events"][0][1]["before"] == 0.333333, "short numbers"


def test_what_the_view_has_is_not_sent_again():
    deltas = played(FakePlayground([(0, step(0)), (0, step(1))]), {"run": "r", "have": 1})
    assert [event["index"] for _, event in deltas[-1]["events"]] == [1]


def test_a_failure_is_told_with_what_came_before_it():
    deltas = played(FakePlayground([(0, step(0))], InputError("No room.", "Wait.")), {"run": "r"})
    assert deltas[-1]["error"] == "No room. Wait." and len(deltas[-1]["events"]) == 1 and deltas[-1]["final"]


def test_a_step_by_hand_takes_so_many_tokens_and_looks_ahead():
    playground = FakePlayground([(0, step(0)), (0, finished(7))])
    deltas = played(playground, {"run": "r", "draw": 1, "prompt": "Once"})
    (generated,), ahead = playground.asked
    assert generated.max_new_tokens == 1
    assert ahead.prefix_token_ids == (7,) and deltas[-1]["next"]["candidates"][0][0] == 3
    ended = FakePlayground([(0, finished(7, reason="eos"))])
    assert played(ended, {"run": "r", "draw": 1})[-1]["next"] is None and len(ended.asked) == 1


def test_a_receipt_is_written_from_what_the_server_has():
    playground = FakePlayground([(1, finished(8)), (0, finished(7))])
    runs = Runs(playground.cancel)
    played(playground, {"run": "r", "columns": [{"seed": 1}, {"seed": 2}]}, runs)
    code = write_receipt(playground, runs.find("me", "r")).code
    assert code.count("load()") == 1
    first, second = code.index("# %% greedy\n"), code.index("# %% greedy (2)\n")
    assert first < code.index("seed=1 (7,)") < second < code.index("seed=2 (8,)")
    for person, name in (("you", "r"), ("me", "other")):
        with pytest.raises(InputError, match="put away"):
            runs.find(person, name)


def test_stop_cancels_by_an_id_that_nobody_can_guess():
    playground = FakePlayground([(0, step(0))])
    runs = Runs(playground.cancel)
    playground.during = lambda: (runs.stop("you"), runs.stop("me"))
    played(playground, {"run": "1"}, runs)
    [run_id] = playground.cancelled
    assert run_id == playground.asked[0][0].run_id and len(run_id) == 16
    runs.stop("me")
    assert playground.cancelled == [run_id] and len(runs) == 0, "what is over is not stopped again"


def test_a_run_that_is_stopped_before_it_begins_asks_for_nothing():
    playground = FakePlayground([(0, step(0))])
    runs = Runs(playground.cancel)
    runs.stop("me", "late")  # Stop came before Start had got through
    runs.stop("you", "other")
    assert played(playground, {"run": "late"}, runs)[-1]["final"] and playground.asked == []
    played(playground, {"run": "next"}, runs)
    assert len(playground.asked) == 1, "the next one begins"


def test_a_new_run_ends_the_page_s_last_one():
    cancelled = []
    runs = Runs(cancelled.append)
    first = runs.enter("me", "a")
    runs.enter("me", "b")
    assert cancelled == [first.run_id] and first.stopped and len(runs) == 1


def test_a_page_keeps_its_last_runs_and_few_pages_are_kept():
    runs = Runs(lambda run_id: None)
    for number in range(RUNS_OF_A_PAGE + 1):
        runs.leave("me", runs.enter("me", str(number)))
    assert runs.find("me", "1").name == "1"
    with pytest.raises(InputError):
        runs.find("me", "0")
    for number in range(PAGES):
        runs.leave(str(number), runs.enter(str(number), "a"))
    with pytest.raises(InputError):
        runs.find("me", "1")
    runs.forget("5")
    with pytest.raises(InputError):
        runs.find("5", "a")


def test_a_chat_is_system_history_and_what_was_written():
    asked = {"history": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    (request,) = build_requests(VALUES | {"mode": "Chat", "system": "s", "temperature": None}, asked, "me", "id")
    assert [(one.role, one.content) for one in request.messages] == [
        ("system", "s"), ("user", "a"), ("assistant", "b"), ("user", "Once"),
    ]  # fmt: skip
    assert (request.person, request.run_id, request.temperature) == ("me", "id", 1.0)


@pytest.mark.parametrize("written", ["", "  ", "\n", None])
def test_a_chat_goes_on_with_no_blank_message(written):
    """It would be a turn of the chat; what is written once more, or continued, needs no message."""
    before = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    values = VALUES | {"mode": "Chat", "system": "s", "prompt": written}
    with pytest.raises(EmptyInputError, match="The message is empty"):
        build_requests(values, {"history": before}, "me")
    (told,) = played(FakePlayground([]), {"run": "r", "history": before}, mode="Chat", prompt=written)
    assert told["error"].startswith("The message is empty") and told["final"]
    (again,) = build_requests(values, {"messages": before[:1]}, "me")
    assert [one.content for one in again.messages] == ["a"]


def test_where_many_wait_nothing_starts_by_itself():
    playground = FakePlayground([(0, step(0)), (0, finished(7))])
    runs = Runs(playground.cancel)
    for number in range(FEW_RUNS):
        runs.enter(str(number), "a")
    assert len(played(playground, {"run": "r", "first": True}, runs)) > 1
    runs.enter("one more", "a")
    [delta] = played(playground, {"run": "r", "first": True}, runs)
    assert (delta["run"], delta["final"], delta["events"]) == ("r", True, []) and len(playground.asked) == 1
    assert len(played(playground, {"run": "r"}, runs)) > 1, "who presses Start gets in line"


def test_a_column_may_have_its_own_model_and_weights():
    columns = [{"quantization": "8-bit"}, {"model_id": "n"}, {"do_sample": True}]
    asked = build_requests(VALUES | {"quantization": "float32"}, {"columns": columns}, "me")
    assert [(one.model_id, one.quantization) for one in asked] == [("m", "8-bit"), ("n", "float32"), ("m", "float32")]
    (again,) = build_requests(VALUES, {"quantization": "4-bit", "prefix_token_ids": [7]}, "me")
    assert again.quantization == "4-bit"  # a reply goes on with the weights that began it
