# Functions of R as losses; arithmetic with tensors; errors as conditions.

tensor_of <- function(x, dtype = "float32") {
  keras_module()$ops$convert_to_tensor(reticulate::np_array(x, dtype))
}

numbers_of <- function(x) as_r_numbers(x)

y <- c(1, 1, 0, 0)
p <- c(0.9, 0.4, 0.6, 0.1)

precision <- function(y_true, y_pred) {
  called <- op_soft_round(y_pred)
  1 - sum(y_true * called) / (sum(called) + 1e-7)
}

test_that("R's arithmetic works with tensors", {
  skip_if_no_keras()
  a <- c(1.5, -2, 3)
  b <- c(0.5, 4, -1)
  for (f in list(
    `+`, `-`, `*`, `/`, function(a, b) abs(a)^b, function(a, b) -a,
    function(a, b) 2 * a + b * 0.5 - 1 / a, function(a, b) abs(a), function(a, b) exp(b),
    function(a, b) log(abs(a)), function(a, b) sqrt(abs(a)), function(a, b) log1p(abs(b)),
    function(a, b) tanh(a), function(a, b) floor(a), function(a, b) ceiling(a),
    function(a, b) sign(b), function(a, b) log(abs(a), 3), function(a, b) a * array(c(1, 2, 3))
  )) {
    got <- as.numeric(numbers_of(f(tensor_of(a), tensor_of(b))))
    expect_equal(got, as.numeric(f(a, b)), tolerance = 1e-6, label = deparse1(body(f)))
  }
  for (f in list(sum, mean, max, min, prod)) {
    expect_equal(numbers_of(f(tensor_of(a))), f(a), tolerance = 1e-6)
  }
  expect_error(gamma(tensor_of(a)))
  expect_error(as_operand(NA), "computed with NA")
  expect_error(range(tensor_of(a)))
  expect_error(sum(keras_module()), "needs a tensor")
  for (f in list(sum, prod, max, min, all, any)) {
    expect_error(f(tensor_of(a), na.rm = TRUE), "na.rm = TRUE; weigh it with 0")
    expect_error(f(tensor_of(a), tensor_of(b)), "takes one tensor")
  }
  expect_equal(numbers_of(sum(tensor_of(a), na.rm = FALSE)), sum(a))
  expect_error(mean(tensor_of(a), na.rm = TRUE), "takes the tensor alone")
})

test_that("a function of R has its value and is reduced", {
  skip_if_no_keras()
  loss <- loss_from_function(precision)
  expect_identical(as_r_text(loss$name), "precision")
  called <- op_soft_round(p)
  got <- numbers_of(loss$`__call__`(tensor_of(y), tensor_of(p)))
  expect_equal(got, 1 - sum(y * called) / sum(called), tolerance = 1e-6)
  squares <- function(y_true, y_pred) (y_true - y_pred)^2
  loss <- loss_from_function(squares, reduction = "sum", name = "mine")
  expect_identical(as_r_text(loss$name), "mine")
  got <- numbers_of(loss$`__call__`(tensor_of(y), tensor_of(p)))
  expect_equal(got, sum((y - p)^2), tolerance = 1e-6)
  weighted <- function(y_true, y_pred, sample_weight) sum(sample_weight * abs(y_true - y_pred))
  got <- loss_from_function(weighted)$`__call__`(tensor_of(y), tensor_of(p), tensor_of(1:4))
  expect_equal(numbers_of(got), sum(1:4 * abs(y - p)), tolerance = 1e-6)
})

test_that("it trains, is saved, loads, and says what to do when trained on", {
  skip_if_no_keras()
  data <- clouds()
  model <- small_model()
  model$compile(keras_module()$optimizers$Adam(0.01), loss = loss_from_function(precision))
  history <- model$fit(data$x, data$y, epochs = 10L, verbose = 0L)$history$loss
  expect_lt(utils::tail(unlist(history), 1), history[[1]] - 0.05)
  path <- tempfile(fileext = ".keras")
  model$save(path)
  again <- keras_module()$saving$load_model(path)
  expect_equal(again$predict(data$x, verbose = 0L), model$predict(data$x, verbose = 0L))
  expect_error(
    again$fit(data$x, data$y, verbose = 0L),
    "`precision` is a function of R.*Give the function again to compile.*op_soft_round\\(y_pred\\)"
  )
  output <- fresh_session(c(
    "library(softkeras)",
    "keras <- reticulate::import('keras')",
    sprintf("model <- keras$saving$load_model(%s)", deparse(path)),
    "cat('class', class(model$loss)[1])"
  ))
  expect_match(output, "FunctionLoss")
})

