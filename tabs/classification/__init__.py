"""What the Classification tab shows."""
