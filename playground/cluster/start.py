"""Starts or joins a Ray cluster, and deploys the replicas; ends what it has started.

A cluster that is started here listens on 127.0.0.1 alone, asks nobody outside, and is gone with the page. One that is
joined stays, with its replicas; `--update` replaces them one by one, and those that leave finish what they work on
first.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground.cluster.facade import FleetPlayground
from playground.cluster.fleet import HOME, NAME, Fleet
from playground.cluster.options import ClusterOptions
from playground.config import Settings
from playground.errors import ConfigError, PlaygroundError

log = logging.getLogger(__name__)

MOST_CALLS = 1000  # of a replica: who waits is in the line of a model, where the page says the position
ON_THE_FIRST = {"node:__internal_head__": 0.001}  # of the machines, which stays when others come and go
MOST_AT_HOME = 5000  # screens of classes among them
STORE_BYTES = 128 * 2**20  # of Ray's object store: answers are small
LEAVE_SECONDS = 600.0  # for a replica that is replaced to finish its streams
END_SECONDS = 10.0  # for trainings to end when their process is replaced
STATS_SECONDS, HEALTH_SECONDS = 1.0, 5.0
# Read by Ray when it is imported; who has imported it already keeps what they have set.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_LOG_TO_STDERR": "0"}
# What Ray does all the time beside the replicas took 4.5 % of a core without these.
CALM = {
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.6",  # whether all replicas are well; seldomer, the start takes longer
    "RAY_raylet_report_resources_period_milliseconds": "1000",
    "RAY_report_worker_backlog_interval_ms": "5000",
    "RAY_core_worker_internal_heartbeat_ms": "5000",
    "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",  # new files are looked for ...
    "LOG_NAME_UPDATE_INTERVAL_S": "60",  # ... as often as this: nobody reads them here
}
UNWATCHED = {"RAY_enable_metrics_collection": "false", "REPORTER_UPDATE_INTERVAL_MS": "60000"}  # without a dashboard
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}  # 0: Ray listens on 127.0.0.1


def open_playground(options: ClusterOptions, settings: Settings) -> FleetPlayground:
    """A playground over the fleet that the options describe, started or joined.

    Raises:
        ConfigError: ray isn't installed.
        PlaygroundError: there is no cluster at the address, or it hasn't what a replica needs.
    """
    if importlib.util.find_spec("ray") is None:
        raise ConfigError("Ray isn't installed.", "Install it: pip install -r requirements-cluster.txt")
    _connect(options)
    ends = not options.address
    fleet = Fleet(_deploy(options, settings), _end if ends else _stay, ends, sleeps=not options.least)
    home = Fleet(_deploy_home(options, settings), lambda: None, ends) if options.home else None
    return FleetPlayground(settings, fleet, home)


def _connect(options: ClusterOptions) -> None:
    if "ray" not in sys.modules:
        alone = _token_of_cluster() if options.address else {**ALONE, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        unwatched = {} if options.dashboard or options.address else UNWATCHED
        for name, value in {**QUIET, **CALM, **unwatched, **alone}.items():
            os.environ.setdefault(name, value)
    ray = importlib.import_module("ray")

    quiet: dict[str, Any] = {"logging_level": logging.WARNING, "log_to_driver": False, "namespace": NAME}
    if options.address:
        if ray.is_initialized():
            return
        try:
            ray.init(options.address, **quiet)
        except (ConnectionError, RuntimeError) as error:
            raise PlaygroundError(
                f"No Ray cluster answers at {options.address}.",
                "Start one on its first machine: ray start --head. Its token (~/.ray/auth_token) must be here, too.",
            ) from error
        return
    cores = max(_cores(), options.most * options.cores)
    ray.init(
        address="local", num_cpus=cores, include_dashboard=options.dashboard, dashboard_host="127.0.0.1",
        object_store_memory=STORE_BYTES, **quiet,
    )  # fmt: skip


def _token_of_cluster() -> dict[str, str]:
    """What makes Ray show its token, if there is one here: by itself it does so for the address "auto" alone."""
    token = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    return {"RAY_AUTH_MODE": "token"} if token or (Path.home() / ".ray" / "auth_token").is_file() else {}


def _deploy(options: ClusterOptions, settings: Settings) -> Any:
    """The handle of the replicas, which are begun unless they run already."""
    from ray import serve

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    serve.start(proxy_location="Disabled", logging_config={"log_level": "WARNING", "enable_access_log": False})
    running = serve.status().applications.get(NAME)
    if running is None or options.update:
        replicas = serve.deployment(**deployment(options, _cores_each(options)))(_replica_class())
        pinned = _cores_each(options) if options.pin else 0
        return serve.run(replicas.bind(settings, options.share, pinned), name=NAME, route_prefix=None)
    return serve.get_app_handle(NAME)


def _deploy_home(options: ClusterOptions, settings: Settings) -> Any:
    """The handle of the process for what belongs to one place; there is one of them in a cluster."""
    from ray import serve

    from playground.cluster.home import Home

    if serve.status().applications.get(HOME) is None or options.update:
        home = serve.deployment(
            name="Home", num_replicas=1, max_ongoing_requests=MOST_AT_HOME,
            ray_actor_options={"num_cpus": 0, "resources": ON_THE_FIRST},
            graceful_shutdown_timeout_s=END_SECONDS, health_check_period_s=HEALTH_SECONDS,
            logging_config={"log_level": "WARNING", "enable_access_log": False},
        )(Home)  # fmt: skip
        return serve.run(home.bind(settings), name=HOME, route_prefix=None)
    return serve.get_app_handle(HOME)


def deployment(options: ClusterOptions, cores: int) -> dict[str, Any]:
    """What Serve is told of the replicas: how many, where, and how calls find them."""
    from ray.serve.config import RequestRouterConfig

    return {
        "name": "Replica",
        **_size(options),
        "max_ongoing_requests": MOST_CALLS,
        "max_replicas_per_node": options.per_node or (1 if options.address else None),
        "ray_actor_options": {"num_cpus": cores, "num_gpus": options.gpus},
        "request_router_config": RequestRouterConfig(
            request_router_class="playground.cluster.router:ModelRouter", request_routing_stats_period_s=STATS_SECONDS
        ),
        "graceful_shutdown_timeout_s": LEAVE_SECONDS,
        "graceful_shutdown_wait_loop_s": 1.0,
        "health_check_period_s": HEALTH_SECONDS,
        "logging_config": {"log_level": "WARNING", "enable_access_log": False},
    }


def _size(options: ClusterOptions) -> dict[str, Any]:
    """A fixed number, or as many as the calls in progress need: more after 10 s, fewer after 10 minutes."""
    if options.least == options.most:
        return {"num_replicas": options.most}
    return {
        "autoscaling_config": {
            "min_replicas": options.least,
            "max_replicas": options.most,
            "initial_replicas": max(1, options.least),
            "target_ongoing_requests": options.streams,
            "upscale_delay_s": 10.0,
            "downscale_delay_s": 600.0,
        }
    }


def _cores_each(options: ClusterOptions) -> int:
    import ray

    return options.cores or max(1, int(ray.cluster_resources().get("CPU", 1)) // options.most)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _replica_class() -> Callable[..., Any]:
    from playground.cluster.replica import Replica

    return Replica


def _end() -> None:
    """Ends the cluster that was started here."""
    import ray
    from ray import serve

    serve.shutdown()
    ray.shutdown()


def _stay() -> None:
    """Nothing: a cluster that was joined is left by the end of the process, since Serve's threads would join again."""
