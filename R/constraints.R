# Losses of a rate at a constraint on another.

#' Precision at a given recall as a loss
#'
#' 1 - soft precision, at the threshold at which the soft recall of the batch is as
#' high as asked for. The threshold is found anew in every batch.
#'
#' @details
#' With \eqn{F} the step on the log-odds \eqn{x}, the threshold \eqn{\tau} solves
#' \eqn{\sum w y F(x - \tau) = r \sum w y}, \eqn{r} the recall, and the loss is
#' \eqn{1 - tp/(tp + fp)} there; its gradient is that through \eqn{\tau} too, by
#' the implicit function theorem.
#'
#' Adding a number to all log-odds changes nothing; after training,
#' [best_threshold()] with `at_least` finds the threshold to decide by. With
#' `step = "hard"` the loss is 1 - the highest precision of all thresholds at which
#' the recall is reached, exactly: Keras's metric `PrecisionAtRecall`.
#'
#' @inheritParams loss_soft_precision
#' @param recall The recall to be reached, between 0 and 1.
#' @param average `"macro"` for the mean over classes, each at a threshold of its
#'   own, `"weighted"` for that mean weighted by how often each class occurs,
#'   `"micro"` for one threshold of all, `"samples"` for the mean over samples,
#'   `NULL` for one loss a class.
#' @param step The shape of the soft threshold: `"sigmoid"`, `"softsign"` or
#'   another name (with the sharpness 1), `"hard"`, or a [steps_step()] on the
#'   scale `"logit"`.
#' @inherit loss_soft_precision return
#' @references Kumar, Narasimhan and Cotter (2021), *Implicit rate-constrained
#'   optimization of non-decomposable objectives*,
#'   <https://arxiv.org/abs/2107.10960>; Eban et al. (2017), *Scalable learning of
#'   non-decomposable objectives*, <https://arxiv.org/abs/1608.04802>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(0, 0, 1, 1)
#' y_pred <- c(0.1, 0.6, 0.4, 0.9)
#' loss_soft_precision_at_recall(y_true, y_pred, recall = 0.8)
#' loss_soft_precision_at_recall(y_true, y_pred, recall = 0.8, step = "hard")
loss_soft_precision_at_recall <- function(
    y_true, y_pred, ..., recall, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL,
    sample_weight = NULL, mask = NULL, reduction = "sum_over_batch_size",
    name = "soft_precision_at_recall", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftPrecisionAtRecall", "soft_precision_at_recall")
}

#' Recall at a given precision as a loss
#'
#' 1 - soft recall, at the threshold at which the soft precision of the batch is as
#' high as asked for. The threshold is found anew in every batch.
#'
#' @details
#' With \eqn{F} the step on the log-odds \eqn{x}, the threshold \eqn{\tau} is the
#' smallest at which \eqn{tp/(tp + fp)} is the precision, and the loss is
#' \eqn{1 - tp/\sum w y} there; its gradient is that through \eqn{\tau} too, by the
#' implicit function theorem. Where the precision is not reached at a recall of 0.1
#' or more, it is \eqn{1 - 0.1 P/precision}, \eqn{P} the precision at that recall.
#'
#' Adding a number to all log-odds changes nothing; after training,
#' [best_threshold()] with `at_least` finds the threshold to decide by. With
#' `step = "hard"` the loss is 1 - the highest recall of all thresholds at which
#' the precision is reached, exactly: Keras's metric `RecallAtPrecision`.
#'
#' @inheritParams loss_soft_precision
#' @param precision The precision to be reached, between 0 and 1.
#' @param average `"macro"` for the mean over classes, each at a threshold of its
#'   own, `"weighted"` for that mean weighted by how often each class occurs,
#'   `"micro"` for one threshold of all, `"samples"` for the mean over samples,
#'   `NULL` for one loss a class.
#' @param step The shape of the soft threshold: `"sigmoid"`, `"softsign"` or
#'   another name (with the sharpness 1), `"hard"`, or a [steps_step()] on the
#'   scale `"logit"`.
#' @inherit loss_soft_precision return
#' @references Kumar, Narasimhan and Cotter (2021), *Implicit rate-constrained
#'   optimization of non-decomposable objectives*,
#'   <https://arxiv.org/abs/2107.10960>; Eban et al. (2017), *Scalable learning of
#'   non-decomposable objectives*, <https://arxiv.org/abs/1608.04802>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(0, 0, 1, 1)
#' y_pred <- c(0.1, 0.6, 0.4, 0.9)
#' loss_soft_recall_at_precision(y_true, y_pred, precision = 0.8)
#' loss_soft_recall_at_precision(y_true, y_pred, precision = 0.8, step = "hard")
loss_soft_recall_at_precision <- function(
    y_true, y_pred, ..., precision, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL,
    sample_weight = NULL, mask = NULL, reduction = "sum_over_batch_size",
    name = "soft_recall_at_precision", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftRecallAtPrecision", "soft_recall_at_precision")
}

