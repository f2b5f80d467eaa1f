"""The one place that touches what is private to Ray: where Serve leaves no setting. A test holds what it is for."""

from __future__ import annotations


def listen_here() -> None:
    """The port on which Serve's replicas can hear each other is for this machine alone; calls come by Ray's own."""
    from ray.serve._private import replica

    listen = replica.add_port_to_grpc_server
    replica.add_port_to_grpc_server = lambda server, address: listen(server, address.replace("[::]", "127.0.0.1"))
