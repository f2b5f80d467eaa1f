"""Everything that can go wrong, each with a message that says the fix.

The tree, from the most general to the most particular::

    PlaygroundError
    ├── ConfigError              a setting has a value that isn't allowed
    ├── InputError               what the person gave can't be used as it is
    │   ├── EmptyInputError      there is nothing to work on
    │   └── InputTooLongError    there is more than fits
    ├── PreparationError         an embedded model could not be made ready (disk, permissions, missing package)
    ├── ModelError               a model can't be used
    │   ├── ModelNotFoundError   no such model, revision or folder
    │   ├── GatedModelError      the Hub wants a licence accepted or a token
    │   ├── HubOfflineError      the model is on the Hub and the Hub can't be reached
    │   ├── CorruptModelError    the files are damaged or incomplete
    │   ├── UnknownArchitectureError   transformers has no class for it (or it needs remote code, which stays off)
    │   ├── WrongTaskError       the model has no head for what was asked
    │   └── UnsupportedOptionError     this quantization, dtype or device can't work here
    ├── BudgetError              the model doesn't fit, even after evicting what may be evicted
    ├── TrainingError            a training ended before it was done
    ├── DeviceMemoryError        the device ran out of memory while working (retryable)
    ├── NotAllowedError          visitors of a public playground can't change what others share
    ├── LostError                the machine that worked has gone (retryable)
    ├── BusyError                a limit on people or requests is reached (retryable)
    └── StoppedError             the person pressed Stop

Tabs show ``str(error)`` to people, so a message is written for them: what happened, and what to do.
"""

import re
from typing import Self

_SWITCHES = re.compile(
    r"trust_remote_code|weights_only|allow_pickle|use_safetensors|use_auth_token|\b(?:HF|TRANSFORMERS|TORCH)_[A-Z_]+"
    r"|\bverify\s*=|safe_globals|custom code|remote code",
    re.IGNORECASE,
)
_FOLDERS = re.compile(r"(?<![\w/:.])(?:~|/[^\s/'\"<>|:;,()]+)(?:/[^\s/'\"<>|:;,()]+)+")


def said_by(error: BaseException, most: int = 200) -> str:
    """What a library says of a failure, in one line, to be quoted in a message of ours.

    Left out are sentences about switches, which advise to open what is closed here for safety, and the folders of this
    machine, of which the last name stays.

    >>> said_by(ValueError("No such class. Pass `trust_remote_code=True` to allow it. See /home/me/x/config.json."))
    'No such class. See config.json'
    """
    text = " ".join(str(error).split())
    sentences = [one for one in re.split(r"(?<=[.!?;])\s+", text) if not _SWITCHES.search(one)]
    said = _FOLDERS.sub(lambda found: found[0].rpartition("/")[2], " ".join(sentences))
    return said[:most].rstrip(". ") or type(error).__name__


class PlaygroundError(Exception):
    """A failure that a person can understand and act on.

    ``retryable`` is True when the same request may succeed a little later without any change. Half of a surrogate pair
    in a quoted input becomes ``\ufffd``, since no page could be sent it:

    >>> str(PlaygroundError("No word is 'a\\ud83d'."))
    "No word is 'a\ufffd'."
    """

    retryable = False

    def __init__(self, message: str, fix: str = "") -> None:
        message, fix = ("".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in part) for part in (message, fix))
        self.message = message
        self.fix = fix
        super().__init__(f"{message} {fix}".strip())

    def again(self) -> Self:
        """The same failure as a new exception: one object raised on many threads would collect all their tracebacks."""
        copy = type(self)(self.message, self.fix)
        copy.retryable = self.retryable
        return copy


class ConfigError(PlaygroundError):
    """A setting has a value that isn't allowed."""


class InputError(PlaygroundError):
    """What the person gave can't be used as it is."""


class EmptyInputError(InputError):
    """There is nothing to work on."""


class InputTooLongError(InputError):
    """There is more than fits."""


class PreparationError(PlaygroundError):
    """An embedded model could not be made ready."""


class ModelError(PlaygroundError):
    """A model can't be used."""


class ModelNotFoundError(ModelError):
    """No such model, revision or folder."""


class GatedModelError(ModelError):
    """The Hub wants a licence accepted or a token."""


class HubOfflineError(ModelError):
    """The model is on the Hub, and the Hub can't be reached or may not be used."""

    retryable = True


class CorruptModelError(ModelError):
    """The model's files are damaged or incomplete."""


class UnknownArchitectureError(ModelError):
    """transformers has no class for this model, or it would need remote code."""


class WrongTaskError(ModelError):
    """The model has no head for what was asked of it."""


class UnsupportedOptionError(ModelError):
    """This quantization, dtype or device can't work on this machine."""


class BudgetError(PlaygroundError):
    """The model doesn't fit, even after evicting everything that may be evicted."""


class DeviceMemoryError(PlaygroundError):
    """The device ran out of memory while working."""

    retryable = True


class TrainingError(PlaygroundError):
    """A training ended before it was done; nothing else did."""


class NotAllowedError(PlaygroundError):
    """Visitors of a public playground can't change what others share."""


class BusyError(PlaygroundError):
    """A limit on people or requests is reached."""

    retryable = True


class LostError(PlaygroundError):
    """The machine that worked on it has gone."""

    retryable = True


class StoppedError(PlaygroundError):
    """The person pressed Stop."""
