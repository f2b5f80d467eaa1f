"""What a playground answers about lessons.

Thin methods: each hands its question to the function that answers it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing

if TYPE_CHECKING:
    from playground.lessons.lesson import Lessons


class LessonsWing(Wing):
    """What a playground answers about lessons."""

    def lessons(self) -> Lessons:
        """The lessons of the app and those of ``--lessons``, and what is wrong with files that are none."""
        from playground.lessons.shelf import read_lessons

        return read_lessons(self.settings.lessons)
