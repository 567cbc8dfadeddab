#' The score of the epoch
#'
#' A score of the counts of the whole epoch, as a metric: by default the very
#' number, with hard decisions, that a loss of the same score is trained on. The
#' mean of the scores of batches is another number.
#'
#' @details
#' The counts of true and false positives and negatives are summed over all
#' batches, and the score taken of the sums. `compile(weighted_metrics = )` hands
#' it the sample weights, `compile(metrics = )` does not. A metric is not trained
#' on and has no gradient; the loss of the score has. Float32 counts on
#' beyond 2^24: totals are kept as two numbers.
#'
#' @inheritParams loss_soft_precision
#' @param score Name of a score of Python's `softkeras.scores`, such as
#'   `"precision"`, or a function of counts as in [loss_score()].
#' @param ... Arguments of the score by name, such as `beta`.
#' @param average `"macro"`, `"weighted"`, `"micro"`, `"samples"` or `NULL`, as in
#'   [loss_soft_precision()].
#' @param empty What a class does whose score is 0/0: `"skip"` leaves the mean
#'   (NaN if nothing is left), `"one"` counts as perfect, `"zero"` as worthless.
#' @param labels,sparse,ignore_class As in [loss_soft_precision()].
#' @param step `"hard"` (the default) for the exact decision, or a step as in
#'   [loss_soft_precision()].
#' @param name Name of the metric. Default: the name of the score.
#' @param dtype Dtype of the result.
#'
#' @returns A metric instance for `compile()`. An error for arguments that are
#'   not allowed; its message says what came and what is allowed.
#' @references Keras issues 5794 and 4592, on the score of a batch and of an
#'   epoch.
#' @family metrics
#' @export
#' @examplesIf softkeras_available()
#' metric <- metric_epoch_score("f_beta", beta = 2)
#' invisible(metric$update_state(c(1, 0, 0), c(0.9, 0.2, 0.7)))
#' invisible(metric$update_state(c(1, 1, 0), c(0.8, 0.3, 0.1)))
#' metric$result()
metric_epoch_score <- function(
    score, ..., average = "macro", empty = "skip", step = "hard",
    sharpness = NULL, threshold = 0.5, from_logits = FALSE, labels = c(0, 1),
    sparse = FALSE, ignore_class = NULL, name = NULL, dtype = NULL) {
  score_args <- named_only(..., example = "beta = 2")
  EpochScore <- py_softkeras()$metrics$EpochScore
  call_python(EpochScore, without_na(c(
    list(
      score = as_py_score(score, name_given(substitute(score), "score")),
      average = average,
      empty = empty,
      step = as_py_callable(step, "step"),
      sharpness = sharpness,
      threshold = threshold,
      from_logits = from_logits,
      labels = labels,
      sparse = sparse,
      ignore_class = as_whole(ignore_class),
      name = name,
      dtype = dtype
    ),
    score_args
  )))
}

