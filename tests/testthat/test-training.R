y <- c(1, 1, 0, 0, 1)
p <- c(0.9, 0.4, 0.6, 0.1, 0.7)

value_of <- function(loss) as_r_numbers(loss$`__call__`(array(y), array(p)))
steps_left <- function(loss) {
  if (is_python(loss$steps)) reticulate::py_to_r(loss$steps) else loss$steps
}
cross_entropy <- -mean(y * log(p) + (1 - y) * log(1 - p))
dice <- 1 - 2 * sum(y * p) / (sum(y) + sum(p))
ours <- function() loss_soft_fbeta(sharpness = 1)

test_that("losses are added and multiplied, in both orders", {
  skip_if_no_keras()
  keras <- keras_module()
  theirs <- keras$losses$BinaryCrossentropy()
  both <- 0.5 * dice + cross_entropy
  expect_equal(value_of(0.5 * ours() + theirs), both, tolerance = 1e-6)
  expect_equal(value_of(theirs + ours() * 0.5), both, tolerance = 1e-6)
  expect_equal(value_of(theirs + ours() / 2L), both, tolerance = 1e-6)
  expect_equal(value_of(0.5 * (2 * theirs + ours())), both, tolerance = 1e-6)
  expect_equal(value_of(ours() / 2 + "binary_crossentropy"), both, tolerance = 1e-6)
  expect_equal(value_of(theirs + theirs / 2), 1.5 * cross_entropy, tolerance = 1e-6)
  expect_equal(
    value_of(loss_weighted_sum(list(ours(), theirs), c(0.5, 1))), both,
    tolerance = 1e-6
  )
  expect_equal(value_of(loss_weighted_sum("binary_crossentropy")), cross_entropy, tolerance = 1e-6)
})

test_that("the losses of keras3 are added too", {
  skip_if_no_keras3()
  loss <- keras3::loss_binary_crossentropy() + 0.5 * ours()
  expect_equal(value_of(loss), 0.5 * dice + cross_entropy, tolerance = 1e-6)
})

test_that("what can't be added is named", {
  skip_if_no_keras()
  expect_error(-ours(), "negated")
  expect_error(ours() - ours(), "subtracted")
  expect_error(1 + ours(), "no gradient")
  expect_error(ours() * c(1, 2), "multiplied by a number")
  expect_error(-2 * ours(), "negated")
  expect_error(loss_weighted_sum(list("mse"), c(1, 2)), "list of 1 numbers")
  expect_error(loss_weighted_sum(list("mse"), NA), "NA")
  expect_error(loss_warm_up("mse", ours()), "either `steps` or `epochs`")
  expect_error(loss_warm_up("mse", ours(), 1.5), "whole number")
  expect_error(loss_warm_up("mse", ours(), 5, 2), "must be named")
})

test_that("a warm-up changes the loss and a schedule the sharpness", {
  skip_if_no_keras()
  data <- clouds()
  model <- small_model()
  loss <- loss_warm_up("binary_crossentropy", loss_soft_fbeta(), epochs = 2)
  expect_null(steps_left(loss))
  model$compile(optimizer = "adam", loss = loss)
  history <- model$fit(
    data$x, data$y,
    epochs = 4L, batch_size = 50L, verbose = 0L,
    callbacks = list(
      callback_loss_state(),
      callback_sharpness_schedule(schedule = function(progress) 1 + progress)
    )
  )
  expect_equal(steps_left(loss), 0L)
  expect_equal(unlist(history$history$sharpness), 1 + (0:3) / 3, tolerance = 1e-6)
  file <- tempfile(fileext = ".keras")
  model$save(file)
  again <- keras_module()$saving$load_model(file)
  expect_equal(steps_left(again$loss), 0L)
})

test_that("a schedule that is not allowed is named", {
  skip_if_no_keras()
  expect_error(callback_sharpness_schedule(1), "`end` must be given")
  expect_error(callback_sharpness_schedule(1, Inf), "nothing trains")
  expect_error(callback_sharpness_schedule(1, 2, "sine"), "'cosine'")
  expect_error(callback_sharpness_schedule(1, 2, "linear", 1), "must be named")
})

test_that("a recipe trains on its score", {
  skip_if_no_keras()
  data <- clouds()
  model <- small_model()
  loss <- recipe_train_on("f_beta", steps = 12, beta = 1)
  model$compile(optimizer = keras_module()$optimizers$Adam(0.05), loss = loss)
  before <- loss_soft_fbeta(data$y, model$predict(data$x, verbose = 0L), step = "hard")
  model$fit(
    data$x, data$y,
    epochs = 10L, batch_size = 50L, verbose = 0L, callbacks = list(callback_loss_state())
  )
  after <- loss_soft_fbeta(data$y, model$predict(data$x, verbose = 0L), step = "hard")
  expect_lt(after, before)
  expect_equal(steps_left(loss), 0L)
  expect_error(recipe_train_on("f1", 1, 2), "must be named")
  expect_error(recipe_train_on("f9", 1), "Unknown score")
})
