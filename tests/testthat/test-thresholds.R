y <- c(0, 0, 1, 0, 1, 1)
p <- c(0.1, 0.3, 0.35, 0.6, 0.7, 0.9)

test_that("the best threshold is that of trying them all", {
  skip_if_no_keras()
  f1 <- function(t) {
    called <- p > t
    2 * sum(called & y == 1) / (sum(called) + sum(y))
  }
  found <- best_threshold(y, p)
  expect_equal(found$score, max(vapply(c(0.01, p), f1, 0)))
  expect_equal(f1(found$threshold), found$score)
  expect_equal(found$threshold, (0.3 + 0.35) / 2)
})

test_that("functions, weights, bounds and classes are handed on", {
  skip_if_no_keras()
  jaccard <- function(c) c$tp / (c$tp + c$fp + c$fn)
  expect_equal(best_threshold(y, p, jaccard)$score, 3 / 4)
  expect_equal(best_threshold(y == 1, p, jaccard)$threshold, 0.325)
  strict <- best_threshold(y, p, "recall", at_least = c(precision = 1))
  expect_equal(strict[1:2], list(threshold = 0.65, score = 2 / 3))
  expect_equal(
    best_threshold(y, p, "recall", at_least = list(precision = 1)), strict
  )
  expect_equal(best_threshold(y, p, sample_weight = c(1, 1, 1, 0, 1, 1))$score, 1)
  each <- best_threshold(cbind(y, 1 - y), cbind(p, 1 - p), beta = 2)
  expect_length(each$threshold, 2)
  expect_equal(each$score[1], best_threshold(y, p, beta = 2)$score)
})

test_that("what is refused is named", {
  skip_if_no_keras()
  expect_error(best_threshold(y, p, "sharpe"), "sharpe.*f_beta")
  expect_error(best_threshold(y + 1, p), "labels 0 and 1")
  expect_error(best_threshold(y, 2 * p), "probabilities from 0 to 1")
  expect_error(best_threshold(factor(seq_along(y)), p), "y_true.*factor")
  expect_error(best_threshold(y, p, "f_beta", NULL, 2), "must be named")
  expect_error(best_threshold(y, p, at_least = c(precision = 2)), "precision >= 2")
  expect_error(best_threshold(y, p, "precision", at_least = 0.9), "`at_least`.*names of scores")
})

test_that("the layer decides at the threshold, and is added to a model", {
  skip_if_no_keras()
  decide <- function(...) as_r_numbers(layer_threshold(array(p, c(6, 1)), ...))
  expect_equal(as.vector(decide(threshold = 0.5)), as.numeric(p > 0.5))
  expect_equal(as.vector(decide(threshold = 0.8, from_logits = TRUE)), rep(0, 6))
  keras <- keras_module()
  model <- keras$Sequential(list(keras$Input(reticulate::tuple(2L))))
  layer_threshold(model, threshold = c(0.2, 0.6))
  got <- as_r_numbers(model(rbind(c(0.3, 0.3), c(0.1, 0.7))))
  expect_equal(got, rbind(c(1, 0), c(0, 1)))
  expect_error(layer_threshold(threshold = 1), "between 0 and 1")
})

test_that("rates at a constraint are those of the best threshold", {
  skip_if_no_keras()
  expect_equal(
    loss_soft_recall_at_precision(y, p, precision = 0.9, step = "hard"), 1 / 3,
    tolerance = 1e-6
  )
  expect_equal(
    loss_soft_precision_at_recall(y, p, recall = 0.9, step = "hard"), 1 / 4,
    tolerance = 1e-6
  )
  expect_equal(
    loss_soft_specificity_at_sensitivity(y, p, sensitivity = 0.6, step = "hard"), 0,
    tolerance = 1e-6
  )
  expect_equal(
    loss_soft_sensitivity_at_specificity(y, p, specificity = 0.9, step = "hard"), 1 / 3,
    tolerance = 1e-6
  )
  expect_s3_class(loss_soft_recall_at_precision(precision = 0.8), "keras.src.losses.loss.Loss")
  expect_error(loss_soft_precision_at_recall(), "`recall` has to be given")
  expect_error(loss_soft_precision_at_recall(recall = 1.5), "recall = 1.5")
})
