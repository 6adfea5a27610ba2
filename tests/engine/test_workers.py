from __future__ import annotations

import gc
import os

from netlint.engine.workers import spread


def square(number: int) -> int:
    if number < 0:
        os._exit(1)
    return number * number


def lost(number: int, error: BaseException) -> int:
    return -1


def test_the_order_is_that_of_the_tasks_for_any_number_of_processes() -> None:
    numbers = list(range(20))
    expected = [number * number for number in numbers]
    assert spread(square, numbers, numbers, 1, lost) == expected
    assert spread(square, numbers, numbers, 3, lost) == expected
    assert spread(square, numbers, numbers, None, lost) == expected


def test_the_task_of_a_process_that_dies_is_reported() -> None:
    assert spread(square, [-3, 2], [9, 1], 2, lost)[0] == -1


def test_collecting_garbage_is_left_as_it_was() -> None:
    assert gc.isenabled()
    assert spread(lambda _: gc.isenabled(), [0], [0], None, lambda *_: True) == [False]
    assert gc.isenabled()


def test_nothing_to_do_is_done() -> None:
    assert spread(square, [], [], None, lost) == []


def test_each_task_is_heard_of_when_it_is_done() -> None:
    for jobs in (1, 2):
        heard: list[int] = []
        spread(square, [3, -1, 2] if jobs == 2 else [3, 1, 2], [1, 1, 1], jobs, lost, heard.append)
        assert sorted(map(abs, heard)) == [1, 2, 3]
