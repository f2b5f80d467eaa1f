"""Text -> what a language model would say after each layer, and which tokens spoke for what it says."""
