#' Precision as a loss
#'
#' 1 - soft precision: the share of what is called positive that is not.
#' Rounding is replaced by a soft step, so that there is a gradient.
#'
#' @details
#' With \eqn{d} the step's decision on `y_pred`, \eqn{y} the label and \eqn{w}
#' the weight, \eqn{tp = \sum w y d} and
#' \eqn{fp = \sum w (1 - y) d} over the batch, the loss is
#' \deqn{1 - tp/(tp + fp)}
#' and its gradient
#' \deqn{-w (y fp - (1 - y) tp) / (tp + fp)^2 F'(p)}
#' with \eqn{F'} the density of the step; see [steps_step()]. The loss of a
#' batch is one number and does not fall apart into losses of samples; weights
#' and masks go into the counts.
#'
#' Pass an instance (`loss_soft_precision()`) to `compile()`: it sees sample
#' weights, class weights and masks, and a model that is compiled with it is
#' saved and loaded without `custom_objects`.
#'
#' @param y_true Labels from 0 to 1: a numeric or logical vector, matrix, array or
#'   data frame, or a tensor, of the shape of `y_pred`; a vector and a one-column
#'   matrix go together. Or a factor: of two levels the **second** is positive, as
#'   in [glm()]; where `y_pred` has one column for each level, or with `sparse`,
#'   levels are classes. A message states which, once a session. [as_labels()] makes the same for
#'   `fit()`.
#' @param y_pred Probabilities, or logits: a vector of n, or an array with the
#'   classes along the last axis. Doubles are computed in double precision (on JAX
#'   only with `jax_enable_x64`), a tensor in its own.
#' @param ... Must be empty; what follows is named.
#' @param average `"macro"` for the mean over classes, `"weighted"` for that
#'   mean weighted by how often each class occurs, `"micro"` for the score of all
#'   counts in one, `"samples"` for the mean over samples, `NULL` for one loss a
#'   class.
#' @param empty What a class, sample or batch does that has no positive label:
#'   `"skip"` leaves the mean (nothing left: loss and gradient are exactly 0),
#'   `"one"` counts as perfect, `"zero"` as worthless. With `step = "hard"` that
#'   goes for a score of 0/0 instead, as in scikit-learn.
#' @param step The shape of the soft threshold: `"sigmoid"`, `"softsign"`,
#'   `"ramp"`, `"hard"`, or a [steps_step()].
#' @param sharpness If given, in place of the step's own: the slope of the step
#'   at the threshold, per unit of probability; `Inf` is hard.
#' @param threshold Where a probability becomes a 1, between 0 and 1; `NULL` for
#'   the arg-max over the last axis.
#' @param from_logits Whether `y_pred` holds logits.
#' @param labels The numbers that stand for a negative and a positive label, such
#'   as `c(-1, 1)`.
#' @param sparse Whether `y_true` holds ids of classes, counted **from 0** as in
#'   keras3, of the shape of `y_pred` without its last axis.
#' @param ignore_class Labels of this number count nowhere: elements, or with
#'   `sparse` rows.
#' @param sample_weight,mask Only with `y_true` and `y_pred`: weights of 0 or
#'   more, and logicals, of the shape of the leading axes of `y_pred` or one that
#'   broadcasts to it. For training they go to `fit()`.
#' @param momentum Only without `y_true` and `y_pred`: from 0 to below 1, how much
#'   of the counts of earlier batches is kept. Above 0 the loss is that of the
#'   mean of the counts of this batch and of earlier ones, the one \eqn{i} batches
#'   ago with weight \eqn{momentum^i}, and its gradient that of the counts of this
#'   batch: for small batches in which a class is rare. Only training changes
#'   these counts; `evaluate()` shows the loss of each batch alone. Needs the
#'   TensorFlow or the torch backend, and an object for each output of each
#'   model; its methods `$reset()`, `$get_state()` and `$set_state(state)` forget
#'   and keep the counts, which are not in the configuration.
#' @param reduction,name,dtype Only without `y_true` and `y_pred`: how one loss a
#'   class (`average = NULL`) is reduced (`"sum_over_batch_size"`, `"sum"`,
#'   `"none"` or `NULL`), the name of the loss, and the dtype of its result.
#'
#' @returns Without `y_true` and `y_pred` a loss instance for `compile()`;
#'   otherwise its value: a number (with `average = NULL` one a class), or a
#'   tensor if `y_true` or `y_pred` is one.
#'
#'   An error for arguments that are not allowed, shapes that do not match,
#'   labels outside 0 to 1, negative weights, characters and missing values; its
#'   message says what came and what is allowed, and `tryCatch(softkeras_error = )`
#'   catches it. (Those that arise in `fit()` come as reticulate gives them.)
#'
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 0, 0)
#' y_pred <- c(0.9, 0.4, 0.6, 0.1)
#' loss_soft_precision(y_true, y_pred)
#' loss_soft_precision(y_true, y_pred, step = "hard") # 1 - precision itself
#'
#' # In training; with keras3: model |> compile(loss = loss_soft_precision())
#' keras <- reticulate::import("keras")
#' model <- keras$Sequential(list(
#'   keras$Input(reticulate::tuple(2L)),
#'   keras$layers$Dense(1L, activation = "sigmoid")
#' ))
#' model$compile(optimizer = "adam", loss = loss_soft_precision())
loss_soft_precision <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip", step = "sigmoid",
    sharpness = NULL, threshold = 0.5, from_logits = FALSE, labels = c(0, 1),
    sparse = FALSE, ignore_class = NULL, sample_weight = NULL, mask = NULL,
    momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_precision", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftPrecision", "soft_precision")
}

