"""A class in a room: what is asked of everybody, what they answer, and what a model answers. Nothing of it is kept."""
