#' The area under the ROC curve as a loss
#'
#' 1 - AUC: the share of the pairs of a positive and a negative that are in the
#' wrong order. The comparison is replaced by a soft step, so that there is a
#' gradient.
#'
#' @details
#' With \eqn{u = w y} and \eqn{v = w (1 - y)} the weights of an element as a
#' positive and as a negative, and \eqn{x} its log-odds, the loss is
#' \deqn{\sum_{ij} u_i v_j H(x_j - x_i) / (\sum u \sum v)}
#' over the batch, with \eqn{H(d) = 1/(1 + e^{-s d})} or another step. With
#' `max_fpr` it is 1 - the standardized partial area. The gradient is in closed
#' form; memory grows with the number of elements and not with that of pairs,
#' time with elements times positives.
#'
#' @inheritParams loss_soft_precision
#' @param y_pred Probabilities, or logits: a vector of n, or an array with the
#'   labels along the last axis.
#' @param max_fpr The largest false positive rate that counts, above 0 and at
#'   most 1; `NULL` for the whole area.
#' @param average `"macro"` for the mean over labels, `"weighted"` for that mean
#'   weighted by how often each label occurs, `"micro"` for all elements in one
#'   ranking, `"samples"` for the mean over samples of the ranking of their
#'   labels, `NULL` for one loss a label.
#' @param empty What a label, sample or batch does that has no positive (for AUC:
#'   or no negative): `"skip"` leaves the mean (nothing left: loss and gradient
#'   are exactly 0), `"one"` counts as perfect, `"zero"` as worthless.
#' @param step The shape of the soft comparison: `"sigmoid"`, `"softsign"`,
#'   `"ramp"`, `"hard"`, or a [steps_step()]; on the scale "logit" it compares
#'   log-odds, on "probability" probabilities.
#' @param sharpness If given, in place of the step's own: the sigmoid is
#'   1/(1 + exp(-sharpness * difference)); `Inf` is hard.
#' @param reduction,name,dtype Only without `y_true` and `y_pred`: how one loss a
#'   label (`average = NULL`) is reduced, the name of the loss, and the dtype of
#'   its result.
#'
#' @inherit loss_soft_precision return
#' @references Yan et al. (2003), *Optimizing classifier performance via an
#'   approximation to the Wilcoxon-Mann-Whitney statistic*, ICML.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 0, 0)
#' y_pred <- c(0.9, 0.4, 0.6, 0.1)
#' loss_soft_auc(y_true, y_pred)
#' loss_soft_auc(y_true, y_pred, step = "hard") # 1 - AUC itself
loss_soft_auc <- function(
    y_true, y_pred, ..., max_fpr = NULL, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL,
    sample_weight = NULL, mask = NULL, reduction = "sum_over_batch_size",
    name = "soft_auc", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftAUC", "soft_auc")
}

#' Average precision as a loss
#'
#' 1 - average precision: the mean over positives of the precision at their own
#' threshold. The comparison is replaced by a soft step, so that there is a
#' gradient.
#'
#' @details
#' With \eqn{u = w y}, \eqn{v = w (1 - y)} and \eqn{x} the log-odds,
#' \deqn{1 - \sum_i u_i A_i / (A_i + B_i) / \sum u}
#' where \eqn{A_i = u_i/2 + \sum_j u_j H(x_j - x_i)} is the weight of positives
#' that are as high, \eqn{B_i} the same with \eqn{v}, and
#' \eqn{H(d) = 1/(1 + e^{-s d})} or another step. The gradient is in closed form;
#' memory grows with the number of elements.
#'
#' @inheritParams loss_soft_auc
#' @inherit loss_soft_precision return
#' @references Brown et al. (2020), *Smooth-AP: smoothing the path towards
#'   large-scale image retrieval*, <https://arxiv.org/abs/2007.12163>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 0, 0)
#' y_pred <- c(0.9, 0.4, 0.6, 0.1)
#' loss_soft_average_precision(y_true, y_pred)
#' loss_soft_average_precision(y_true, y_pred, step = "hard")
loss_soft_average_precision <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, labels = c(0, 1), sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_average_precision",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftAveragePrecision", "soft_average_precision")
}

