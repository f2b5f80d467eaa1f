"""Words -> exp(loss), and what that number hides."""
