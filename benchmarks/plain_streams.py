"""The usual recipe for streaming: a thread and a TextIteratorStreamer per request. The baseline of bench_streams."""

import sys
from threading import Thread

import gradio as gr
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

port, folder = int(sys.argv[1]), sys.argv[2]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")


def generate(prompt, max_new_tokens):
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
    inputs = tokenizer(prompt, return_tensors="pt")
    options = {"max_new_tokens": int(max_new_tokens), "do_sample": False, "streamer": streamer}
    Thread(target=model.generate, kwargs={**inputs, **options}).start()
    text = ""
    for piece in streamer:
        text += piece
        yield text


with gr.Blocks() as demo:
    box, length, stream = gr.Textbox(), gr.Number(), gr.Textbox()
    gr.Button("Generate").click(generate, [box, length], stream, api_name="generate", concurrency_limit=100)
demo.queue(default_concurrency_limit=100)
demo.launch(server_port=port, ssr_mode=False, quiet=True, max_threads=100)
