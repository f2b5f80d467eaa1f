"""Start here: ``build_app(playground)`` puts every tab on one page; ``main()`` reads the settings and launches it.

This file knows no tab by name and computes nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if sys.version_info < (3, 11):  # noqa: UP036  (people do start it with an older one)
    sys.exit(
        f"Transformers Playground needs Python 3.11 or newer; this is {sys.version.split()[0]}. Install a newer one."
    )

import process

process.set_environment()

from playground.config import Settings
from playground.errors import ConfigError, PlaygroundError
from playground.service import Playground
from server.invitation import EVERYWHERE, address_for_others, can_show_pictures, invitation
from server.uploads import RunFolder

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from server.classroom.elsewhere import ClassroomElsewhere
    from server.classroom.routes import Classroom

    Rooms = Classroom | ClassroomElsewhere | None

ASSETS = Path(__file__).parent / "assets"
OF_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def build_app(playground: Playground):  # type: ignore[no-untyped-def]  # gr.Blocks, imported late to fail early
    """The page: a header and one tab per capability, all over one `Playground`."""
    import gradio as gr

    from tabs import TABS, gradio_patches
    from tabs.classroom.panel import teaching_panel, tie_teaching
    from tabs.components import status_bar, three_ways_in
    from tabs.lessons.panel import build_panel
    from tabs.lessons.watched import Watched
    from tabs.links.bar import links_bar, tie_links
    from tabs.page import heading

    gradio_patches.check_version()
    gradio_patches.allow_early_cancels()
    with gr.Blocks(title="Transformers Playground", fill_width=True, delete_cache=(300, 3000)) as demo:
        # Nobody waits for more than one model's forward pass; the limit only bounds what a crowd can pile up. Set while
        # the page is still empty, since gradio describes the whole page anew at each such call.
        demo.queue(api_open=False, max_size=200, default_concurrency_limit=40)
        gradio_patches.poll_seldom(demo)
        with gr.Row(elem_id="pg-header"):
            gr.HTML((ASSETS / "header.html").read_text(encoding="utf-8"), elem_id="pg-brand")
            status_bar(playground, demo)
            gr.HTML((ASSETS / "switches.html").read_text(encoding="utf-8"), elem_id="pg-switches")
            if playground.settings.classroom:
                gr.HTML('<a class="pg-class-link" href="class">Class</a>', elem_id="pg-class")
        watched: list[Watched] = []
        bar = links_bar(playground, watched)
        teaching = teaching_panel() if playground.settings.classroom else None
        three_ways_in()
        with gr.Tabs(elem_id="pg-tabs", overflow_behavior="wrap"):
            for tab in TABS:
                with gr.Tab(tab.TITLE, id=tab.__name__.split(".")[1]):
                    heading(tab.TITLE, 2)
                    watched += tab.build_tab(playground) or ()
        build_panel(playground, watched)
        tie_links(playground, bar, watched)
        if teaching is not None:
            tie_teaching(playground, teaching, watched)
    gradio_patches.once_whole(demo)
    return demo


def classroom_of(playground: Playground) -> Rooms:
    """The classrooms of this server, if a setting asks for them."""
    if not playground.settings.classroom:
        return None
    if playground.rooms_elsewhere is not None:
        from server.classroom.elsewhere import ClassroomElsewhere

        return ClassroomElsewhere(playground.rooms_elsewhere)
    from server.classroom.routes import Classroom

    return Classroom(playground)


def routes_for_programs(playground: Playground, classroom: Rooms = None) -> list[BaseRoute]:
    """What is served beside the page and its own endpoints: files of models come in, the rest if a setting asks for it.

    Raises:
        ConfigError: a package isn't installed that a setting needs.
    """
    from server.api_list import api_list_routes
    from server.model_upload import model_upload_route

    settings = playground.settings
    routes: list[BaseRoute] = [model_upload_route(playground.arrivals, settings), *api_list_routes()]
    if settings.metrics:
        from playground.metrics.counted import measure
        from server.metrics import Metrics

        routes += Metrics(measure(playground), settings).routes()
    if settings.openai_api:
        from server.openai.routes import OpenAIApi

        routes += OpenAIApi(playground, settings.openai_key).routes()
    if settings.mcp:
        from tabs.tools import mcp_server

        routes += mcp_server(playground).routes()
    if classroom:
        from server import frames_of
        from server.classroom.pages import Pages
        from tabs.view_files import PATH, version

        others = address_for_others() if settings.host in EVERYWHERE else None
        pages = Pages(f"{PATH[1:]}/{version()}", others or "", frames_of())
        routes += classroom.routes() + pages.routes()
    return routes


def launch_options(settings: Settings, routes: Sequence[BaseRoute] = ()) -> dict[str, object]:
    """Keyword arguments of ``launch()`` that make the page quick, private and independent of any other host.

    ``routes`` are served beside the page's own.
    """
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    from server import guards
    from server.arrival import ArrivalClock
    from server.packing import packing
    from tabs import gradio_patches
    from tabs.fonts import FontPreload, font_route
    from tabs.gradio_scripts import script_routes
    from tabs.theme import THEME
    from tabs.view_files import PATH, ViewFiles

    head = (ASSETS / "head.html").read_text(encoding="utf-8")
    own = guards(settings, head, gradio_patches.upload_folder())
    return {
        "app_kwargs": {
            "middleware": [packing(), *own, Middleware(ArrivalClock), Middleware(FontPreload)],
            "routes": [font_route(), Mount(PATH, ViewFiles()), *script_routes(), *routes],
        },
        "theme": THEME,
        "css_paths": [ASSETS / "style.css"],
        "head": head,
        "i18n": gradio_patches.words_gradio_lacks(),
        "favicon_path": ASSETS / "favicon.svg",
        "ssr_mode": False,
        "run_history": False,
        "enable_monitoring": False,
        "footer_links": ["api"],
        "show_error": False,
        "max_file_size": settings.max_upload,
        "max_threads": 120,
        "state_session_capacity": 500,
        "share": settings.share,
        "quiet": True,
    }


def main(argv: list[str] | None = None, make: Callable[[Settings], Playground] = Playground) -> int:
    """Exit status: 0 after a normal stop, 1 if the app couldn't start, 2 if a setting is wrong.

    ``make`` gives the playground behind the page.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    process.prepare()
    process.listen_to_signals()
    try:
        settings = Settings.read(sys.argv[1:] if argv is None else argv)
        port = _free_port(settings)
        run_folder = RunFolder().begin()
        os.environ["GRADIO_TEMP_DIR"] = str(run_folder / "page")  # read by gradio when it is imported
        playground = make(settings)
        playground.manager.trained.live_in(run_folder / "trained")
        playground.arrivals.live_in(run_folder / "arriving")
        classroom = classroom_of(playground)
        routes = routes_for_programs(playground, classroom)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except PlaygroundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with suppress(KeyboardInterrupt):  # Ctrl+C, or SIGTERM
        _serve(playground, port, routes, classroom)
    playground.close(patience_seconds=0.5)
    return 0


