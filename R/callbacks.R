#' Let losses keep a state
#'
#' Lets [loss_warm_up()] count its steps on JAX too, and tells it with every
#' backend how many batches an epoch has, if it is to last some `epochs`.
#' Otherwise it does nothing.
#'
#' @details
#' On JAX a compiled training step returns the state of the model and drops what a
#' loss has counted; this makes the variables of losses part of the model's state.
#' They are no weights and are not saved with them.
#'
#' @returns A callback for `fit()`.
#' @family callbacks
#' @export
#' @examplesIf softkeras_available()
#' callback_loss_state()
callback_loss_state <- function() {
  call_python(py_softkeras()$callbacks$LossState, list())
}

#' Change the sharpness of losses during training
#'
#' Softly at first, where every prediction has a gradient, and then closer to the
#' hard decision that is judged. Nothing is compiled anew when it changes.
#'
#' @details
#' With progress from 0 in the first epoch (or batch) after the warm-up to 1 in the
#' last one, the sharpness is start + (end - start) progress (`"linear"`),
#' start + (end - start) (1 - cos(pi progress))/2 (`"cosine"`) or
#' start (end/start)^progress (`"exponential"`). Validation has the same one, and
#' the history shows it as `sharpness`. After training the losses keep the last
#' one, and a saved model has it.
#'
#' @param start Sharpness at first, above 0 and finite.
#' @param end Sharpness in the last epoch (or batch).
#' @param schedule `"linear"`, `"cosine"`, `"exponential"`, or a function of the
#'   progress, a number from 0 to 1, that gives the sharpness; then without `start`
#'   and `end`.
#' @param ... Must be empty; what follows is named.
#' @param warm_up How many epochs `start` stays before the schedule begins.
#' @param update `"epoch"` or `"batch"`.
#' @param layers In place of the losses: names of layers of the model whose
#'   sharpness is changed, such as [layer_soft_step()].
#'
#' @returns A callback for `fit()`. An error for arguments that are not allowed;
#'   when training starts also for a model without a soft step, or a sharpness below
#'   the one that an anchored step needs.
#' @references Raiko et al. (2014), *Techniques for learning binary stochastic
#'   feedforward neural networks*, <https://arxiv.org/abs/1406.2989>, for hard
#'   units that harden in training.
#' @family callbacks
#' @export
#' @examplesIf softkeras_available()
#' callback_sharpness_schedule(0.25, 2, "exponential", warm_up = 2)
#' callback_sharpness_schedule(schedule = function(progress) 0.25 * 8^progress)
callback_sharpness_schedule <- function(
    start = NULL, end = NULL, schedule = "linear", ..., warm_up = 0,
    update = "epoch", layers = NULL) {
  check_dots(...)
  if (is.function(schedule) && !is_python(schedule)) {
    of_progress <- schedule
    schedule <- reticulate::r_to_py(
      function(progress) as.numeric(of_progress(progress)),
      convert = TRUE
    )
  }
  call_python(py_softkeras()$callbacks$SharpnessSchedule, without_na(list(
    start = start, end = end, schedule = schedule, warm_up = warm_up,
    update = update, layers = if (!is.null(layers)) as.list(unname(layers))
  )))
}

#' Show a metric of your own each epoch
#'
#' For a metric that is a function of R, such as one of pROC or yardstick, and needs
#' all labels and predictions as numbers of R. The history has it under its name, and
#' so have callbacks that come after it, such as early stopping.
#'
#' @details
#' The metric is `fn(y, predict(model, x))`, once an epoch. It has no gradient; the
#' losses have one.
#'
#' @param fn A function of labels and predictions that returns a number. It gets `y`
#'   as it was given, a factor too, and the predictions as numbers: of a model with one
#'   output a vector, else a matrix or an array. With `sample_weight` it gets that by
#'   name.
#' @param x Inputs, as for `predict()`: data that was not trained on.
#' @param y Their labels.
#' @param sample_weight Weights, which `fn` gets as they are.
#' @param ... Must be empty; what follows is named.
#' @param name Name in the history. Default: that of `fn`; with `"val_"` in front it
#'   stands with the metrics of validation.
#' @param batch_size How many rows are predicted at once.
#'
#' @returns A callback for `fit()`. An error for what is no function; when an epoch
#'   ends also for a result that is no number, and for a name that is there already.
#' @references Keras's
#'   [guide](https://keras.io/guides/writing_your_own_callbacks/) to callbacks.
#' @family callbacks
#' @export
#' @examplesIf softkeras_available()
#' # The share of pairs in the right order
#' auc <- function(y, p) mean(outer(p[y == "yes"], p[y == "no"], ">"))
#' x <- matrix(c(-2, -1, 1, 2))
#' y <- factor(c("no", "no", "yes", "yes"))
#' callback <- callback_epoch_metric(auc, x, y)
#' keras <- reticulate::import("keras")
#' model <- keras$Sequential(list(keras$layers$Dense(1L, activation = "sigmoid")))
#' model$compile("sgd", loss = loss_soft_fbeta())
#' history <- model$fit(x, as_labels(y), verbose = 0L, callbacks = list(callback))
#' history$history$auc
callback_epoch_metric <- function(
    fn, x, y, sample_weight = NULL, ..., name = NULL, batch_size = NULL) {
  label <- name_given(substitute(fn), "epoch_metric")
  check_dots(...)
  takes <- if (is.function(fn) && !is_python(fn)) names(formals(args(fn)))
  if (!is.function(fn) || (!is_python(fn) && length(takes) < 2 && !"..." %in% takes)) {
    what <- if (is.function(fn)) deparse1(args(fn)) else paste("an object of class", class(fn)[1])
    raise("`fn` must be a function of labels and predictions. Received: ", what, ".")
  }
  check_rows(x, y, "y")
  check_rows(x, sample_weight, "sample_weight")
  if (!is_python(fn)) {
    fn <- metric_of_r(fn, y, sample_weight)
    if (is.null(name)) name <- label
    # R keeps them: a factor would not come back from Python.
    y <- sample_weight <- NULL
  }
  call_python(py_softkeras()$callbacks$EpochMetric, without_na(list(
    fn, if (is.list(x) && !is.data.frame(x)) lapply(x, as_py_array, "x") else as_py_array(x, "x"),
    y,
    sample_weight = sample_weight, name = name, batch_size = as_whole(batch_size)
  )))
}

