# Tables of objects: as.data.frame() and broom's tidy().

#' Tables of counts, confusion matrices, thresholds, histories and steps
#'
#' `as.data.frame()`, and `tidy()` of the package generics as in broom, which give
#' the same.
#'
#' @details
#' - [soft_counts()]: a row a class with `class` (if there are several), `tp`,
#'   `fp`, `fn` and `tn`; `entry` in place of `class` if they were summed over
#'   another axis.
#' - [soft_confusion_matrix()]: a row a cell with `label`, `decision` and `count`.
#' - [best_threshold()]: a row a class with `class` (if there are several),
#'   `threshold` and `score`.
#' - a history of Keras's own `fit()`: a row for each epoch (the first is 1),
#'   metric and data, with `value`: `"training"` for the loss and the metrics of the
#'   model, `"validation"`, and `"other"` for what callbacks put there, such as
#'   [callback_epoch_metric()] or a learning rate.
#' - [callback_gradient_watch()]: a row for each variable and step that was looked at,
#'   with `step`, `layer`, `variable`, `zero`, `non_finite` and `norm`.
#' - [steps_step()]: `p`, `decision` and `gradient`.
#'
#' Classes are named by the columns of `y_pred`, if these have names, else by their
#' ids, counted from 0 as everywhere in Keras.
#'
#' @param x What one of these functions returned.
#' @param row.names,optional Ignored, as R asks for them.
#' @param threshold Of a step: where a probability becomes a 1.
#' @param p Of a step: probabilities. Default: 101 from 0 to 1 with the threshold, as
#'   close together as the curve is steep and bends.
#' @param ... Arguments of `as.data.frame()`; there, must be empty.
#'
#' @returns A data frame.
#' @references Robinson (2014), *broom: an R package for converting statistical
#'   analysis objects into tidy data frames*, <https://arxiv.org/abs/1412.3565>.
#' @family methods
#' @name softkeras-tables
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' as.data.frame(soft_counts(diag(3), y_pred))
#' as.data.frame(soft_confusion_matrix(diag(3), y_pred, step = "hard"))
#' as.data.frame(steps_step("ramp"), p = c(0.2, 0.5, 0.8))
NULL

#' @rdname softkeras-tables
#' @exportS3Method as.data.frame softkeras_counts
as.data.frame.softkeras_counts <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  table <- data.frame(lapply(unclass(x)[c("tp", "fp", "fn", "tn")], as.vector))
  with_class(table, attr(x, "classes"))
}

#' @rdname softkeras-tables
#' @exportS3Method as.data.frame softkeras_confusion
as.data.frame.softkeras_confusion <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  names <- dimnames(x)
  cells <- expand.grid(names, KEEP.OUT.ATTRS = FALSE, stringsAsFactors = TRUE)
  cells$count <- as.vector(x)
  cells[order(cells[[1]]), , drop = FALSE] |> without_row_names()
}

#' @rdname softkeras-tables
#' @exportS3Method as.data.frame softkeras_threshold
as.data.frame.softkeras_threshold <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  with_class(data.frame(threshold = x$threshold, score = x$score), attr(x, "classes"))
}

#' @rdname softkeras-tables
#' @exportS3Method as.data.frame keras.src.callbacks.history.History
as.data.frame.keras.src.callbacks.history.History <- function(
    x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  values <- py_value(x, "history")
  epochs <- unlist(py_value(x, "epoch")) + 1
  if (!length(values)) {
    return(data.frame(
      epoch = integer(), metric = character(), data = character(), value = numeric()
    ))
  }
  is_validation <- startsWith(names(values), "val_")
  metric <- sub("^val_", "", names(values))
  data <- ifelse(metric %in% trained_metrics(x, names(values)), "training", "other")
  data[is_validation] <- "validation"
  # As Keras has them, but the loss first.
  order <- order(metric != "loss", match(metric, metric), is_validation)
  do.call(rbind, lapply(order, function(i) {
    value <- vapply(values[[i]], function(v) mean(unlist(v)), 0)
    # validation_freq leaves epochs out.
    at <- if (length(value) == length(epochs)) epochs else skipped(epochs, length(value))
    data.frame(epoch = as.integer(at), metric = metric[i], data = data[i], value = value)
  }))
}

#' @rdname softkeras-tables
#' @exportS3Method as.data.frame softkeras.steps.Step
as.data.frame.softkeras.steps.Step <- function(
    x, row.names = NULL, optional = FALSE, threshold = 0.5,
    p = NULL, ...) {
  check_dots(...)
  if (is.null(p)) p <- points_of_curve(x, threshold)
  as_py_data(p, "p") # is refused by name if it is no data
  step_data(x, threshold, as.numeric(p))
}

#' @rdname softkeras-tables
#' @exportS3Method as.data.frame softkeras.callbacks.GradientWatch
as.data.frame.softkeras.callbacks.GradientWatch <- function(
    x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  columns <- reticulate::py_to_r(reticulate::py_get_attr(x, "history")$to_dict())
  number <- function(column) vapply(column, function(v) if (is.null(v)) NA_real_ else v, 0)
  data.frame(
    step = as.integer(unlist(columns$step)),
    layer = as.character(unlist(columns$layer)),
    variable = as.character(unlist(columns$variable)),
    lapply(lapply(columns[c("zero", "non_finite", "norm")], as.list), number)
  )
}

#' @rdname softkeras-tables
#' @exportS3Method generics::tidy softkeras_counts
tidy.softkeras_counts <- function(x, ...) as.data.frame(x, ...)

#' @rdname softkeras-tables
#' @exportS3Method generics::tidy softkeras_confusion
tidy.softkeras_confusion <- function(x, ...) as.data.frame(x, ...)

#' @rdname softkeras-tables
#' @exportS3Method generics::tidy softkeras_threshold
tidy.softkeras_threshold <- function(x, ...) as.data.frame(x, ...)

#' @rdname softkeras-tables
#' @exportS3Method generics::tidy keras.src.callbacks.history.History
tidy.keras.src.callbacks.history.History <- function(x, ...) as.data.frame(x, ...)

#' @rdname softkeras-tables
#' @exportS3Method generics::tidy softkeras.steps.Step
tidy.softkeras.steps.Step <- function(x, ...) as.data.frame(x, ...)

#' @rdname softkeras-tables
#' @exportS3Method generics::tidy softkeras.callbacks.GradientWatch
tidy.softkeras.callbacks.GradientWatch <- function(x, ...) as.data.frame(x, ...)

# The loss and the metrics that Keras takes of training data: those of the model, and
# those that it also takes of validation data, should it have been compiled anew.
trained_metrics <- function(history, names) {
  model <- py_value(history, "model")
  of_model <- tryCatch(names(model$get_metrics_result()), error = function(e) NULL)
  c("loss", of_model, sub("^val_", "", names[startsWith(names, "val_")]))
}

# One row needs no name; rows that are no classes, as of another axis, have
# numbers.
with_class <- function(table, classes) {
  if (nrow(table) == 1) {
    table
  } else if (is.null(classes)) {
    cbind(entry = seq_len(nrow(table)), table)
  } else {
    cbind(class = classes, table)
  }
}

without_row_names <- function(table) {
  rownames(table) <- NULL
  table
}

# The epochs in which validation ran, every so many.
skipped <- function(epochs, count) {
  every <- length(epochs) %/% count
  epochs[seq_len(count) * every]
}
