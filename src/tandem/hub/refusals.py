"""Turns errors of the Hub and of the network into sentences that say what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.errors import HubError
from tandem.hub.naming import HubName

_LOG_IN = "Log in with `hf auth login`, or set HF_TOKEN to your token"


@contextmanager
def answered(name: HubName) -> Iterator[None]:
    """Turn the errors of huggingface_hub in this block into a HubError that names the model.

    Its progress bars are hidden unless standard error is a terminal.
    """
    try:
        from httpx2 import HTTPError
        from huggingface_hub import errors
        from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    except ImportError as error:
        raise HubError(
            f"{name}: the package `huggingface_hub`, which the Hub needs, is missing or too old. "
            'Install it with: pip install "tandem-seq2seq[hub]"'
        ) from error
    hides = not sys.stderr.isatty() and not are_progress_bars_disabled()
    if hides:
        disable_progress_bars()
    try:
        yield
    except errors.GatedRepoError as error:
        raise HubError(
            f"{name}: its owner decides who has access, and you have none. Ask for access on its page"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(
            f"{name}: the Hub has no such model, or it is private and you have no access. Check its name. {_LOG_IN}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{name}: the model has no branch, tag or commit of that name. Check it on its page") from error
    except errors.LocalEntryNotFoundError as error:
        missing = ", and the model is not completely in the cache"
        raise HubError(_unreachable(name, error.__cause__ or error, missing)) from error
    except errors.RemoteEntryNotFoundError as error:
        file = error.response.url.path.rpartition("/")[2]
        raise HubError(f"{name}: {file} is missing: this is not a model of Tandem, or an incomplete one") from error
    except errors.HfHubHTTPError as error:
        raise HubError(f"{name}: {_refused(error.response.status_code, error)}") from error
    except (errors.OfflineModeIsEnabled, HTTPError) as error:
        raise HubError(_unreachable(name, error)) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise HubError(f"{name}: {_first_line(error.__cause__ or error)}") from error
    finally:
        if hides:
            enable_progress_bars()


def _refused(status: int, error: Exception) -> str:
    if status == 401:
        return f"the Hub does not accept your token. {_LOG_IN}"
    if status == 403:
        return "your token does not allow this. Check who the owner is, and use a token with write access"
    if status in (409, 412):
        return "it was changed at the same time. Look at its page, and push again"
    return f"the Hub answered {status}: {_first_line(error)}"


def _unreachable(name: HubName, error: BaseException, cache: str = "") -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"{name}: HF_HUB_OFFLINE is set{cache}. Unset it to download the model"
    return f"{name}: the Hub ({constants.ENDPOINT}) cannot be reached ({_first_line(error)}){cache}. Check the network"


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
