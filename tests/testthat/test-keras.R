# In training: through reticulate, and through keras3 where it is installed.

test_that("fit() learns the score that it trains on", {
  skip_if_no_keras()
  data <- clouds()
  keras <- keras_module()
  model <- small_model()
  model$compile(
    keras$optimizers$Adam(0.01),
    loss = loss_soft_fbeta(),
    metrics = list(metric_epoch_score("f_beta"))
  )
  score <- function() model$evaluate(data$x, data$y, verbose = 0L, return_dict = TRUE)
  before <- score()
  model$fit(data$x, data$y, epochs = 40L, verbose = 0L)
  after <- score()
  expect_gt(after$f_beta, before$f_beta + 0.1)
  expect_gt(after$f_beta, 0.8)
  expect_lt(after$loss, before$loss)
})

test_that("labels, weights and lists are taken as compile() and fit() take them", {
  skip_if_no_keras()
  data <- clouds()
  losses <- list()
  for (y in list(data$y, array(as.integer(data$y)), matrix(data$y), data$y == 1)) {
    for (loss in list(loss_soft_precision(), list(loss_soft_precision()))) {
      model <- small_model()
      model$compile("sgd", loss = loss)
      fitted <- model$fit(data$x, y, verbose = 0L, shuffle = FALSE, sample_weight = 1 + data$y)
      losses <- c(losses, fitted$history$loss)
    }
  }
  expect_length(losses, 8)
  expect_true(all(abs(unlist(losses) - losses[[1]]) < 1e-5))
})

test_that("a saved model loads in a fresh session, without custom_objects", {
  skip_if_no_keras()
  data <- clouds()
  model <- small_model()
  model$compile(
    "adam",
    loss = loss_soft_fbeta(step = steps_step("ramp", 3), beta = 2),
    metrics = list(metric_epoch_score("precision", threshold = 0.3))
  )
  model$fit(data$x, data$y, verbose = 0L)
  path <- tempfile(fileext = ".keras")
  model$save(path)
  want <- sum(model$predict(data$x, verbose = 0L))
  output <- fresh_session(c(
    "library(softkeras)",
    "keras <- reticulate::import('keras')",
    sprintf("model <- keras$saving$load_model(%s)", deparse(path)),
    "set.seed(1)",
    "y <- rep(c(0, 0, 0, 0, 1), length.out = 200)",
    "x <- matrix(stats::rnorm(400), 200) + 2 * y",
    "cat('sum', sum(model$predict(x, verbose = 0L)), class(model$loss)[1])",
    "cat('', model$loss$scoring$score_args$beta)"
  ))
  expect_match(output, paste("sum", signif(want, 5)), fixed = TRUE)
  expect_match(output, "SoftFBeta 2", fixed = TRUE)
})

test_that("keras3 compiles, fits, saves and loads with it", {
  skip_if_no_keras3()
  data <- clouds()
  keras3::set_random_seed(1L)
  model <- keras3::keras_model_sequential(input_shape = 2) |>
    keras3::layer_dense(8, activation = "relu") |>
    keras3::layer_dense(1, activation = "sigmoid")
  model |> keras3::compile(
    optimizer = keras3::optimizer_adam(0.01),
    loss = loss_soft_fbeta(),
    metrics = list(metric_epoch_score("f_beta"))
  )
  history <- model |> keras3::fit(
    data$x, data$y,
    epochs = 40, verbose = 0, sample_weight = 1 + data$y,
    callbacks = list(keras3::callback_early_stopping("f_beta", patience = 30, mode = "max"))
  )
  scores <- history$metrics$f_beta
  expect_gt(utils::tail(scores, 1), scores[1])
  path <- tempfile(fileext = ".keras")
  keras3::save_model(model, path)
  again <- keras3::load_model(path)
  expect_equal(predict(again, data$x, verbose = 0), predict(model, data$x, verbose = 0))
  output <- fresh_session(c(
    "library(keras3)",
    "library(softkeras)",
    sprintf("model <- load_model(%s)", deparse(path)),
    "cat('class', class(model$loss)[1])"
  ))
  expect_match(output, "class softkeras\\.losses\\..*SoftFBeta")
})
