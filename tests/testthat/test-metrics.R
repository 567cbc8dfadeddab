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

test_that("a ranking's score is the mean over all groups", {
  skip_if_no_keras()
  relevant <- rbind(c(1, 0, 1, 0), c(1, 1, 0, 0), c(0, 0, 0, 1))
  scores <- rbind(c(0.9, 0.8, 0.3, 0.1), c(0.9, 0.8, 0.3, 0.1), c(0.9, 0.8, 0.3, 0.1))
  metric <- metric_epoch_ranking_score("precision_at_k", k = 2)
  metric$update_state(relevant[1:2, ], scores[1:2, ])
  metric$update_state(relevant[3, , drop = FALSE], scores[3, , drop = FALSE])
  expect_equal(as_r_numbers(metric$result()), 0.5, tolerance = 1e-6)
  expect_error(metric_epoch_ranking_score("auc"), "ndcg")
  expect_error(metric_epoch_ranking_score("ndcg", 2), "must be named")
})
