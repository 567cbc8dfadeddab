# What is drawn: numbers against formulas, labels and panels; no picture is
# compared with a stored one.

skip_if_no_ggplot2 <- function() {
  skip_if_no_keras()
  skip_if_not_installed("ggplot2")
}

panel_labels <- function(picture) unique(as.character(picture$data$panel))

test_that("decisions and gradients of steps are those of their formulas", {
  skip_if_no_keras()
  skip_if_float32()
  p <- seq(0.02, 0.98, length.out = 49)
  for (t in c(0.5, 0.3)) {
    got <- step_data(steps_step("sigmoid", 4), t, p)
    d <- plogis(4 * (qlogis(p) - qlogis(t)))
    expect_equal(got$decision, d, tolerance = 1e-9)
    expect_equal(got$gradient, 4 * d * (1 - d) / (p * (1 - p)), tolerance = 1e-8)
    v <- 50 * (p - t)
    round_100 <- steps_step("softsign", 50, "probability", anchored = FALSE)
    got <- step_data(round_100, t, p)
    expect_equal(got$decision, 1 / 2 + v / (1 + 2 * abs(v)), tolerance = 1e-9)
    expect_equal(got$gradient, 50 / (1 + 2 * abs(v))^2, tolerance = 1e-8)
  }
  straight <- step_data(steps_step("sigmoid", 4, straight_through = TRUE), 0.3, p)
  soft <- step_data(steps_step("sigmoid", 4), 0.3, p)
  expect_equal(straight$decision, as.numeric(p > 0.3))
  expect_equal(straight$gradient, soft$gradient)
  expect_equal(step_data(steps_step("hard"), 0.3, p)$gradient, 0 * p)
})

test_that("plot_steps() shows each step, its gradient on a log scale", {
  skip_if_no_ggplot2()
  picture <- plot_steps(list(
    "sigmoid", "hard", steps_step("ramp", scale = "probability"),
    steps_step("softsign", 50, "probability", anchored = FALSE, straight_through = TRUE)
  ))
  expect_equal(levels(picture$data$step), c(
    "sigmoid, 0.25, log-odds", "hard", "ramp, 8, probability",
    "softsign, 50, probability, not anchored, straight-through"
  ))
  expect_equal(picture$labels$colour, "shape, sharpness, scale")
  expect_equal(panel_labels(picture), c("soft decision F(p)", "its gradient F'(p), log scale"))
  ramp <- subset(picture$data, step == "ramp, 8, probability" & p > 0.45 & p < 0.55)
  expect_equal(
    subset(ramp, panel == "soft decision F(p)")$y,
    with(subset(ramp, panel == "soft decision F(p)"), 0.5 + 8 * (p - 0.5)),
    tolerance = 1e-6
  )
  on_right <- subset(ramp, panel != "soft decision F(p)")$y
  expect_equal(on_right, rep(log10(8), length(on_right)), tolerance = 1e-6)
  # A hard step has no gradient that could be drawn.
  expect_true(all(is.na(subset(picture$data, step == "hard" & panel != "soft decision F(p)")$y)))
  built <- ggplot2::ggplot_build(picture)
  axes <- lapply(built$layout$panel_params, function(panel) stats::na.omit(panel$y$get_labels()))
  expect_equal(as.numeric(axes[[1]]), seq(0, 1, 0.25))
  expect_equal(as.numeric(axes[[2]]), c(0.1, 1, 10, 100))
})

test_that("steps are taken as a list, a vector of names, or one", {
  skip_if_no_ggplot2()
  expect_equal(levels(plot_steps(c("ramp", "normal"))$data$step)[2], "normal, 0.25, log-odds")
  expect_equal(levels(plot_steps(list("ramp", "ramp"))$data$step)[2], "ramp, 0.25, log-odds #1")
  one <- ggplot2::autoplot(steps_step("ramp"), threshold = 0.3)
  expect_s3_class(one, "ggplot")
  expect_equal(nlevels(one$data$step), 1)
  many <- plot_steps(rep("sigmoid", 8))
  expect_length(unique(ggplot2::ggplot_build(many)$data[[3]]$linetype), 2)
  expect_error(plot_steps("cubic"), "cubic")
  expect_error(plot_steps("ramp", threshold = 1), "threshold")
  expect_error(ggplot2::autoplot(steps_step("ramp"), thresholds = 1), "thresholds")
})

