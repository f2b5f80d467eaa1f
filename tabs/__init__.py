"""What is shown: one folder per capability; its ``tab.py`` has a TITLE and a ``build_tab(playground)``.

TABS is the order in which a learner should meet them; nothing else knows the order. Adding a tab means writing its
folder and naming it here. Tabs import gradio and playground, never torch.
"""

import importlib

TABS = tuple(
    importlib.import_module(f"tabs.{wing}.tab")
    for wing in ("classification", "tokens", "generation", "similarity", "pipelines", "training", "models")
)
