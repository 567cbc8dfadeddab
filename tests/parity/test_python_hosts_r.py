"""`softkeras.r`: losses and scores written in R, beside the same in Python."""

import copy
import doctest
import functools
import math
import os
import signal
import threading
import time

import keras
import numpy as np
import pytest
from fits import SQUARES, assert_trains_alike, clouds, fitted, squares

import softkeras.r
from softkeras.losses import FunctionLoss, ScoreLoss
from softkeras.metrics import EpochScore
from softkeras.thresholds import best_threshold

PRECISION = """function(y_true, y_pred) {
  called <- op_soft_round(y_pred)
  1 - sum(y_true * called) / (sum(called) + 1e-7)
}"""
JACCARD = "function(c) c$tp / (c$tp + c$fp + c$fn)"


def precision(y_true, y_pred):
    called = softkeras.ops.soft_round(y_pred)
    hits = keras.ops.sum(y_true * called)
    return 1 - hits / (keras.ops.sum(called) + 1e-7)


def jaccard(counts):
    return counts.tp / (counts.tp + counts.fp + counts.fn)


MODES = {
    "graph": {},
    "eager": {"run_eagerly": True},
    "xla": {"jit_compile": True},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "source, twin", [(SQUARES, squares), (PRECISION, precision)]
)
def test_a_loss_of_r_trains_as_the_same_in_python(source, twin, mode):
    loss = softkeras.r.loss(source)
    assert_trains_alike(loss, FunctionLoss(twin), **MODES[mode])


@pytest.mark.parametrize("mode", MODES)
def test_a_score_of_r_trains_as_the_same_in_python(mode):
    score = softkeras.r.score(JACCARD)
    assert_trains_alike(ScoreLoss(score), ScoreLoss(jaccard), **MODES[mode])


def test_a_score_of_r_is_one_for_metrics_and_thresholds():
    score = softkeras.r.score(JACCARD)
    rng = np.random.default_rng(5)
    y, p = rng.integers(0, 2, (40, 2)).astype(float), rng.random((40, 2))
    ours, theirs = EpochScore(score), EpochScore(jaccard)
    for metric in (ours, theirs):
        metric.update_state(y, p)
    assert float(ours.result()) == float(theirs.result())
    found, wanted = best_threshold(y, p, score), best_threshold(y, p, jaccard)
    np.testing.assert_array_equal(found.threshold, wanted.threshold)
    np.testing.assert_allclose(found.score, wanted.score, rtol=1e-15)


def test_a_score_of_r_takes_its_arguments():
    text = "function(c, beta = 1) (1 + beta^2) * c$tp / "
    text += "((1 + beta^2) * c$tp + beta^2 * c$fn + c$fp)"
    y, p = [1.0, 1.0, 0.0, 0.0], [0.9, 0.4, 0.6, 0.1]
    got = ScoreLoss(softkeras.r.score(text), beta=2.0)(y, p)
    np.testing.assert_allclose(got, ScoreLoss("f_beta", beta=2.0)(y, p), 1e-6)
    by_default = ScoreLoss(softkeras.r.score(text))(y, p)
    np.testing.assert_allclose(by_default, ScoreLoss("f_beta")(y, p), 1e-6)
    with pytest.raises(ValueError, match="takes: beta"):
        ScoreLoss(softkeras.r.score(text), gamma=2.0)


def test_weights_reach_a_loss_of_r():
    x, y = clouds()
    weight = np.linspace(0, 2, len(y)).astype("float32")
    text = "function(y_true, y_pred, sample_weight) sum(sample_weight * "
    text += "(y_true - y_pred)^2) / sum(sample_weight)"
    p = keras.ops.convert_to_tensor(1 / (1 + np.exp(-x[:, :1])))
    got = softkeras.r.loss(text)(y[:, 0], p[:, 0], weight)
    wanted = np.average((y[:, 0] - np.array(p)[:, 0]) ** 2, weights=weight)
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_a_model_is_saved_and_says_what_to_do_after_loading(tmp_path):
    loss = softkeras.r.loss(PRECISION, name="mine")
    assert loss.name == "mine"
    x, y = clouds()
    score = EpochScore(softkeras.r.score(JACCARD))
    model, _ = fitted(loss, metrics=[score])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        again.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    with pytest.raises(RuntimeError, match=r"Give softkeras\.r\.loss") as told:
        again.fit(x, y, verbose=0)
    assert PRECISION in str(told.value)
    again.compile("adam", loss=loss, metrics=[score])
    again.fit(x, y, verbose=0)


def test_a_name_that_r_knows_will_do():
    assert softkeras.r.function("stats::median")(np.array([1.0, 5, 3])) == 3
    softkeras.r.function(
        "function() assign('of_r', function(y_true, y_pred) "
        "(y_true - y_pred)^2, globalenv())"
    )()
    loss = softkeras.r.loss("of_r", reduction="sum")
    assert loss.name == "of_r"
    assert float(loss(np.ones((2, 1)), np.zeros((2, 1)))) == 2
    softkeras.r.function("function() rm(of_r, envir = globalenv())")()


