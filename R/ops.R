# Ops: pure functions. Numbers of R give numbers of R; tensors, and what a
# functional model is built of, stay Python objects.

# Calls an op of Python with `data`, which are numbers or tensors, and options.
# Numbers that come back have the names of `like`, by default of the first data.
call_op <- function(op, data, options = list(), like = data[[1]]) {
  op <- py_softkeras()$ops[[op]]
  if (is.null(data[[1]])) {
    stop_data(names(data)[1], "NULL", "it has to be given")
  }
  given <- lapply(stats::setNames(nm = names(data)), function(name) {
    # Python would make float32 of integers, which does not hold them all; labels
    # arrive as they are.
    integers <- if (name == "y_true") "int32" else "float64"
    as_py_array(data[[name]], name, "mask" %in% names(data), integers)
  })
  if (is.data.frame(like)) like <- as.matrix(like)
  if ("step" %in% names(options)) {
    options["step"] <- list(as_py_callable(options$step, "step"))
  }
  result <- call_python(op, c(given, without_na(options)))
  if (any(vapply(data, is_python, NA))) result else named_like(as_r_numbers(result), like)
}

#' Soft steps: 0 or 1, or -1 or 1, with a gradient
#'
#' `op_soft_step()` is a soft \eqn{x > t}, `op_soft_sign()` a soft sign.
#'
#' @details
#' With \eqn{G} the shape of the step (see [steps_step()]) and \eqn{s} its
#' sharpness, the soft step is \eqn{G(s (x - t))} with the gradient
#' \eqn{s G'(s (x - t))} in \eqn{x} and its negative in \eqn{t}; the soft sign is
#' \eqn{2 G(s x) - 1} with the gradient \eqn{2 s G'(s x)}. Both are finite for
#' every finite x.
#'
#' @param x Numbers of any shape, which are computed in double precision (on JAX
#'   only with `jax_enable_x64`), or a tensor, in its own.
#' @param threshold \eqn{t}, in units of `x`: a number, or a tensor that
#'   broadcasts.
#' @param step The shape: a name, a [steps_step()], or a function of tensors as
#'   [steps_step()] takes it.
#' @param sharpness The slope at the threshold per unit of `x`; by default that of
#'   the step.
#' @param straight_through Whether to give exactly the hard step forward and the
#'   soft one's gradient backward.
#' @param hard Whether to give the exact, non-differentiable function.
#'
#' @returns Numbers of the shape of `x`, with its names, or a tensor if one came.
#'   An error for an unknown step or a sharpness that is not above 0.
#' @references Bengio et al. (2013), <https://arxiv.org/abs/1308.3432>.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' op_soft_step(c(-1, 0, 1))
#' op_soft_sign(c(-1, 0, 1), hard = TRUE)
op_soft_step <- function(
    x, threshold = 0, step = "sigmoid", sharpness = NULL,
    straight_through = FALSE, hard = FALSE) {
  call_op("soft_step", list(x = x, threshold = threshold), list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  ))
}

#' @rdname op_soft_step
#' @export
op_soft_sign <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  call_op("soft_sign", list(x = x), list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  ))
}

#' Soft rounding to integers, with a gradient
#'
#' `op_soft_round()`, `op_soft_floor()` and `op_soft_ceil()` are continuous, rise
#' throughout, and come as close to the hard functions as `sharpness` says.
#'
#' @details
#' With \eqn{k} the integer below \eqn{x} and \eqn{F} the step that is exactly 0,
#' 1/2, 1 at 0, 1/2, 1, the soft round is \eqn{k + F(x - k)} with the gradient
#' \eqn{F'(x - k)}; floor and ceil are the same staircase with its jumps at the
#' integers. Moving x by an integer moves the result by it.
#'
#' @inheritParams op_soft_step
#' @param step The shape: a name, or an anchored [steps_step()] on the scale
#'   `"probability"`.
#' @param sharpness The slope in the middle of a jump, 1 or more; 8 by default,
#'   and 1 is the straight line.
#' @param hard Whether to give the exact function; round takes halves to the even
#'   neighbour.
#'
#' @returns Numbers of the shape of `x`, with its names, or a tensor if one came.
#'   An error for an unknown step, one that is not anchored, or a sharpness below
#'   1.
#' @references Agustsson and Theis (2020), *Universally quantized neural
#'   compression*, <https://arxiv.org/abs/2006.09952>.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' op_soft_round(c(-1, 0.4, 0.5, 2.9))
#' op_soft_floor(c(0.4, 2.9), hard = TRUE)
op_soft_round <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  call_op("soft_round", list(x = x), list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  ))
}

