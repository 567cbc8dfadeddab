# Layers: made, added to a Sequential model, or called on a tensor, as in keras3.

compose <- function(object, class, options) {
  Layer <- py_softkeras()$layers[[class]]
  for (name in intersect(c("step", "surrogate"), names(options))) {
    options[name] <- list(as_py_callable(options[[name]], name))
  }
  if (missing(object)) {
    object <- NULL
  }
  if ("axis" %in% names(options)) {
    options$axis <- as_py_axis_or_axes(options$axis, object, "object")
  }
  layer <- call_python(Layer, without_na(options))
  if (is.null(object)) {
    return(layer)
  }
  if (is_sequential(object)) {
    call_python(object$add, list(layer))
    return(object)
  }
  call_python(layer$`__call__`, list(as_py_array(object, "object")))
}

#' A layer for the index of the highest value
#'
#' `layer_soft_argmax()` is [op_soft_argmax()] in a model: the expected index, or
#' coordinates over several axes; `layer_soft_one_hot()` gives the shares.
#'
#' @inherit op_soft_argmax details references
#' @inheritParams op_soft_argmax
#' @param object A Sequential model, a tensor or numbers; without it the layer
#'   itself is returned. A layer computes in its dtype, float32 by default, also
#'   numbers of R; `dtype = "float64"` is double precision.
#' @param axis The axis or axes, counted **from 1** (which is that of the batch),
#'   or negative from the end.
#' @param first_index What the first entry counts as: **1** here, 0 in Python. It
#'   is saved with the model, which gives the same numbers in both languages.
#' @param name,... Name of the layer, and what all layers take, such as `dtype`.
#'
#' @returns The layer, the model, or a tensor. An error for arguments that are not
#'   allowed.
#' @family layers
#' @export
#' @examplesIf softkeras_available()
#' layer_soft_argmax(array(c(0, 0, 9, 1), c(1, 4)), sharpness = 5)
layer_soft_argmax <- function(
    object, axis = -1L, sharpness = 1, straight_through = FALSE, hard = FALSE,
    first_index = 1L, name = NULL, ...) {
  compose(object, "SoftArgmax", list(
    axis = axis, sharpness = sharpness,
    straight_through = straight_through, hard = hard,
    first_index = as_whole(first_index), name = name, ...
  ))
}

#' @rdname layer_soft_argmax
#' @export
layer_soft_one_hot <- function(
    object, axis = -1L, sharpness = 1, straight_through = FALSE, hard = FALSE,
    name = NULL, ...) {
  compose(object, "SoftOneHot", list(
    axis = axis, sharpness = sharpness,
    straight_through = straight_through, hard = hard, name = name, ...
  ))
}

#' A layer for the hard threshold
#'
#' [op_hard_threshold()] in a model, with a threshold that may be trained. Without
#' `object` it can be the `activation` of another layer.
#'
#' @inherit op_hard_threshold details references
#' @inheritParams layer_soft_argmax
#' @param threshold Where the threshold starts, 0 or more: a number, or one for
#'   each channel.
#' @param trainable Whether it is trained, which needs a surrogate. It is kept from
#'   becoming negative.
#' @param surrogate `NULL`, or the soft step that gives the gradient: a name or a
#'   [steps_step()].
#' @param per_channel Whether each channel has a threshold of its own; several
#'   thresholds imply it.
#' @param axis The axis of the channels, counted **from 1** (which is that of the
#'   batch), or negative from the end.
#'
#' @returns The layer, the model, or a tensor. An error for a negative threshold,
#'   and if it is to be trained without a surrogate.
#' @family layers
#' @export
#' @examplesIf softkeras_available()
#' layer_hard_threshold(array(c(-6, -5, 1, 14), c(1, 4)), threshold = 5)
layer_hard_threshold <- function(
    object, threshold, trainable = FALSE, surrogate = NULL,
    per_channel = FALSE, axis = -1L, name = NULL, ...) {
  compose(object, "HardThreshold", list(
    threshold = as_py_numbers(threshold), trainable = trainable,
    surrogate = surrogate, per_channel = per_channel, axis = axis,
    name = name, ...
  ))
}

#' A layer that is a staircase
#'
#' [op_soft_staircase()] in a model: a quantiser whose thresholds and levels may be
#' trained. Without `object` it can be the `activation` of another layer.
#'
#' @inherit op_soft_staircase details references
#' @inheritParams layer_soft_argmax
#' @inheritParams op_soft_staircase
#' @param trainable_thresholds,trainable_levels Whether they are trained;
#'   thresholds keep their order.
#'
#' @returns The layer, the model, or a tensor. An error for numbers that do not
#'   increase, or too many or too few of them.
#' @family layers
#' @export
#' @examplesIf softkeras_available()
#' layer_soft_staircase(array(c(-9, 0.5, 9), c(1, 3)), thresholds = c(0, 1), levels = c(-1, 0, 4))
layer_soft_staircase <- function(
    object, thresholds, levels, step = "sigmoid", sharpness = NULL,
    straight_through = FALSE, hard = FALSE, trainable_thresholds = FALSE,
    trainable_levels = FALSE, edges = NULL, name = NULL, ...) {
  compose(object, "SoftStaircase", list(
    thresholds = as_py_numbers(thresholds), levels = as_py_numbers(levels),
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard, trainable_thresholds = trainable_thresholds,
    trainable_levels = trainable_levels, edges = as_py_numbers(edges),
    name = name, ...
  ))
}

