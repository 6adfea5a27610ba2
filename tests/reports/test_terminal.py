from __future__ import annotations

import io

import pytest

from netlint.reports.terminal import columns_of, counted, paint_for, printable, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "enabled"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
    ],
)
def test_colour_needs_a_terminal_and_no_objection(
    stream: io.StringIO, environment: dict[str, str], enabled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert paint_for(stream).enabled is enabled


def test_control_characters_are_replaced() -> None:
    assert printable("a\x1b[2Jb\u202ec\r") == "a\ufffd[2Jb\ufffdc\ufffd"


def test_wide_characters_take_two_columns() -> None:
    assert columns_of("卷积a") == 5
    assert columns_of("e\u0301") == 1


def test_a_table_is_aligned() -> None:
    assert table([("a", "1"), ("卷积", "20")], right=(1,)) == ["a      1", "卷积  20"]
    assert table([]) == []


def test_counts_have_their_noun() -> None:
    assert (counted(1, "file"), counted(2, "file"), counted(1200, "entry", "entries")) == ("1 file", "2 files", "1,200 entries")
