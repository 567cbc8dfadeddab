test_that("the score of the epoch is that of all batches", {
  skip_if_no_keras()
  set.seed(1)
  y <- rbinom(60, 1, 0.4)
  p <- runif(60)
  metric <- metric_epoch_score("f_beta", beta = 2, threshold = 0.3)
  for (rows in split(1:60, rep(1:4, 15))) {
    metric$update_state(y[rows], p[rows])
  }
  want <- 1 - loss_soft_fbeta(y, p, beta = 2, threshold = 0.3, step = "hard")
  expect_equal(as_r_numbers(metric$result()), want, tolerance = 1e-6)
})

test_that("what is refused is named", {
  skip_if_no_keras()
  expect_error(metric_epoch_score("sharpe"), "sharpe.*f_beta")
  expect_error(metric_epoch_score("f_beta", 2), "must be named")
  expect_error(metric_epoch_score("recall", beta = 2), "recall.*beta")
  expect_error(metric_epoch_score("f_beta", beta = 0), "beta.*above 0")
})
