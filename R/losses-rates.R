# Losses of rates of binary decisions: one function for each of Python's.

#' Specificity as a loss
#'
#' The share of the negatives that is called negative, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - tn/(tn + fp)}
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
#' loss_soft_specificity(y_true, y_pred)
#' loss_soft_specificity(y_true, y_pred, step = "hard")
loss_soft_specificity <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_specificity", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftSpecificity", "soft_specificity")
}

#' The negative predictive value as a loss
#'
#' The share of what is called negative that is negative, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - tn/(tn + fn)}
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
#' loss_soft_negative_predictive_value(y_true, y_pred)
#' loss_soft_negative_predictive_value(y_true, y_pred, step = "hard")
loss_soft_negative_predictive_value <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_negative_predictive_value", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftNegativePredictiveValue", "soft_negative_predictive_value")
}

#' Accuracy as a loss
#'
#' Of each class against the others, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - (tp + tn)/(tp + fp + fn + tn)}
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
#' loss_soft_accuracy(y_true, y_pred)
#' loss_soft_accuracy(y_true, y_pred, step = "hard")
loss_soft_accuracy <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_accuracy", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftAccuracy", "soft_accuracy")
}

#' The Hamming loss as a loss
#'
#' The share of labels that are wrong, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{(fp + fn)/(tp + fp + fn + tn)}
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
#' loss_soft_hamming(y_true, y_pred)
#' loss_soft_hamming(y_true, y_pred, step = "hard")
loss_soft_hamming <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_hamming", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftHamming", "soft_hamming")
}

#' Balanced accuracy as a loss
#'
#' The mean of recall and specificity, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - \frac{1}{2} (tp/(tp + fn) + tn/(tn + fp))}
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
#' loss_soft_balanced_accuracy(y_true, y_pred)
#' loss_soft_balanced_accuracy(y_true, y_pred, step = "hard")
loss_soft_balanced_accuracy <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_balanced_accuracy", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftBalancedAccuracy", "soft_balanced_accuracy")
}

#' Informedness, Youden's J as a loss
#'
#' Recall and specificity less 1, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{2 - tp/(tp + fn) - tn/(tn + fp)}
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
#' loss_soft_informedness(y_true, y_pred)
#' loss_soft_informedness(y_true, y_pred, step = "hard")
loss_soft_informedness <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_informedness", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftInformedness", "soft_informedness")
}

#' Markedness as a loss
#'
#' Precision and negative predictive value less 1, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{2 - tp/(tp + fp) - tn/(tn + fn)}
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
#' loss_soft_markedness(y_true, y_pred)
#' loss_soft_markedness(y_true, y_pred, step = "hard")
loss_soft_markedness <- function(
    y_true, y_pred, ..., average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_markedness", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftMarkedness", "soft_markedness")
}

#' The mean cost of a decision as a loss
#'
#' From the costs of each kind of decision, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{\sum cost \cdot count/(tp + fp + fn + tn)}
#' with \eqn{tp = \sum w \min(y, d)}, which is \eqn{\sum w y d} for labels 0 and
#' 1, \eqn{fp = \sum w d - tp}, \eqn{fn = \sum w y - tp} and \eqn{tn} the rest of
#' \eqn{\sum w}; \eqn{d} is the step's decision on `y_pred`. The gradient is that of
#' the counts by the chain rule, with \eqn{\partial tp/\partial p = w y F'(p)} and
#' \eqn{\partial fp/\partial p = w (1 - y) F'(p)}, \eqn{F'} the density of the step.
#'
#' @inheritParams loss_soft_precision
#' @param cost_matrix A matrix of 2 by 2: row the label (negative, positive), column
#'   the decision. By default an error costs 1.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(1, 1, 1, 0, 0, 0)
#' y_pred <- c(0.9, 0.8, 0.3, 0.6, 0.2, 0.1)
#' loss_soft_expected_cost(y_true, y_pred, cost_matrix = rbind(c(0, 1), c(5, 0)))
#' loss_soft_expected_cost(y_true, y_pred, cost_matrix = rbind(c(0, 1), c(5, 0)), step = "hard")
loss_soft_expected_cost <- function(
    y_true, y_pred, ..., cost_matrix = rbind(c(0, 1), c(1, 0)), average = "macro", empty = "skip",
    step = "sigmoid", sharpness = NULL, threshold = 0.5, from_logits = FALSE,
    labels = c(0, 1), sparse = FALSE, ignore_class = NULL, sample_weight = NULL,
    mask = NULL, momentum = 0, reduction = "sum_over_batch_size",
    name = "soft_expected_cost", dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftExpectedCost", "soft_expected_cost")
}
