"""Prompt -> a stream of steps, each with the alternatives it beat."""
