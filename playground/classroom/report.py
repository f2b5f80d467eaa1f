"""What the teacher takes home: questions and answers as a table, and what was written and shown as a text."""

from __future__ import annotations

from playground.classroom.compare import plain
from playground.classroom.questions import Choice, Question, Told, Value
from playground.classroom.result import Writing
from playground.classroom.room import Room, Round
from playground.tables.csv_text import write_csv

COLUMNS = (
    "question",
    "kind",
    "asked",
    "text",
    "seat",
    "nickname",
    "answer",
    "right",
    "model",
    "probability",
    "measured_with",
)


def answers_csv(room: Room) -> str:
    """One row for each answer, as CSV; nicknames only if they are switched on.

    ``right`` is what whoever asked says is right; where a model answers, ``model`` is its answer, ``probability`` what
    it gives to the student's, ``measured_with`` which model that is. All are empty before the reveal.
    """
    names = {seat.number: seat.name for seat in room.seats} if room.names_shown else {}
    rows = [
        (*_about(asked), seat, names.get(seat, ""), *_answered(asked, value))
        for asked in room.rounds
        for seat, value in sorted(asked.answers.items())
    ]
    return write_csv(COLUMNS, rows)


def class_text(room: Room, address: str) -> str:
    """What the class wrote beside what the model writes, and the links of what was shown, as plain text."""
    parts = [_both(one) for one in room.written]
    parts += [
        f"{asked.number}. {asked.question.ask}\n{text_of(asked.question)}\n"
        + "\n".join(f"  {bar.name}: {bar.count}" for bar in asked.reveal.bars if bar.count)
        + _told(asked)
        + _measured_with(asked.reveal.origin)
        for asked in room.rounds
        if asked.reveal
    ]
    if room.shown_links:
        parts.append("Shown:\n" + "\n".join(f"{address}{link}" for link in room.shown_links))
    return "\n\n".join(parts) + "\n"


def text_of(question: Question) -> str:
    """The text that a question is about, as far as it has been written; empty for those about none."""
    text = str(getattr(question, "text", "") or getattr(question, "word", ""))
    if pair := getattr(question, "text_pair", ""):
        return f"{text}\n{pair}"
    return text + str(getattr(question, "reply", "")) + str(getattr(question, "added", ""))


def said_by(question: Question, value: Value) -> str:
    """An answer as people read it."""
    choices = getattr(question, "choices", ())
    if isinstance(value, str):
        return value
    return str(choices[int(value)]) if choices else plain(value)


def _about(asked: Round) -> tuple[int, str, str, str]:
    return asked.number, asked.question.type, asked.question.ask, text_of(asked.question)


def _answered(asked: Round, value: Value) -> tuple[str, str, str, float | str, str]:
    """(the student's answer, what is right, the model's, the probability that it gives the student's, which it is)."""
    own = said_by(asked.question, value)
    if asked.state != "revealed":
        return own, "", "", "", ""
    says = asked.says
    if isinstance(asked.question, Told) and not says.origin:
        return own, _right(asked), "", "", ""
    if says.number is not None:
        return own, "", plain(says.number), "", says.origin
    model = says.said[says.right].name if says.right >= 0 else ""
    place = dict(says.read_as)[value] if isinstance(value, str) else int(value)
    probability = says.said[place].probability if place < len(says.said) else None
    return own, "", model, "" if probability is None else probability, says.origin


def _told(asked: Round) -> str:
    right = _right(asked) if isinstance(asked.question, Told) and not asked.says.origin else ""
    return f"\nRight: {right}" if right else ""


def _right(asked: Round) -> str:
    """What is right, as whoever asked says; empty where it wasn't said."""
    says = asked.says
    if says.number is not None:
        return plain(says.number)
    if says.right < 0:
        return ""
    return said_by(asked.question, says.right) if isinstance(asked.question, Choice) else says.said[says.right].name


def _both(writing: Writing) -> str:
    return (
        f"The class (perplexity {_shown(writing.class_perplexity)}):\n{writing.prompt}{writing.class_text}\n\n"
        f"The model (perplexity {_shown(writing.model_perplexity)}):\n{writing.prompt}{writing.model_text}"
        + _measured_with(writing.origin)
    )


def _measured_with(origin: str) -> str:
    return f"\nMeasured with {origin}." if origin else ""


def _shown(perplexity: float | None) -> str:
    return "–" if perplexity is None else f"{perplexity:.2f}"
