"""Trainings that take turns, epoch by epoch: only one runs at any time."""

from __future__ import annotations

import contextlib
import threading
import time


class Turns:
    """Lets one of several threads run at a time, each in its turn."""

    def __init__(self, names):
        self.waiting = list(names)
        self.changed = threading.Condition()

    def wait(self, name):
        with self.changed:
            self.changed.wait_for(lambda: self.waiting[0] == name)

    def give_on(self):
        with self.changed:
            self.waiting.append(self.waiting.pop(0))
            self.changed.notify_all()

    @contextlib.contextmanager
    def ends_with(self, name):
        self.wait(name)
        try:
            yield
        finally:
            # The turn may be another's, as fit() gave it on.
            with self.changed:
                self.waiting.remove(name)
                self.changed.notify_all()


def epoch_timer(turns, name):
    import keras

    class Timer(keras.callbacks.Callback):
        """The seconds of each epoch, each of which is a turn."""

        def __init__(self):
            super().__init__()
            self.seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            turns.wait(name)
            self.start = clocks()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(
                [end - start for start, end in zip(self.start, clocks())]
            )
            turns.give_on()

    return Timer()


def clocks():
    """Seconds of a clock and of the processors."""
    return time.perf_counter(), time.process_time()


def run(trainings: dict) -> None:
    """Runs functions of no argument, each in a thread."""
    threads = [
        threading.Thread(target=training) for training in trainings.values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
