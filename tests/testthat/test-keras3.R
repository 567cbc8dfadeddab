# The real keras3, wherever it is installed: in its own words.

two_layers <- function(inputs = 2) {
  keras3::set_random_seed(1L)
  keras3::keras_model_sequential(input_shape = inputs) |>
    keras3::layer_dense(8, activation = "relu") |>
    keras3::layer_dense(1, activation = "sigmoid")
}

test_that("keras3 takes losses, metrics and callbacks, and labels as R has them", {
  skip_if_no_keras3()
  data <- clouds()
  answer <- factor(ifelse(data$y == 1, "yes", "no"))
  seen <- list()
  share <- function(y, p) {
    seen[[length(seen) + 1]] <<- levels(y)
    mean(p > 0.5)
  }
  results <- lapply(list(data$y, as_labels(answer, quiet = TRUE), data$y == 1), function(y) {
    model <- two_layers()
    model |> keras3::compile(
      optimizer = keras3::optimizer_adam(0.01),
      loss = loss_warm_up("binary_crossentropy", loss_soft_fbeta(), steps = 10),
      metrics = list(metric_epoch_score("f1"))
    )
    history <- model |> keras3::fit(
      data$x, y,
      epochs = 4, verbose = 0, validation_split = 0.25,
      callbacks = list(
        callback_sharpness_schedule(0.25, 1), callback_loss_state(),
        callback_epoch_metric(share, data$x, answer)
      )
    )
    list(history = history$metrics, score = keras3::evaluate(model, data$x, y, verbose = 0))
  })
  expect_equal(results[[1]], results[[2]])
  expect_equal(results[[1]], results[[3]])
  history <- results[[1]]$history
  expect_equal(history$sharpness, seq(0.25, 1, 0.25), tolerance = 1e-6)
  expect_length(history$share, 4)
  expect_identical(seen[[1]], c("no", "yes"))
  expect_true(all(c("f1", "val_f1", "val_loss") %in% names(history)))
  expect_named(results[[1]]$score, c("f1", "loss"), ignore.order = TRUE)
})

test_that("several outputs have a loss each, by place and by name", {
  skip_if_no_keras3()
  data <- clouds()
  compiled <- lapply(list(
    list(loss_soft_fbeta(), loss_soft_auc()),
    list(first = loss_soft_fbeta(), second = loss_soft_auc())
  ), function(losses) {
    keras3::set_random_seed(1L)
    input <- keras3::keras_input(2)
    outputs <- list(
      first = input |> keras3::layer_dense(1, activation = "sigmoid", name = "first"),
      second = input |> keras3::layer_dense(1, activation = "sigmoid", name = "second")
    )
    if (is.null(names(losses))) outputs <- unname(outputs)
    model <- keras3::keras_model(input, outputs)
    model |> keras3::compile(optimizer = "sgd", loss = losses)
    y <- list(data$y, 1 - data$y)
    if (!is.null(names(losses))) names(y) <- names(losses)
    before <- predict(model, data$x, verbose = 0)
    history <- model |> keras3::fit(data$x, y, epochs = 1, batch_size = 200, verbose = 0)
    want <- loss_soft_fbeta(data$y, before[[1]][, 1]) + loss_soft_auc(1 - data$y, before[[2]][, 1])
    expect_equal(history$metrics$loss, want, tolerance = 1e-5)
  })
  expect_length(compiled, 2)
})

test_that("layers are piped onto models and tensors of keras3", {
  skip_if_no_keras3()
  keras3::set_random_seed(1L)
  model <- keras3::keras_model_sequential(input_shape = 3) |>
    keras3::layer_dense(4, activation = activation_soft_sign()) |>
    layer_soft_round(sharpness = 3) |>
    layer_soft_argmax(sharpness = 2)
  x <- matrix(c(1, -1, 2, 0, 1, 3), 2)
  sequential <- predict(model, x, verbose = 0)
  expect_true(all(sequential >= 1 & sequential <= 4))
  input <- keras3::keras_input(3)
  functional <- keras3::keras_model(input, input |> layer_soft_step(threshold = 1, hard = TRUE))
  expect_equal(predict(functional, x, verbose = 0), (x > 1) * 1, ignore_attr = TRUE)
})

test_that("a function of R with keras3's operations trains, and its model loads", {
  skip_if_no_keras3()
  data <- clouds()
  dice <- function(y_true, y_pred) {
    1 - 2 * keras3::op_sum(y_true * y_pred) / (sum(y_true) + keras3::op_sum(y_pred))
  }
  model <- two_layers()
  model |> keras3::compile(optimizer = "adam", loss = loss_from_function(dice))
  history <- model |> keras3::fit(data$x, data$y, epochs = 8, verbose = 0)
  expect_lt(utils::tail(history$metrics$loss, 1), history$metrics$loss[1])
  want <- loss_soft_dice(data$y, predict(model, data$x, verbose = 0)[, 1], sharpness = 1)
  got <- keras3::evaluate(model, data$x, data$y, batch_size = 200, verbose = 0)
  expect_equal(got$loss, want, tolerance = 1e-5)
  path <- tempfile(fileext = ".keras")
  keras3::save_model(model, path)
  output <- fresh_session(c(
    "library(keras3)",
    "library(softkeras)",
    sprintf("model <- load_model(%s)", deparse(path)),
    "fit <- function(...) keras3::fit(model, matrix(0, 4, 2), array(c(0, 1, 0, 1)), verbose = 0)",
    "cat(tryCatch(fit(), error = conditionMessage), '\n')",
    "model |> compile(optimizer = 'adam', loss = loss_from_function(function(y, p) mean((y - p)^2)))",
    "cat('trained', length(fit()$metrics$loss))"
  ))
  expect_match(output, "`dice` is a function of R.*Give the function again to compile")
  expect_match(output, "trained 1", fixed = TRUE)
})
