"""Other heads: text -> what ``pipeline(task)`` answers, with every step between."""