#' @rdname op_soft_round
#' @export
op_soft_floor <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  call_op("soft_floor", list(x = x), list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  ))
}

#' @rdname op_soft_round
#' @export
op_soft_ceil <- function(
    x, step = "sigmoid", sharpness = NULL, straight_through = FALSE,
    hard = FALSE) {
  call_op("soft_ceil", list(x = x), list(
    step = step, sharpness = sharpness, straight_through = straight_through,
    hard = hard
  ))
}

#' A staircase with any thresholds and levels, with a gradient
#'
#' Each threshold is a soft step from one level to the next: a quantiser, or a
#' piece-wise constant activation that trains.
#'
#' @details
#' Between the edges around it (halfway to its neighbours unless given), the step
#' at a threshold goes from level l to level m as \eqn{l + (m - l) F(x)}, with
#' \eqn{F} exactly 0, 1/2, 1 at the edge below, the threshold, and the edge above.
#' The gradient is \eqn{(m - l) F'(x)} in x; thresholds, levels and edges get
#' theirs too. An x is looked up, so that the cost does not grow with the number
#' of steps.
#'
#' @inheritParams op_soft_step
#' @param thresholds Increasing numbers, in units of `x`.
#' @param levels One number more: below the first threshold, between them, above
#'   the last.
#' @param sharpness The slope at a threshold where the cell has width 1 and the
#'   step height 1; 8 by default, and 1 is a line from level to level.
#' @param edges Increasing numbers, one more than thresholds, or `NULL`. Beyond
#'   the outer ones the staircase is level.
#'
#' @returns Numbers of the shape of `x`, with its names, or a tensor if one came.
#'   An error for numbers that do not increase, or too many or too few of them.
#' @references Agustsson and Theis (2020), <https://arxiv.org/abs/2006.09952>.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' op_soft_staircase(c(-9, 0.25, 0.5, 1, 9), c(0, 1), c(-1, 0, 4), step = "ramp")
op_soft_staircase <- function(
    x, thresholds, levels, step = "sigmoid", sharpness = NULL,
    straight_through = FALSE, hard = FALSE, edges = NULL) {
  call_op(
    "soft_staircase",
    list(x = x, thresholds = as_row(thresholds), levels = as_row(levels), edges = as_row(edges)),
    list(
      step = step, sharpness = sharpness, straight_through = straight_through,
      hard = hard
    )
  )
}

# One number is a vector of length one, which reticulate makes a scalar of.
as_row <- function(x) if (is.numeric(x) && is.null(dim(x))) array(x) else x

#' Soft arg-max: the index of the highest value, with a gradient
#'
#' `op_soft_argmax()` gives the expected index (or, over several axes, the
#' expected coordinates), `op_soft_one_hot()` the share of each entry.
#'
#' @details
#' The shares are \eqn{p = softmax(s (x - max\,x))}{p = softmax(s (x - max x))}
#' along `axis`, \eqn{s} the sharpness; the expected index is
#' \eqn{y = \sum_i i\, p_i}{y = sum i p_i} with the gradient \eqn{s p_i (i - y)};
#' that of the shares is \eqn{dp_j/dx_i = s p_i (\delta_{ij} - p_j)}{dp_j/dx_i = s
#' p_i ([i = j] - p_j)}.
#' Entries that tie share alike; `hard` and `straight_through` give the first.
#' Finite for every finite x and sharpness. Where all entries are masked there is
#' no choice: shares are 0, and the index is `first_index`.
#'
#' @param x Numbers with an axis or more (a vector has one), which are computed in
#'   double precision (on JAX only with `jax_enable_x64`), or a tensor, in its own.
#' @param axis The axis or axes, counted **from 1**, or negative from the end.
#' @param sharpness Above 0, per unit of `x`; `Inf` is the hard arg-max.
#' @param straight_through Whether to give exactly the arg-max forward and the
#'   soft one's gradient backward.
#' @param mask Logicals of the shape of `x`, or that broadcast to it; `FALSE`: that
#'   entry can't be chosen.
#' @param hard Whether to give exactly the arg-max, which has no gradient.
#' @param first_index What the first entry counts as: **1** here, 0 in Python.
#'
#' @returns `op_soft_argmax()`: the shape of `x` without `axis`, and for several
#'   axes one more at the end, of their number. `op_soft_one_hot()`: the shape of
#'   `x`, with its names. Numbers, or a tensor if one came. An error for an axis that is not
#'   there, is named twice or is empty, and for a sharpness that is not above 0.
#' @references Luvizon et al. (2017), <https://arxiv.org/abs/1710.02322>; over two
#'   axes Nibali et al. (2018), <https://arxiv.org/abs/1801.07372>.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' scores <- rbind(c(1, 3, 2, 3), c(0, 0, 9, 0))
#' op_soft_argmax(scores, sharpness = 50)
#' op_soft_argmax(scores, hard = TRUE)
#' op_soft_one_hot(scores, sharpness = 50)
op_soft_argmax <- function(
    x, axis = -1L, sharpness = 1, straight_through = FALSE, mask = NULL,
    hard = FALSE, first_index = 1L) {
  call_op("soft_argmax", list(x = as_row(x), mask = mask), list(
    axis = axis_of_choice(axis, x), sharpness = sharpness,
    straight_through = straight_through, hard = hard,
    first_index = as_whole(first_index)
  ), like = NULL)
}

