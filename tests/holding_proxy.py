"""A proxy as some stand between a class and its server: it holds streams back until they end, or cuts them off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

Habit = Literal["holds", "cuts"]
CUT_SECONDS = 1.0
STREAMS = b"/events"


@contextmanager
def proxy(url: str, habit: Habit) -> Iterator[str]:
    """The address of a proxy before a server; what isn't a stream passes through it at once."""
    target = urlsplit(url)
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            head = head.replace(b"\r\nConnection: keep-alive", b"\r\nConnection: close", 1)
            there, on = await asyncio.open_connection(target.hostname, target.port)
            on.write(head)
            upstream = asyncio.ensure_future(_pass(reader, on))
            is_stream = STREAMS in head.split(b"\r\n", 1)[0]
            with suppress(TimeoutError):
                if is_stream and habit == "holds":
                    writer.write(await there.read(-1))  # until its end
                else:
                    await asyncio.wait_for(_pass(there, writer), CUT_SECONDS if is_stream else None)
            upstream.cancel()
            on.close()
        writer.close()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), loop).result()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()
