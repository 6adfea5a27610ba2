"""What the user's code raised, in words for a message."""

from __future__ import annotations

import traceback

from netlint.frontends.module.sites import is_users, shown

MAX_TEXT = 160


def described(error: BaseException) -> str:
    """The kind of an error and the first line of its text, of a length that a sentence can hold."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    text = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 3]}..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place_of(error: BaseException) -> str:
    """` at FILE:ROW`, the innermost line of the user's code that an error came through; empty if there is none."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if is_users(frame.filename) and "importlib" not in frame.filename
    ]
    return f" at {shown(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
