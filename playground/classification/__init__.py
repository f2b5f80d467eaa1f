"""Text -> label probabilities, why a label was chosen, many texts at once."""
