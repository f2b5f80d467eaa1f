"""OpenAI's HTTP API over the playground, so that programs which speak it work with this machine's models.

It reads bodies (`parameters`), follows replies while they grow (`replies`), writes answers (`answers`, `failures`) and
serves them (`routes`). It computes nothing, and imports neither gradio nor torch.

Source: https://platform.openai.com/docs/api-reference (chat, completions, embeddings, models)
"""
