"""What is shown: one module per tab, each with a TITLE and a ``build_tab(playground)``.

TABS is the order in which a learner should meet them; nothing else knows the order. Adding a tab means writing its
module and naming it here. Tabs import gradio and playground, never torch.
"""

from tabs import classification, generation, models, similarity, tokenization

TABS = (classification, tokenization, generation, similarity, models)
