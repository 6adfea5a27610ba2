"""The pytest plugin: the fixture `netlint_clean` and the marker `netlint`.

    @pytest.mark.netlint(ignore=["plain-relu"], fail_on="advice")
    def test_the_network_follows_the_advice(netlint_clean):
        netlint_clean(Net())

The marker's arguments are those of `netlint.testing.assert_clean`, for every call in the test, its class or its module.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "netlint(select=None, ignore=(), fail_on=None, batch_size=None): the settings of `netlint_clean` in a test."
    )


@pytest.fixture
def netlint_clean(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Asserts that netlint has nothing to say of a network, with the settings of the test's `netlint` marker."""
    from netlint.testing.models import assert_clean

    settings: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("netlint"))):  # the nearest one last
        settings.update(marker.kwargs)
    return partial(assert_clean, **settings)
