"""Loading from a folder: the two views of one set of weights, quantization, and every way in which it can go wrong."""

from __future__ import annotations

import copy
import json
import threading
from dataclasses import replace

import pytest
import torch

from playground.errors import (
    CorruptModelError,
    ModelNotFoundError,
    UnknownArchitectureError,
    UnsupportedOptionError,
    WrongTaskError,
)
from playground.models import loading, memory
from tests.tiny_models import ARCHITECTURES, make_model, make_spec, make_tokenizer

CPU = torch.device("cpu")
IDS = torch.tensor([[1, 5, 9, 7, 5, 9, 8, 2], [1, 6, 6, 2, 0, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0, 0]])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: make_model(root / name, name) for name in ARCHITECTURES}


def load(folders, architecture, quantization="float32"):
    spec = make_spec(folders[architecture], architecture)
    return loading.load_model(spec, folders[architecture], spec.task, quantization, CPU)


def forward(model, **options):
    inputs = {"input_ids": IDS, "attention_mask": MASK}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = IDS
    with torch.no_grad():
        return model(**inputs, **options)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("quantization", ["float32", "4-bit"])
def test_the_eager_view_is_the_same_model_with_attention_weights(folders, monkeypatch, architecture, quantization):
    # A CPU with AVX512-BF16 rounds what a layer is given to bfloat16, where 1e-7 can become 2e-5.
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: False)
    model = load(folders, architecture, quantization)
    before, size = forward(model).logits, memory.measure_bytes(model)
    view = loading.eager_view(model)
    seen = forward(view, output_attentions=True)

    assert type(view) is type(model)
    assert {id(one) for one in view.parameters()} == {id(one) for one in model.parameters()}
    assert not any(one.is_meta for one in [*view.parameters(), *view.buffers()])
    kept = MASK.bool()  # what a model makes of padding is undefined and differs between implementations
    difference = (seen.logits - before)[kept] if seen.logits.dim() == 3 else seen.logits - before
    assert difference.abs().max() < 1e-5
    weights = seen.cross_attentions if model.config.is_encoder_decoder else seen.attentions
    assert len(weights) >= 2
    for layer in weights:
        assert layer.shape == (2, 4, 8, 8)
        assert torch.allclose(layer[0].sum(-1), torch.ones(4, 8), atol=1e-5)
    assert torch.equal(forward(model).logits, before), "making and using the view changed the model"
    assert model.config._attn_implementation == "sdpa"
    assert memory.measure_bytes(model) == size == memory.measure_bytes(view)


def test_the_eager_view_follows_weights_that_move(folders):
    """What is parked in RAM and brought back must be seen by both views."""
    from playground.models.tiers import move

    model = load(folders, "t5")
    view, before = loading.eager_view(model), None
    before = forward(view).logits
    old = model.shared.weight.data_ptr()
    move(model, CPU)
    assert model.shared.weight.data_ptr() != old, "move must copy, or this test shows nothing"
    assert view.shared.weight.data_ptr() == model.shared.weight.data_ptr() == model.lm_head.weight.data_ptr()
    assert torch.equal(forward(view).logits, before)


@pytest.mark.parametrize("architecture", ["bert", "t5", "llama", "gemma3", "gpt2"])
@pytest.mark.parametrize("quantization", ["float32", "bfloat16", "float16", "8-bit", "fast-8-bit", "4-bit"])
def test_bytes_are_predicted_without_reading_the_weights(folders, architecture, quantization):
    spec = make_spec(folders[architecture], architecture)
    config = loading.load_config(spec, folders[architecture], spec.task)
    blueprint = loading.blueprint(config, spec.task, quantization, CPU)
    assert all(one.is_meta for one in blueprint.parameters())
    predicted = memory.predict_bytes(blueprint, loading.pick_dtype(quantization, CPU), CPU)
    assert predicted == memory.measure_bytes(load(folders, architecture, quantization))


