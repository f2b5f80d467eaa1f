"""What the Tokens tab shows."""
