"""The same facade over many machines, by Ray Serve: `python -m playground.cluster`.

A front serves the page, and holds what belongs to one place: the rooms of a class, trainings and what was trained,
uploads, tokenizers for every keystroke. Replicas hold models; each has a manager, leases and budgets of its own.
Nothing outside this folder imports it, and without the command nothing of Ray is imported.

Read them in this order: `calls` (what crosses), `placement` (which replica), `replica` (there), `facade` (here).
"""