#' NDCG as a loss
#'
#' 1 - the normalized discounted cumulative gain of groups of items, such as the
#' answers to a query. Ranks are replaced by soft ones, so that there is a
#' gradient.
#'
#' @details
#' With \eqn{g} the gain and \eqn{r_i = 1/2 + \sum_j H(x_j - x_i)} the soft rank
#' of an item,
#' \deqn{1 - \sum_i w_i g_i \phi_i / \log_2(1 + r_i) / ideal}
#' averaged over groups, where \eqn{\phi_i = H(x_i - \tau)}, with
#' \eqn{\sum \phi = k}, is the share of the item that is among the top `k`, and
#' \eqn{H(d) = 1/(1 + e^{-s d})} or another step.
#'
#' @inheritParams loss_soft_auc
#' @param y_true Grades of 0 or more, of the shape of `y_pred`.
#' @param y_pred Scores of the items, the higher the better: a matrix with a row
#'   for each group; probabilities, or with `from_logits` any numbers.
#' @param k How many ranks count; `NULL` for all.
#' @param gain `"linear"` for the grade, `"exponential"` for 2^grade - 1.
#' @param empty What a group without any gain does: `"skip"` leaves the mean,
#'   `"one"` counts as perfect, `"zero"` as worthless.
#' @param sample_weight,mask Only with `y_true` and `y_pred`: weights of 0 or
#'   more, and logicals; a vector for groups, a matrix for items. Items that are
#'   masked or weigh 0 are not in the ranking.
#' @param reduction,name,dtype Only without `y_true` and `y_pred`: as in Keras
#'   (the loss is one number, so there is nothing to reduce), the name of the
#'   loss, and the dtype of its result.
#'
#' @inherit loss_soft_precision return
#' @references Qin, Liu and Li (2010), *A general approximation framework for
#'   direct optimization of information retrieval measures*,
#'   \doi{10.1007/s10791-009-9124-x}.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' grades <- rbind(c(10, 0, 5), c(0, 1, 0))
#' scores <- rbind(c(0.1, 0.9, 0.4), c(0.2, 0.8, 0.5))
#' loss_soft_ndcg(grades, scores)
#' loss_soft_ndcg(grades, scores, k = 2, step = "hard")
loss_soft_ndcg <- function(
    y_true, y_pred, ..., k = NULL, gain = "linear", empty = "skip",
    step = "sigmoid", sharpness = NULL, from_logits = FALSE,
    sample_weight = NULL, mask = NULL, reduction = "sum_over_batch_size",
    name = "soft_ndcg", dtype = NULL) {
  check_dots(...)
  k <- as_number_of(k)
  loss_or_value("SoftNDCG", "soft_ndcg")
}

#' Precision at k as a loss
#'
#' 1 - precision at k: the share of what is relevant among the `k` highest items
#' of each group. Which they are is replaced by a soft choice, so that there is a
#' gradient.
#'
#' @details
#' \deqn{1 - \sum_j w_j y_j \phi_j / \sum_j w_j \phi_j}
#' averaged over groups, where \eqn{\phi_j = H(x_j - \tau)}, with
#' \eqn{\sum \phi = k}, is the share of the item that is among the top `k`, and
#' \eqn{H(d) = 1/(1 + e^{-s d})} or another step. Hard, items that are tied at the
#' edge are in by the same share.
#'
#' @inheritParams loss_soft_ndcg
#' @param y_true Relevance from 0 to 1, of the shape of `y_pred`.
#' @param k How many items are in the top, 1 or more; all of a group that has no more.
#'
#' @inherit loss_soft_precision return
#' @references Blondel, Martins and Niculae (2020), *Learning with Fenchel-Young
#'   losses*, <https://arxiv.org/abs/1901.02324>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' relevant <- rbind(c(1, 0, 1, 0))
#' scores <- rbind(c(0.9, 0.8, 0.3, 0.1))
#' loss_soft_precision_at_k(relevant, scores, k = 2)
#' loss_soft_precision_at_k(relevant, scores, k = 2, step = "hard")
loss_soft_precision_at_k <- function(
    y_true, y_pred, ..., k, step = "sigmoid", sharpness = NULL,
    from_logits = FALSE, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_precision_at_k",
    dtype = NULL) {
  check_dots(...)
  k <- as_number_of(k)
  loss_or_value("SoftPrecisionAtK", "soft_precision_at_k")
}

#' Top-k accuracy as a loss
#'
#' 1 - top-k accuracy: how often the right class is not among the `k` highest.
#' Which they are is replaced by a soft choice, so that there is a gradient.
#'
#' @details
#' \deqn{1 - \sum w \phi_y / \sum w}
#' where \eqn{\phi_j = H(x_j - \tau)}, with \eqn{\sum \phi = k} over the classes
#' of a sample, is the share of class j that is among the top `k`; x are the
#' logits or the logarithms of probabilities, and \eqn{H(d) = 1/(1 + e^{-s d})} or
#' another step.
#'
#' @inheritParams loss_soft_ndcg
#' @param y_true One-hot labels of the shape of `y_pred`; or with `sparse` ids of
#'   classes, counted from 0 as in keras3.
#' @param y_pred Probabilities, or logits: an array with the classes along the
#'   last axis.
#' @param k How many classes are in the top, 1 or more; with all of them in it the
#'   loss is 0.
#' @param sparse Whether `y_true` holds ids of classes.
#' @param sample_weight,mask Only with `y_true` and `y_pred`: weights of 0 or
#'   more, and logicals, of the shape of `y_pred` without its last axis.
#'
#' @inherit loss_soft_precision return
#' @references Berrada, Zisserman and Kumar (2018), *Smooth loss functions for
#'   deep top-k classification*, <https://arxiv.org/abs/1802.07595>.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.1, 0.5, 0.4), c(0.2, 0.5, 0.3))
#' loss_soft_top_k_accuracy(c(2, 0), y_pred, k = 2, sparse = TRUE)
#' loss_soft_top_k_accuracy(diag(3)[c(3, 1), ], y_pred, k = 2, step = "hard")
loss_soft_top_k_accuracy <- function(
    y_true, y_pred, ..., k = 5, sparse = FALSE, step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_top_k_accuracy",
    dtype = NULL) {
  check_dots(...)
  k <- as_number_of(k)
  loss_or_value("SoftTopKAccuracy", "soft_top_k_accuracy")
}

# A number of things: a whole number as an integer, anything else as it is, for
# Python to refuse.
as_number_of <- function(k) {
  is_whole <- is.numeric(k) && length(k) == 1 && !is.na(k) && k == round(k)
  if (is_whole) as.integer(k) else k
}