test_that("the loss, its gradient and the hard loss are those of their formulas", {
  skip_if_no_keras()
  y <- c(1, 1, 0, 0)
  p <- c(0.9, 0.4, 0.7, 0.1)
  f1_loss <- function(d) 1 - 2 * sum(y * d) / (sum(y) + sum(d))
  for (i in c(2, 3)) {
    got <- loss_data(loss_soft_fbeta(sharpness = 1), y, p, i, 25)
    moved <- lapply(got$p, function(q) replace(p, i, q))
    expect_equal(got$loss, vapply(moved, f1_loss, 0), tolerance = 1e-5)
    expect_equal(
      got$hard, vapply(moved, function(d) f1_loss(as.numeric(d > 0.5)), 0),
      tolerance = 1e-5
    )
    slope <- vapply(moved, function(d) {
      -2 * (y[i] * (sum(y) + sum(d)) - sum(y * d)) / (sum(y) + sum(d))^2
    }, 0)
    expect_equal(got$gradient, slope * got$p * (1 - got$p), tolerance = 1e-4)
  }
  logits <- loss_data(loss_soft_fbeta(sharpness = 1, from_logits = TRUE), y, qlogis(p), 3, 25)
  expect_equal(logits[-1], got[-1], tolerance = 1e-4)
})

test_that("a class of several shares its row with the others", {
  skip_if_no_keras()
  p <- rbind(c(0.5, 0.3, 0.2), c(0.1, 0.6, 0.3))
  for (logits in c(FALSE, TRUE)) {
    loss <- loss_soft_categorical_accuracy(sharpness = 1, sparse = TRUE, from_logits = logits)
    got <- loss_data(loss, c(0, 2), if (logits) log(p) else p, cbind(1:2, 1), 11)
    q <- unique(got$p)
    # Row 1 is of the class that moves; of row 2 class 2 keeps 1/3 of the rest.
    expect_equal(got$loss[1:11], 1 - (q + 0.3) / 2, tolerance = 1e-5)
    expect_equal(got$gradient[1:11], -q * (1 - q) / 2, tolerance = 1e-4)
    expect_equal(got$loss[12:22], 1 - (0.5 + (1 - q) / 3) / 2, tolerance = 1e-5)
    expect_equal(got$gradient[12:22], q * (1 - q) / 3 / 2, tolerance = 1e-4)
    expect_equal(levels(got$element)[2], "row 2, column 1 (class of the row: 2)")
  }
})

test_that("every kind of loss has a picture of its own batch", {
  skip_if_no_ggplot2()
  kinds <- list(
    loss_soft_precision(labels = c(-1, 1)), loss_soft_ndcg(k = 3),
    0.5 * loss_soft_fbeta() + loss_soft_auc(),
    loss_soft_recall_at_precision(precision = 0.8),
    loss_soft_fbeta(threshold = NULL, average = NULL, reduction = "none"),
    loss_soft_top_k_accuracy(k = 2, from_logits = TRUE)
  )
  for (loss in kinds) {
    picture <- ggplot2::autoplot(loss, points = 5)
    expect_equal(panel_labels(picture), c("loss", "its gradient in the logit"))
    expect_equal(nlevels(picture$data$element), 2)
    expect_true(all(is.finite(picture$data$y)))
    # The first one has the label 1: training raises it; the second has not.
    slope <- subset(picture$data, panel != "loss")
    slope <- vapply(split(slope$y, slope$element), sum, 0)
    expect_true(slope[1] <= 0 && slope[2] >= 0)
    expect_silent(ggplot2::ggplot_build(picture))
  }
  none <- ggplot2::autoplot(loss_continuous_bernoulli(), points = 5)
  expect_equal(unique(as.character(none$data$kind)), "the loss")
})

