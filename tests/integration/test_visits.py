"""The page as each visitor has it."""

from __future__ import annotations


def test_the_page_is_described_once_for_all_visitors(demo):
    """And what one visitor changes is not seen by the next."""
    import gradio
    from gradio.blocks import BlocksConfig
    from gradio.state_holder import SessionState

    first = SessionState(demo)
    box = next(number for number, block in demo.blocks.items() if type(block).__name__ == "Textbox")
    first._update_value_in_config(box, "mine")
    second = SessionState(demo)
    plain = {number: BlocksConfig.config_for_block(number, [], block) for number, block in demo.blocks.items()}
    assert second.config_values[box] is first.config_values[box]
    assert str(second.config_values) == str(plain) == str(first.config_values)
    first[box] = gradio.Textbox("mine", render=False)
    first._update_config(box)
    assert first.config_values[box]["props"]["value"] == "mine"
    assert str(SessionState(demo).config_values) == str(plain)
