"""The same facade over many machines, by Ray Serve: `python -m playground.cluster`.

A front serves the page, with uploads and tokenizers for every keystroke. Replicas hold models; each has a manager,
leases and budgets of its own. What belongs to one place (the rooms of a class, trainings and what was trained) is in
the front, or, where there may be several, in a process of its own. Nothing outside this folder imports it, and without
the command nothing of Ray is imported.

Read them in this order: `calls` (what crosses), `placement` (which replica), `replica` (there), `facade` (here),
`home` (in one place).
"""