#' @rdname op_soft_argmax
#' @export
op_soft_one_hot <- function(
    x, axis = -1L, sharpness = 1, straight_through = FALSE, mask = NULL,
    hard = FALSE) {
  call_op("soft_one_hot", list(x = as_row(x), mask = mask), list(
    axis = axis_of_choice(axis, x), sharpness = sharpness,
    straight_through = straight_through, hard = hard
  ), like = x)
}

axis_of_choice <- function(axis, x) {
  given <- as_py_axis_or_axes(axis, x)
  if (!is_python(x)) {
    size <- size_of(x)
    if (any(size[ifelse(axis < 0, axis + length(size) + 1, axis)] == 0)) {
      stop_axis(axis, "must not be empty: there is no highest entry among none")
    }
  }
  given
}

#' The hard threshold, with a gradient that is right
#'
#' Small values, which are mostly noise, become 0; the others stay as they are.
#'
#' @details
#' \eqn{f(x) = x} where \eqn{|x| > \lambda}{|x| > lambda}, else 0. The gradient in
#' x is 1 there and 0 elsewhere, never NaN; in the threshold it is 0. With a surrogate
#' \eqn{S} the value is the same and the gradient is that of
#' \eqn{x S(|x| - \lambda)}{x S(|x| - lambda)}, so that a threshold can be trained.
#'
#' @inheritParams op_soft_step
#' @param threshold \eqn{\lambda}{lambda}, 0 or more: a number, or an array or
#'   tensor that broadcasts with `x`, such as one for each channel.
#' @param surrogate `NULL`, or a soft step: a name, a [steps_step()], or a function
#'   of tensors as [steps_step()] takes it.
#'
#' @returns Numbers of the shape of `x`, with its names, or a tensor if one came.
#'   An error for a negative threshold or an unknown or hard surrogate.
#' @references Donoho and Johnstone (1994), *Ideal spatial adaptation by wavelet
#'   shrinkage*, \doi{10.1093/biomet/81.3.425}.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' op_hard_threshold(c(-6, -5, 1, 5, 14), 5)
op_hard_threshold <- function(x, threshold, surrogate = NULL) {
  call_op(
    "hard_threshold", list(x = x, threshold = threshold),
    list(surrogate = as_py_callable(surrogate, "surrogate"))
  )
}

