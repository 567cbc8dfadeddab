# Activations: of data the op, and without data what layers of Keras take as
# their `activation`, which is saved with the model.

#' Activations of layers
#'
#' Of data they are the op of the same name. Without data they give what
#' `activation` takes in the layers of Keras, and a model that has it is saved and
#' reloaded as it is, in R and in Python:
#' `keras3::layer_dense(units = 8, activation = activation_soft_sign())`.
#'
#' @details
#' With \eqn{G} the shape of the step, \eqn{s} its sharpness, \eqn{F} the step that
#' is exactly 0, 1/2, 1 at the ends and in the middle of its cell, f and its
#' gradient are
#'
#' - step, sign ([op_soft_step()]): \eqn{G(s (x - t))}, \eqn{s G'(s (x - t))};
#'   \eqn{2 G(s x) - 1}, \eqn{2 s G'(s x)}
#' - round, floor, ceil ([op_soft_round()]): \eqn{k + F(x - k)}, \eqn{F'(x - k)},
#'   \eqn{k} a whole number
#' - staircase ([op_soft_staircase()]), from level l to level m:
#'   \eqn{l + (m - l) F(x)}, \eqn{(m - l) F'(x)}
#' - hard threshold ([op_hard_threshold()]): \eqn{x} and 1 where
#'   \eqn{|x| > \lambda}{|x| > lambda}, else 0 and 0
#' - one-hot ([op_soft_one_hot()]): \eqn{p = softmax(s x)}{p = softmax(s x)},
#'   \eqn{dp_j/dx_i = s p_i (\delta_{ij} - p_j)}{dp_j/dx_i = s p_i ([i = j] - p_j)}
#' - exp_ratio ([op_exp_ratio()]): \eqn{1/(1 - e^{-x}) - 1/x},
#'   \eqn{1/x^2 - e^{-x}/(1 - e^{-x})^2}; log_exprel: \eqn{\log((e^x - 1)/x)}, whose
#'   gradient is exp_ratio
#'
#' @inherit op_soft_step references
#' @inheritParams op_soft_step
#' @inheritParams op_soft_staircase
#' @inheritParams op_hard_threshold
#' @inheritParams op_soft_argmax
#' @param threshold For a step \eqn{t}, where it is; for the hard threshold
#'   \eqn{\lambda}{lambda}, 0 or more: in units of `x`, a number or one for each
#'   channel (along the last axis).
#' @param sharpness The slope in the middle of a step, as for the op; of
#'   `activation_soft_one_hot()` the factor on `x`.
#'
#' @returns With `x` numbers of its shape, with its names, or a tensor if one came;
#'   else a Python callable. An error for arguments that the op does not allow.
#' @family activations
#' @export
#' @examplesIf softkeras_available()
#' activation_soft_sign(c(-1, 0, 0.1))
#' keras <- reticulate::import("keras", convert = FALSE)
#' keras$layers$Dense(8L, activation = activation_soft_sign(straight_through = TRUE))
activation_soft_step <- function(
    x, threshold = 0, step = "sigmoid", sharpness = NULL,
    straight_through = FALSE, hard = FALSE) {
  options <- list(
    threshold = threshold, step = step, sharpness = sharpness,
    straight_through = straight_through, hard = hard
  )
  activation(x, op_soft_step, layer_soft_step, options)
}

#' @rdname activation_soft_step
#' @export
activation_soft_sign <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  options <- list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  )
  activation(x, op_soft_sign, layer_soft_sign, options)
}

#' @rdname activation_soft_step
#' @export
activation_soft_round <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  options <- list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  )
  activation(x, op_soft_round, layer_soft_round, options)
}

#' @rdname activation_soft_step
#' @export
activation_soft_floor <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  options <- list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  )
  activation(x, op_soft_floor, layer_soft_floor, options)
}

#' @rdname activation_soft_step
#' @export
activation_soft_ceil <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  options <- list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  )
  activation(x, op_soft_ceil, layer_soft_ceil, options)
}

#' @rdname activation_soft_step
#' @export
activation_soft_staircase <- function(
    x, thresholds, levels, step = "sigmoid", sharpness = NULL,
    straight_through = FALSE, hard = FALSE, edges = NULL) {
  options <- list(
    thresholds = thresholds, levels = levels, step = step,
    sharpness = sharpness, straight_through = straight_through, hard = hard,
    edges = edges
  )
  activation(x, op_soft_staircase, layer_soft_staircase, options)
}

#' @rdname activation_soft_step
#' @export
activation_hard_threshold <- function(x, threshold, surrogate = NULL) {
  options <- list(threshold = threshold, surrogate = surrogate)
  activation(x, op_hard_threshold, layer_hard_threshold, options)
}

#' @rdname activation_soft_step
#' @export
activation_soft_one_hot <- function(
    x, axis = -1L, sharpness = 1, straight_through = FALSE, hard = FALSE) {
  options <- list(
    axis = axis, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  )
  activation(x, op_soft_one_hot, layer_soft_one_hot, options)
}

#' @rdname activation_soft_step
#' @export
activation_exp_ratio <- function(x) {
  if (missing(x)) py_softkeras()$ops$exp_ratio else op_exp_ratio(x)
}

#' @rdname activation_soft_step
#' @export
activation_log_exprel <- function(x) {
  if (missing(x)) py_softkeras()$ops$log_exprel else op_log_exprel(x)
}

activation <- function(x, op, layer, options) {
  if (missing(x)) do.call(layer, options) else do.call(op, c(list(x), options))
}
