y <- c(1, 1, 0, 0, 1, 0)
p <- c(0.9, 0.4, 0.6, 0.1, 0.7, 0.4)

test_that("hard losses are what the order says", {
  skip_if_no_keras()
  pairs <- outer(p[y == 1], p[y == 0], "-")
  auc <- mean((pairs > 0) + (pairs == 0) / 2)
  expect_equal(loss_soft_auc(y, p, step = "hard"), 1 - auc, tolerance = 1e-6)
  precision <- vapply(p[y == 1], function(t) mean(y[p >= t]), 0)
  expect_equal(
    loss_soft_average_precision(y, p, sharpness = Inf), 1 - mean(precision),
    tolerance = 1e-6
  )
  grades <- rbind(c(3, 0, 1, 2))
  scores <- rbind(c(0.2, 0.9, 0.5, 0.8))
  discount <- 1 / log2(1 + 1:4)
  ndcg <- sum(grades[order(-scores)] * discount) / sum(c(3, 2, 1, 0) * discount)
  expect_equal(loss_soft_ndcg(grades, scores, step = "hard"), 1 - ndcg, tolerance = 1e-6)
  expect_equal(
    loss_soft_precision_at_k(grades > 1, scores, k = 2, step = "hard"), 0.5,
    tolerance = 1e-6
  )
  prob <- rbind(c(0.1, 0.5, 0.4), c(0.2, 0.5, 0.3))
  for (hard in list(
    loss_soft_top_k_accuracy(c(2, 0), prob, k = 2, sparse = TRUE, step = "hard"),
    loss_soft_top_k_accuracy(diag(3)[c(3, 1), ], prob, k = 2, step = "hard")
  )) {
    expect_equal(hard, 0.5)
  }
})

test_that("soft losses are sums over pairs", {
  skip_if_no_keras()
  x <- qlogis(p)
  wrong <- plogis(outer(x[y == 1], x[y == 0], function(i, j) j - i))
  expect_equal(loss_soft_auc(y, p, sharpness = 1), mean(wrong), tolerance = 1e-6)
  expect_equal(
    loss_soft_auc(y, x, sharpness = 1, from_logits = TRUE), mean(wrong),
    tolerance = 1e-6
  )
})

test_that("without data a loss is an instance that keeps its k", {
  skip_if_no_keras()
  for (loss in list(
    loss_soft_auc(max_fpr = 0.1), loss_soft_average_precision(),
    loss_soft_ndcg(k = 3), loss_soft_precision_at_k(k = 2),
    loss_soft_top_k_accuracy(k = 2)
  )) {
    expect_s3_class(loss, "keras.src.losses.loss.Loss")
  }
  config <- reticulate::py_to_r(loss_soft_ndcg(k = 3)$get_config())
  expect_identical(config$k, 3L)
})

test_that("weights go into the pairs, and masks", {
  skip_if_no_keras()
  w <- c(1, 2, 0, 3, 1, 1)
  expect_equal(
    loss_soft_auc(y, p, sample_weight = w), loss_soft_auc(rep(y, w), rep(p, w)),
    tolerance = 1e-6
  )
  expect_equal(
    loss_soft_auc(y, p, mask = w > 0), loss_soft_auc(y[w > 0], p[w > 0]),
    tolerance = 1e-6
  )
})

test_that("a k that is none is refused", {
  skip_if_no_keras()
  for (k in list(0, 2.5, "two", TRUE)) {
    expect_error(loss_soft_ndcg(k = k), "whole number of 1 or more")
  }
  expect_error(loss_soft_precision_at_k(), "k")
  expect_error(loss_soft_auc(max_fpr = 2), "max_fpr")
})

test_that("labels may be -1 and 1, or class ids", {
  skip_if_no_keras()
  for (loss in list(
    loss_soft_auc, loss_soft_average_precision,
    function(...) loss_soft_precision_at_recall(..., recall = 0.5),
    function(...) loss_soft_recall_at_precision(..., precision = 0.5),
    function(...) loss_soft_sensitivity_at_specificity(..., specificity = 0.5),
    function(...) loss_soft_specificity_at_sensitivity(..., sensitivity = 0.5)
  )) {
    expect_equal(loss(2 * y - 1, p, labels = c(-1, 1)), loss(y, p))
    two <- cbind(1 - p, p)
    ids <- replace(y, 2, -1)
    expect_equal(
      loss(ids, two, sparse = TRUE, ignore_class = -1),
      loss(cbind(1 - y, y)[-2, ], two[-2, ]),
      tolerance = 1e-6
    )
  }
})
