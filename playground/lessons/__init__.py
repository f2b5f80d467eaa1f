"""Lessons: files of steps that drive the real page, with answers read from what has just been computed."""
