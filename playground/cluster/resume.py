"""A generation that goes on elsewhere when its replica is lost: what was told so far, and what to ask for instead.

The tokens so far are forced, and draw from the random stream as if they had been chosen, so the reply is the same
token for token (see `GenerateRequest.prefix_token_ids`). A beam search begins anew, and its steps that were told are
left out.
It knows events alone: nothing of Ray, of replicas or of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from playground.generation.events import BeamStep, Event, Finished, Reading, Started, Step, Waiting
from playground.generation.request import GenerateRequest

Posted = tuple[int, Event]


@dataclass
class _Reply:
    """How far one request has come in what was told."""

    request: GenerateRequest
    token_ids: list[int] = field(default_factory=list)
    beam_steps: int = 0
    started: bool = False
    ended: bool = False

    def again(self) -> GenerateRequest:
        """The request that goes on from here."""
        known = tuple(self.token_ids)
        if self.request.num_beams > 1 or len(known) <= len(self.request.prefix_token_ids):
            return self.request
        return replace(self.request, prefix_token_ids=known)

    def is_new(self, event: Event) -> bool:
        """Whether an event says something that wasn't told."""
        if isinstance(event, Step):
            return event.index >= len(self.token_ids)
        if isinstance(event, BeamStep):
            return event.index >= self.beam_steps
        if isinstance(event, Waiting):
            return not self.started
        if isinstance(event, Started):
            return not self.started
        return not (isinstance(event, Reading) and (self.token_ids or self.beam_steps))

    def take(self, event: Event) -> Event:
        """Remembers an event; as whoever asked should hear it."""
        if isinstance(event, Step):
            self.token_ids.append(event.token_id)
            return event if event.index < len(self.request.prefix_token_ids) else replace(event, forced=False)
        self.beam_steps += isinstance(event, BeamStep)
        self.started = self.started or isinstance(event, Started)
        self.ended = self.ended or isinstance(event, Finished)
        return event


class Resumption:
    """What several requests side by side were told, over all replicas that they ran on."""

    def __init__(self, requests: Sequence[GenerateRequest]) -> None:
        self._replies = [_Reply(request) for request in requests]
        self._places = list(range(len(requests)))

    def left(self) -> tuple[GenerateRequest, ...]:
        """What is still to be asked, of the next replica: the requests that haven't ended, from where they are."""
        self._places = [place for place, reply in enumerate(self._replies) if not reply.ended]
        return tuple(self._replies[place].again() for place in self._places)

    def take(self, batch: Sequence[Posted]) -> list[Posted]:
        """What of a replica's batch is new, under the places that the requests had first."""
        news: list[Posted] = []
        for number, event in batch:
            place = self._places[number]
            if self._replies[place].is_new(event):
                news.append((place, self._replies[place].take(event)))
        return news

    def stopped(self) -> list[Posted]:
        """The ends of all, where nothing has begun; else nothing."""
        if any(reply.started for reply in self._replies):
            return []
        end = Finished("stopped", "", (), 0, 0, None, None, None, 0.0, 1)
        return [(place, self._replies[place].take(end)) for place in self._places]

    @property
    def done(self) -> bool:
        """Whether all have ended."""
        return all(reply.ended for reply in self._replies)
