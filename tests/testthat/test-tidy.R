# Tables of objects, and tidy() where generics is there.

test_that("counts, matrices and thresholds are tables", {
  skip_if_no_keras()
  y <- diag(3)
  p <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
  counts <- soft_counts(y, p, step = "hard")
  expect_equal(
    as.data.frame(counts),
    data.frame(
      class = c("0", "1", "2"), tp = c(1, 1, 0), fp = 0, fn = c(0, 0, 1), tn = 2
    )
  )
  expect_named(as.data.frame(soft_counts(1, 0.9)), c("tp", "fp", "fn", "tn"))
  cells <- as.data.frame(soft_confusion_matrix(y, p, step = "hard"))
  expect_equal(nrow(cells), 9)
  expect_equal(subset(cells, label == 2 & decision == 1)$count, 1)
  expect_equal(cells$label, factor(rep(0:2, each = 3)))
  found <- best_threshold(c(0, 1), c(0.25, 0.75))
  expect_equal(as.data.frame(found), data.frame(threshold = 0.5, score = 1))
  expect_named(as.data.frame(best_threshold(diag(2), diag(2))), c("class", "threshold", "score"))
  expect_error(as.data.frame(counts, rows = 1), "rows")
})

test_that("a step is a table of p, decision and gradient", {
  skip_if_no_keras()
  table <- as.data.frame(steps_step("sigmoid", 1), p = c(0.2, 0.7))
  want <- data.frame(p = c(0.2, 0.7), decision = c(0.2, 0.7), gradient = 1)
  expect_equal(table, want, tolerance = 1e-6)
  expect_equal(nrow(as.data.frame(steps_step())), 101)
  expect_error(as.data.frame(steps_step(), p = "a"), "`p` must be")
})

test_that("the table of a step has no kinks where the curve has none", {
  skip_if_no_keras()
  near <- 10^seq(-9, -2, by = 0.01)
  close <- c(near, seq(0.01, 0.99, by = 0.001), 1 - near)
  for (step in list(
    steps_step(), steps_step("sigmoid", 4), steps_step("ramp"),
    steps_step("ramp", scale = "probability"), steps_step("arctan", 20, "probability"),
    steps_step("softsign", 50, "probability", anchored = FALSE)
  )) {
    for (threshold in c(0.3, 0.5)) {
      table <- as.data.frame(step, threshold = threshold)
      expect_true(all(diff(table$p) > 0))
      expect_true(all(c(0, threshold, 1) %in% table$p))
      drawn <- approx(table$p, table$decision, close)$y
      wanted <- as.data.frame(step, threshold = threshold, p = close)$decision
      expect_lt(max(abs(drawn - wanted)), 0.02, label = paste(format(step), threshold))
    }
  }
  expect_equal(nrow(as.data.frame(steps_step("hard"), threshold = 0.3)), 101)
})

test_that("a history is a table by epoch, metric and data", {
  skip_if_no_keras()
  data <- clouds(40)
  model <- small_model()
  model$compile("sgd", loss = loss_soft_fbeta(), metrics = list(metric_epoch_score("f1")))
  history <- model$fit(
    data$x, data$y,
    epochs = 4L, validation_split = 0.5, validation_freq = 2L, verbose = 0L
  )
  table <- as.data.frame(history)
  expect_equal(unique(table$metric), c("loss", "f1"))
  validation <- subset(table, metric == "f1" & data == "validation")
  expect_equal(validation$epoch, c(2, 4))
  expect_equal(validation$value, as.numeric(unlist(history$history$val_f1)))
  training <- subset(table, metric == "loss" & data == "training")
  expect_equal(training$epoch, 1:4)
  expect_equal(training$value, as.numeric(unlist(history$history$loss)))
  expect_equal(nrow(as.data.frame(keras_module()$callbacks$History())), 0)
})

test_that("what callbacks put into a history is not called training", {
  skip_if_no_keras()
  data <- clouds(40)
  model <- small_model()
  fit <- function(...) {
    model$compile("sgd", loss = loss_soft_fbeta(), metrics = list(metric_epoch_score("f1")))
    model$fit(
      data$x, data$y,
      epochs = 2L, verbose = 0L, ..., callbacks = list(
        callback_sharpness_schedule(0.25, 1),
        callback_epoch_metric(function(y, p) mean(p), data$x, data$y, name = "share")
      )
    )
  }
  kinds <- function(history) {
    table <- unique(as.data.frame(history)[c("metric", "data")])
    split(table$data, factor(table$metric, unique(table$metric)))
  }
  want <- list(loss = "training", f1 = "training", sharpness = "other", share = "other")
  got <- kinds(fit())
  expect_setequal(names(got), names(want))
  expect_equal(got[names(want)], want)
  want[1:2] <- list(c("training", "validation"))
  history <- fit(validation_split = 0.5)
  expect_equal(kinds(history)[names(want)], want)
  # Compiled anew, the model no longer has that metric.
  model$compile("sgd", loss = "mse")
  expect_equal(kinds(history)[names(want)], want)
})

test_that("tidy() gives the same tables", {
  skip_if_no_keras()
  skip_if_not_installed("generics")
  counts <- soft_counts(c(0, 1), c(0.1, 0.8))
  matrix <- soft_confusion_matrix(diag(2), diag(2))
  found <- best_threshold(c(0, 1), c(0.25, 0.75))
  for (thing in list(counts, matrix, found)) {
    expect_equal(generics::tidy(thing), as.data.frame(thing))
  }
  expect_equal(
    generics::tidy(steps_step("ramp"), threshold = 0.3, p = 0.5),
    as.data.frame(steps_step("ramp"), threshold = 0.3, p = 0.5)
  )
  data <- clouds(10)
  model <- small_model()
  model$compile("sgd", loss = "mse")
  history <- model$fit(data$x, data$y, verbose = 0L)
  expect_equal(generics::tidy(history), as.data.frame(history))
})
