"""What an examination leaves as it was: generators of random numbers."""

from __future__ import annotations

import contextlib
import copy
import random
import warnings
from collections.abc import Iterator

import keras
import numpy as np

from softkeras import _backend

# Keras has no public name for the state that it keeps for all of a process.
_STATE = keras.src.backend.common.global_state.GLOBAL_STATE_TRACKER
_GENERATOR, _NAMES = "global_seed_generator", "object_name_uids"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps to itself what NumPy and Keras warn of on inputs that are tried."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def generators() -> Iterator[None]:
    """Gives Python's, NumPy's and Keras's generators back as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    keras_generator = getattr(_STATE, _GENERATOR, None)
    seed = None
    if keras_generator is not None:
        seed = np.array(keras_generator.state)
    names = copy.copy(getattr(_STATE, _NAMES, None))
    undo = _backend.generators()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if keras_generator is not None:
            keras_generator.state.assign(seed)
        elif hasattr(_STATE, _GENERATOR):
            delattr(_STATE, _GENERATOR)
        # By which layers and losses without a name are numbered.
        if names is not None:
            setattr(_STATE, _NAMES, names)
        elif hasattr(_STATE, _NAMES):
            delattr(_STATE, _NAMES)
        undo()
