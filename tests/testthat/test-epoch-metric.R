# A metric of R, once an epoch.

test_that("a function of R gets its labels and all predictions, once an epoch", {
  skip_if_no_keras()
  data <- clouds()
  y <- factor(ifelse(data$y == 1, "ill", "well"))
  seen <- list()
  gap <- function(truth, p) {
    seen[[length(seen) + 1]] <<- p
    mean(p[truth == "ill"]) - mean(p[truth == "well"])
  }
  model <- small_model()
  model$compile(optimizer = "adam", loss = loss_soft_fbeta())
  history <- model$fit(
    data$x, data$y,
    epochs = 3L, verbose = 0L, callbacks = list(callback_epoch_metric(gap, data$x, y))
  )
  expect_length(history$history$gap, 3)
  expect_null(dim(seen[[3]]))
  p <- model$predict(data$x, verbose = 0L)[, 1]
  expect_equal(seen[[3]], p)
  expect_equal(
    utils::tail(history$history$gap, 1)[[1]], mean(p[y == "ill"]) - mean(p[y == "well"])
  )
})

test_that("weights and options are handed on, and what is wrong is named", {
  skip_if_no_keras()
  data <- clouds()
  fit <- function(...) {
    model <- small_model()
    model$compile(optimizer = "adam", loss = "binary_crossentropy")
    model$fit(
      data$x, data$y,
      verbose = 0L, callbacks = list(callback_epoch_metric(..., x = data$x, y = data$y))
    )$history
  }
  total <- function(y, p, sample_weight) sum(sample_weight)
  expect_equal(fit(total, sample_weight = 1:200, name = "sum", batch_size = 7)$sum[[1]], 20100)
  expect_error(fit(function(y, p) "a"), "must return a number")
  expect_error(fit(function(y, p) NULL), "must return a number")
  expect_error(fit(function(y, p) stop("no such thing")), "`fn` failed: no such thing")
  expect_error(callback_epoch_metric("auc", data$x, data$y), "`fn`.*character")
  expect_error(fit(total, nme = "a"), "Unknown argument: nme")
  expect_error(
    callback_epoch_metric(total, data$x, data$y[-1]), "as many rows. Received: 200 and 199"
  )
  expect_error(callback_epoch_metric(function() 1, data$x, data$y), "labels and predictions")
  expect_true(is.na(fit(function(y, p) NA_integer_, name = "none")$none[[1]]))
})
