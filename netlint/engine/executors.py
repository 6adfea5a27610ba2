"""Where else files can be checked: `--executor dask:ADDRESS` hands them to a Dask cluster.

Its workers read the same paths, the checked files and what those import, so they need the same file system and the same netlint.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from netlint import __version__
from netlint.engine.errors import MissingExtra, NetlintError
from netlint.engine.reading import installed
from netlint.engine.workers import Pool

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10
"""Seconds in which a scheduler has to answer."""
RETRIES = 2
"""How often a file is tried again whose worker was lost."""


def named(executor: str) -> Pool:
    """The pool of an executor's name. Raises NetlintError where there is none, or its workers have another netlint."""
    kind, _, address = executor.partition(":")
    if kind != "dask" or not address:
        raise NetlintError(f"`--executor {executor}`: it takes dask:ADDRESS, as in dask:tcp://127.0.0.1:8786")
    if not installed("distributed"):
        raise MissingExtra(f"`--executor {executor}` needs the extra `dask` (netlint-nn[dask])")
    client = _client(address)
    try:
        found = client.run(_version)
    except Exception as error:  # whatever a worker answers instead
        client.close()
        raise NetlintError(f"a worker of {address} cannot run netlint: {error}") from error
    if not found or set(found.values()) != {__version__}:
        client.close()
        others = ", ".join(sorted(set(found.values()) - {__version__}))
        raise NetlintError(f"the workers of {address} have netlint {others}, not {__version__}" if found else f"{address} has no workers")
    return Pool(partial(_opened, client), 2 * sum(client.nthreads().values()), lasts=True)


def _client(address: str) -> Client:
    from distributed import Client

    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NetlintError(f"no Dask scheduler answers at {address}: {error}") from error


def _version() -> str:
    return __version__


@contextmanager
def _opened(client: Client) -> Iterator[Executor]:
    with client:
        yield client.get_executor(retries=RETRIES, pure=False)