def test_accelerate_places_what_max_memory_allows(folders):
    spec = make_spec(folders["llama"], "llama")
    spread = loading.load_model(spec, folders["llama"], spec.task, "float32", CPU, max_memory={"cpu": 10**9})
    assert torch.equal(forward(spread).logits, forward(load(folders, "llama")).logits)
    spread.hf_device_map = {"model.layers.0": 0, "model.layers.1": "cpu"}
    with pytest.raises(UnsupportedOptionError, match="whole model on one device"):
        loading.eager_view(spread)


def test_quantized_models_are_smaller_and_say_nearly_the_same(folders):
    model = load(folders, "llama")
    full = torch.softmax(forward(model).logits, -1)
    for quantization, closeness in (("8-bit", 0.001), ("4-bit", 0.01)):
        small = load(folders, "llama", quantization)
        assert memory.measure_bytes(small) < memory.measure_bytes(model)
        assert 0 < (torch.softmax(forward(small).logits, -1) - full).abs().max() < closeness


def test_weights_are_reported_while_they_are_read(folders):
    reports = []
    spec = make_spec(folders["llama"], "llama")
    loading.load_model(
        spec, folders["llama"], spec.task, "float32", CPU, lambda what, fraction: reports.append((what, fraction))
    )
    fractions = [fraction for _, fraction in reports]
    assert len(fractions) > 10
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] < 1
    assert reports[0][0] == "reading the weights"


def test_loading_in_several_threads_leaves_transformers_as_it_was(folders):
    """from_pretrained exchanges functions of the whole process; overlapping loads would leave them exchanged."""
    from transformers import PreTrainedModel

    tie, dtype, failures = PreTrainedModel.tie_weights, torch.get_default_dtype(), []

    def work(architecture, quantization):
        try:
            for _ in range(3):
                model = load(folders, architecture, quantization)
                assert loading.eager_view(model) is not None
        except Exception as error:
            failures.append(error)

    jobs = [("llama", "bfloat16"), ("t5", "float32"), ("bert", "float16"), ("gpt2", "4-bit")]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert PreTrainedModel.tie_weights is tie
    assert torch.get_default_dtype() is dtype
    model = load(folders, "t5")
    assert model.lm_head.weight is model.shared.weight


def test_a_tokenizer_serves_many_threads(tmp_path):
    """Without turns, threads that want padding and threads that don't get each other's setting."""
    make_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    tokenizer, wrong = loading.load_tokenizer(tmp_path), []
    texts = ["w5", "w5 w6 " * 20]

    def work(padding):
        for _ in range(150):
            rows = tokenizer(texts, padding=padding, truncation=padding, max_length=16 if padding else None).input_ids
            if [len(row) for row in rows] != ([16, 16] if padding else [1, 40]):
                wrong.append(padding)

    threads = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert copy.deepcopy(tokenizer)("w5").input_ids == [5]


# What can go wrong


def test_a_missing_folder(tmp_path):
    spec = make_spec(tmp_path, "bert")
    with pytest.raises(ModelNotFoundError, match=r"no config\.json"):
        loading.load_model(spec, tmp_path, spec.task, "float32", CPU)


