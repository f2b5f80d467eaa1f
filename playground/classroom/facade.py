"""What a playground answers about classes.

Thin methods: each hands its question to the function that answers it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.registry import Wing

if TYPE_CHECKING:
    from playground.classroom.answers import Answers, Prepared
    from playground.classroom.questions import Continued, NextWord, Question
    from playground.classroom.result import ModelSays, Writing


class ClassroomWing(Wing):
    """What a playground answers about classes; ``address`` is where the teacher asks from."""

    def prepare_question(self, question: Question, address: str = "") -> Prepared:
        """A question as a class gets it, and what the model says."""
        return self._answers(address).prepare(question)

    def read_words(self, question: NextWord, says: ModelSays, words: list[str], address: str = "") -> ModelSays:
        """What the model says of the words of a class."""
        return self._answers(address).read_words(question, says, words)

    def continued_question(self, question: Continued, token_id: int, address: str = "") -> Continued:
        """The same question, one token later."""
        return self._answers(address).continued(question, token_id)

    def class_writing(self, question: Continued, address: str = "") -> Writing:
        """What a class has written beside what the model writes."""
        return self._answers(address).writing(question)

    def _answers(self, address: str) -> Answers:
        from playground.classroom.answers import Answers

        asked: Any = self  # whose other wings are asked
        return Answers(asked, address)