def _serve(playground: Playground, port: int, routes: Sequence[BaseRoute], classroom: Rooms = None) -> None:
    """Serves the page until the process is told to stop."""
    demo = build_app(playground)
    host = playground.settings.host
    options = launch_options(playground.settings, routes)
    if playground.lends_gpu:
        _warm_up(playground)  # what is loaded after the launch has no way to the GPU
    demo.launch(server_name=host, server_port=port, prevent_thread_lock=True, **options)
    room = classroom.open_room() if classroom and not os.environ.get("SPACE_ID") else None
    _greet(playground.settings, port, demo.share_url, room)
    if not playground.lends_gpu:
        threading.Thread(target=_warm_up, args=(playground,), name="warm-up", daemon=True).start()
    process.wait_for_signal()


def _greet(settings: Settings, port: int, tunnel: str | None, room: tuple[str, str] | None = None) -> None:
    """Prints where the page is, for whom; ``room`` is a class's code and its teacher's key."""
    shown = "localhost" if settings.host in ("0.0.0.0", "::", "127.0.0.1") else settings.host
    own = f"http://{shown}:{port}"
    others = address_for_others() if settings.host in EVERYWHERE else None
    reached = others or ("THIS-MACHINE" if settings.host in EVERYWHERE else shown)
    alone = (
        "  (on this machine alone; for phones start with --host 0.0.0.0)" if settings.host in OF_THIS_MACHINE else ""
    )
    lines = [
        f"Transformers Playground is ready: {own}  (Ctrl+C stops it)",
        f"For programs that speak OpenAI's API: {own}/v1" if settings.openai_api else "",
        f"For MCP clients: {own}/gradio_api/mcp" if settings.mcp else "",
        f"For Prometheus: {own}/metrics" if settings.metrics else "",
        f"For everybody, for 72 hours: {tunnel}" if tunnel else "",
        "The tunnel of --share could not be opened." if settings.share and not tunnel else "",
        f"For your class: http://{reached}:{port}/class/{room[0]}{alone}" if room else "",
        f"For you, its teacher: {own}/class/{room[0]}/teach#key={room[1]}" if room else "",
        invitation(settings.host, port, others, settings.public, can_show_pictures(sys.stdout)),
    ]
    print("\n".join(filter(None, lines)), flush=True)


def _warm_up(playground: Playground) -> None:
    """Loads what the first visitors need."""
    try:
        playground.warm_up()
    finally:
        process.settle()


def _free_port(settings: Settings) -> int:
    """The port to listen on, checked before anything heavy is imported."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PlaygroundError(
                f"Port {settings.port} on {settings.host} can't be used: {error.strerror}.",
                "Stop the program that holds it, or choose another: --port 7861 (0 picks a free one).",
            ) from None
        return probe.getsockname()[1]


if __name__ == "__main__":
    process.leave(main())
