"""Answers travel packed: a page of a megabyte and a half is 190 kB on a classroom's Wi-Fi.

What streams (event streams) and what is packed already (fonts, pictures, archives) stays as it is.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

SMALL = 2_000  # bytes, a packet or two: nothing is gained
LEVEL = 5  # of 9: 20 ms for a page, in a thread
UNPACKABLE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream")  # weights of a model


def packing() -> Middleware:
    """The middleware that packs; it has to stand outside those that read a page, such as `SecurityHeaders`."""
    return Middleware(GZipMiddleware, minimum_size=SMALL, compresslevel=LEVEL, exclude_content_types=UNPACKABLE)
