"""The tree of beam search."""

import pytest

from playground.generation.generate import generate
from playground.generation.request import GenerateRequest


def test_beam_search_has_a_tree(tiny, tokenizer):
    manager = tiny("qwen")
    request = GenerateRequest(prompt="the quick", max_new_tokens=6, num_beams=3)
    result = generate(manager, request).result()
    nodes = {node.node: node for step in result.beam_steps for node in step.nodes}
    best = result.finished.beams[0]
    path, node = [], nodes[best.node]
    while True:
        path.append(node)
        if node.parent < 0:
            break
        node = nodes[node.parent]
    assert tuple(node.token_id for node in reversed(path)) == best.token_ids == result.finished.token_ids
    assert sum(node.log_probability for node in path) == pytest.approx(best.total_log_probability, abs=1e-4)
    assert best.mean_log_probability == pytest.approx(best.total_log_probability / len(best.token_ids), abs=1e-5)
    assert all(sum(node.state == "kept" for node in step.nodes) == 3 for step in result.beam_steps[:-1])
    ids = tokenizer("the quick", return_tensors="pt").input_ids
    output = manager.loaded.model.generate(
        ids, num_beams=3, do_sample=False, max_new_tokens=6, output_scores=True, return_dict_in_generate=True
    )
    assert best.mean_log_probability == pytest.approx(float(output.sequences_scores[0]), abs=1e-4)
