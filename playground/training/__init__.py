"""Training: a model learns from a person's own examples, in a process of its own, while everybody else goes on.

Who does what::

    facade    a request -> Training(work, request, task, title, size, ...) -> self.trainings.run(...) -> events
    line      `Trainings`: one at a time per device, the others wait with their position; the bytes are set aside in
              the manager's budget; a page that is closed may come back for a minute; Stop; the model that came out is
              handed to the manager under a name of its own
    child     `Child`, the process as the parent sees it: begins it, reads its events, ends it
    worker    ``python -m playground.training.worker``, the process itself: low priority, few threads; calls ``work``
    work      a function of a module that says what is trained, for instance `classifier.fit`

What ``work`` names, as "module:function": a function at the top of a module, called once in the process, which alone
imports the module::

    def work(request, desk: Desk) -> Result: ...

``request`` is a frozen dataclass of plain values (pickled). `desk` has ``device`` ("cpu", "cuda:0"), ``folder`` (an
empty folder, where ``work`` saves the model and its tokenizer as ``save_pretrained`` does), ``send(event)`` (an event,
a frozen dataclass of plain values, to everybody who follows) and ``stopped`` (a `threading.Event`: once it is set,
``work`` returns within a step what is best so far, as if it were the end; it raises `StoppedError` where there is
nothing yet). What it returns is a frozen dataclass with a field ``model_id``, which stays empty: the line fills it
in with the name that the manager gave to the model in ``folder``. That result is the last event.

A `PlaygroundError` raised in ``work`` is raised again in the parent; running out of memory becomes a
`DeviceMemoryError`, anything else a `TrainingError`. The process may be killed at any time: that ends this training.

Before the events of ``work`` come those of the line (`events`): `TrainingWaits` (position, reason), `TrainingBegins`.
"""