#' 1/(1 - exp(-x)) - 1/x without NaN, and its antiderivative
#'
#' `op_exp_ratio()` is \eqn{1/(1 - e^{-x}) - 1/x}, 1/2 at 0, the mean of the
#' continuous Bernoulli distribution with the logit x, which
#' `op_continuous_bernoulli_mean()` names. `op_exp_ratio_sum()` is the sum over
#' shifts, \eqn{\sum_k f(x + a_k)}{sum f(x + a_k)}, and `op_log_exprel()` is
#' \eqn{\log((e^x - 1)/x)}, whose derivative it is.
#'
#' @details
#' The gradient of the ratio is \eqn{1/x^2 - e^{-x}/(1 - e^{-x})^2}, 1/12 at 0; of
#' the sum, the sum of the gradients; of `op_log_exprel()`, the ratio. A few units
#' in the last place for every x, with no NaN or infinity in the value or in the
#' first and second derivative.
#'
#' @inheritParams op_soft_step
#' @param logits Like `x`.
#' @param shifts The numbers \eqn{a_k}, in units of `x`: one or more.
#'
#' @returns Numbers of the shape of `x`, with its names, or a tensor if one came.
#'   An error for what does not hold numbers, and for no shifts or infinite ones.
#' @references Loaiza-Ganem and Cunningham (2019), *The continuous Bernoulli*,
#'   <https://arxiv.org/abs/1907.06845>.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' op_exp_ratio(c(-1000, 0, 1000))
#' op_log_exprel(c(-1, 0, 1))
op_exp_ratio <- function(x) {
  call_op("exp_ratio", list(x = x))
}

#' @rdname op_exp_ratio
#' @export
op_exp_ratio_sum <- function(x, shifts = c(0, 50)) {
  call_op("exp_ratio_sum", list(x = x), list(shifts = as.list(unname(shifts))))
}

#' @rdname op_exp_ratio
#' @export
op_log_exprel <- function(x) {
  call_op("log_exprel", list(x = x))
}

#' @rdname op_exp_ratio
#' @export
op_continuous_bernoulli_mean <- function(logits) {
  call_op("continuous_bernoulli_mean", list(logits = logits))
}

#' Put a gradient in place
#'
#' `op_straight_through()` has the values of one tensor and the gradient of
#' another; `op_replace_gradient()` does so with functions. `op_safe_where()`
#' evaluates each branch only where it is chosen, so that neither can leak NaN
#' into a gradient. `op_clip_gradient()` is the identity with its gradient cut to
#' \[-limit, limit\].
#'
#' @details
#' - `op_straight_through()`: \eqn{f = hard}; what comes from above goes to `soft`
#'   as it is, and nothing to `hard`: \eqn{df/d\theta = d soft/d\theta}{df/dtheta =
#'   dsoft/dtheta}.
#' - `op_replace_gradient()`: \eqn{f(x, \ldots) = fn(x, \ldots)}, and
#'   \eqn{df/dx = d surrogate/dx} in each argument.
#' - `op_safe_where()`: \eqn{f(x) = if\_true(x)}{f(x) = if_true(x)} where the
#'   condition holds, else \eqn{if\_false(x)}{if_false(x)}; the gradient is that of
#'   the chosen branch. An ordinary `where` multiplies the derivative of the other
#'   by 0, which is NaN if that is infinite.
#' - `op_clip_gradient()`: \eqn{f(x) = x}; of \eqn{g}, which comes from above,
#'   \eqn{min(max(g, -limit), limit)} goes on, and a NaN stays one.
#'
#' Functions given here are called with tensors, not with numbers of R, for which
#' builtins such as `sqrt()` and operators such as `*` are made. They are made of
#' Keras's operations: with `keras <- reticulate::import("keras", convert = FALSE)`
#' one such is `keras$ops$sqrt`, and another
#' `function(v) keras$ops$multiply(v, keras$ops$exp(v))`; with keras3 it is
#' `function(v) op_multiply(v, op_exp(v))`.
#'
#' @inheritParams op_soft_step
#' @param hard Numbers or logicals, or a tensor: the values.
#' @param soft Numbers or a tensor of the same shape: the gradient.
#' @param fn,surrogate Functions of one or more tensors that return one, of the
#'   same shape: the values of the first, the derivative of the second.
#' @param condition Logicals of the shape of `x`, or that broadcast to it.
#' @param if_true,if_false Elementwise functions of one tensor.
#' @param safe_true,safe_false A number each, where the branch has a finite value
#'   and finite derivatives; it takes the place of `x` where the branch is not
#'   chosen.
#' @param limit Above 0, in units of the loss per unit of `x`.
#'
#' @returns Numbers of the shape of `x` or `soft`, with its names, or a tensor if
#'   one came; `op_replace_gradient()` gives a function of tensors. An error for
#'   shapes that differ, what is not a function of tensors, or a limit that is not
#'   above 0.
#' @references Bengio et al. (2013), <https://arxiv.org/abs/1308.3432>; Pascanu et
#'   al. (2013), <https://arxiv.org/abs/1211.5063>.
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' op_straight_through(c(0, 1), c(0.2, 0.7))
#' keras <- reticulate::import("keras", convert = FALSE)
#' x <- c(-1, 0, 4)
#' op_safe_where(x > 0, keras$ops$sqrt, keras$ops$zeros_like, x, 1, 0)
#' clipped <- function(v) keras$ops$clip(v, -1, 1)
#' sign <- op_replace_gradient(keras$ops$sign, clipped)
#' sign(keras$ops$convert_to_tensor(c(-2, 0.5)))
#' op_clip_gradient(x, limit = 1)
op_straight_through <- function(hard, soft) {
  call_op("straight_through", list(soft = soft, hard = hard))
}

