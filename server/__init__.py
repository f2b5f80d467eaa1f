"""What stands between a browser and the page: who may ask, for what, and how the answer is labelled.

Plain ASGI middleware. It leaves out what a request means, and imports neither gradio nor torch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from starlette.middleware import Middleware

from playground.config import Settings
from server.failures import KindFailures
from server.headers import SecurityHeaders, script_hashes
from server.origin import AllowedHosts, OwnPageOnly
from server.requests import BoundedRequests
from server.uploads import BoundedUploads

TUNNEL = "*.gradio.live"  # where --share leads
SPACE_FRAMES = ("https://huggingface.co", "https://*.hf.space")


def frames_of(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The origins that may show our pages in a frame, beside their own: on a Space the Hub's."""
    return SPACE_FRAMES if environ.get("SPACE_ID") else ()


def guards(settings: Settings, head: str, uploads: Path, environ: Mapping[str, str] = os.environ) -> list[Middleware]:
    """The middleware that every request passes, outermost first.

    ``head`` is the HTML that gradio adds to the page, ``uploads`` the folder where it puts files.

    On a Space, ``SPACE_HOST`` is a name of this server and the Hub's pages may show it in a frame.
    """
    own_names = (*settings.allowed_hosts, *filter(None, environ.get("SPACE_HOST", "").split(",")))
    own_names += (TUNNEL,) if settings.share else ()
    return [
        Middleware(SecurityHeaders, frames=frames_of(environ), head_scripts=script_hashes(head.encode())),
        Middleware(OwnPageOnly, hosts=AllowedHosts(settings.host, own_names)),
        Middleware(BoundedRequests),
        Middleware(
            BoundedUploads,
            folder=uploads,
            most_per_request=settings.max_upload + 100_000,
            most_in_all=settings.max_uploads,
        ),
        Middleware(KindFailures),
    ]
