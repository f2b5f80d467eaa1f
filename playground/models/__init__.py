"""The models that the capabilities run on: which exist, where they come from, what they cost, who holds them."""