test_that("a loss of round() has no gradient, or one of 0", {
  skip_if_no_keras()
  data <- clouds()
  hard <- function(y_true, y_pred) {
    called <- round(y_pred)
    1 - sum(y_true * called) / (sum(called) + 1e-7)
  }
  model <- small_model()
  model$compile("sgd", loss = loss_from_function(hard))
  before <- model$get_weights()
  said <- tryCatch(
    {
      model$fit(data$x, data$y, verbose = 0L)
      "No gradients"
    },
    error = conditionMessage
  )
  expect_match(said, "No gradients")
  expect_equal(model$get_weights(), before)
})

test_that("what a loss of R can't be is refused", {
  skip_if_no_keras()
  expect_error(loss_from_function("mse"), "`fn`.*character")
  expect_error(loss_from_function(function(y) y), "y_true and y_pred")
  call <- function(fn, ...) loss_from_function(fn)$`__call__`(tensor_of(y), tensor_of(p), ...)
  expect_error(call(function(y_true, y_pred) NULL), "must return a tensor. Received: NULL")
  expect_error(call(function(y_true, y_pred) nonsense + y_pred), "object 'nonsense' not found")
  expect_error(call(precision, tensor_of(1:4)), "argument sample_weight")
})

test_that("errors can be caught by class, Python's by that of the exception", {
  skip_if_no_keras()
  of_python <- tryCatch(loss_soft_precision(threshold = 2), python.builtin.ValueError = identity)
  expect_match(conditionMessage(of_python), "^`threshold` must be between 0 and 1")
  expect_s3_class(of_python, "softkeras_error")
  expect_null(of_python$call)
  expect_error(loss_soft_precision("a", 1), class = "softkeras_error")
  expect_error(steps_step("sgimoid"), class = "softkeras_error")
})

test_that("NULL for a step or a score is refused by its name", {
  skip_if_no_keras()
  for (make in list(
    function() loss_soft_precision(step = NULL), function() loss_score("recall", step = NULL),
    function() loss_soft_auc(step = NULL)
  )) {
    expect_error(make(), "`step` must be .*Received: NULL")
  }
  expect_error(loss_score(NULL), "`score` must be .*Received: NULL")
  expect_error(steps_step(steps_step("ramp")), "is a Step already")
  expect_error(loss_soft_precision(step = function(x) 5 * x), "be \u00bd at 0")
})

test_that("errors of Python are spelt as R is", {
  skip_if_no_keras()
  said <- function(expression) conditionMessage(expect_error(expression))
  expect_match(
    said(loss_soft_fbeta(c(1, 0), c(2, -1))),
    "for logits, set from_logits = TRUE",
    fixed = TRUE
  )
  expect_match(said(loss_soft_fbeta(average = "macor")), "of NULL, .*did you mean 'macro'")
  expect_match(said(loss_soft_fbeta(step = "sigmod")), "'sigmoid'?.*; a steps_step\\(\\) or")
  expect_match(said(loss_soft_matthews(labels = c(1, 1))), "labels = c(1.0, 1.0)", fixed = TRUE)
  of_matrix <- said(loss_soft_mean_iou(c(1, 0), c(0.2, 0.7)))
  expect_match(of_matrix, "losses of them such as loss_soft_matthews()", fixed = TRUE)
  expect_match(of_matrix, "of shape (2,)", fixed = TRUE)
  for (python in c("True", "False", "None", "[a-z]=", "softkeras[.]", "Soft[A-Z]")) {
    for (message in list(
      said(loss_score("f9")), said(loss_soft_tversky(alpha = -1)), of_matrix,
      said(op_soft_argmax(1:3 / 4, axis = 5)), said(layer_soft_staircase(1:2, sharpness = -1)),
      said(steps_step("ramp", sharpness = "a")), said(callback_sharpness_schedule("a", 1)),
      said(loss_soft_precision_at_recall(2)), said(best_threshold(c(0, 1), c(0.2, 3)))
    )) {
      expect_no_match(message, python)
    }
  }
})

