"""Names and arguments of the R wrappers are those of their Python twins."""

import pytest
from twins import (
    ACTIVATIONS,
    PUBLIC,
    WRAPPERS,
    arguments,
    plain,
)

from softkeras import layers, ops


def test_every_public_name_is_accounted_for_in_r(r):
    public = [name for module in PUBLIC for name in module.__all__]
    assert set(public) == set(WRAPPERS)
    exported = set(r.call("getNamespaceExports", "softkeras"))
    assert exported == {
        *filter(None, WRAPPERS.values()),
        "as_labels",  # of R alone
        "stop_for_errors",  # in Python a method of the report
        "plot_steps",  # draws with ggplot2 what Python's draws with matplotlib
        "softkeras_config",
        "softkeras_available",
        "softkeras_sitrep",
        "install_softkeras",
        *(f"activation_{name}" for name in ACTIVATIONS),
    }


TWINS = {
    wrapper: [name for name, other in WRAPPERS.items() if other == wrapper]
    for wrapper in filter(None, WRAPPERS.values())
}


@pytest.mark.parametrize("wrapper", TWINS)
def test_r_has_the_arguments_and_defaults_of_its_twins(r, wrapper):
    """Of a function and its class, those of both; in order if it is one."""
    want = {}
    for name in sorted(TWINS[wrapper], key=str.islower, reverse=True):
        module = next(m for m in PUBLIC if name in m.__all__)
        want |= plain(arguments(getattr(module, name)), name)
    # `function` is a word of R's language; what R's generics are for they
    # call `object`.
    in_r = {"function": "fn", "target": "object"}
    want = {in_r.get(key, key): v for key, v in want.items()}
    got = plain(r.defaults(wrapper), TWINS[wrapper][0])
    if wrapper.startswith("layer_"):
        assert got.pop("object") == "<missing>" and got.pop("name") is None
    assert got == want
    if len(TWINS[wrapper]) == 1:
        assert list(got) == list(want)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_the_arguments_of_op_and_layer(r, name):
    got = r.defaults(f"activation_{name}")
    of_op = plain(arguments(getattr(ops, name)), name)
    assert got == {key: of_op[key] for key in got}
    layer = ACTIVATIONS[name]
    missing = set(of_op) - set(got)
    if layer is None:
        assert not missing
    else:
        assert missing.isdisjoint(arguments(getattr(layers, layer)))