#' Recall as a loss
#'
#' 1 - soft recall: the share of the positives that is not called positive.
#' Rounding is replaced by a soft step, so that there is a gradient.
#'
#' @details
#' With \eqn{d} the step's decision on `y_pred`, \eqn{y} the label and \eqn{w}
#' the weight, \eqn{tp = \sum w y d} and
#' \eqn{fn = \sum w y (1 - d)} over the batch, the loss is
#' \deqn{1 - tp/(tp + fn)}
#' and its gradient \eqn{-w y / (tp + fn) F'(p)} with
#' \eqn{F'} the density of the step; see [steps_step()]. It is never against a
#' prediction, so recall alone is perfect where all is called positive; weigh it
#' against precision with [loss_soft_fbeta()].
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 0, 0)
#' y_pred <- c(0.9, 0.4, 0.6, 0.1)
#' loss_soft_recall(y_true, y_pred)
#' loss_soft_recall(y_true, y_pred, threshold = 0.3, step = "hard")
loss_soft_recall <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip", step = "sigmoid",
    sharpness = NULL, threshold = 0.5, from_logits = FALSE, labels = c(0, 1),
    sparse = FALSE, ignore_class = NULL, sample_weight = NULL, mask = NULL,
    momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_recall", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftRecall", "soft_recall")
}

#' F-beta as a loss
#'
#' 1 - soft F-beta, the harmonic mean of precision and recall; F1 by default.
#' Rounding is replaced by a soft step, so that there is a gradient.
#'
#' @details
#' With \eqn{d} the step's decision on `y_pred`, \eqn{y} the label and \eqn{w}
#' the weight, \eqn{tp = \sum w y d} and so on over the batch, the
#' loss is
#' \deqn{1 - (1 + \beta^2) tp / ((1 + \beta^2) tp + \beta^2 fn + fp)}
#' and its gradient, with \eqn{P = tp + fn} and \eqn{D = tp + fp},
#' \deqn{-w (1 + \beta^2) (y (\beta^2 P + D) - tp) / (\beta^2 P + D)^2 F'(p)}
#' with \eqn{F'} the density of the step; see [steps_step()]. With `beta = 1` and
#' `sharpness = 1` it is the Dice loss on the probabilities.
#'
#' @inheritParams loss_soft_precision
#' @param beta The weight of recall against precision, above 0.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0)
#' y_pred <- c(0.9, 0.4, 0.3, 0.1)
#' loss_soft_fbeta(y_true, y_pred)
#' loss_soft_fbeta(y_true, y_pred, beta = 2, step = "hard")
loss_soft_fbeta <- function(
    y_true, y_pred, ..., beta = 1, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size", name = "soft_fbeta",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftFBeta", "soft_fbeta")
}

