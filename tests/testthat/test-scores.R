# Losses of scores: by formulas in R, and with scores written in R.

y_true <- c(1, 1, 1, 0, 0, 0, 0, 1)
y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1, 0.7, 0.4)

test_that("every named loss is 1 - its score when the decisions are hard", {
  skip_if_no_keras()
  d <- as.numeric(y_pred > 0.5)
  tp <- sum(y_true * d)
  fp <- sum((1 - y_true) * d)
  fn <- sum(y_true * (1 - d))
  tn <- sum((1 - y_true) * (1 - d))
  n <- length(y_true)
  recall <- tp / (tp + fn)
  specificity <- tn / (tn + fp)
  precision <- tp / (tp + fp)
  negative <- tn / (tn + fn)
  chance <- ((tp + fp) * (tp + fn) + (tn + fp) * (tn + fn)) / n^2
  scores <- c(
    specificity = specificity,
    negative_predictive_value = negative,
    accuracy = (tp + tn) / n,
    hamming = (tp + tn) / n,
    balanced_accuracy = (recall + specificity) / 2,
    informedness = recall + specificity - 1,
    markedness = precision + negative - 1,
    dice = 2 * tp / (2 * tp + fp + fn),
    jaccard = tp / (tp + fp + fn),
    critical_success_index = tp / (tp + fp + fn),
    tversky = tp / (tp + 0.3 * fp + 0.9 * fn),
    g_mean = sqrt(recall * specificity),
    fowlkes_mallows = sqrt(precision * recall),
    matthews = cor(y_true, d),
    cohen_kappa = ((tp + tn) / n - chance) / (1 - chance),
    expected_cost = 1 - (2 * fp + 5 * fn) / n
  )
  options <- list(
    tversky = list(alpha = 0.3, beta = 0.9),
    expected_cost = list(cost_matrix = rbind(c(0, 2), c(5, 0)))
  )
  for (name in names(scores)) {
    loss <- get(paste0("loss_soft_", name), asNamespace("softkeras"))
    value <- do.call(loss, c(list(y_true, y_pred, step = "hard"), options[[name]]))
    expect_equal(value, 1 - scores[[name]], tolerance = 1e-6, info = name)
    instance <- do.call(loss, as.list(options[[name]]))
    expect_true(inherits(instance, "keras.src.losses.loss.Loss"), info = name)
    reticulate::py_to_r(instance$get_config())
  }
})

test_that("a score may be a function of R", {
  skip_if_no_keras()
  jaccard <- function(c) c$tp / (c$tp + c$fp + c$fn)
  odd <- function(c) 1 - sqrt(abs(-c$fp)) / (2 * exp(log(c$tn + 1)))^1 - 0 * c$fn
  expect_equal(
    loss_score(jaccard, y_true, y_pred), loss_soft_jaccard(y_true, y_pred)
  )
  counts <- soft_counts(y_true, y_pred)
  expect_equal(loss_score(odd, y_true, y_pred), 1 - odd(counts), tolerance = 1e-6)
  expect_equal(
    loss_score("f_beta", y_true, y_pred, beta = 2),
    loss_soft_fbeta(y_true, y_pred, beta = 2)
  )
  expect_equal(
    loss_score(function(c) c$tp / max(c$tp + c$fp + c$fn), y_true, y_pred),
    loss_score(jaccard, y_true, y_pred)
  )
  expect_error(loss_score(function(c) c$TP, y_true, y_pred), "no `TP`; there are tp, fp, fn, tn")
  expect_error(loss_score(function(c) NULL, y_true, y_pred), "must return a tensor. Received: NULL")
  expect_error(loss_score(function(c) gamma(c$tp), y_true, y_pred), "no gamma\\(\\)")
  expect_error(loss_score("jaccard", y_true, y_pred, 2), "must be named")
})

test_that("a score of R that is lower where all is right is refused", {
  skip_if_no_keras()
  fall_out <- function(counts) counts$fp / (counts$fp + counts$tn)
  words <- "which is 0 where all is right and 1 where all is wrong"
  expect_error(loss_score(fall_out), words)
  expect_error(best_threshold(c(0, 1), c(0.2, 0.7), score = fall_out), words)
  expect_no_error(metric_epoch_score(fall_out))
})

test_that("a score of R trains, and is the metric of the epoch", {
  skip_if_no_keras()
  data <- clouds()
  jaccard <- function(c) c$tp / (c$tp + c$fp + c$fn)
  model <- small_model()
  metric <- metric_epoch_score(jaccard, empty = "zero")
  model$compile(optimizer = "adam", loss = loss_score(jaccard), metrics = list(metric))
  before <- model$evaluate(data$x, data$y, verbose = 0L, return_dict = TRUE)
  model$fit(data$x, data$y, epochs = 20L, verbose = 0L)
  after <- model$evaluate(data$x, data$y, verbose = 0L, return_dict = TRUE)
  expect_lt(after$loss, before$loss)
  p <- model$predict(data$x, verbose = 0L)
  hard <- 1 - loss_soft_jaccard(data$y, as.vector(p), step = "hard")
  expect_equal(after$jaccard, hard, tolerance = 1e-6)
})

test_that("labels may be other numbers, class ids, or left out", {
  skip_if_no_keras()
  expect_equal(
    loss_soft_matthews(2 * y_true - 1, y_pred, labels = c(-1, 1)),
    loss_soft_matthews(y_true, y_pred)
  )
  ids <- c(0L, 2L, 1L, 9L)
  shares <- rbind(c(.7, .2, .1), c(.1, .3, .6), c(.5, .3, .2), c(.2, .2, .6))
  one_hot <- rbind(c(1, 0, 0), c(0, 0, 1), c(0, 1, 0))
  expect_equal(
    loss_soft_jaccard(ids, shares, sparse = TRUE, ignore_class = 9, threshold = NULL),
    loss_soft_jaccard(one_hot, shares[1:3, ], threshold = NULL)
  )
})