test_that("looking at a loss changes nothing in it", {
  skip_if_no_keras()
  warm <- loss_warm_up("binary_crossentropy", loss_soft_fbeta(sharpness = 1), steps = 3)
  got <- loss_data(warm, c(1, 0), c(0.6, 0.5), 1, 5)
  expect_equal(got$loss, -(log(got$p) + log(0.5)) / 2, tolerance = 1e-5)
  expect_equal(got$gradient, -(1 - got$p) / 2, tolerance = 1e-4)
  expect_true(all(is.na(got$hard)))
  expect_equal(as_r_numbers(warm$steps), 3)
  skip_if(
    as.character(keras_module()$backend$backend()) == "jax",
    "counts of earlier batches are not for JAX"
  )
  moving <- loss_soft_fbeta(momentum = 0.9, sharpness = 1)
  expect_equal(
    loss_data(moving, c(1, 0), c(0.6, 0.5), 1, 5),
    loss_data(loss_soft_fbeta(sharpness = 1), c(1, 0), c(0.6, 0.5), 1, 5)
  )
  expect_length(reticulate::py_to_r(moving$get_state()), 0)
})

test_that("what can't be drawn of a loss is named", {
  skip_if_no_ggplot2()
  loss <- loss_soft_fbeta()
  expect_error(ggplot2::autoplot(loss, y_true = 1), "both.*only `y_true`")
  expect_error(ggplot2::autoplot(loss, c(1, 0), c(0.1, 0.2), element = 3), "2 entries. Received: 3")
  expect_error(ggplot2::autoplot(loss, points = 1), "`points`.*1")
  expect_error(ggplot2::autoplot(loss, c(1, 0), c(0.1, NA)), "y_pred.*missing")
  expect_error(ggplot2::autoplot(loss, c(1, 0, 1), c(0.1, 0.2)), "shape")
  expect_error(need_package("no.such.package", "Plots"), "install.packages\\(\"no.such.package\"")
})

test_that("a history is drawn by metric, of training and of validation", {
  skip_if_no_ggplot2()
  data <- clouds(60)
  model <- small_model()
  model$compile("sgd", loss = loss_soft_fbeta(), metrics = list(metric_epoch_score("f1")))
  history <- model$fit(data$x, data$y, epochs = 2L, validation_split = 0.5, verbose = 0L)
  picture <- ggplot2::autoplot(history)
  expect_equal(levels(picture$data$metric), c("loss", "f1"))
  values <- subset(picture$data, metric == "f1" & data == "validation")$value
  expect_equal(values, unlist(history$history$val_f1))
  expect_equal(levels(ggplot2::autoplot(history, metrics = "f1")$data$metric), "f1")
  expect_error(ggplot2::autoplot(history, metrics = "auc"), "loss, f1. Received: \"auc\"")
  expect_error(ggplot2::autoplot(keras_module()$callbacks$History()), "no epoch")
})

test_that("counts and confusion matrices are drawn as shares of the labels", {
  skip_if_no_ggplot2()
  y <- c(0, 1, 2, 2)
  p <- rbind(a = c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3), c(0.1, 0.2, 0.7))
  matrix <- soft_confusion_matrix(y, p, sparse = TRUE, step = "hard")
  cells <- ggplot2::autoplot(matrix)$data
  expect_equal(subset(cells, label == 2)$share, c(0, 0.5, 0.5))
  expect_equal(subset(cells, label == 2)$text, c("0", "1", "1"))
  picture <- ggplot2::autoplot(soft_counts(diag(3)[y + 1, ], p, step = "hard"))
  third <- subset(picture$data, class == "class 2" & label == "positive")
  expect_equal(third$share[third$decision == "positive"], 0.5)
  expect_equal(as.character(third$name), c("fn", "tp"))
  expect_length(ggplot2::ggplot_build(picture)$layout$panel_params, 2)
  one <- ggplot2::autoplot(soft_counts(c(0, 1, 1), c(0.7, 0.8, 0.1), step = "hard"))
  expect_equal(one$labels[c("x", "y")], list(x = "decision", y = "label"))
  expect_equal(one$data$count, c(0, 1, 1, 1))
  # Rows are drawn from the top, as they are printed.
  ranges <- ggplot2::ggplot_build(ggplot2::autoplot(matrix))$layout$panel_params[[1]]
  expect_equal(ranges$y$get_labels(), c("2", "1", "0"))
})

test_that("plot() draws and returns the picture", {
  skip_if_no_ggplot2()
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit(grDevices::dev.off())
  counts <- soft_counts(c(0, 1), c(0.1, 0.8))
  for (thing in list(steps_step(), counts, soft_confusion_matrix(diag(2), diag(2)))) {
    expect_s3_class(plot(thing), "ggplot")
  }
  expect_s3_class(plot(loss_soft_fbeta(), points = 3), "ggplot")
})
