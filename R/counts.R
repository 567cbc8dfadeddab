#' Soft true and false positives and negatives
#'
#' The counts that precision, recall and their family are made of, with a soft
#' decision in the place of a rounded prediction.
#'
#' @details
#' With \eqn{d} the step's decision on `y_pred`, \eqn{y} the label and \eqn{w}
#' the weight,
#' \deqn{tp = \sum w y d, \; fp = \sum w (1 - y) d, \; fn = \sum w y (1 - d), \;
#' tn = \sum w (1 - y) (1 - d)}
#' summed over `axis`. The gradient of `tp` is \eqn{w y F'(p)}, that of `fp`
#' \eqn{w (1 - y) F'(p)}, with \eqn{F'} the density of the step (see
#' [steps_step()]); those of `fn` and `tn` are their negatives.
#'
#' @inheritParams loss_soft_precision
#' @param sample_weight,mask Weights of 0 or more, and logicals, of the shape of
#'   the leading axes of `y_pred` or one that broadcasts to it.
#' @param axis The axis or axes to sum over, the first being 1; negative ones
#'   count from the end. Default: all but the last (all, if there is only one),
#'   so one entry a class.
#'
#' @returns A list of `tp`, `fp`, `fn` and `tn`: numbers or vectors, or tensors
#'   if `y_true` or `y_pred` is one. With numbers it has the class
#'   `"softkeras_counts"`: it prints as a table with a row for each class,
#'   `summary()` adds precision, recall and F1, and there are
#'   [plot()][autoplot.counts] and [as.data.frame()][softkeras-tables]. Errors as in
#'   [loss_soft_precision()].
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>.
#' @family counts
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 0, 0)
#' y_pred <- c(0.9, 0.4, 0.6, 0.1)
#' soft_counts(y_true, y_pred)
#' summary(soft_counts(y_true, y_pred, step = "hard"))
soft_counts <- function(
    y_true, y_pred, sample_weight = NULL, mask = NULL, ..., step = "sigmoid",
    sharpness = NULL, threshold = 0.5, from_logits = FALSE, labels = c(0, 1),
    sparse = FALSE, ignore_class = NULL, axis = NULL) {
  check_dots(...)
  # First of all, so that a Python without keras is named as such.
  count <- py_softkeras()$soft_counts
  options <- without_na(list(
    step = as_py_callable(step, "step"), sharpness = sharpness, threshold = threshold,
    from_logits = from_logits,
    labels = labels,
    sparse = sparse,
    ignore_class = as_whole(ignore_class)
  ))
  counts <- call_python(count, c(
    list(
      as_py_labels(y_true, y_pred, labels, sparse, has_mask = TRUE),
      as_py_data(y_pred, "y_pred", has_mask = TRUE),
      as_py_array(sample_weight, "sample_weight"),
      as_py_array(mask, "mask"),
      axis = if (!is.null(axis)) as_py_axis(axis, y_pred, "y_pred")
    ),
    options
  ))
  counts <- list(tp = counts$tp, fp = counts$fp, fn = counts$fn, tn = counts$tn)
  if (is_python(y_true) || is_python(y_pred)) {
    return(counts)
  }
  counts <- lapply(counts, as_r_numbers)
  new_counts(counts, if (is.null(axis)) class_names(y_pred, length(counts$tp)))
}
