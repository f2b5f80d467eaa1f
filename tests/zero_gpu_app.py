"""The app as on a Space with ZeroGPU: the real ``spaces`` package, and a GPU that is made of the CPU.

``spaces`` emulates a GPU in the process that serves the page, writes the weights to the disk at the launch, and reads
them back in each fork: all of that is its own code here. Only what would touch a GPU in a fork is the CPU's instead.

``POST /ask`` beside the page answers any method of its `Playground`: a pickled (method, arguments) -> pickled answers.
"""

from __future__ import annotations

import asyncio
import inspect
import mmap
import pickle
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

torch.version.cuda = "12.8"  # this and the next are what a build for GPUs has
if not hasattr(torch._C, "_cuda_init"):
    torch._C._cuda_init = lambda: None
    torch.cuda._is_in_bad_fork = bool
make_empty, make_tensor = torch.empty, torch.tensor


def aligned(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor at the beginning of a page, as pinned memory is: it is read into past the system's cache."""
    copy = torch.frombuffer(mmap.mmap(-1, tensor.nbytes), dtype=torch.uint8).view(tensor.dtype)
    return copy.view(tensor.shape).copy_(tensor)


def become_gpu(uuid: str) -> None:
    """From here on, in a fork, what is put on the GPU stays on the CPU."""

    def here(make: Any) -> Any:
        return lambda *values, device=None, **options: make(*values, **options)

    torch.Tensor.cuda = lambda tensor, **options: tensor.clone()  # type: ignore[method-assign,assignment]
    torch.Tensor.pin_memory = aligned  # type: ignore[method-assign,assignment]
    torch.cuda.synchronize = lambda *values: None
    torch.cuda.mem_get_info = lambda *values: (10**10, 10**10)
    torch.cuda.memory_reserved = torch.cuda.memory_allocated = lambda *values: 0
    torch.cuda.get_device_name = lambda *values: "a CPU"
    torch.empty, torch.tensor = here(make_empty), here(make_tensor)


def answers(playground: Any, name: str, arguments: tuple[Any, ...]) -> list[Any]:
    """All that a method answers; its failure last, if it fails."""
    method, found = getattr(playground, name), []

    async def gather() -> None:
        async for one in method(*arguments):
            found.append(one)

    try:
        if inspect.isasyncgenfunction(method):
            asyncio.run(gather())
        else:
            answer = method(*arguments)
            found.extend(answer if inspect.isgenerator(answer) else [answer])
    except Exception as error:
        found.append(error)
    return found


def main() -> int:
    """Serves the page; the flags are those of ``python app.py``."""
    from starlette.responses import Response
    from starlette.routing import Route

    import app

    import spaces.zero.torch  # isort: skip  # imports gradio, whose settings the app makes first

    spaces.zero.torch.init = become_gpu
    build, options, playgrounds = app.build_app, app.launch_options, []

    async def ask(request: Any) -> Response:
        name, arguments = pickle.loads(await request.body())
        return Response(pickle.dumps(await asyncio.to_thread(answers, playgrounds[0], name, arguments)))

    def with_route(*given: Any) -> dict[str, Any]:
        made: dict[str, Any] = options(*given)
        made["app_kwargs"]["routes"].append(Route("/ask", ask, methods=["POST"]))
        return made

    app.build_app = lambda playground: (playgrounds.append(playground), build(playground))[1]
    app.launch_options = with_route
    return app.main()


if __name__ == "__main__":
    import process

    process.leave(main())
