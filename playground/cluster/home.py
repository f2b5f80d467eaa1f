"""What belongs to one place, where there are several fronts: trainings, what was trained, and the rooms of a class.

A process of its own holds it, one for the whole cluster: a front without a page, which answers the calls of the others.
It asks the fleet for what needs a model, as every front does. When it is lost, another one begins with nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playground.cluster.calls import PIECE_BYTES
from playground.cluster.facade import FleetPlayground
from playground.cluster.fleet import NAME, Fleet
from playground.cluster.replica import Replica
from playground.cluster.rooms import RoomsHere
from playground.config import Settings
from playground.models.report import Snapshot


class HomePlayground(FleetPlayground):
    """The playground of that process, with what the fronts need for files that are on another machine."""

    def open_room(self) -> AsyncGenerator[tuple[str, str], None]:
        """(code, teacher's key) of a new room of a class."""
        return self._rooms.open_room()

    def ask_rooms(self, scope: dict[str, Any], body: bytes) -> AsyncGenerator[dict[str, Any], None]:
        """The messages that answer a request about a class."""
        return self._rooms.ask(scope, body)

    @cached_property
    def _rooms(self) -> RoomsHere:
        return RoomsHere(self)

    def require_same_tokens(self, model_ids: list[str]) -> None:
        """Nothing, if these models read every text alike, of which some were trained here.

        Raises:
            InputError: their tokenizers differ.
        """
        from playground.generation.together import require_same_tokens

        require_same_tokens(self.manager, model_ids)

    def packed(self, model_id: str) -> Iterator[bytes]:
        """The name of a trained model's file, then its pieces."""
        with TemporaryDirectory(prefix="playground-packed-") as folder:
            path = Path(self.pack_trained(model_id, folder))
            yield path.name.encode()
            with path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece

    def begin_arrival(self, name: str) -> str:
        """The token of a file that a front is about to send."""
        token, path = self.arrivals.begin(name)
        path.touch(mode=0o600)
        return token

    def add_to_arrival(self, token: str, piece: bytes) -> None:
        """One more piece of it.

        Raises:
            InputError: it took too long.
        """
        with self.arrivals.find(token).open("ab") as file:
            file.write(piece)


class Home(Replica):
    """Answers the calls of fronts with it."""

    def _open(self, settings: Settings) -> HomePlayground:
        from ray import serve

        return HomePlayground(settings, Fleet(serve.get_app_handle(NAME), lambda: None, ends=False))

    def _snapshot(self) -> Snapshot:
        """What this process holds itself."""
        return self._playground.manager.snapshot() if self._playground.imported else Snapshot((), ())

    def _warm_up(self, settle: Any) -> None:
        with suppress(Exception):
            self._playground.import_everything()
        settle()
