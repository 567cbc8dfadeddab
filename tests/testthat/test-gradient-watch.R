linear_model <- function(data) {
  keras <- reticulate::import("keras")
  model <- keras$Sequential(list(
    keras$layers$Dense(3L, activation = "tanh", name = "hidden"),
    keras$layers$Dense(1L, name = "last")
  ))
  model$compile("sgd", loss = "mse")
  model
}

test_that("the table of a watch is a data frame", {
  skip_if_no_keras()
  data <- clouds(32)
  watch <- callback_gradient_watch(every = 3, path = NULL)
  model <- linear_model()
  expect_equal(nrow(as.data.frame(watch)), 0)
  model$fit(data$x, data$y, batch_size = 8L, verbose = 0L, callbacks = list(watch))
  steps <- ceiling(nrow(data$x) / 8)
  seen <- as.data.frame(watch)
  expect_equal(names(seen), c("step", "layer", "variable", "zero", "non_finite", "norm"))
  expect_equal(unique(seen$step), seq(1L, steps, by = 3L))
  expect_equal(seen$layer[1:4], c("hidden", "hidden", "last", "last"))
  expect_equal(seen$variable[1:2], c("kernel", "bias"))
  expect_true(all(seen$non_finite == 0 & seen$norm > 0))
  expect_equal(generics::tidy(watch), seen)
  expect_match(format(watch), "<GradientWatch> every 3 steps, stops at .*; has looked 2 times")
})

test_that("the batch of the first NaN is kept, and the model too", {
  skip_if_no_keras()
  data <- clouds(32)
  data$x[19, 1] <- NaN
  path <- tempfile(fileext = ".npz")
  on.exit(unlink(path))
  watch <- callback_gradient_watch(path = path)
  model <- linear_model()
  said <- capture.output(type = "message", {
    model$fit(
      data$x, data$y,
      batch_size = 8L, shuffle = FALSE, verbose = 0L, callbacks = list(watch)
    )
  })
  expect_true(all(is.finite(unlist(model$get_weights()))))
  batch <- load_batch(path)
  expect_equal(batch$step, 3)
  expect_equal(c(batch$layer, batch$variable), c("last", "bias"))
  expect_equal(unname(batch$x), unname(data$x[17:24, ]), tolerance = 1e-6)
  expect_null(batch$sample_weight)
  expect_equal(batch$weights[[1]], model$get_weights()[[1]])
})

test_that("what is not allowed is said", {
  skip_if_no_keras()
  expect_error(callback_gradient_watch(every = 0), "whole number of steps")
  expect_error(load_batch("no_such_file.npz"), "No such file")
  expect_match(format(callback_gradient_watch(stop = FALSE)), "never stops")
})
