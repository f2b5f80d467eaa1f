"""What the one who started the server can tell others: the address for their devices, also as a picture to point at."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

EVERYWHERE = ("0.0.0.0", "::")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
QUIET = 2  # light modules around a QR code; four are the rule, two are enough on a screen
INK = "\x1b[30;107m"  # black on white, whatever the terminal's own colours are
PLAIN = "\x1b[0m"


def address_for_others(marks: tuple[str, ...] = CONTAINER_MARKS) -> str | None:
    """This machine's address in its network; None where it has none, or where it is one that only a container knows.

    It is the address from which a packet to the outside would leave; none is sent.
    """
    if any(Path(mark).exists() for mark in marks):
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: it belongs to nobody
            found = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if found.startswith(("127.", "0.")) else found


def invitation(
    host: str, port: int, address: str | None, public: bool, picture: bool, environ: Mapping[str, str] = os.environ
) -> str:
    """The lines for a server that listens to the whole network; empty for one that doesn't, and on a Space.

    >>> print(invitation("0.0.0.0", 7860, "10.0.0.5", True, False, {}).splitlines()[0])
    Others in this network open http://10.0.0.5:7860
    """
    if host not in EVERYWHERE or environ.get("SPACE_ID"):
        return ""
    if address is None:
        return f"Others open http://THIS-MACHINE:{port}, with its address or name in their network."
    lines = [f"Others in this network open http://{address}:{port}"]
    if picture:
        lines.append(qr_code(f"http://{address}:{port}"))
    lines.append(
        f"If that doesn't open there: allow port {port} in this machine's firewall (Windows and macOS ask once; ufw: "
        f"sudo ufw allow {port}/tcp), and note that guest networks often keep devices apart."
    )
    if not public:
        lines.append("They may load and unload models, as you may; --public keeps that to you.")
    return "\n".join(lines)


def can_show_pictures(stream: object) -> bool:
    """Whether a stream is a terminal that shows block characters."""
    encoding = str(getattr(stream, "encoding", "") or "").lower().replace("-", "")
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return bool(is_terminal) and encoding.startswith("utf") and os.environ.get("TERM") != "dumb"


def qr_code(text: str) -> str:
    """A QR code for a terminal: two modules to a character, one above the other."""
    import segno

    rows = [list(map(bool, row)) for row in segno.make(text, error="l", micro=False).matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    signs = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join(INK + "".join(signs[pair] for pair in zip(*both, strict=True)) + PLAIN for both in pairs)
