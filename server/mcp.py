"""Tools for language models (MCP, the Model Context Protocol), over HTTP, each request by itself.

It knows how tools are listed, called and answered, not what they do. It serves them itself, since gradio's own MCP
server makes a tool of every endpoint (also of those that take files and that change what people share), sends Python's
notation, gives the last piece of a stream for the whole, and lets all callers look like this machine.

Source: https://modelcontextprotocol.io/specification (streamable HTTP, stateless, JSON answers)
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from playground.errors import ConfigError, InputError, InputTooLongError
from server.arrival import address_of
from server.requests import LONGEST_BODY, Gone, read_body, refusal, replay, while_there
from server.turns import Crowded, Turns

if TYPE_CHECKING:
    from mcp.types import CallToolResult

PATH = "/gradio_api/mcp"  # where gradio's own would be
LONGEST_ANSWER = 20_000  # characters: what a model reads with ease, and pays for
INSTRUCTIONS = (
    "Tools that run small transformers models on this machine and show every number between. Start with list_models "
    "for the ids that the others take. Answers are JSON."
)


@dataclass(frozen=True)
class Tool:
    """What a model may call: ``call`` gets the checked arguments and the address of who asks.

    ``parameters`` is a JSON schema. A tool that computes in a thread ``waits`` for its turn.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    call: Callable[[dict[str, Any], str], Awaitable[Any]]
    waits: bool = True


class McpServer:
    """Serves some tools. ``message_of`` says for people what a failure was.

    Raises:
        ConfigError: the package isn't installed.
    """

    def __init__(self, title: str, version: str, tools: Sequence[Tool], message_of: Callable[[Exception], str]) -> None:
        try:
            from mcp.server.lowlevel import Server
        except ImportError:
            raise ConfigError(
                "--mcp needs the package mcp, which isn't installed.",
                "Install it: python -m pip install -r requirements-mcp.txt",
            ) from None
        self._tools = {tool.name: tool for tool in tools}
        self._message_of = message_of
        self._turns = Turns(running=2)
        self._server: Any = Server(title, version=version, instructions=INSTRUCTIONS)
        self._server.list_tools()(self._listed)
        self._server.call_tool()(self._called)

    def routes(self) -> list[BaseRoute]:
        """Where it is served, with a slash at the end and without."""
        return [Route(path, self) for path in (PATH, f"{PATH}/")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, answered by a session of its own, which ends when its asker goes."""
        if scope["method"] != "POST":
            message = f"{PATH} is for MCP clients, which send POST. Nothing is kept between requests."
            return await refusal(405, message)(scope, receive, send)
        with suppress(Gone):
            body = await read_body(receive, LONGEST_BODY)
            await while_there(receive, self._answer(scope, replay(body, _nothing_more), send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.streamable_http import StreamableHTTPServerTransport

        transport = StreamableHTTPServerTransport(mcp_session_id=None, is_json_response_enabled=True)
        async with transport.connect() as (incoming, outgoing), anyio.create_task_group() as session:
            options = self._server.create_initialization_options()
            session.start_soon(lambda: self._server.run(incoming, outgoing, options, stateless=True))
            try:
                await transport.handle_request(scope, receive, send)
            finally:
                with anyio.CancelScope(shield=True):
                    await transport.terminate()
                session.cancel_scope.cancel()

    async def _listed(self) -> list[Any]:
        from mcp import types

        only_reads = types.ToolAnnotations(readOnlyHint=True, openWorldHint=False)
        return [
            types.Tool(
                name=tool.name, description=tool.description, inputSchema=tool.parameters, annotations=only_reads
            )
            for tool in self._tools.values()
        ]

    async def _called(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        from mcp import types

        try:
            text, failed = await self._run(name, arguments), False
        except Crowded:
            text, failed = "Many people are asking right now. Try again in a moment.", True
        except Exception as error:
            text, failed = self._message_of(error), True
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=failed)

    async def _run(self, name: str, arguments: dict[str, Any]) -> str:
        """A tool's answer as JSON.

        Raises:
            InputError: there is no such tool.
            InputTooLongError: the answer is too long for a model.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise InputError(f"There is no tool {name[:60]}.", f"There are {', '.join(self._tools)}.")
        address = address_of(self._request())
        if tool.waits:
            async with self._turns.turn(address, "mcp", secrets.token_hex(8)):
                answer = await _to_the_end(tool.call(arguments, address))
        else:
            answer = await tool.call(arguments, address)
        text = orjson.dumps(answer).decode()
        if len(text) > LONGEST_ANSWER:
            raise InputTooLongError(
                f"The answer has {len(text):,} characters; a tool's may have {LONGEST_ANSWER:,}.",
                "Give less text, or ask for less of it.",
            )
        return text

    def _request(self) -> Request | None:
        request: Request | None = self._server.request_context.request
        return request


async def _to_the_end(work: Awaitable[Any]) -> Any:
    """What some work in a thread gives; whoever holds a turn for it gives that back when the thread is free."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    finally:
        with anyio.CancelScope(shield=True):
            await asyncio.wait({running})


async def _nothing_more() -> Message:
    """A connection on which nothing comes: that its client has gone is seen elsewhere."""
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}