def test_objects_pass_as_they_are_and_numbers_as_r_s_own():
    same = softkeras.r.function("function(x) x")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    assert same(model) is model
    kind = softkeras.r.function("function(x, y) list(typeof(x), dim(y))")
    assert kind(2, y=np.ones((2, 3))) == ["integer", [2, 3]]
    assert same(None) is None


@pytest.mark.parametrize(
    "whole, kind",
    [
        (2**31 - 1, "integer"),
        (2**31, "double"),
        (-(2**31), "double"),  # R's NA
        (2**40, "double"),
        (-(2**53), "double"),
    ],
)
def test_whole_numbers_reach_r_whole(whole, kind):
    same = softkeras.r.function("function(x) list(typeof(x), x)")
    assert same(whole) == [kind, whole]
    assert same(x=whole) == [kind, whole]
    assert same(np.int64(whole))[1] == whole
    assert same(np.array([whole, 1]))[1].tolist() == [whole, 1]
    first = softkeras.r.function("function(x) x[[1]]")
    assert first(np.array([whole, "a"], object)) == whole
    assert softkeras.r.function("function(f) f()")(lambda: whole) == whole


@pytest.mark.parametrize("whole", [2**53 + 1, -(2**64), 10**400])
def test_whole_numbers_that_r_can_not_hold_are_refused(whole):
    same = softkeras.r.function("function(...) list(...)")
    given = [whole, np.array([1, whole], object)]
    if whole < 2**63 and whole > 0:
        given += [np.int64(whole), np.array([1, whole])]
    for each in given:
        with pytest.raises(OverflowError, match=f"Received: {whole}. Give a"):
            same(each)
        with pytest.raises(OverflowError, match=r"from -2\^53 to 2\^53"):
            same(x=each)


nan = math.nan
MISSING = {
    "NA": None,
    "NA_integer_": nan,
    "NA_real_": nan,
    "NA_character_": None,
    "c(TRUE, NA, FALSE)": [True, None, False],
    "c(3L, NA)": [3.0, nan],
    "c(a = 3L, b = NA)": [3.0, nan],
    "c('a', NA)": ["a", None],
    "factor(c('a', NA))": ["a", None],
    "list(a = NA, b = list(NA_integer_, 1L))": {"a": None, "b": [nan, 1]},
    "matrix(c(2L, NA), 1)": [[2.0, nan]],
    "matrix(c(TRUE, NA), 1)": [[1.0, nan]],
    "matrix(c('a', NA), 1)": [["a", None]],
    "list(c(TRUE, FALSE), 1:2, NULL)": [[True, False], [1, 2], None],
}


@pytest.mark.parametrize("text", MISSING)
def test_what_is_missing_in_r_is_missing_in_python(text):
    got = softkeras.r.function(f"function() {text}")()
    if text.startswith("matrix"):
        assert isinstance(got, np.ndarray)
        got = got.tolist()
    # NaN equals nothing, and True equals 1: so their texts are compared.
    assert repr(got) == repr(MISSING[text])


def test_columns_with_missing_values_keep_them():
    frame = softkeras.r.function(
        "function() data.frame(i = c(2L, NA), l = c(TRUE, NA), s = c('a', NA))"
    )()
    got = {key: list(frame[key]) for key in ("i", "l", "s")}
    assert got["i"][0] == 2 and math.isnan(got["i"][1])
    assert got["l"] == [True, None]
    assert got["s"] == ["a", None]


def test_missing_values_of_r_reach_functions_of_python_as_such():
    call = softkeras.r.function("function(f) f(NA_integer_, k = NA)")
    assert repr(call(lambda x, k: [x, k])) == "[nan, None]"


@pytest.mark.parametrize(
    "function", [lambda x: x + 1, functools.partial(max, 4), "method", np.sqrt]
)
def test_r_calls_functions_of_python(function):
    if function == "method":
        function = {16.0: 4.0}.__getitem__
    call = softkeras.r.function("function(f, x) list(is.function(f), f(x) + 1)")
    assert call(function, 16.0) == [True, function(16.0) + 1]
    assert softkeras.r.function("function(f) f")(function) is function


def test_errors_of_functions_that_r_calls_are_told():
    call = softkeras.r.function("function(f) f(0)")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        call(lambda x: 1 / x)


def test_functions_of_the_package_are_losses():
    loss = softkeras.r.loss("loss_soft_fbeta")
    assert loss.name == "loss_soft_fbeta"
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.6, 0.2])
    wanted = softkeras.losses.SoftFBeta()(y, p)
    np.testing.assert_allclose(loss(y, p), wanted, rtol=1e-6)