#' Any score of counts as a loss
#'
#' 1 - a score of your own, made of the soft counts: true and false positives and
#' negatives.
#'
#' @details
#' The loss is 1 - the mean over classes of \eqn{score(tp, fp, fn, tn)}; the gradient
#' is that of the score by the chain rule, with
#' \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' A function of R is called with a list of `tp`, `fp`, `fn` and `tn`, which have
#' the arithmetic `+ - * / ^`, `sqrt()`, `exp()`, `log()` and `abs()`. It can't be
#' saved with a model: save the weights, or load with `compile = FALSE`. A name
#' can.
#'
#' @inheritParams loss_soft_precision
#' @param score A function of counts that gives 1 for the best, entry by entry; or
#'   the name of a score of Python's `softkeras.scores`, such as `"jaccard"`.
#' @param ... Arguments of the score, by name, such as `beta = 2` of `"f_beta"`.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' jaccard <- function(c) c$tp / (c$tp + c$fp + c$fn)
#' loss_score(jaccard, y_true = c(1, 1, 0, 0), y_pred = c(0.9, 0.4, 0.6, 0.1))
#' loss_score("f_beta", beta = 2)
loss_score <- function(
    score, y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size", name = "score_loss",
    dtype = NULL) {
  if (!missing(score)) {
    score <- as_py_score(score, name_given(substitute(score), "score"))
  }
  extra <- named_only(..., example = "beta = 2")
  loss_or_value("ScoreLoss", "score_loss", extra)
}

# keras3's convention: the class without data, the function with it. Called by a
# wrapper, whose arguments it takes.
loss_or_value <- function(class, value, extra = list()) {
  losses <- py_softkeras()$losses
  wrapper <- sys.function(-1)
  frame <- parent.frame()
  given <- c(
    !eval(quote(missing(y_true)), frame), !eval(quote(missing(y_pred)), frame)
  )
  if (given[1] != given[2]) {
    raise(
      "Give both `y_true` and `y_pred` for the value, or neither for a loss to ",
      "compile() with. Received: only ",
      c("`y_true`", "`y_pred`")[given], "."
    )
  }
  names <- setdiff(names(formals(wrapper)), c("y_true", "y_pred", "..."))
  for (name in names) {
    if (eval(call("missing", as.name(name)), frame) && is_required(wrapper, name)) {
      raise("`", name, "` has to be given, by name.")
    }
  }
  args <- mget(names, frame)
  # As lists, because NULL would take the argument away.
  if ("step" %in% names) args["step"] <- list(as_py_callable(args$step, "step"))
  if ("score" %in% names) args["score"] <- list(as_py_score(args$score))
  if ("ignore_class" %in% names) {
    args["ignore_class"] <- list(as_whole(args$ignore_class))
  }
  only_value <- intersect(c("sample_weight", "mask"), names)
  only_class <- intersect(c("momentum", "reduction", "name", "dtype"), names)
  if (!any(given)) {
    reject(args, only_value, wrapper, "goes to fit(), or comes with `y_true` and `y_pred`")
    options <- c(args[setdiff(names, only_value)], extra)
    return(call_python(losses[[class]], without_na(options)))
  }
  reject(args, only_class, wrapper, "goes with a loss instance, without `y_true` and `y_pred`")
  data <- mget(c("y_true", "y_pred"), frame)
  has_mask <- "mask" %in% names
  result <- call_python(losses[[value]], c(
    list(
      y_true = as_py_labels(data$y_true, data$y_pred, args$labels, args$sparse, has_mask),
      y_pred = as_py_data(data$y_pred, "y_pred", has_mask)
    ),
    lapply(stats::setNames(nm = only_value), function(n) as_py_array(args[[n]], n)),
    without_na(c(args[setdiff(names, c(only_value, only_class))], extra))
  ))
  if (any(vapply(data, is_python, NA))) result else as_r_numbers(result)
}

is_required <- function(f, name) {
  identical(formals(f)[[name]], quote(expr = )) # nolint: spaces_inside_linter.
}

# Stops for those of `names` that are not at the wrapper's default.
reject <- function(args, names, wrapper, where) {
  for (name in names) {
    if (!identical(args[[name]], formals(wrapper)[[name]])) {
      raise("`", name, "` ", where, ".")
    }
  }
}

#' The negative log-likelihood of proportions
#'
#' For targets anywhere in 0 to 1 (proportions, soft labels, grey pixels): the
#' continuous Bernoulli distribution, where binary cross-entropy would be the
#' logarithm of something that is no density.
#'
#' @details
#' With \eqn{x} the logit, \eqn{\log((e^x - 1)/x) - y x}, averaged over the last
#' axis; its gradient in \eqn{x} is [op_exp_ratio()]\eqn{(x) - y}, finite for every
#' finite x.
#'
#' @inheritParams loss_soft_precision
#' @param y_true Proportions from 0 to 1, of the shape of `y_pred`.
#' @param y_pred Logits; or with `from_logits = FALSE` the parameter between 0 and
#'   1, which is 1/(1 + exp(-logit)).
#' @param reduction,name,dtype Only without `y_true` and `y_pred`: how the losses
#'   of samples are reduced, the name of the loss, and the dtype of its result.
#'
#' @returns Without `y_true` and `y_pred` a loss instance for `compile()`;
#'   otherwise one loss a sample, or a tensor if one came. An error for labels
#'   outside 0 to 1 and shapes that do not match.
#' @references Loaiza-Ganem and Cunningham (2019), *The continuous Bernoulli:
#'   fixing a pervasive error in variational autoencoders*,
#'   <https://arxiv.org/abs/1907.06845>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' loss_continuous_bernoulli(rbind(0.2, 0.9), rbind(-1, 2))
loss_continuous_bernoulli <- function(
    y_true, y_pred, ..., from_logits = TRUE,
    reduction = "sum_over_batch_size", name = "continuous_bernoulli",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("ContinuousBernoulli", "continuous_bernoulli")
}

