"""What the Similarity tab shows."""
