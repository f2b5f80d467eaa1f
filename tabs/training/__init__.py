"""The Training tab: a model learns from somebody's own examples, and then is used in all other tabs."""