#' A function of R as a loss
#'
#' For a loss of your own, written in R with tensors: it goes into `compile()` and
#' into sums of losses, it may take sample weights, and a model that is trained on
#' it can be saved.
#'
#' @details
#' The loss is `fn(y_true, y_pred)`, reduced over samples if there is one for each;
#' its gradient is that of `fn`. Inside it there are `+ - * / ^`, `abs()`, `exp()`,
#' `log()`, `sqrt()` and their like, `sum()`, `mean()`, `max()` and `min()` of all
#' entries, the `op_*()` of this package and those of keras3, and indices from 1 on,
#' one for each axis: `y_pred[, 2]`. So are all tensors indexed in the code of `fn`,
#' also `(2 * y_pred)[, 2]`; but in functions that `fn` calls only `y_true` and
#' `y_pred` themselves: there what other functions return, such as keras3's
#' `op_*()`, is indexed as reticulate does, **from 0**, or as R's package tensorflow
#' does if it is loaded. A vector meets the **last** axis of a tensor, as
#' in Keras, where R would recycle it along the first. `round()`, `>` and
#' `which.max()` have no gradient; [op_soft_round()], [op_soft_step()] and
#' [op_soft_argmax()] have. `ifelse()`, `pmax()`, `%*%` and `diag()` are of R's
#' numbers alone; keras3 has `op_where()`, `op_maximum()`, `op_matmul()` and
#' `op_diagonal()`.
#'
#' A saved model keeps the source of the function, not the function: it loads, in R
#' and in Python, and predicts. To train or evaluate it, give the function to
#' `compile()` again; an error says so, with the source.
#'
#' @param fn A function of `y_true` and `y_pred`, which are tensors, that returns a
#'   number for the batch or one a sample. With an argument `sample_weight` it gets
#'   the weights, with as many axes as `y_pred` and 0 where a mask is `FALSE`, or
#'   `NULL`; then it returns a number.
#' @param ... Must be empty; what follows is named.
#' @param reduction How losses of samples are reduced: `"sum_over_batch_size"`,
#'   `"sum"`, `"mean_with_sample_weight"`, `"none"` or `NULL`.
#' @param name Name of the loss. Default: that of `fn`.
#' @param dtype Dtype of the computation. Default: Keras's floatx.
#'
#' @returns A loss instance for `compile()`. An error for what is no function of two
#'   arguments; when it is called also for a result that is no tensor of floats, and
#'   for weights if `fn` gives one number and has no argument for them.
#' @references keras3 issue 1271, on custom losses.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' # Precision as it is often written, with a round() that trains
#' precision <- function(y_true, y_pred) {
#'   called <- op_soft_round(y_pred)
#'   1 - sum(y_true * called) / (sum(called) + 1e-7)
#' }
#' loss <- loss_from_function(precision)
#' keras <- reticulate::import("keras")
#' model <- keras$Sequential(list(
#'   keras$Input(reticulate::tuple(2L)),
#'   keras$layers$Dense(1L, activation = "sigmoid")
#' ))
#' model$compile(optimizer = "adam", loss = loss)
loss_from_function <- function(
    fn, ..., reduction = "sum_over_batch_size", name = NULL, dtype = NULL) {
  label <- name_given(substitute(fn), "loss_from_function")
  check_dots(...)
  if (!is.function(fn) && !is_python(fn)) {
    raise(
      "`fn` must be a function of y_true and y_pred. Received: an object of class ",
      dQuote(class(fn)[1], FALSE), "."
    )
  }
  call_python(py_softkeras()$losses$FunctionLoss, without_na(list(
    as_py_callable(fn, label, label), reduction = reduction, name = name, dtype = dtype
  )))
}