#' The score of the epoch's confusion matrix
#'
#' A score of the confusion matrix of the whole epoch, as a metric: by default with
#' hard decisions. The mean of the scores of batches is another number.
#'
#' @details
#' The matrix \eqn{m_{ij} = \sum w y_i d_j}, label by row and decision by column,
#' is summed over all batches, and the score taken of the sum. `compile(weighted_metrics = )`
#' hands it the sample weights, `compile(metrics = )` does not. A metric is not
#' trained on and has no gradient; [loss_confusion()] has. Float32 counts on
#' beyond 2^24: sums are kept as two numbers each.
#'
#' @inheritParams loss_confusion
#' @param empty What is shown where the score is 0/0, as a correlation where all is
#'   called one class: `"skip"` NaN, `"one"` 1, `"zero"` 0.
#' @param step `"hard"` (the default) for the exact decision, or a step as in
#'   [loss_confusion()].
#' @param name Name of the metric. Default: the name of the score.
#' @param dtype Dtype of the result.
#'
#' @returns A metric instance for `compile()`. An error for arguments that are
#'   not allowed; its message says what came and what is allowed.
#' @references Scikit-learn's `cohen_kappa_score`, `matthews_corrcoef`,
#'   `balanced_accuracy_score` and `jaccard_score`; Keras's `MeanIoU`.
#' @family metrics
#' @export
#' @examplesIf softkeras_available()
#' metric <- metric_epoch_confusion_score("mean_iou", sparse = TRUE)
#' invisible(metric$update_state(c(0, 1), rbind(c(0.8, 0.2), c(0.3, 0.7))))
#' invisible(metric$update_state(c(1, 1), rbind(c(0.6, 0.4), c(0.1, 0.9))))
#' metric$result()
metric_epoch_confusion_score <- function(
    score, ..., empty = "skip", step = "hard", sharpness = NULL,
    from_logits = FALSE, sparse = FALSE, ignore_class = NULL, name = NULL,
    dtype = NULL) {
  score_args <- named_only(..., example = "weights = \"linear\"")
  EpochConfusionScore <- py_softkeras()$metrics$EpochConfusionScore
  call_python(EpochConfusionScore, without_na(c(
    list(
      score = as_py_callable(score, "score", name_given(substitute(score), "score")),
      empty = empty,
      step = as_py_callable(step, "step"),
      sharpness = sharpness,
      from_logits = from_logits,
      sparse = sparse,
      ignore_class = as_whole(ignore_class),
      name = name,
      dtype = dtype
    ),
    score_args
  )))
}

#' NDCG, precision at k or top-k accuracy of an epoch
#'
#' The mean of a score of groups, or of rows, over the whole epoch, as a metric: by
#' default of the exact order.
#'
#' @details
#' \eqn{\sum w_i s_i / \sum w_i} over all groups since the last reset, with
#' \eqn{s_i} 1 - the loss of the group. `compile(weighted_metrics = )` hands it the
#' sample weights, `compile(metrics = )` does not. A metric is not trained on and
#' has no gradient; [loss_soft_ndcg()], [loss_soft_precision_at_k()] and
#' [loss_soft_top_k_accuracy()] have.
#'
#' @param score `"ndcg"`, `"precision_at_k"` or `"top_k_accuracy"`.
#' @param ... Arguments of the score, with their names: `k`; of NDCG also `gain` and
#'   `empty`, of top-k accuracy `sparse`.
#' @param step `"hard"` (the default) for the exact order, or a step as in the
#'   losses.
#' @param sharpness If given, in place of the step's own.
#' @param from_logits Whether `y_pred` holds logits.
#' @param name Name of the metric. Default: that of the score.
#' @param dtype Dtype of the result.
#'
#' @inherit metric_epoch_confusion_score return
#' @references Järvelin and Kekäläinen (2002), *Cumulated gain-based evaluation of
#'   IR techniques*; scikit-learn's `ndcg_score`.
#' @family metrics
#' @export
#' @examplesIf softkeras_available()
#' metric <- metric_epoch_ranking_score("precision_at_k", k = 2)
#' invisible(metric$update_state(rbind(c(1, 0, 1, 0)), rbind(c(0.9, 0.8, 0.3, 0.1))))
#' metric$result()
metric_epoch_ranking_score <- function(
    score, ..., step = "hard", sharpness = NULL, from_logits = FALSE, name = NULL,
    dtype = NULL) {
  score_args <- named_only(..., example = "k = 5")
  if (!is.null(score_args$k)) score_args$k <- as_whole(score_args$k)
  EpochRankingScore <- py_softkeras()$metrics$EpochRankingScore
  call_python(EpochRankingScore, without_na(c(
    list(
      score = score,
      step = as_py_callable(step, "step"),
      sharpness = sharpness,
      from_logits = from_logits,
      name = name,
      dtype = dtype
    ),
    score_args
  )))
}
