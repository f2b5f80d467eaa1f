"""Share on results, and what happens when a link is opened: no tab of its own."""
