"""Text -> tokens, batches with their masks, chat templates, vocabularies."""
