"""What the Attention tab shows."""