#' @rdname op_straight_through
#' @export
op_replace_gradient <- function(fn, surrogate) {
  replace <- py_softkeras()$ops$replace_gradient
  replaced <- call_python(replace, list(
    as_py_callable(fn, "fn"), as_py_callable(surrogate, "surrogate")
  ))
  function(...) call_python(replaced$`__call__`, list(...))
}

#' @rdname op_straight_through
#' @export
op_safe_where <- function(
    condition, if_true, if_false, x, safe_true, safe_false) {
  py_softkeras()
  call_op(
    "safe_where",
    list(x = x, condition = condition, safe_true = safe_true, safe_false = safe_false),
    list(
      if_true = as_py_callable(if_true, "if_true"),
      if_false = as_py_callable(if_false, "if_false")
    )
  )
}

#' @rdname op_straight_through
#' @export
op_clip_gradient <- function(x, limit) {
  call_op("clip_gradient", list(x = x), list(limit = limit))
}

#' Train on a metric that is a black box
#'
#' The mean of a metric over random decisions, with the score-function (REINFORCE)
#' estimate of its gradient. The metric may be any R function: it is only called.
#'
#' @details
#' With K decisions \eqn{d_k} drawn from the probabilities and
#' \eqn{m_k = metric(y, d_k)}, the value is the mean of the \eqn{m_k} (its negative
#' with `maximize`), and the gradient
#' \eqn{\sum_k (m_k - \bar m) \nabla \log P(d_k) / (K - 1)}{sum (m_k - mean m) grad
#' log P(d_k) / (K - 1)}: unbiased, each sample compared with the others.
#'
#' @param metric A function of `y_true` and the decisions (of the decisions alone
#'   without `y_true`) that returns one finite number. Decisions are 0 or 1; with
#'   `categorical` they are classes counted **from 0**, as in sparse labels.
#' @param probabilities Of a 1, for each element, of any shape; or with
#'   `categorical` of the classes along the last axis.
#' @param y_true What the metric compares with: numbers of any shape, or `NULL`.
#' @param ... Must be empty; what follows is named.
#' @param samples How many decisions to draw, 2 or more with a baseline.
#' @param seed A whole number, a `keras.random.SeedGenerator`, or `NULL`. A number
#'   draws alike in every call.
#' @param categorical Whether to draw one class of several.
#' @param from_logits Whether `probabilities` holds logits.
#' @param baseline Whether to take away the mean of the other samples.
#' @param maximize Whether a larger metric is better.
#'
#' @returns A number, or a tensor if one came. An error for a metric that does not
#'   return one finite number, too few samples, or probabilities outside 0 to 1.
#' @references Williams (1992), \doi{10.1007/BF00992696}; Kool et al. (2019), *Buy
#'   4 REINFORCE samples, get a baseline for free!*
#' @family ops
#' @export
#' @examplesIf softkeras_available()
#' errors <- function(y_true, decisions) sum(y_true != decisions)
#' op_score_function_loss(errors, c(1, 0, 0), c(1, 0, 1), seed = 1L)
op_score_function_loss <- function(
    metric, probabilities, y_true = NULL, ..., samples = 16L, seed = NULL,
    categorical = FALSE, from_logits = FALSE, baseline = TRUE,
    maximize = FALSE) {
  check_dots(...)
  py_softkeras()
  call_op(
    "score_function_loss", list(probabilities = probabilities, y_true = y_true),
    list(
      metric = as_py_metric(metric),
      samples = as_whole(samples), seed = as_whole(seed),
      categorical = categorical, from_logits = from_logits,
      baseline = baseline, maximize = maximize
    ),
    like = NULL
  )
}
