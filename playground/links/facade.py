"""What a playground answers about links.

Thin methods: each hands its question to the function that answers it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing

if TYPE_CHECKING:
    from playground.links.answers import Presence
    from playground.links.compare import Verdict
    from playground.links.form import Link, Seen
    from playground.links.shared import Answered, Asked


class LinksWing(Wing):
    """What a playground answers about links."""

    def link(self, result: Answered, asked: Asked | None = None, seen: dict[str, Seen] | None = None) -> Link:
        """The link to a run: what was asked and the fingerprint of its answer; its ``str`` stands in the address.

        Of a run that was stopped it holds the question alone.

        ``asked`` is for results that don't say it: a `Tokenization`, a `ChatTemplate`, and the `Finished` of several
        requests side by side. ``seen`` is what was looked at beside the answer.

        Raises:
            InputError: the result doesn't say what was asked, or it can't be shared.
        """
        from playground.links import answers

        return answers.link(self.manager, result, asked, seen)

    def compare_link(self, link: Link, result: Answered) -> Verdict:
        """Whether an answer is the same as when the link was made, where it first differs, and the likely cause.

        An answer that was stopped isn't compared.
        """
        from playground.links import answers

        return answers.compare_with(self.manager, link, result)

    def link_presence(self, link: Link) -> Presence:
        """Whether the models of a link can be asked here: at once, only after a load, or not at all."""
        from playground.links import answers

        return answers.presence(self.manager, link)
