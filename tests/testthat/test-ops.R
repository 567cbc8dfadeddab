# Ops and layers: the golden vectors of the independent references, and what is
# R's own: axes and indices from 1, R functions as arguments, layers in models.

from_one <- function(op, args) {
  if (!is.null(args$axis)) {
    args$axis <- ifelse(args$axis >= 0, args$axis + 1, args$axis)
  }
  for (name in c("step", "surrogate")) {
    if (is.list(args[[name]])) args[[name]] <- do.call(steps_step, args[[name]])
  }
  if (op == "soft_argmax") args$first_index <- 0L
  args
}

test_that("values are those of the independent references", {
  skip_if_no_keras()
  skip_if_not_installed("jsonlite")
  for (case in golden("ops")) {
    op <- get(paste0("op_", case$op), asNamespace("softkeras"))
    value <- do.call(op, from_one(case$op, case$args))
    expect_equal(
      as.vector(value), as.vector(unlist(case$value)),
      tolerance = 1e-5, info = paste(case$op, jsonlite::toJSON(case$args, auto_unbox = TRUE))
    )
  }
})

test_that("axes and indices count from 1", {
  skip_if_no_keras()
  scores <- rbind(c(1, 3, 2, 0), c(0, 0, 9, 0))
  expect_equal(op_soft_argmax(scores, hard = TRUE), max.col(scores))
  expect_equal(op_soft_argmax(scores, axis = 2, hard = TRUE), max.col(scores))
  expect_equal(op_soft_argmax(scores, axis = 1, hard = TRUE), c(1, 1, 2, 1))
  expect_equal(op_soft_argmax(scores, axis = c(1, 2), sharpness = 50), c(2, 3))
  expect_equal(op_soft_argmax(scores, hard = TRUE, first_index = 0L), max.col(scores) - 1)
  expect_equal(op_soft_argmax(scores, hard = TRUE, first_index = 0), max.col(scores) - 1)
  expect_equal(op_soft_argmax(5), 1)
  expect_equal(as_r_numbers(layer_soft_argmax(scores, sharpness = 50, first_index = 1)), c(2, 3))
  expect_error(op_soft_argmax(scores, first_index = 1.5), "`first_index` must be a whole number")
  expect_error(op_soft_argmax(scores, axis = 0), "from 1 on")
  expect_equal(dim(op_soft_one_hot(scores)), dim(scores))
})

test_that("an axis that is not there is named in R's counting", {
  skip_if_no_keras()
  keras <- reticulate::import("keras", convert = FALSE)
  scores <- diag(2)
  is_no_axis <- paste(
    "`axis` must be an axis of `x`, which has 2: counted from 1 on,",
    "or negative from the end. Received: 3."
  )
  expect_error(op_soft_argmax(scores, axis = 3), is_no_axis, fixed = TRUE)
  expect_error(op_soft_one_hot(scores, axis = 3), is_no_axis, fixed = TRUE)
  expect_error(
    op_soft_argmax(keras$ops$convert_to_tensor(scores), axis = 3), is_no_axis, fixed = TRUE
  )
  expect_error(
    op_soft_argmax(keras$Input(reticulate::tuple(4L)), axis = 3), is_no_axis, fixed = TRUE
  )
  expect_error(layer_soft_argmax(scores, axis = -3), "axis of `object`, which has 2.*Received: -3")
  expect_error(layer_hard_threshold(scores, 1, axis = 3), "axis of `object`, which has 2")
  model <- keras$Sequential(list(keras$Input(reticulate::tuple(4L)), keras$layers$Dense(3L)))
  expect_error(layer_soft_one_hot(model, axis = 3), "axis of `object`, which has 2")
  expect_error(
    op_soft_argmax(scores, axis = c(1, -2)),
    "must name each axis once. Received: c(1, -2)", fixed = TRUE
  )
  expect_error(
    op_soft_argmax(scores, axis = NULL),
    "from 1 on or negative from the end. Received: NULL", fixed = TRUE
  )
  expect_error(op_soft_argmax(matrix(0, 0, 3), axis = 1), "must not be empty.*Received: 1")
})

