"""Text -> attention weights per layer and head."""