#' Layers for steps and rounding
#'
#' [op_soft_step()], [op_soft_sign()], [op_soft_round()], [op_soft_floor()] and
#' [op_soft_ceil()] in a model.
#'
#' @details
#' With \eqn{G} the shape of the step (see [steps_step()]) and \eqn{s} its
#' sharpness, the soft step is \eqn{G(s (x - t))} with the gradient
#' \eqn{s G'(s (x - t))}; the soft sign is \eqn{2 G(s x) - 1} with the gradient
#' \eqn{2 s G'(s x)}. The soft round is
#' \eqn{k + F(x - k)} with the gradient \eqn{F'(x - k)}, \eqn{k} the integer below
#' \eqn{x} and \eqn{F} the step that is exactly 0, 1/2, 1 at 0, 1/2, 1; floor and
#' ceiling are the same staircase with its jumps at the integers.
#'
#' @inherit op_soft_round references
#' @inheritParams layer_soft_argmax
#' @inheritParams op_soft_step
#' @param threshold \eqn{t}, in units of the input: a number, or one for each
#'   channel (along the last axis).
#' @param sharpness The slope in the middle of a step, per unit of the input; of
#'   the sign half of it. For rounding it is 1 or more. 8 by default.
#'
#' @returns The layer, the model, or a tensor. An error for an unknown step or a
#'   sharpness that is not allowed.
#' @family layers
#' @export
#' @examplesIf softkeras_available()
#' layer_soft_step(array(c(-1, 0, 1), c(1, 3)))
#' layer_soft_round(array(c(0.4, 0.5, 2.9), c(1, 3)), straight_through = TRUE)
layer_soft_step <- function(
    object, threshold = 0, step = "sigmoid", sharpness = NULL,
    straight_through = FALSE, hard = FALSE, name = NULL, ...) {
  compose(object, "SoftStep", list(
    threshold = as_py_numbers(threshold), step = step, sharpness = sharpness,
    straight_through = straight_through, hard = hard, name = name, ...
  ))
}

#' @rdname layer_soft_step
#' @export
layer_soft_sign <- function(
    object, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE, name = NULL, ...) {
  compose(object, "SoftSign", list(
    step = step, sharpness = sharpness,
    straight_through = straight_through, hard = hard, name = name, ...
  ))
}

#' @rdname layer_soft_step
#' @export
layer_soft_round <- function(
    object, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE, name = NULL, ...) {
  compose(object, "SoftRound", list(
    step = step, sharpness = sharpness,
    straight_through = straight_through, hard = hard, name = name, ...
  ))
}

#' @rdname layer_soft_step
#' @export
layer_soft_floor <- function(
    object, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE, name = NULL, ...) {
  compose(object, "SoftFloor", list(
    step = step, sharpness = sharpness,
    straight_through = straight_through, hard = hard, name = name, ...
  ))
}

#' @rdname layer_soft_step
#' @export
layer_soft_ceil <- function(
    object, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE, name = NULL, ...) {
  compose(object, "SoftCeil", list(
    step = step, sharpness = sharpness,
    straight_through = straight_through, hard = hard, name = name, ...
  ))
}

#' A layer that decides at a fixed threshold
#'
#' Put behind a trained model, with the threshold of [best_threshold()], so that
#' whoever loads the model gets the decisions that it was tuned for.
#'
#' @details
#' 1 where \eqn{p > t}, else 0; for logits 1 where \eqn{x > \log(t/(1 - t))}. The
#' gradient is 0, or with `straight_through` that of the default step,
#' \eqn{\sigma((logit(p) - logit(t))/4)}; see [steps_step()].
#'
#' @inheritParams layer_soft_argmax
#' @param threshold Between 0 and 1, also for logits: a number, or one for each
#'   class, the last axis.
#' @param from_logits Whether the inputs are logits.
#' @param straight_through Whether to give the gradient of a soft step backward.
#'
#' @returns The layer, the model, or a tensor of zeros and ones. An error for
#'   thresholds outside 0 to 1 or of another number than the classes.
#' @references Bengio et al. (2013), *Estimating or propagating gradients through
#'   stochastic neurons*, <https://arxiv.org/abs/1308.3432>.
#' @family layers
#' @export
#' @examplesIf softkeras_available()
#' layer_threshold(array(c(0.2, 0.4, 0.9), c(3, 1)), threshold = 0.3)
layer_threshold <- function(
    object, threshold, from_logits = FALSE, straight_through = FALSE,
    name = NULL, ...) {
  compose(object, "ThresholdLayer", list(
    threshold = as_py_numbers(threshold), from_logits = from_logits,
    straight_through = straight_through, name = name, ...
  ))
}