test_that("tensors in functions of R are indexed from 1", {
  skip_if_no_keras()
  m <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  value <- function(f) {
    numbers_of(loss_from_function(f)$`__call__`(tensor_of(m), tensor_of(m)))
  }
  expect_equal(value(function(y, p) p[2, 3]), 6)
  expect_equal(value(function(y, p) sum(p[, 2])), 7)
  expect_equal(value(function(y, p) sum(p[1, c(1, 3)])), 6)
  expect_equal(value(function(y, p) sum(p[, -1])), 18)
  expect_equal(value(function(y, p) sum(p) / length(p)), mean(m))
  for (wrong in list(
    function(y, p) p[1], function(y, p) p[0, 1], function(y, p) p[1, 4],
    function(y, p) p[1.5, 1], function(y, p) p[c(1, -1), 1], function(y, p) p[p > 1]
  )) {
    expect_error(value(wrong), "is indexed by|An index of a tensor", label = deparse1(body(wrong)))
  }
  expect_error(value(function(y, p) p[[1]]), "not by \\[\\[")
  expect_error(value(function(y, p) mean(p, trim = 0.2)))
  wanted <- function(m) (m[1, 1] + m[2, 2]) / sum(m)
  labels <- c(0, 1, 1)
  called <- rbind(c(0.9, 0.1), c(0.2, 0.8), c(0.7, 0.3))
  expect_equal(
    loss_confusion(wanted, labels, called, sparse = TRUE, step = "hard"), 1 - 2 / 3,
    tolerance = 1e-6
  )
})

test_that("so are those that are made of them, whatever made them", {
  skip_if_no_keras()
  keras <- keras_module()
  m <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  value <- function(f) {
    numbers_of(loss_from_function(f)$`__call__`(tensor_of(m), tensor_of(m)))
  }
  expect_equal(value(function(y, p) (p * 2)[2, 3]), 12)
  expect_equal(value(function(y, p) (2 - p)[1, 1]), 1)
  expect_equal(value(function(y, p) (-p)[1, 2]), -3)
  expect_equal(value(function(y, p) (y * p)[1, 3]), 25)
  expect_equal(value(function(y, p) sqrt(p)[2, 2]), 2)
  expect_equal(value(function(y, p) sum((p / 2)[, c(1, 3)])), 7)
  expect_equal(value(function(y, p) op_soft_round(p, hard = TRUE)[1, 2]), 3)
  expect_equal(value(function(y, p) keras$ops$square(p)[2, 1]), 4)
  expect_equal(value(function(y, p) (keras$ops$square(p) * p)[2, 1]), 8)
  expect_equal(value(function(y, p) {
    first <- function(x) x[1, 1]
    first(p * 3)
  }), 3)
  expect_equal(value(function(y, p) sum(p) * c(2, 5)[2] * list(3, 4)[[2]]), 21 * 20)
  expect_equal(value(function(y, p) {
    i <- c(3, 1)
    i[1] <- 2
    (p + 0)[1, i[[1]]] * m[, 2, drop = FALSE][1]
  }), 9)
  expect_error(value(function(y, p) (p * 2)[0, 1]), "whole numbers, from 1 on")
  expect_error(value(function(y, p) (p * 2)[[1]]), "not by \\[\\[")
  # A score of counts has its tensors inside of a list.
  turned <- function(c) c$tp[2:1] / (c$tp + c$fp)[2:1]
  called <- rbind(c(0.9, 0.1), c(0.9, 0.9))
  got <- loss_score(turned, diag(2), called, average = NULL, step = "hard")
  expect_equal(got, c(0, 0.5), tolerance = 1e-6)
})

test_that("weights of fit() meet the predictions row by row", {
  skip_if_no_keras()
  data <- clouds()
  w <- seq_along(data$y) / 100
  weighted <- function(y_true, y_pred, sample_weight) {
    sum(sample_weight * (y_true - y_pred)^2) / sum(sample_weight)
  }
  model <- small_model()
  model$compile("sgd", loss = loss_from_function(weighted))
  p <- model$predict(data$x, verbose = 0L)[, 1]
  got <- model$evaluate(
    data$x, data$y,
    sample_weight = array(w), batch_size = 200L, verbose = 0L
  )
  expect_equal(got, sum(w * (data$y - p)^2) / sum(w), tolerance = 1e-5)
})
