# What objects look like: format(), print(), summary().

printed <- function(x) paste(trimws(capture.output(print(x))), collapse = " ")

test_that("a step says its shape, scale and sharpness", {
  skip_if_no_keras()
  expect_equal(format(steps_step()), "<Step> sigmoid, scale logit, sharpness 0.25")
  round_100 <- steps_step("softsign", 50, "probability", anchored = FALSE)
  expect_equal(format(round_100), "<Step> softsign, scale probability, sharpness 50, not anchored")
  expect_match(printed(steps_step("ramp", straight_through = TRUE)), "0.25, straight-through")
  expect_equal(format(steps_step("hard")), "<Step> hard")
  expect_equal(
    format(steps_step(function(v) v + 0.5)),
    "<Step> a function, scale probability, sharpness 1, not anchored"
  )
  table <- summary(steps_step("ramp", 3))
  expect_equal(table$value[table$option == "sharpness"], "3")
  expect_equal(table$value[table$option == "shape"], "\"ramp\"")
})

test_that("a loss says its score, how it decides, and what is not the default", {
  skip_if_no_keras()
  expect_equal(format(loss_soft_fbeta()), paste(
    "<SoftFBeta> 1 - f_beta, average macro, threshold 0.5,",
    "step sigmoid (scale logit, sharpness 0.25), empty skip"
  ))
  expect_no_match <- function(x, pattern) expect_false(grepl(pattern, x, fixed = TRUE))
  expect_no_match(printed(loss_soft_fbeta()), "not the default")
  expect_match(
    printed(loss_soft_fbeta(beta = 2, from_logits = TRUE, labels = c(-1, 1), momentum = 0.5)),
    "not the default: beta = 2, from_logits = TRUE, labels = c(-1, 1), momentum = 0.5",
    fixed = TRUE
  )
  expect_match(format(loss_soft_fbeta(average = NULL, threshold = NULL)), "one a class, arg-max")
  expect_match(format(loss_score(function(c) c$tp)), "<ScoreLoss> 1 - a function")
  expect_match(format(loss_soft_precision(step = function(v) v + 0.5)), "step a function")
  expect_match(printed(loss_soft_recall_at_precision(precision = 0.8)), "precision = 0.8")
  expect_match(printed(loss_soft_categorical_cost(cost_matrix = diag(3))), "a 3 x 3 matrix")
  # In the other way that an object may come: converted on access.
  model <- small_model()
  model$compile("sgd", loss = loss_soft_fbeta(beta = 2))
  expect_equal(format(model$loss), format(loss_soft_fbeta()))
  expect_match(printed(model$loss), "beta = 2")
})

test_that("every loss, metric and layer can be printed", {
  skip_if_no_keras()
  needed <- list(
    loss_score = "f1", loss_confusion = "mean_iou", loss_soft_precision_at_k = list(k = 2),
    loss_soft_top_k_accuracy = list(k = 2), loss_soft_expected_cost = list(cost_matrix = diag(2)),
    loss_soft_categorical_cost = list(cost_matrix = diag(3)),
    loss_soft_precision_at_recall = list(recall = 0.5),
    loss_soft_recall_at_precision = list(precision = 0.5),
    loss_soft_sensitivity_at_specificity = list(specificity = 0.5),
    loss_soft_specificity_at_sensitivity = list(sensitivity = 0.5),
    loss_weighted_sum = list(list(loss_soft_dice(), "mse")),
    loss_warm_up = list("mse", loss_soft_dice(), epochs = 2),
    loss_from_function = list(function(y_true, y_pred) y_pred - y_true)
  )
  for (name in grep("^loss_", getNamespaceExports("softkeras"), value = TRUE)) {
    loss <- do.call(getExportedValue("softkeras", name), as.list(needed[[name]]))
    expect_match(format(loss), "^<[A-Za-z]+> ?", info = name)
    expect_s3_class(summary(loss), "data.frame")
    expect_match(printed(loss), paste0("<", class_name(loss), ">"), info = name)
  }
  for (metric in list(
    metric_epoch_score("f_beta", beta = 2), metric_epoch_confusion_score("mean_iou"),
    metric_epoch_ranking_score("ndcg", k = 2)
  )) {
    expect_match(printed(metric), "^<Epoch\\w*Score> (f_beta|mean_iou|ndcg).*step hard")
    expect_s3_class(summary(metric), "data.frame")
  }
  expect_match(printed(layer_soft_round()), "SoftRound")
})

test_that("sums and warm-ups say what they are made of", {
  skip_if_no_keras()
  sum <- 0.5 * loss_soft_fbeta() + loss_soft_auc()
  expect_equal(format(sum), "<WeightedSum> 0.5 * soft_fbeta + 1 * soft_auc")
  expect_match(printed(sum), "<SoftFBeta> .* <SoftAUC>")
  expect_equal(summary(sum)$weight, c(0.5, 1))
  squares <- function(y_true, y_pred) (y_true - y_pred)^2
  expect_match(printed(loss_weighted_sum(list(loss_soft_dice(), squares))), "not of softkeras")
  expect_equal(format(loss_from_function(squares)), "<FunctionLoss> squares")
  expect_equal(format(loss_score(function(c) c$tp)), sub("f_beta", "a function", sub(
    "SoftFBeta", "ScoreLoss", format(loss_soft_fbeta())
  )))
  warm <- loss_warm_up("binary_crossentropy", loss_soft_matthews(), steps = 30)
  expect_equal(format(warm), "<WarmUp> binary_crossentropy (30 steps left), then soft_matthews")
  expect_match(printed(warm), "binary_crossentropy \\(not of softkeras\\) +<SoftMatthews>")
  expect_equal(summary(warm)$when, c("first", "then"))
})