def test_copies_keep_the_function_while_r_is_there():
    score = softkeras.r.score(JACCARD)
    assert copy.deepcopy({"score": score})["score"] is score
    function = softkeras.r.loss(SQUARES).function
    assert copy.deepcopy(function) is function


@pytest.mark.parametrize(
    "source, says",
    [
        ("function(x) {", "unexpected end of input"),
        ("1", "the text gives no function but R's double"),
        ("", "the text gives no function but R's NULL"),
        ("no_such_thing", "'no_such_thing' not found"),
        (len, "must be the text or the name of an R function"),
        ("function(y_true) y_true", "too many positional arguments"),
    ],
)
def test_what_is_no_function_is_refused(source, says):
    with pytest.raises(ValueError, match=says) as told:
        softkeras.r.loss(source)
    assert str(source) in str(told.value) or "r_loss(y_true)" in str(told.value)


@pytest.mark.parametrize(
    "body, kind, says",
    [
        ("NULL", ValueError, "must return a tensor.* Received: R's NULL"),
        ("'a'", ValueError, "must return a tensor.* Received: R's character"),
        ("0.5", ValueError, "must return a tensor.* Received: R's double"),
        ("reticulate::r_to_py('a')", ValueError, "must return a tensor"),
        ("stop('oh')", RuntimeError, "The R function failed: oh"),
        ("nothing + 1", RuntimeError, "'nothing' not found"),
        ("y_true %*% 'a'", RuntimeError, "The R function failed"),
    ],
)
def test_errors_of_r_are_errors_of_python(body, kind, says):
    source = f"function(y_true, y_pred) {body}"
    with pytest.raises(kind, match=says) as told:
        softkeras.r.loss(source)(np.ones((2, 1)), np.zeros((2, 1)))
    assert "r_to_py" in source or source in str(told.value)


@pytest.mark.parametrize(
    "body, says",
    [
        ("invokeRestart('abort')", 'it invoked R\'s restart "abort"'),
        (
            (
                "stop(structure(class = c('mine', 'condition'), "
                "list(message = 'oh', call = NULL)))"
            ),
            'condition of class "mine", which is no error: oh',
        ),
        ("as.Date(c('2020-01-01', NA))", "year .* is out of range"),
        ("q('no')", "R can't quit.*sys.exit"),
        ("quit('no', status = 3)", "R can't quit"),
        ("base::q('no')", "R can't quit"),
        ("get('quit', asNamespace('base'))()", "R can't quit"),
    ],
)
def test_whatever_ends_r_code_has_a_message(body, says):
    with pytest.raises(RuntimeError, match=says):
        softkeras.r.function(f"function() {body}")()
    assert softkeras.r.function("function() 1")() == 1


def test_an_error_of_r_ends_fit():
    loss = softkeras.r.loss("function(y_true, y_pred) stop('oh')")
    with pytest.raises(RuntimeError, match="The R function failed: oh"):
        fitted(loss)


def test_wrong_scores_are_refused():
    y, p = np.array([0.0, 0, 1, 1]), np.array([0.25, 0.5, 0.375, 0.75])
    for body, says in (("'a'", "R's character"), ("c$ftp", "no `ftp`")):
        score = softkeras.r.score(f"function(c) {body}")
        with pytest.raises((RuntimeError, ValueError), match=says):
            best_threshold(y, p, score)
        with pytest.raises((RuntimeError, ValueError), match=says):
            ScoreLoss(score)(y, p)


def test_warnings_of_r_are_warnings_of_python():
    loss = softkeras.r.loss(
        "function(y_true, y_pred) { warning('look'); y_pred }"
    )
    function = softkeras.r.function("function() warning('look')")
    calls = [
        function,
        lambda: loss(np.ones((2, 1)), np.zeros((2, 1))),
        lambda: fitted(loss, run_eagerly=True),
    ]
    for call in calls:
        with pytest.warns(RuntimeWarning, match="R warns: look") as warned:
            call()
        # The line that called, and no line of softkeras.
        files = {each.filename for each in warned}
        assert files <= {__file__, fitted.__code__.co_filename}


def test_other_threads_are_refused():
    told = []

    def call():
        try:
            softkeras.r.function("function() 1")
        except RuntimeError as error:
            told.append(str(error))

    thread = threading.Thread(target=call, name="worker")
    thread.start()
    thread.join()
    assert "main thread only. Received: worker" in told[0]


def test_ctrl_c_is_python_s():
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("this process ignores it, as jobs in the background do")
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_r_collects_garbage_without_harm():
    collect = softkeras.r.function("function(x) invisible(gc())")
    for _ in range(20):
        collect([object()])


@pytest.mark.parametrize("name", softkeras.r.__all__)
def test_examples_run(name):
    run = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(
        getattr(softkeras.r, name), name, globs={}
    ):
        run.run(example)
    assert run.tries > 0 and run.failures == 0