#' Watch the gradients during training
#'
#' For each layer and variable the share of zeros and of NaN or infinite values in its
#' gradient, and the norm, every so many steps; and a stop at the first gradient that is
#' not finite, with the batch that did it saved.
#'
#' @details
#' `as.data.frame()`, or `tidy()`, of the callback gives what it has seen, with the columns
#' `step`, `layer`, `variable`, `zero` = |{i: g_i = 0}|/n, `non_finite` =
#' |{i: g_i is NaN or infinite}|/n and `norm` = sqrt(sum(g^2)) of the gradient g that the
#' optimizer is given, in the first step and after each `every` more. They are `NA` for a
#' variable without a gradient.
#'
#' In each step it is looked whether all gradients are finite. A step in which one is not
#' isn't made, nor any after it: training stops with a warning that names the step, the
#' layer and the variable, and the model is left as it was before that step. With a scaled
#' loss, as for float16, an infinite gradient is a fault only when the scale is down at 1.
#' [load_batch()] reads the file. It does not work under `tf.distribute`.
#'
#' @param every How many steps lie between two looks at the shares and norms.
#' @param stop Whether to stop at a gradient that is not finite. If not, nothing is looked
#'   at between two looks, and no batch is kept.
#' @param path Where the batch that did it is saved; a file of that name is replaced.
#'   `NULL`: nowhere.
#'
#' @returns A callback for `fit()`.
#' @references Glorot and Bengio (2010), *Understanding the difficulty of training deep
#'   feedforward neural networks*, <https://proceedings.mlr.press/v9/glorot10a.html>.
#' @family callbacks
#' @export
#' @examplesIf softkeras_available()
#' watch <- callback_gradient_watch(every = 2, path = NULL)
#' keras <- reticulate::import("keras")
#' model <- keras$Sequential(list(keras$layers$Dense(1L, name = "dense")))
#' model$compile("sgd", loss = "mse")
#' x <- matrix(c(1, 0, 2, 0), 4, 2)
#' y <- array(rowSums(x))
#' history <- model$fit(x, y, batch_size = 1L, verbose = 0L, callbacks = list(watch))
#' as.data.frame(watch)
callback_gradient_watch <- function(every = 100, stop = TRUE, path = "bad_batch.npz") {
  call_python(
    py_softkeras()$callbacks$GradientWatch,
    list(every = as_whole(every), stop = stop, path = if (!is.null(path)) path.expand(path))
  )
}

#' Read the batch that a watch has saved
#'
#' The batch that made a gradient NaN or infinite, which [callback_gradient_watch()] saves.
#'
#' @param path The file.
#'
#' @returns A list with `x`, `y` and `sample_weight` (arrays, nested as they were in
#'   `fit()`), `step` and `epoch` (from 1), `layer`, `variable`, and `weights`: the arrays
#'   of the model before that step, of its trainable and then its other variables. An error
#'   for a file of something else.
#' @references [callback_gradient_watch()], which writes it.
#' @family callbacks
#' @export
#' @examplesIf softkeras_available()
#' try(load_batch("no_such_file.npz"))
load_batch <- function(path) {
  batch <- call_python(py_softkeras()$callbacks$load_batch, list(path.expand(path)))
  parts <- c("x", "y", "sample_weight", "step", "epoch", "layer", "variable", "weights")
  structure(lapply(parts, function(part) py_value(batch, part)), names = parts)
}

# R would recycle the shorter one.
check_rows <- function(x, y, name) {
  rows <- function(x) if (length(dim(x))) dim(x)[1] else length(x)
  if (is_python(x) || is_python(y) || is.null(y) || (is.list(x) && !is.data.frame(x))) {
    return()
  }
  if (rows(x) != rows(y)) {
    raise(
      "`x` and `", name, "` must have as many rows. Received: ", rows(x), " and ", rows(y), "."
    )
  }
}

metric_of_r <- function(fn, y, sample_weight) {
  force(fn)
  force(y)
  more <- if (!is.null(sample_weight)) list(sample_weight = sample_weight)
  reticulate::r_to_py(function(unused, predicted) {
    if (length(dim(predicted)) == 2 && ncol(predicted) == 1) predicted <- predicted[, 1]
    value <- tryCatch(do.call(fn, c(list(y, predicted), more)), error = function(e) {
      raise("`fn` failed: ", conditionMessage(e))
    })
    # An NA of another type would be a number in Python.
    if (is.numeric(value) || is.logical(value)) as.numeric(value) else list()
  }, convert = TRUE)
}