#' Sensitivity at a given specificity as a loss
#'
#' 1 - soft sensitivity, at the threshold at which the soft specificity of the batch is as
#' high as asked for. The threshold is found anew in every batch.
#'
#' @details
#' With \eqn{F} the step on the log-odds \eqn{x}, the threshold \eqn{\tau} solves
#' \eqn{\sum w (1 - y) F(x - \tau) = (1 - q) \sum w (1 - y)}, \eqn{q} the
#' specificity, and the loss is \eqn{1 - tp/\sum w y} there; its gradient is that
#' through \eqn{\tau} too, by the implicit function theorem.
#'
#' Adding a number to all log-odds changes nothing; after training,
#' [best_threshold()] with `at_least` finds the threshold to decide by. With
#' `step = "hard"` the loss is 1 - the highest sensitivity of all thresholds at which
#' the specificity is reached, exactly: Keras's metric `SensitivityAtSpecificity`.
#'
#' @inheritParams loss_soft_precision
#' @param specificity The specificity to be reached, between 0 and 1.
#' @param average `"macro"` for the mean over classes, each at a threshold of its
#'   own, `"weighted"` for that mean weighted by how often each class occurs,
#'   `"micro"` for one threshold of all, `"samples"` for the mean over samples,
#'   `NULL` for one loss a class.
#' @param step The shape of the soft threshold: `"sigmoid"`, `"softsign"` or
#'   another name (with the sharpness 1), `"hard"`, or a [steps_step()] on the
#'   scale `"logit"`.
#' @inherit loss_soft_precision return
#' @references Kumar, Narasimhan and Cotter (2021), *Implicit rate-constrained
#'   optimization of non-decomposable objectives*,
#'   <https://arxiv.org/abs/2107.10960>; Eban et al. (2017), *Scalable learning of
#'   non-decomposable objectives*, <https://arxiv.org/abs/1608.04802>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(0, 0, 1, 1)
#' y_pred <- c(0.1, 0.6, 0.4, 0.9)
#' loss_soft_sensitivity_at_specificity(y_true, y_pred, specificity = 0.8)
#' loss_soft_sensitivity_at_specificity(y_true, y_pred, specificity = 0.8, step = "hard")
loss_soft_sensitivity_at_specificity <- function(
    y_true, y_pred, ..., specificity, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL,
    sample_weight = NULL, mask = NULL, reduction = "sum_over_batch_size",
    name = "soft_sensitivity_at_specificity", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftSensitivityAtSpecificity", "soft_sensitivity_at_specificity")
}

#' Specificity at a given sensitivity as a loss
#'
#' 1 - soft specificity, at the threshold at which the soft sensitivity of the batch is as
#' high as asked for. The threshold is found anew in every batch.
#'
#' @details
#' With \eqn{F} the step on the log-odds \eqn{x}, the threshold \eqn{\tau} solves
#' \eqn{\sum w y F(x - \tau) = r \sum w y}, \eqn{r} the sensitivity, and the loss
#' is \eqn{fp/\sum w (1 - y)} there; its gradient is that through \eqn{\tau} too,
#' by the implicit function theorem.
#'
#' Adding a number to all log-odds changes nothing; after training,
#' [best_threshold()] with `at_least` finds the threshold to decide by. With
#' `step = "hard"` the loss is 1 - the highest specificity of all thresholds at which
#' the sensitivity is reached, exactly: Keras's metric `SpecificityAtSensitivity`.
#'
#' @inheritParams loss_soft_precision
#' @param sensitivity The sensitivity to be reached, between 0 and 1.
#' @param average `"macro"` for the mean over classes, each at a threshold of its
#'   own, `"weighted"` for that mean weighted by how often each class occurs,
#'   `"micro"` for one threshold of all, `"samples"` for the mean over samples,
#'   `NULL` for one loss a class.
#' @param step The shape of the soft threshold: `"sigmoid"`, `"softsign"` or
#'   another name (with the sharpness 1), `"hard"`, or a [steps_step()] on the
#'   scale `"logit"`.
#' @inherit loss_soft_precision return
#' @references Kumar, Narasimhan and Cotter (2021), *Implicit rate-constrained
#'   optimization of non-decomposable objectives*,
#'   <https://arxiv.org/abs/2107.10960>; Eban et al. (2017), *Scalable learning of
#'   non-decomposable objectives*, <https://arxiv.org/abs/1608.04802>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(0, 0, 1, 1)
#' y_pred <- c(0.1, 0.6, 0.4, 0.9)
#' loss_soft_specificity_at_sensitivity(y_true, y_pred, sensitivity = 0.8)
#' loss_soft_specificity_at_sensitivity(y_true, y_pred, sensitivity = 0.8, step = "hard")
loss_soft_specificity_at_sensitivity <- function(
    y_true, y_pred, ..., sensitivity, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL,
    sample_weight = NULL, mask = NULL, reduction = "sum_over_batch_size",
    name = "soft_specificity_at_sensitivity", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftSpecificityAtSensitivity", "soft_specificity_at_sensitivity")
}