def broken(tmp_path, architecture="bert"):
    folder = make_model(tmp_path / "model", architecture)
    return make_spec(folder, architecture), folder


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("damage", ["truncated", "header", "empty", "gone"])
def test_damaged_weights(tmp_path, damage):
    spec, folder = broken(tmp_path)
    path = folder / "model.safetensors"
    content = path.read_bytes()
    damages = {"truncated": content[: len(content) // 2], "header": b"\xff" * 64 + content[64:], "empty": b""}
    path.unlink() if damage == "gone" else path.write_bytes(damages[damage])
    with pytest.raises(CorruptModelError, match="damaged") as caught:
        loading.load_model(spec, folder, spec.task, "float32", CPU)
    assert "Check the files" in caught.value.fix


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\x00\x01"])
def test_a_damaged_config(tmp_path, text):
    spec, folder = broken(tmp_path)
    (folder / "config.json").write_text(text)
    with pytest.raises(CorruptModelError, match=r"config\.json"):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


def test_weights_that_do_not_fit_the_config(tmp_path):
    spec, folder = broken(tmp_path)
    change_config(folder, hidden_size=64)
    with pytest.raises(CorruptModelError):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


def test_weights_that_are_missing_are_not_filled_with_random_numbers(tmp_path):
    from safetensors.torch import load_file, save_file

    spec, folder = broken(tmp_path)
    path = folder / "model.safetensors"
    weights = load_file(path)
    save_file({name: one for name, one in weights.items() if "layer.1" not in name}, path, metadata={"format": "pt"})
    with pytest.raises(CorruptModelError, match="weights are missing"):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


def test_a_base_model_has_no_head_for_classification(tmp_path):
    """transformers would make a random one and answer with confident nonsense."""
    from safetensors.torch import load_file, save_file

    spec, folder = broken(tmp_path)
    path = folder / "model.safetensors"
    weights = {name: one for name, one in load_file(path).items() if not name.startswith("classifier")}
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(WrongTaskError, match="no trained head"):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


@pytest.mark.parametrize("task", ["text-generation", "text2text-generation"])
def test_the_wrong_task(folders, task):
    spec = make_spec(folders["bert"], "bert")
    with pytest.raises(WrongTaskError, match="It can do text-classification"):
        loading.load_model(spec, folders["bert"], task, "float32", CPU)


def test_an_architecture_that_transformers_does_not_have(tmp_path):
    spec, folder = broken(tmp_path)
    change_config(folder, model_type="frobnicator")
    with pytest.raises(UnknownArchitectureError, match=r"frobnicator.*isn't known"):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


def test_code_that_comes_with_a_model_is_not_run(tmp_path):
    spec, folder = broken(tmp_path)
    names = {"AutoConfig": "evil.EvilConfig", "AutoModelForSequenceClassification": "evil.EvilModel"}
    (folder / "evil.py").write_text("raise SystemExit('code from the Hub ran')")
    change_config(folder, model_type="evil", auto_map=names)
    with pytest.raises(UnknownArchitectureError, match="would run code from the Hub"):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


def test_a_native_class_is_used_even_where_the_model_brings_its_own(tmp_path):
    spec, folder = broken(tmp_path)
    (folder / "evil.py").write_text("raise SystemExit('code from the Hub ran')")
    change_config(folder, auto_map={"AutoModelForSequenceClassification": "evil.EvilModel"})
    assert type(loading.load_model(spec, folder, spec.task, "float32", CPU)).__name__ == "BertForSequenceClassification"


def test_pickled_weights_cannot_run_code(tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('a pickle ran code')",))

    spec, folder = broken(tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Evil()}))
    with pytest.raises(CorruptModelError):
        loading.load_model(spec, folder, spec.task, "float32", CPU)


def test_quantizations_that_do_not_exist_or_cannot_work():
    with pytest.raises(UnsupportedOptionError, match="3-bit"):
        loading.pick_quantization("3-bit", ("auto",), CPU)
    assert "doesn't run on vulkan" in loading.quantization_obstacle("4-bit", torch.device("vulkan"))
    assert loading.quantization_obstacle("4-bit", CPU) == ""


def test_devices():
    assert loading.pick_device("cpu") == CPU
    if not torch.cuda.is_available():
        assert loading.pick_device("auto") == CPU
    with pytest.raises(UnsupportedOptionError, match="--device cpu"):
        loading.pick_device("cuda:99")


def test_on_cuda_attention_is_not_planned_for_each_length():
    before = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        torch.backends.cuda.enable_cudnn_sdp(True)
        loading._options("float32", CPU, None)
        assert torch.backends.cuda.cudnn_sdp_enabled()
        loading._options("bfloat16", torch.device("cuda:0"), None)
        assert not torch.backends.cuda.cudnn_sdp_enabled()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)


def test_the_fix_suits_where_the_files_came_from(tmp_path):
    spec = make_spec(tmp_path, "bert")
    assert "Download it again" in loading.corrupt(replace(spec, source="hub"), "x").fix
    assert "prepared again" in loading.corrupt(replace(spec, source="embedded"), "x").fix
