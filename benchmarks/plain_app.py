"""What people write first: load everything at import, one handler a model, launch. The baseline of bench_startup."""

import sys
from threading import Thread

import gradio as gr
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer, pipeline

port, classifier_folder, generator_folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
classifier = pipeline("text-classification", model=classifier_folder, top_k=None)
tokenizer = AutoTokenizer.from_pretrained(generator_folder)
model = AutoModelForCausalLM.from_pretrained(generator_folder, dtype="float32")


def generate(prompt):
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
    inputs = tokenizer(prompt, return_tensors="pt")
    Thread(target=model.generate, kwargs={**inputs, "streamer": streamer, "max_new_tokens": 20}).start()
    text = ""
    for piece in streamer:
        text += piece
        yield text


with gr.Blocks() as demo:
    box, out, stream = gr.Textbox(), gr.JSON(), gr.Textbox()
    gr.Button("Classify").click(lambda text: classifier(text), box, out, api_name="classify")
    gr.Button("Generate").click(generate, box, stream, api_name="generate")
demo.launch(server_port=port, ssr_mode=False, quiet=True)
