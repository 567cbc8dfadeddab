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
  expect_error(op_soft_argmax(scores, axis = 0), "from 1 on")
  expect_equal(dim(op_soft_one_hot(scores)), dim(scores))
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
    expect_equal(as.vector(as_r_numbers(made$`__call__`(batch))), value, info = name)
    model$add(keras$layers$Dense(5L, activation = made))
  }
  file <- tempfile(fileext = ".keras")
  model$save(file)
  again <- keras$saving$load_model(file)
  batch <- matrix(x, 1)
  expect_equal(again$predict(batch, verbose = 0L), model$predict(batch, verbose = 0L))
})
