"""The table of differentiable ops: its facts, its words, the published page."""

import pathlib
import re

import keras
import numpy as np
import pytest
from conftest import BACKEND, MODES

import softkeras
from softkeras.doctor import _keras_ops, differentiable
from softkeras.doctor._keras_ops import judge, places, summary
from softkeras.doctor._keras_ops.case import LINE, Case, unary

PAGE = pathlib.Path(__file__).parents[2] / "docs/differentiable.md"
HEADS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}
NONE = ("none", "zero")


@pytest.fixture(scope="module")
def table():
    return differentiable()


def published():
    """The version of Keras and the rows of the page, by op."""
    lines = PAGE.read_text().splitlines()
    version = re.search(r"Keras (\S+) on", "\n".join(lines)).group(1)
    rows, head = {}, None
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        cells = [cell.strip("` ") for cell in cells]
        if line.startswith("## TensorFlow compiled"):
            break
        if line.startswith("| op |"):
            head = [cell.strip() for cell in line.strip("| ").split("|")]
        elif line.startswith("| `") and head:
            rows[cells[0]] = dict(zip(head, cells))
        elif line.startswith("- "):
            for name in re.findall(r"`(\w+)`", line):
                rows[name] = dict.fromkeys(HEADS.values(), "no floats")
    return version, rows


def test_the_page_is_what_a_run_finds(table):
    version, rows = published()
    head = HEADS[BACKEND]
    if version != keras.__version__:
        pytest.skip(f"the page is of Keras {version}")
    if head not in next(iter(rows.values())):
        pytest.skip(f"the page has no column of {head}")
    assert {row.op: row.gradient for row in table} == {
        op: row[head] for op, row in rows.items()
    }
    for row in table:
        if row.gradient != "no floats":
            text = rows[row.op]["not finite"]
            assert row.not_finite_at in text.replace("\\|", "|"), row.op


def test_every_public_function_has_a_row(table):
    public = {
        name
        for name in dir(keras.ops)
        if not name.startswith("_") and callable(getattr(keras.ops, name))
    }
    ops = [row.op for row in table]
    assert public <= set(ops) and len(ops) == len(set(ops))
    assert {"image.resize", "image.ssim"} <= set(ops)
    not_probed = [row.op for row in table if row.gradient == "not probed"]
    if keras.__version__ == "3.15.1":
        assert not_probed == []
    else:
        assert len(not_probed) < 30


def test_only_wrong_gradients_that_are_known(table):
    known = {
        # The gradient shifts an image the other way, which is no transpose.
        "tensorflow": ["image.affine_transform", "image.perspective_transform"],
        # 2 to a negative integer is 0 in integers.
        "torch": ["ldexp"],
    }
    wrong = [row.op for row in table if row.gradient == "wrong"]
    assert wrong == known.get(BACKEND, [])


@pytest.mark.parametrize(
    "name",
    """abs clip conv cumsum custom_gradient einsum exp fft gelu log max maximum
    median matmul mean norm relu sigmoid softmax softplus solve sort sqrt std
    take tanh where cond scan map""".split(),
)
def test_what_has_a_gradient(table, name):
    assert table[name].gradient in ("yes", "part")
    assert not table[name].note.startswith("wrong")


@pytest.mark.parametrize(
    "name",
    """argmax argmin argsort ceil equal floor greater in_top_k isnan less
    logical_and logical_not not_equal ones_like round searchsorted sign
    stop_gradient trunc zeros_like""".split(),
)
def test_what_has_none(table, name):
    assert table[name].gradient in NONE


def test_what_takes_no_floats(table):
    for name in ("arange", "bitwise_and", "eye", "one_hot", "shape", "size"):
        assert table[name].gradient == "no floats"


def test_what_has_one_in_part(table):
    assert table["top_k"].gradient == "part"
    assert table["top_k"].note == "result 1: none"  # the indices
    assert table["cast"].gradient == "part"
    assert table["cast"].note == "to int or bool: none"
    assert table["full_like"].with_respect_to in ("fill_value", "x, fill_value")


def test_jax_has_zeros_where_others_have_none(table):
    word = {"jax": "zero", "tensorflow": "none"}.get(BACKEND)
    if word is None:
        pytest.skip("torch has None and zeros")
    for name in ("ceil", "floor", "round", "stop_gradient"):
        assert table[name].gradient == word
    # A result of integers has none anywhere.
    assert table["argmax"].gradient == table["greater"].gradient == "none"


def test_where_they_are_not_finite(table):
    at = {row.op: row.not_finite_at for row in table}
    assert at["sqrt"] == "value below 0; gradient at 0"
    assert at["log"] == "value below 0, at 0"
    assert at["exp"] == "value from 100 up"
    assert at["arccosh"] == "value below 1; gradient at 1"
    assert at["divide"] == "value where x2 = 0"
    assert at["divide_no_nan"] == at["abs"] == at["relu"] == ""
    assert "gradient at zeros" in at["where"]
    assert "value at no entries" in at["mean"]
    assert "value at a constant row" in at["corrcoef"]
    if BACKEND != "torch":  # Keras has its own there
        assert "gradient at zeros" in at["norm"]
        assert "gradient at zeros, at equal entries" in at["std"]
        assert "where x1 = x2 = 0" in at["arctan2"]
    assert at["arcsin"].startswith("value beyond -1 and 1; gradient from -1")


