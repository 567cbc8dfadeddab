# diagnose() of functions of R: those of gallery.R, and healthy ones.

# With its source, and so its lines, as at the console.
source(test_path("gallery.R"), local = TRUE, keep.source = TRUE)

ops <- if (keras_is_there) gallery_ops()

faults <- function(report) {
  found <- as.data.frame(report)
  found[found$severity != "info", ]
}

# JAX hands zeros down where TensorFlow hands nothing.
same_kinds <- function(kind) {
  lost <- c("gradient_none", "gradient_zero")
  if (kind %in% lost) lost else kind
}

skip_if_slow <- function() {
  skip_if_no_keras()
  skip_on_cran()
}

# `fn` as in a case, so that all are called the same.
diagnosed <- function(fn, ...) diagnose(fn, ...)

for (name in names(gallery)) {
  test_that(paste(name, "is diagnosed"), {
    skip_if_slow()
    case <- gallery[[name]]
    report <- do.call(diagnosed, c(list(case$fn), case$data, domain = case$domain))
    found <- as.data.frame(report)
    found <- found[found$kind %in% same_kinds(case$kind), ]
    expect_gte(nrow(found), 1)
    first <- found[1, ]
    expect_equal(first$severity, if (case$kind == "sum_not_mean") "warning" else "error")
    expect_match(paste(first$where, first$cause), case$where)
    expect_match(first$remedy, case$remedy)
    if (case$kind %in% c("gradient_none", "gradient_zero", "gradient_not_finite")) {
      expect_match(first$where, "y_pred")
      expect_match(first$remedy, "op_")
      expect_false(grepl("keras.ops", first$remedy, fixed = TRUE))
    }
    if (grepl("^(gradient|value|fails)", case$kind)) {
      place <- as.integer(sub(".*gallery[.]R:([0-9]+).*", "\\1", first$where))
      lines <- as.integer(attr(case$fn, "srcref"))
      expect_true(place >= lines[1] && place <= lines[3], label = first$where)
    }
  })
}

test_that("a fault is not taken for others", {
  skip_if_slow()
  # With inputs that are made; a target of 0 has to be given.
  for (name in setdiff(names(gallery), "percentage_error")) {
    case <- gallery[[name]]
    found <- faults(diagnosed(case$fn, domain = case$domain))
    allowed <- c(same_kinds(case$kind), case$also)
    expect_equal(setdiff(found$kind, allowed), character(), label = name)
  }
})

test_that("a function keeps its line where R keeps no source", {
  skip_if_slow()
  fn <- eval(parse(keep.source = FALSE, text = paste(
    "function(y_true, y_pred) {", "called <- round(y_pred)", "mean((y_true - called)^2)", "}",
    sep = "\n"
  )))
  found <- faults(diagnose(fn))
  expect_match(found$where, "round in <fn>:[0-9]+: called <- round\\(y_pred\\)")
})

over_rows <- function(x) ops$mean(x, axis = -1L)

healthy <- list(
  squares = function(y_true, y_pred) (y_true - y_pred)^2,
  mean_of_squares = function(y_true, y_pred) mean((y_true - y_pred)^2),
  hinge = function(y_true, y_pred) over_rows(ops$maximum(1 - (2 * y_true - 1) * y_pred, 0)),
  quantile = function(y_true, y_pred) {
    error <- y_true - y_pred
    over_rows(ops$maximum(0.9 * error, -0.1 * error))
  },
  epsilon_insensitive = function(y_true, y_pred) {
    over_rows(ops$maximum(abs(y_true - y_pred) - 0.1, 0))
  },
  soft_f1 = function(y_true, y_pred) {
    tp <- sum(y_true * y_pred)
    wrong <- sum((1 - y_true) * y_pred) + sum(y_true * (1 - y_pred))
    1 - (2 * tp + 1e-7) / (2 * tp + wrong + 1e-7)
  },
  # A weight by how wrong a row is, which is not to be learnt from.
  stop_gradient = function(y_true, y_pred) {
    weight <- ops$stop_gradient(abs(y_true - y_pred))
    over_rows((1 + weight) * (y_true - y_pred)^2)
  },
  crossentropy = function(y_true, y_pred) {
    p <- ops$clip(y_pred, 1e-7, 1 - 1e-7)
    -over_rows(y_true * log(p) + (1 - y_true) * log(1 - p))
  },
  crossentropy_of_logits = function(y_true, y_pred) {
    over_rows(ops$softplus(y_pred) - y_true * y_pred)
  },
  categorical = function(y_true, y_pred) {
    -ops$sum(y_true * ops$log_softmax(y_pred, axis = -1L), axis = -1L)
  },
  focal = function(y_true, y_pred) {
    p <- ops$clip(y_pred, 1e-7, 1 - 1e-7)
    of_truth <- y_true * p + (1 - y_true) * (1 - p)
    over_rows(-(1 - of_truth)^2 * log(of_truth))
  },
  rounded_target = function(y_true, y_pred) (round(y_true) - y_pred)^2,
  masked = function(y_true, y_pred) {
    known <- ops$cast(ops$not_equal(y_true, -1), "float32")
    ops$sum(known * (y_true - y_pred)^2, axis = -1L) /
      ops$maximum(ops$sum(known, axis = -1L), 1)
  },
  huber = function(y_true, y_pred) {
    error <- abs(y_true - y_pred)
    over_rows(ops$where(ops$less(error, 1), 0.5 * error^2, error - 0.5))
  },
  log_cosh = function(y_true, y_pred) {
    error <- y_pred - y_true
    over_rows(error + ops$softplus(-2 * error) - log(2))
  },
  # The weights have the axes of y_pred.
  weighted = function(y_true, y_pred, sample_weight = NULL) {
    error <- (y_true - y_pred)^2
    if (is.null(sample_weight)) {
      return(mean(error))
    }
    ops$divide_no_nan(sum(sample_weight * error), sum(sample_weight + 0 * error))
  },
  relu = function(x) ops$maximum(x, 0),
  hard_tanh = function(x) ops$clip(x, -1, 1),
  softsign = function(x) x / (1 + abs(x)),
  straight_through = function(x) x + ops$stop_gradient(round(x) - x)
)

for (name in names(healthy)) {
  test_that(paste(name, "has no fault"), {
    skip_if_slow()
    report <- diagnose(healthy[[name]])
    expect_equal(faults(report)$kind, character(), label = paste(format(report), collapse = "\n"))
    expect_silent(stop_for_errors(report))
  })
}

test_that("what is meant is said and no fault", {
  skip_if_slow()
  kinds <- function(name) as.data.frame(diagnose(healthy[[name]]))$kind
  expect_equal(kinds("straight_through"), "straight_through")
  expect_true("batch_not_mean" %in% kinds("soft_f1"))
  expect_false("sample_weight_ignored" %in% kinds("weighted"))
})

test_that("losses and activations of softkeras have no fault", {
  skip_if_slow()
  mine <- list(
    loss_soft_precision(), loss_soft_recall, loss_from_function(healthy$weighted),
    loss_score(function(c) c$tp / (c$tp + c$fp + c$fn)),
    activation_soft_sign, activation_soft_round(straight_through = TRUE), op_soft_floor
  )
  for (each in mine) expect_equal(faults(diagnosed(each))$kind, character())
})
