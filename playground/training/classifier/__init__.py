"""Training a classifier: labelled rows, a model to begin with, transformers' ``Trainer``, and what came of it."""
