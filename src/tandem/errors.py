"""The errors that Tandem raises because of something that a user can mend.

Every message names the thing, the rule, the actual value and the remedy.
"""


class TandemError(Exception):
    """The base of all errors that Tandem raises on purpose."""


class ArgumentError(TandemError, TypeError):
    """A Python function was given an argument of the wrong type."""


class RecipeError(TandemError):
    """A recipe, or a setting given on the command line, is not valid."""


class CorpusError(TandemError):
    """A corpus cannot be read: which file, which line, what was wrong."""


class DownloadError(TandemError):
    """A public corpus could not be fetched, or is not what it should be."""


class CheckpointError(TandemError):
    """A checkpoint or the directory of a run is damaged, incomplete, of a newer format, or cannot be written."""


class HubError(TandemError):
    """A model cannot be fetched from the Hugging Face Hub, or pushed to it; the message says what to do."""


class TrainingError(TandemError):
    """Training cannot go on: the loss is not finite, or the run's directory is in the way or in use."""


class MemoryShortage(TandemError):
    """There is not enough memory; the message says what to make smaller."""


class OutputError(TandemError):
    """Results cannot be written: the place is closed, taken, or holds something else that is unfinished."""


class NotWrittenError(OutputError):
    """A file or a directory cannot be written, for lack of room or of permission; an older one is unchanged.

    A run turns it into a CheckpointError that says how the run goes on.
    """
