"""What gradio's list of endpoints ("Use via API") asks for beside them: neither is there, and no browser logs an error.

A browser logs whatever is refused (4xx). A 3xx without an address is a no for ``fetch``, and no error.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

MCP_SCHEMA = "/gradio_api/mcp/schema"  # of gradio's own MCP server, which never runs: `server.mcp` is another
SUMMARY = "/monitoring/summary"  # of the time that each endpoint took, which gradio doesn't note here


def api_list_routes() -> list[BaseRoute]:
    """The two routes."""
    return [Route(MCP_SCHEMA, _no), Route(SUMMARY, _nothing)]


async def _no(_: Request) -> Response:
    return Response(status_code=300)


async def _nothing(_: Request) -> Response:
    return JSONResponse({"functions": {}})