test_that("numbers are computed in double precision, whole numbers too", {
  skip_if_no_keras()
  skip_if_float32()
  expect_identical(op_soft_round(123456789, hard = TRUE), 123456789)
  expect_identical(op_soft_round(123456789L, hard = TRUE), 123456789)
  expect_identical(op_soft_round(1e39, hard = TRUE), 1e39)
  expect_identical(op_soft_argmax(c(1, 1 + 1e-9), hard = TRUE), 2)
  expect_identical(op_hard_threshold(0.1 + 1e-9, 0.1), 0.1 + 1e-9)
  expect_identical(op_hard_threshold(0.1, 0.1), 0)
  expect_identical(op_soft_staircase(0.1 + 1e-12, 0.1, c(0, 1), hard = TRUE), 1)
  expect_equal(op_soft_step(0.3, 0.1, sharpness = 2), stats::plogis(8 * 0.2), tolerance = 1e-15)
  expect_equal(op_exp_ratio(2), 1 / (1 - exp(-2)) - 1 / 2, tolerance = 1e-15)
  expect_equal(
    op_score_function_loss(function(y, d) sum(y), 0.5, 0.1, seed = 1), 0.1, tolerance = 1e-15
  )
})

test_that("names and dimensions stay where the shape does", {
  skip_if_no_keras()
  x <- c(a = -1.2, b = 0, c = 2.7)
  shares <- op_soft_one_hot(x)
  for (value in list(
    op_soft_step(x), op_soft_sign(x), op_soft_round(x), op_soft_floor(x),
    op_soft_ceil(x), op_soft_staircase(x, 0, c(0, 1)), op_hard_threshold(x, 1),
    op_exp_ratio(x), op_exp_ratio_sum(x), op_log_exprel(x),
    op_continuous_bernoulli_mean(x), op_straight_through(unname(x), x),
    op_clip_gradient(x, 1), activation_soft_sign(x), shares
  )) {
    expect_named(value, names(x))
  }
  expect_named(op_soft_round(x[1]), "a")
  m <- matrix(1:4 / 3, 2, dimnames = list(c("r", "s"), c("u", "v")))
  expect_identical(op_soft_round(m, hard = TRUE), round(m))
  expect_identical(dimnames(op_soft_one_hot(m, axis = 1)), dimnames(m))
  row <- array(c(0.4, 2.9), 2, list(c("r", "s")))
  expect_identical(op_soft_round(row, hard = TRUE), round(row))
  expect_equal(op_exp_ratio_sum(1, c(a = 0, b = 50)), op_exp_ratio_sum(1))
  expect_null(names(op_soft_argmax(x)))
  expect_null(names(op_hard_threshold(x[1], c(1, 2))))
  expect_identical(op_soft_round(numeric(), hard = TRUE), numeric())
})

test_that("tensors stay tensors, numbers stay numbers", {
  skip_if_no_keras()
  keras <- reticulate::import("keras", convert = FALSE)
  tensor <- keras$ops$convert_to_tensor(reticulate::np_array(c(0.2, 2.9), "float32"))
  expect_true(inherits(op_soft_round(tensor), "python.builtin.object"))
  expect_type(op_soft_round(c(0.2, 2.9)), "double")
  expect_error(op_soft_round(factor("a")), "a factor with levels")
  expect_error(op_soft_round(0.5, sharpness = NA), "must not be NA")
})

test_that("R functions serve as branches, gradients and metrics", {
  skip_if_no_keras()
  keras <- reticulate::import("keras", convert = FALSE)
  x <- c(-1, 0, 4)
  root <- op_safe_where(x > 0, keras$ops$sqrt, function(x) keras$ops$zeros_like(x), x, 1, 0)
  expect_equal(root, c(0, 0, 2))
  sign <- op_replace_gradient(keras$ops$sign, function(x) keras$ops$tanh(x))
  tensor <- keras$ops$convert_to_tensor(reticulate::np_array(x, "float32"))
  expect_equal(as_r_numbers(sign(tensor)), c(-1, 0, 1))
  errors <- function(y_true, decisions) sum(y_true != decisions)
  expect_equal(op_score_function_loss(errors, c(1, 0, 0), c(1, 0, 1), seed = 1L), 1)
})

