"""Owns: as much of pyperf as the measured programs use, running the work `TIMES` times. Must not: measure or print."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from time import perf_counter

__all__ = ["Runner", "perf_counter"]


TIMES = int(os.environ.get("TIMES", "1"))


class Runner:
    """pyperf's runner, without processes, calibration and repetition."""

    def __init__(self, add_cmdline_args: object = None) -> None:
        self.metadata: dict[str, object] = {}
        self.argparser = argparse.ArgumentParser()

    def parse_args(self) -> argparse.Namespace:
        return self.argparser.parse_args()

    def bench_func(self, name: str, func: Callable[..., object], *args: object) -> None:
        for _ in range(TIMES):
            func(*args)

    def bench_time_func(self, name: str, func: Callable[..., object], *args: object) -> None:
        func(TIMES, *args)

    def bench_async_func(self, name: str, func: Callable[..., Awaitable[object]], *args: object, **_: object) -> None:
        import asyncio  # takes longer to import than some programs to run

        async def repeated() -> None:
            for _ in range(TIMES):
                await func(*args)

        asyncio.run(repeated())
