# Losses of agreement in one number: one function for each of Python's.

#' The Dice coefficient as a loss
#'
#' F1: the overlap of what is positive and what is called so, of soft decisions, which
#' have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - 2 tp/(2 tp + fp + fn)}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_dice(y_true, y_pred)
#' loss_soft_dice(y_true, y_pred, step = "hard")
loss_soft_dice <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_dice", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftDice", "soft_dice")
}

#' The Jaccard index as a loss
#'
#' The intersection over union (IoU), of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - tp/(tp + fp + fn)}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_jaccard(y_true, y_pred)
#' loss_soft_jaccard(y_true, y_pred, step = "hard")
loss_soft_jaccard <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_jaccard", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftJaccard", "soft_jaccard")
}

#' The critical success index as a loss
#'
#' Of the events that came or were forecast the share that was both, of soft decisions,
#' which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - tp/(tp + fp + fn)}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_critical_success_index(y_true, y_pred)
#' loss_soft_critical_success_index(y_true, y_pred, step = "hard")
loss_soft_critical_success_index <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_critical_success_index", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCriticalSuccessIndex", "soft_critical_success_index")
}

#' The Tversky index as a loss
#'
#' Dice at 1/2 and 1/2, Jaccard at 1 and 1, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - tp/(tp + \alpha fp + \beta fn)}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @param alpha,beta Weights, 0 or more, of a false positive and a false negative.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_tversky(y_true, y_pred, alpha = 0.3, beta = 0.7)
#' loss_soft_tversky(y_true, y_pred, alpha = 0.3, beta = 0.7, step = "hard")
loss_soft_tversky <- function(
    y_true, y_pred, ..., alpha = 0.5, beta = 0.5, average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_tversky", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftTversky", "soft_tversky")
}

#' The G-mean as a loss
#'
#' The geometric mean of recall and specificity, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - \sqrt{tp/(tp + fn) \cdot tn/(tn + fp)}}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_g_mean(y_true, y_pred)
#' loss_soft_g_mean(y_true, y_pred, step = "hard")
loss_soft_g_mean <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_g_mean", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftGMean", "soft_g_mean")
}

#' The Fowlkes-Mallows index as a loss
#'
#' The geometric mean of precision and recall, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - tp/\sqrt{(tp + fp) (tp + fn)}}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_fowlkes_mallows(y_true, y_pred)
#' loss_soft_fowlkes_mallows(y_true, y_pred, step = "hard")
loss_soft_fowlkes_mallows <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_fowlkes_mallows", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftFowlkesMallows", "soft_fowlkes_mallows")
}

#' The Matthews correlation coefficient as a loss
#'
#' From -1 to 1, a guess being 0, so the loss is from 0 to 2, of soft decisions, which
#' have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - (tp \cdot tn - fp \cdot fn)/\sqrt{(tp + fp) (tp + fn) (tn + fp) (tn + fn)}}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_matthews(y_true, y_pred)
#' loss_soft_matthews(y_true, y_pred, step = "hard")
loss_soft_matthews <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_matthews", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftMatthews", "soft_matthews")
}

#' Cohen's kappa as a loss
#'
#' The agreement beyond that of chance, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - 2 (tp \cdot tn - fp \cdot fn)/((tp + fp) (tn + fp) + (tp + fn) (tn + fn))}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_cohen_kappa(y_true, y_pred)
#' loss_soft_cohen_kappa(y_true, y_pred, step = "hard")
loss_soft_cohen_kappa <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_cohen_kappa", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCohenKappa", "soft_cohen_kappa")
}
