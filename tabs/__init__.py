"""What is shown: one folder per capability; its ``tab.py`` has a TITLE and a ``build_tab(playground)``.

TABS is the order in which a learner should meet them; nothing else knows the order. Adding a tab means writing its
folder and naming it here. Tabs import gradio and playground, never torch.
"""

from tabs.classification import tab as classification
from tabs.generation import tab as generation
from tabs.models import tab as models
from tabs.similarity import tab as similarity
from tabs.tokens import tab as tokens

TABS = (classification, tokens, generation, similarity, models)