test_that("a function that is none of tensors is refused, with what to do", {
  skip_if_no_keras()
  keras <- reticulate::import("keras", convert = FALSE)
  x <- c(-1, 4)
  # R's own functions work with tensors where there is one of Keras for them.
  expect_equal(op_safe_where(x > 0, sqrt, keras$ops$abs, x, 1, 0), c(1, 2))
  for (call in expression(
    op_safe_where(x > 0, keras$ops$abs, trigamma, x, 1, 0), op_soft_step(x, step = trigamma)
  )) {
    expect_error(eval(call), "called with tensors.*trigamma")
  }
  of_numbers <- function(v) stop("this takes numbers")
  for (call in expression(
    op_safe_where(x > 0, of_numbers, keras$ops$abs, x, 1, 0),
    op_replace_gradient(of_numbers, keras$ops$abs)(keras$ops$convert_to_tensor(x)),
    op_soft_step(x, step = of_numbers)
  )) {
    expect_error(
      eval(call),
      "failed when it was called with tensors: this takes numbers\nIt must be a function of tensors"
    )
  }
  expect_error(
    op_soft_step(x, step = function(v) "a"),
    "`step` must return a tensor. Received: an object of class \"character\""
  )
})

test_that("errors say what is wrong and not where in Python", {
  skip_if_no_keras()
  message <- function(call) tryCatch(call, error = conditionMessage)
  expect_identical(
    message(op_soft_round(1, sharpness = -1)),
    "`sharpness` must be above 0. Received: sharpness = -1.0"
  )
  layer <- message(layer_soft_argmax(diag(2), first_index = 1.5))
  expect_match(layer, "^`first_index` must be a whole number. Received: first_index = 1.5$")
  # The shapes are compared by the backend, each in its own words.
  expect_no_match(
    message(op_hard_threshold(c(1, 2), c(1, 2, 3))), "function_node|\\[Op:|framework|\n"
  )
  failing <- function(y_true, decisions) stop("no rows")
  expect_identical(
    message(op_score_function_loss(failing, 0.5, 1, seed = 1)), "`metric` failed: no rows"
  )
  expect_error(
    op_score_function_loss(failing, 0.5, 1, 5),
    "behind `y_true` must be named; there are samples, seed"
  )
  says <- function(text) python_says(simpleError(text))
  expect_identical(
    says(paste(
      "a.b.InvalidArgumentError: {{function_node __x}} Shapes: [2] vs. [3]",
      "[Op:LessEqual] name: \n"
    )),
    "InvalidArgumentError: Shapes: [2] vs. [3]"
  )
  expect_identical(
    says("UnknownError: ValueError: no\nTraceback (most recent call last):\n\n  File x\n"),
    "UnknownError: ValueError: no"
  )
  expect_identical(
    says("ValueError: bad\nRun `reticulate::py_last_error()` for details."), "bad"
  )
  expect_identical(says("object 'x' not found"), "object 'x' not found")
})

test_that("missing values are named with what to do", {
  skip_if_no_keras()
  expect_error(
    op_soft_round(c(1, NA)), "`x`.*1 missing value; leave them out, or put a number there"
  )
  expect_error(op_soft_argmax(c(1, NA)), "`x`.*1 missing value; .* give a mask")
  expect_error(op_soft_argmax(c(1, 2), mask = c(NA, TRUE)), "`mask`.*each must be TRUE or FALSE")
  expect_error(op_soft_staircase(1, c(0, NA), 1:3), "`thresholds`.*each must be a number")
  expect_error(op_soft_round(NULL), "`x`.*NULL")
})

test_that("a metric may be a builtin, and gets labels as they are", {
  skip_if_no_keras()
  expect_equal(op_score_function_loss(sum, c(0, 1, 1), seed = 1), 2)
  whole <- function(y_true, decisions) is.integer(y_true) + 0
  expect_equal(op_score_function_loss(whole, c(0, 1), 0:1, seed = 1), 1)
})

