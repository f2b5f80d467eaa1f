"""What the Generation tab shows."""
