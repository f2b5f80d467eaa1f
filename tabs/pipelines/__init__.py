"""What the Pipelines tab shows."""