test_that("layers and activations take one threshold a channel, and the hard staircase", {
  skip_if_no_keras()
  x <- rbind(c(0.2, 0.2), c(0.4, 0.4))
  want <- (x > rep(c(0.1, 0.3), each = 2)) + 0
  expect_equal(as_r_numbers(layer_soft_step(x, c(0.1, 0.3), hard = TRUE)), want)
  expect_equal(activation_soft_step(x, c(0.1, 0.3), hard = TRUE), want)
  made <- activation_soft_step(threshold = c(a = 0.1, b = 0.3), hard = TRUE)
  expect_equal(as_r_numbers(made$`__call__`(reticulate::np_array(x, "float32"))), want)
  of_layer <- layer_soft_staircase(x, c(0, 0.3), c(-1, 0, 4), hard = TRUE)
  expect_equal(as_r_numbers(of_layer), 4 * (x > 0.3))
  expect_equal(activation_soft_staircase(x, c(0, 0.3), c(-1, 0, 4), hard = TRUE), 4 * (x > 0.3))
  made <- activation_soft_staircase(thresholds = c(0, 0.3), levels = c(-1, 0, 4), hard = TRUE)
  expect_equal(as_r_numbers(made$`__call__`(reticulate::np_array(x, "float32"))), 4 * (x > 0.3))
})

test_that("layers are made, added, called, and saved with their numbers", {
  skip_if_no_keras()
  keras <- reticulate::import("keras")
  heat <- array(0, c(1, 4, 6, 1))
  heat[1, 2, 5, 1] <- 9
  expect_equal(
    as_r_numbers(layer_soft_argmax(heat, axis = c(2, 3), sharpness = 5)),
    array(c(2, 5), c(1, 1, 2)),
    tolerance = 1e-3
  )
  model <- keras$Sequential(list(keras$Input(reticulate::tuple(4L))))
  layer_hard_threshold(model, c(1, 2, 3, 4), trainable = TRUE, surrogate = "sigmoid")
  layer_soft_staircase(model, c(0, 1), c(-1, 0, 4))
  model$add(keras$layers$Dense(4L, activation = layer_hard_threshold(threshold = 0.1)))
  layer_soft_argmax(model)
  file <- tempfile(fileext = ".keras")
  model$save(file)
  x <- matrix(seq(-6, 6, length.out = 12), 3)
  again <- keras$saving$load_model(file)
  expect_equal(again$predict(x, verbose = 0L), model$predict(x, verbose = 0L))
  expect_true(all(model$predict(x, verbose = 0L) >= 1))
})

test_that("an activation is the op of data, and without data is saved in a model", {
  skip_if_no_keras()
  keras <- reticulate::import("keras")
  x <- c(-2.3, -0.2, 0, 0.4, 3.7)
  names <- c(
    "soft_step", "soft_sign", "soft_round", "soft_floor", "soft_ceil",
    "soft_staircase", "hard_threshold", "soft_one_hot", "exp_ratio", "log_exprel"
  )
  options <- list(
    soft_step = list(threshold = 0.3, step = "ramp", sharpness = 2),
    soft_sign = list(step = steps_step("arctan", 3, scale = "probability")),
    soft_round = list(straight_through = TRUE),
    soft_staircase = list(thresholds = c(0, 1), levels = c(-1, 0, 4)),
    hard_threshold = list(threshold = 0.3),
    soft_one_hot = list(sharpness = 2)
  )
  model <- keras$Sequential(list(keras$Input(reticulate::tuple(5L))))
  for (name in names) {
    op <- get(paste0("op_", name), asNamespace("softkeras"))
    activation <- get(paste0("activation_", name), asNamespace("softkeras"))
    value <- do.call(activation, c(list(x), options[[name]]))
    expect_equal(value, do.call(op, c(list(x), options[[name]])), info = name)
    made <- do.call(activation, as.list(options[[name]]))
    batch <- reticulate::np_array(matrix(x, 1), "float32")
    of_layer <- as.vector(as_r_numbers(made$`__call__`(batch)))
    expect_equal(of_layer, value, tolerance = 1e-5, info = name)
    model$add(keras$layers$Dense(5L, activation = made))
  }
  file <- tempfile(fileext = ".keras")
  model$save(file)
  again <- keras$saving$load_model(file)
  batch <- matrix(x, 1)
  expect_equal(again$predict(batch, verbose = 0L), model$predict(batch, verbose = 0L))
})
