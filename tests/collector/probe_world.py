"""A simulated world for probes: a true time nobody knows, wrong clocks, and items on their way."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from collector.probes.stamp import Stamp, own
from collector.probes.target import Taken
from collector.probes.watch import Clock

EPOCH = 1_700_000_000.0  # true time at the beginning, seconds


class World:
    """Runs actors one after the other in the order of true time; sleeping is what makes time pass."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self._turn = threading.Condition()
        self._waking: dict[str, float] = {}  # by the name of the actor's thread

    def clock(self, offset_s: float, rate: float) -> Clock:
        """A clock that is ahead by `offset_s` and runs `rate` too fast."""
        return Clock(
            wall=lambda: round((EPOCH + self.now * (1 + rate) + offset_s) * 1_000_000),
            elapsed=lambda: 1000 + self.now * (1 + rate),
            sleep=lambda seconds: self.sleep(seconds / (1 + rate)),
        )

    def sleep(self, seconds: float) -> None:
        me = threading.current_thread().name
        with self._turn:
            self._waking[me] = self.now + seconds
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._is_next(me))
            self.now = self._waking[me]

    def run(self, *actors: Callable[[], object]) -> None:
        threads = [
            threading.Thread(target=self._act, args=(actor,), name=str(number))
            for number, actor in enumerate(actors)
        ]
        self._waking = {thread.name: self.now for thread in threads}
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()

    def _act(self, actor: Callable[[], object]) -> None:
        me = threading.current_thread().name
        with self._turn:
            self._turn.wait_for(lambda: self._is_next(me))
        try:
            actor()
        finally:
            with self._turn:
                del self._waking[me]
                self._turn.notify_all()

    def _is_next(self, me: str) -> bool:
        return min(self._waking, key=lambda each: (self._waking[each], each)) == me

    @contextmanager
    def request(self, most: float = 0.3) -> Iterator[None]:
        """What is inside happens at some moment of a request's time."""
        self.sleep(self.random.uniform(0.0001, most))
        yield
        self.sleep(self.random.uniform(0.0001, most))


@dataclass
class Replica:
    """One region's copy; what is written shows in the others after `delay` seconds, and here at once."""

    world: World
    delay: float
    others: list[Replica] = field(default_factory=list)
    visible: dict[str, tuple[float, Stamp]] = field(default_factory=dict)
    deletes_replicate: bool = True
    shows_absence: bool = True
    acked: dict[str, float] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)

    def write(self, stamp: Stamp) -> None:
        own(stamp.key)
        self.begun[stamp.key] = self.world.now
        with self.world.request():
            if stamp.key in self.visible:
                raise Taken
            self.visible[stamp.key] = self.world.now, stamp
            for other in self.others:
                other.visible[stamp.key] = self.world.now + self.delay, stamp
        self.acked[stamp.key] = self.world.now

    def read(self, key: str) -> Stamp | None:
        with self.world.request():
            since, stamp = self.visible.get(key, (float("inf"), None))
            return stamp if self.world.now >= since else None

    def delete(self, key: str) -> None:
        for replica in [self, *self.others]:
            replica.visible.pop(own(key), None)


def pair(world: World, out: float, back: float) -> tuple[Replica, Replica]:
    here, there = Replica(world, out), Replica(world, back)
    here.others, there.others = [there], [here]
    return here, there