test_that("callbacks say what they do", {
  skip_if_no_keras()
  expect_equal(
    format(callback_sharpness_schedule(0.25, 2, "exponential", warm_up = 2, layers = "a")),
    "<SharpnessSchedule> from 0.25 to 2, exponential, by epoch, after 2 epochs, of layers a"
  )
  expect_match(
    format(callback_sharpness_schedule(schedule = function(p) p)), "a function, by epoch"
  )
  expect_match(printed(callback_loss_state()), "<LossState>")
  accuracy <- function(y, p) mean(y == (p > 0.5))
  each <- callback_epoch_metric(accuracy, matrix(0, 2, 1), c(0, 1))
  expect_equal(format(each), "<EpochMetric> accuracy, after each epoch")
})

test_that("the sharpness is that of the moment", {
  skip_if_no_keras()
  data <- clouds(20)
  model <- small_model()
  loss <- loss_soft_fbeta()
  model$compile("sgd", loss = loss)
  model$fit(
    data$x, data$y,
    epochs = 2L, verbose = 0L, callbacks = list(callback_sharpness_schedule(0.25, 2))
  )
  expect_match(format(loss), "sharpness 2\\)")
  expect_match(toString(summary(loss)$value), "sharpness 2\\)")
})

test_that("counts print as a table, and are the list that they were", {
  skip_if_no_keras()
  y <- cbind(c(1, 0, 1), c(0, 0, 1))
  p <- cbind(cat = c(0.9, 0.6, 0.2), dog = c(0.3, 0.1, 0.8))
  counts <- soft_counts(y, p, step = "hard")
  lines <- capture.output(print(counts))
  expect_match(lines[2], "class +tp +fp +fn +tn")
  expect_match(lines[3], "cat +1 +1 +1 +0")
  expect_type(counts, "list")
  expect_equal(names(counts), c("tp", "fp", "fn", "tn"))
  expect_equal(Reduce(`+`, counts), c(3, 3))
  expect_output(str(counts), "tp: num \\[1:2\\] 1 1")
  table <- summary(counts)
  expect_equal(table$precision, c(1 / 2, 1))
  expect_equal(table$recall, c(1 / 2, 1))
  expect_equal(table$f1, c(1 / 2, 1))
  expect_equal(format(soft_counts(1, 0.9, step = "hard")), "tp 1, fp 0, fn 0, tn 0")
  one <- capture.output(print(soft_counts(y[, 1], p[, 1], step = "hard")))
  expect_false(any(grepl("class", one)))
  other <- soft_counts(y, p, step = "hard", axis = 2)
  expect_match(capture.output(print(other))[2], "entry")
})

test_that("a confusion matrix is a matrix with names", {
  skip_if_no_keras()
  p <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
  m <- soft_confusion_matrix(c(0, 1, 2), p, sparse = TRUE, step = "hard")
  expect_true(is.matrix(m))
  expect_equal(dimnames(m), list(label = c("0", "1", "2"), decision = c("0", "1", "2")))
  expect_equal(unname(unclass(m)), rbind(c(1, 0, 0), c(0, 1, 0), c(0, 1, 0)))
  expect_equal(sum(diag(m)) / sum(m), 2 / 3)
  expect_equal(unname(m %*% rep(1, 3)), matrix(1, 3))
  expect_equal(m["2", "1"], 1)
  expect_false(is.object(m[1:2, ]))
  expect_match(capture.output(print(m))[2], "decision")
  expect_match(capture.output(print(t(m)))[2], "label")
  # Of each class against the others; no one is called 2.
  table <- summary(m)
  expect_equal(table$recall, c(1, 1, 0))
  expect_equal(table$precision, c(1, 1 / 2, NaN))
  expect_equal(table$tn, c(2, 1, 2))
  expect_equal(summary(t(m)), table)
  colnames(p) <- c("a", "b", "b") # No names of three classes.
  expect_equal(rownames(soft_confusion_matrix(diag(3), p)), c("0", "1", "2"))
  colnames(p) <- c("a", "b", "c")
  expect_equal(rownames(soft_confusion_matrix(diag(3), p)), c("a", "b", "c"))
})

test_that("a threshold prints in a line a class", {
  skip_if_no_keras()
  y <- c(0, 0, 1, 1)
  p <- c(0.25, 0.5, 0.375, 0.75)
  expect_equal(
    capture.output(best_threshold(y, p)), "Decide p > threshold: threshold 0.3125, f_beta 0.8"
  )
  both <- best_threshold(cbind(y, 1 - y), cbind(p, 1 - p), function(c) c$tp / (c$tp + c$fn))
  expect_length(capture.output(both), 2)
  expect_match(format(both)[2], "^class 1: threshold .*, score 1$")
})

test_that("results arrive in Python as what they are", {
  skip_if_no_keras()
  builtins <- reticulate::import_builtins()
  of <- function(x) as.character(builtins$type(reticulate::r_to_py(x))$`__name__`)
  counts <- soft_counts(c(0, 1), c(0.1, 0.8))
  expect_equal(of(counts), "dict")
  expect_equal(of(best_threshold(c(0, 1), c(0.1, 0.8))), "dict")
  expect_equal(of(soft_confusion_matrix(diag(2), diag(2))), "ndarray")
})

test_that("methods are for this package's objects only", {
  skip_if_no_keras()
  loss <- keras_module()$losses$MeanSquaredError()
  expect_match(capture.output(print(loss))[1], "MeanSquaredError|LossFunctionWrapper")
  expect_false(inherits(loss, "softkeras.losses.weighted_sum.Arithmetic"))
  expect_match(capture.output(print(reticulate::dict(a = 1)))[1], "a")
})