def test_replacements_are_there(table):
    rows = [row for row in table if row.replacement]
    assert len(rows) > 20
    for row in rows:
        name = row.replacement.removeprefix("softkeras.ops.")
        assert name in softkeras.ops.__all__
    assert table["round"].replacement == "softkeras.ops.soft_round"
    assert set(_keras_ops.REPLACEMENTS) <= set(_keras_ops.OF_OP)


def test_one_op_or_some():
    assert [row.op for row in differentiable("keras.ops.floor")] == ["floor"]
    some = differentiable(["tanh", "image.resize"])
    assert [row.op for row in some] == ["tanh", "image.resize"]
    assert some.to_dict()["gradient"][0] == "yes"
    assert len(differentiable([])) == 0


def test_an_unknown_name_is_refused_with_those_like_it():
    with pytest.raises(ValueError, match=r"'sqroot'; there is .*sqrt"):
        differentiable("sqroot")
    with pytest.raises(ValueError, match=r"mode='fast'"):
        differentiable("sqrt", mode="fast")
    with pytest.raises(KeyError, match="sqrt"):
        differentiable("sqrt")["sqr"]


def test_it_prints_in_text_and_html():
    some = differentiable(["sqrt", "floor"])
    lines = str(some).splitlines()
    assert keras.__version__ in lines[0] and BACKEND in lines[0]
    assert lines[1].split()[:2] == ["op", "gradient"]
    column = lines[1].index("not_finite_at")
    assert lines[3][column:].startswith("value below 0; gradient at 0")
    assert repr(some) == str(some)
    text = some._repr_html_()
    assert text.count("<tr>") == 3 and "<td>sqrt</td>" in text
    escaped = softkeras.doctor.DifferentiabilityTable(
        [softkeras.doctor.Differentiability("a", "b", "yes", note="x < 0")]
    )
    assert "x &lt; 0" in escaped._repr_html_()


@pytest.mark.parametrize("mode", MODES)
def test_each_mode(mode):
    some = differentiable(["sqrt", "round", "top_k"], mode=mode)
    assert some["sqrt"].gradient == "yes"
    assert some["round"].gradient in NONE
    assert some["top_k"].gradient == "part"


def test_nothing_global_is_left_changed():
    keras.utils.set_random_seed(3)
    before = keras.random.uniform((2,))
    keras.utils.set_random_seed(3)
    if BACKEND == "jax":
        import jax

        wide = jax.config.jax_enable_x64
    differentiable(["sqrt", "image.elastic_transform"])
    if BACKEND == "jax":
        assert jax.config.jax_enable_x64 == wide
    after = keras.random.uniform((2,))
    np.testing.assert_array_equal(*map(np.asarray, (before, after)))


def _verdict(function, **options):
    return judge.judge(function, unary(**options), "eager")


def test_a_wrong_gradient_is_seen():
    @keras.ops.custom_gradient
    def square(x):
        def backward(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return upstream * 2.002 * x  # wrong by a thousandth

        return x * x, backward

    assert _verdict(square).words == {"x": ["wrong"]}
    assert _verdict(lambda x: x * x).words == {"x": ["yes"]}


def test_a_small_gradient_is_not_zero():
    assert _verdict(lambda x: 1e-7 * x).words == {"x": ["yes"]}
    # Nor is noise a gradient.
    verdict = _verdict(lambda x: 0.0 * x + keras.ops.round(x))
    assert verdict.words["x"][0] in NONE


def test_a_cut_says_that_the_value_changes():
    verdict = _verdict(keras.ops.stop_gradient)
    assert verdict.changes == ("x",)
    assert _verdict(keras.ops.floor).changes == ()


def test_what_is_random_is_not_called_wrong():
    row = summary.of_cases(
        lambda x: x * keras.random.uniform(x.shape, dtype=x.dtype),
        [Case({"x": np.array([0.3, 0.7])})],
        "eager",
    )
    assert row["gradient"] == "yes" and "random" in row["note"]


def test_a_new_op_is_guessed():
    assert len(summary.guess(lambda x: keras.ops.tanh(x))) == 1
    assert len(summary.guess(lambda x1, x2: x1 + x2)) == 1
    assert summary.guess(lambda images, size: images) == ()


def test_places_claim_no_more_than_was_seen():
    def words(is_bad):
        return places.describe({"x": LINE}, is_bad(LINE))

    assert words(lambda x: x < 0) == ["below 0"]
    assert words(lambda x: np.abs(x) > 1) == ["beyond -1 and 1"]
    assert words(lambda x: x >= 100) == ["from 100 up"]
    assert words(lambda x: x > 2) == ["from 100 up"]
    assert words(lambda x: x == 0) == ["0"]
    assert words(lambda x: (x == 0) & np.signbit(x)) == ["-0"]
    assert words(lambda x: x > 1e31) == []
