"""What the examples share; imported first, to quieten TensorFlow's start."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import textwrap
import warnings

# Lines about oneDNN and CPU features, which TensorFlow writes when imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# The scripts train several models each, and TensorFlow warns that it traces so
# many.
logging.getLogger("tensorflow").setLevel("ERROR")


def gradient(function, x, compiled=False):
    """The gradient of the sum of function(x): an array, or None as it comes."""
    import keras
    import numpy as np

    x = keras.ops.convert_to_tensor(x)
    if keras.backend.backend() == "jax":
        import jax

        slope = jax.grad(lambda x: keras.ops.sum(function(x)))
        return np.array((jax.jit(slope) if compiled else slope)(x))
    import tensorflow as tf

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x)

    if compiled:
        run = tf.function(run, jit_compile=True, autograph=False)
    slope = run(x)
    return None if slope is None else slope.numpy()


def first_sentence(words):
    """Of an error or a warning, whole."""
    return " ".join(str(words).split()).split(". ")[0].rstrip(".") + "."


def say(words, indent="  "):
    """Prints a sentence in lines of at most 80 columns."""
    print(
        textwrap.fill(
            words,
            width=80,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


@contextlib.contextmanager
def warnings_said(before=lambda: None):
    """Prints each warning of the block once, without the paths in front."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    before()
    for words in dict.fromkeys(str(each.message) for each in caught):
        say(f"Keras warns: {first_sentence(words)}")


class Progress:
    """A line that counts, in a terminal; nothing in a file or a pipe."""

    def __init__(self, total, unit):
        self.total, self.unit, self.done = total, unit, 0

    def update(self, done):
        self.done = done
        self._write(f"  {self.unit} {done} of {self.total}")

    def add(self):
        self.update(self.done + 1)

    def clear(self):
        """Empties the line, before something else is printed."""
        self._write("")

    def _write(self, words):
        if sys.stdout.isatty():
            print(f"\r\033[K{words}", end="", flush=True)
