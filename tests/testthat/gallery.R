# Broken losses and activations of real questions as functions of R, with the
# finding that the doctor must come to. As in tests/python/gallery, which has
# more, the link and what was asked are above each. `y_true` and `y_pred` (or
# `x`) show the fault; test-gallery-cases.R proves it without the doctor.
# Sourced by the tests: source(test_path("gallery.R"), local = TRUE).

gallery_ops <- function() reticulate::import("keras", convert = FALSE)$ops

gallery_case <- function(
    fn, kind, where = "", remedy = "", also = character(), y_true = column(1, 0, 0, 1),
    y_pred = column(0.9, 0.2, 0.6, 0.4), x = NULL, domain = "probability") {
  list(
    fn = fn, kind = kind, where = where, remedy = remedy, also = also,
    data = if (is.null(x)) list(y_true, y_pred) else list(x), domain = domain
  )
}

column <- function(...) matrix(c(...))

# True of every loss that gives one number for the batch; allowed, not required.
of_scalars <- c(
  "batch_not_mean", "empty_batch", "mask_ignored", "one_class_batch",
  "sample_weight_ignored"
)

gallery <- list(
  # https://stackoverflow.com/questions/48356029
  # Precision as a loss, from R, with the round that it needs to count.
  precision = gallery_case(
    function(y_true, y_pred) {
      positive <- round(y_pred)
      tp <- sum(y_true * positive)
      fp <- sum((1 - y_true) * positive)
      1 - tp / (tp + fp + 1e-7)
    },
    kind = "gradient_none", where = "round", remedy = "soft_round", also = of_scalars
  ),

  # https://github.com/keras-team/keras/issues/4175
  # K.round(y_pred) in a custom loss: "None values not supported".
  rounded_error = gallery_case(
    function(y_true, y_pred) (y_true - round(y_pred))^2,
    kind = "gradient_none", where = "round", remedy = "soft_round"
  ),

  # https://github.com/rstudio/keras3/issues/193
  # Mean directional accuracy (do the signs of the steps agree?) as a loss.
  directional_accuracy = gallery_case(
    function(y_true, y_pred) {
      ops <- gallery_ops()
      same <- ops$equal(sign(y_true), sign(y_pred))
      1 - ops$mean(ops$cast(same, "float32"), axis = -1L)
    },
    kind = "gradient_none", where = "equal", remedy = "soft_sign", domain = "real",
    y_true = matrix(c(1, -1, 2, 3, -2, 1), 2), y_pred = matrix(c(1, 2, -1, 2, -2, -1), 2)
  ),

  # https://github.com/rstudio/keras3/issues/257
  # k_mean(y_true) alone as a loss: "None values not supported".
  mean_of_target = gallery_case(
    function(y_true, y_pred) mean(y_true),
    kind = "unused_prediction", also = of_scalars
  ),

  # https://github.com/rstudio/keras3/issues/1271
  # A Tversky loss that returns the index and not one minus it.
  tversky_index = gallery_case(
    function(y_true, y_pred) {
      tp <- sum(y_true * y_pred)
      fn <- sum(y_true * (1 - y_pred))
      fp <- sum((1 - y_true) * y_pred)
      (tp + 1) / (tp + 0.7 * fn + 0.3 * fp + 1)
    },
    kind = "wrong_direction", also = of_scalars
  ),

  # https://stackoverflow.com/questions/46926809
  # "I need the index of the highest value and am therefore using argmax."
  distance_of_classes = gallery_case(
    function(y_true, y_pred) {
      ops <- gallery_ops()
      called <- ops$cast(ops$argmax(y_pred, axis = -1L), "float32")
      abs(ops$cast(ops$argmax(y_true, axis = -1L), "float32") - called)
    },
    kind = "gradient_none", where = "argmax", remedy = "soft_argmax",
    y_true = diag(3), y_pred = rbind(c(0.2, 0.5, 0.3), c(0.1, 0.8, 0.1), c(0.6, 0.3, 0.1))
  ),

  # https://github.com/tensorflow/tensorflow/issues/8625
  # A threshold by floor before the mean absolute error: "No gradients".
  error_of_floor = gallery_case(
    function(y_true, y_pred) abs(y_true - floor(y_pred + 0.5)),
    kind = "gradient_none", where = "floor", remedy = "soft_floor"
  ),

  # https://stackoverflow.com/questions/40752801
  # May a loss be piece-wise with if and else? The perceptron's unit step.
  perceptron_step = gallery_case(
    function(y_true, y_pred) {
      ops <- gallery_ops()
      (y_true - ops$cast(ops$greater(y_pred, 0), "float32"))^2
    },
    kind = "gradient_none", where = "greater", remedy = "soft_step",
    y_pred = column(-1, 2, -0.5, 0.3), domain = "real"
  ),

  # https://github.com/snap-stanford/GEARS/issues/52
  # A loss of the direction by sign: no error, and nothing is learnt.
  direction_by_sign = gallery_case(
    function(y_true, y_pred) (sign(y_true) - sign(y_pred))^2,
    kind = "gradient_zero", where = "sign", remedy = "soft_sign",
    y_true = column(1, -2, 0.5, -1), y_pred = column(-1, -2, 0.5, 3), domain = "real"
  ),

  # https://github.com/keras-team/keras/issues/6644
  # A custom RMSE becomes nan after some iterations: sqrt at 0.
  root_mean_squared_error = gallery_case(
    function(y_true, y_pred) sqrt(gallery_ops()$mean((y_true - y_pred)^2, axis = -1L)),
    kind = "gradient_not_finite", where = "sqrt",
    y_true = column(1, 2), y_pred = column(1, 3), domain = "real"
  ),

  # https://github.com/aymericdamien/TensorFlow-Examples/issues/383
  # Cross-entropy written out: nan once a softmax output is exactly 0.
  crossentropy_by_hand = gallery_case(
    function(y_true, y_pred) -gallery_ops()$sum(y_true * log(y_pred), axis = -1L),
    kind = "value_not_finite", where = "log", also = "gradient_not_finite",
    y_true = diag(2), y_pred = rbind(c(1, 0), c(0.3, 0.7))
  ),

  # https://github.com/keras-team/keras/pull/8524
  # Keras's own logcosh once: log of (exp(x) + exp(-x))/2.
  logcosh_by_hand = gallery_case(
    function(y_true, y_pred) log((exp(y_pred - y_true) + exp(y_true - y_pred)) / 2),
    kind = "value_not_finite", where = "exp", remedy = "softplus",
    also = "gradient_not_finite",
    y_true = column(0, 1), y_pred = column(300, 1.5), domain = "real"
  ),

  # https://github.com/tracel-ai/burn/issues/5373
  # softplus as log(1 + exp(x)): inf for large inputs, and nan gradients.
  softplus_by_hand = gallery_case(
    function(x) log(1 + exp(x)),
    kind = "value_not_finite", where = "exp", remedy = "softplus",
    also = "gradient_not_finite", x = matrix(c(200, 1, -200), 1), domain = "real"
  ),

  # https://github.com/dmlc/xgboost/issues/7586
  # The percentage error is nan for a target of 0 that is met, else inf.
  percentage_error = gallery_case(
    function(y_true, y_pred) 100 * abs((y_true - y_pred) / y_true),
    kind = "value_not_finite", where = "div", also = "gradient_not_finite",
    y_true = column(0, 2), y_pred = column(0, 1), domain = "real"
  ),

  # https://github.com/umbertogriffo/focal-loss-keras/issues/5
  # "Different batchsize, different loss value": sum for mean.
  focal_sum = gallery_case(
    function(y_true, y_pred) {
      one <- y_true * (1 - y_pred)^2 * log(y_pred + 1e-6)
      zero <- (1 - y_true) * y_pred^2 * log(1 - y_pred + 1e-6)
      -sum(0.25 * one + 0.75 * zero)
    },
    kind = "sum_not_mean", where = "sum", remedy = "mean", also = of_scalars
  ),

  # https://github.com/keras-team/keras/issues/12057
  # y_pred is taken out of the tensor, worked on, and its result is added.
  error_and_external_score = gallery_case(
    function(y_true, y_pred) (y_true - y_pred)^2 + max(y_pred$numpy()),
    # The largest prediction of the batch is part of each row's loss.
    kind = "fails", where = "numpy", also = "mixes_samples", domain = "real"
  )
)
