"""What the Models tab shows."""
