"""The doctor says what is wrong with the gallery's cases, and what is not."""

import pytest
from conftest import BACKEND
from gallery import BROKEN, HEALTHY

from softkeras.doctor import diagnose

# Losses once, as classes; their functions run the same.
ONCE = [
    case
    for case in HEALTHY
    if case.name.rsplit(".", 1)[-1][0].isupper() or "losses." not in case.name
]
# JAX compiles each shape of each case anew; its own rules are in the ops.
HERE = ONCE if BACKEND == "tensorflow" else ONCE[::4]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name) for c in BROKEN if c.runs_here]
)
def test_what_is_wrong_is_found(case):
    given = case.sample() if case.given else ()
    # Of logits the doctor must be told; they could be probabilities.
    domain = "logit" if case.domain == "logit" else None
    report = diagnose(case.target(), *given, domain=domain)
    right = [f for f in report.findings if f.kind in case.kinds]
    assert right, report
    if BACKEND == "tensorflow":
        # What JAX makes of a call of Keras has other names.
        right = [f for f in right if _names(f.where, case.where)]
        assert right, report
        assert any(case.remedy in f.remedy for f in right), report
    others = {f.kind for f in (*report.errors, *report.warnings)}
    assert others <= {*case.kinds, *case.also}, report


def _names(where, words):
    return not words or any(word.lower() in where.lower() for word in words)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in HERE])
def test_what_is_healthy_is_left_in_peace(case):
    domain = None if case.domain == "ids" else case.domain
    report = diagnose(case.target(), *case.sample(), domain=domain)
    assert {f.kind for f in report.findings} <= set(case.infos), report


def test_gallery_is_as_large_as_it_is_said_to_be():
    assert len([case for case in BROKEN if case.link]) >= 40
    assert len(ONCE) >= 40
