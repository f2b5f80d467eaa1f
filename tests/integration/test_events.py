"""How the page's events are bound, where gradio would lose what they carry."""

from __future__ import annotations

import inspect

import gradio as gr
import pytest

pytestmark = pytest.mark.embedded


def test_no_event_that_carries_something_waits_for_one_before_it(demo):
    # gradio repeats the first event's data for one that had to wait: the last word typed would be the first again
    late = [one.name for one in demo.fns.values() if one.trigger_mode == "always_last" and one.collects_event_data]
    assert late == []


def test_a_control_of_generation_tells_its_own_value_alone(demo):
    # several change at once where a lesson or a link fills them in: what one tells of the others is old
    preset = next(block for block in demo.blocks.values() if getattr(block, "elem_id", "") == "generation-preset")
    telling = [one for one in demo.fns.values() if one.js and "'settings'" in one.js and one.outputs == [preset]]
    assert len(telling) >= 14
    assert [[(one._id, "change")] == fn.targets for fn in telling for one in fn.inputs] == [True] * len(telling)


def test_a_button_is_unusable_while_its_work_runs_or_a_second_press_waits_for_its_turn(demo):
    # gradio drops a second press without a word where the trigger mode is "once"
    fills = {"<lambda>", "forget", "halt", "nothing", "read_text", "stop"}  # done before anybody presses again
    dropped = []
    for event in demo.fns.values():
        pressed = [demo.blocks.get(number) for number, name in event.targets if name == "click"]
        buttons = [one for one in pressed if isinstance(one, gr.Button) and one.visible]
        is_long = inspect.isgeneratorfunction(event.fn) or (event.fn is not None and event.name not in fills)
        if is_long and event.trigger_mode == "once":
            dropped += [one.value for one in buttons if one not in event.outputs]
    assert dropped == []


def test_no_button_stands_on_the_page_by_accident(demo):
    # an update that is made while the page is built, `gr.Button(interactive=True)`, is a button that says "Run"
    buttons = [one for one in demo.blocks.values() if isinstance(one, gr.Button) and one.visible]
    assert [one.elem_id for one in buttons if one.value == gr.Button().value] == ["pipelines-run"]
