# The soft confusion matrix and losses of it: one class of several.

#' The soft confusion matrix
#'
#' How often each class is called what, label by row and decision by column, with
#' soft decisions in the place of the largest of the predictions.
#'
#' @details
#' With \eqn{d} the softmax of \eqn{s} times the logits (the logarithms of the
#' probabilities), \eqn{s} the sharpness, and \eqn{w} the weight of a row,
#' \deqn{m_{ij} = \sum w y_i d_j}
#' for labels of one class. Of labels that are shares, what label and decision
#' agree in is right, \eqn{m_{ii} = \sum w \min(y_i, d_i)}, and the rest of the
#' label is called like the rest of the decision. The gradient of \eqn{m_{ij}} in
#' \eqn{d_j} is \eqn{w y_i}, that of \eqn{d_j} in the logit \eqn{x_k}
#' \eqn{s d_j ([j = k] - d_k)}.
#'
#' @inheritParams loss_soft_precision
#' @param y_true One-hot labels, or shares of the classes that add up to 1, of the
#'   shape of `y_pred`; or with `sparse` ids of classes.
#' @param y_pred Probabilities, or logits: an array with the classes along the
#'   last axis.
#' @param step The shape of the soft arg-max: `"sigmoid"` for the softmax,
#'   `"hard"`, or a [steps_step()] of these.
#' @param sharpness If given, in place of the step's own: the number that the
#'   softmax takes the logits times; 1 leaves probabilities what they are, `Inf` is
#'   hard.
#' @param ignore_class With `sparse`, rows of this class count nowhere.
#' @param sample_weight,mask Weights of 0 or more, and logicals, of the shape of
#'   `y_pred` without its last axis, of its leading axes, or one that broadcasts
#'   to it.
#'
#' @returns A matrix with a row (`label`) and a column (`decision`) for each class,
#'   or a tensor if `y_true` or `y_pred` is one. The classes are named as the columns
#'   of `y_pred` are, else by their ids from 0. There are [plot()][autoplot.counts]
#'   and [as.data.frame()][softkeras-tables] of it. Errors as in [loss_soft_precision()], and for
#'   labels that do not add up to 1.
#' @references Marchetti et al. (2021), *Score-oriented loss (SOL) functions*,
#'   <https://arxiv.org/abs/2103.15522>; for shares Silván-Cárdenas and Wang
#'   (2008), *Sub-pixel confusion-uncertainty matrix for assessing soft
#'   classifications*, \doi{10.1016/j.rse.2007.07.017}.
#' @family counts
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' soft_confusion_matrix(diag(3), y_pred)
#' soft_confusion_matrix(c(0, 1, 2), y_pred, sparse = TRUE, step = "hard")
soft_confusion_matrix <- function(
    y_true, y_pred, sample_weight = NULL, mask = NULL, ..., step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL) {
  check_dots(...)
  # First of all, so that a Python without keras is named as such.
  confusion <- py_softkeras()$soft_confusion_matrix
  matrix <- call_python(confusion, c(
    list(
      as_py_labels(y_true, y_pred, NULL, sparse, has_mask = TRUE),
      as_py_data(y_pred, "y_pred", has_mask = TRUE),
      as_py_array(sample_weight, "sample_weight"),
      as_py_array(mask, "mask")
    ),
    without_na(list(
      step = as_py_callable(step, "step"),
      sharpness = sharpness,
      from_logits = from_logits,
      sparse = sparse,
      ignore_class = as_whole(ignore_class)
    ))
  ))
  if (is_python(y_true) || is_python(y_pred)) {
    return(matrix)
  }
  matrix <- as_r_numbers(matrix)
  new_confusion(matrix, class_names(y_pred, ncol(matrix)))
}

#' Any score of a confusion matrix as a loss
#'
#' 1 - a score of your own, made of the soft confusion matrix of one class of
#' several.
#'
#' @details
#' The loss is \eqn{1 - score(m)}, with \eqn{m} the [soft_confusion_matrix()] of
#' the batch: for labels of one class \eqn{m_{ij} = \sum w y_i d_j}. The gradient is
#' that of the score by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#'
#' A function of R is called with the matrix as a tensor. It can't be saved with
#' a model: save the weights, or load with `compile = FALSE`. A name can.
#'
#' @inheritParams soft_confusion_matrix
#' @inheritParams loss_soft_precision
#' @param y_true One-hot labels, or shares of the classes that add up to 1, of the
#'   shape of `y_pred`; or with `sparse` ids of classes.
#' @param y_pred Probabilities, or logits: an array with the classes along the
#'   last axis.
#' @param score The name of a score of a confusion matrix of Python's
#'   `softkeras.scores`, such as `"categorical_kappa"`; or a function of the
#'   matrix, a tensor, made of Keras's operations, that gives one number, 1 for the
#'   best.
#' @param ... Arguments of the score, by name, such as `weights = "linear"` of
#'   `"categorical_kappa"`.
#' @param empty What a batch does in which the score has no meaning, because even
#'   the right decisions have none, as a correlation where all labels are of one
#'   class: `"skip"` makes loss and gradient exactly 0, `"one"` counts as perfect,
#'   `"zero"` as worthless. With `step = "hard"` that goes for a score of 0/0
#'   instead.
#' @param sample_weight,mask Only with `y_true` and `y_pred`: weights of 0 or
#'   more, and logicals, of the shape of `y_pred` without its last axis, of its
#'   leading axes, or one that broadcasts to it. For training they go to `fit()`.
#' @param reduction,name,dtype Only without `y_true` and `y_pred`: how the loss is
#'   reduced (it is one number, so there is nothing to reduce), its name, and the
#'   dtype of its result.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_confusion("categorical_kappa", diag(3), y_pred, weights = "linear")
#' ops <- reticulate::import("keras", convert = FALSE)$ops
#' accuracy <- function(m) ops$divide(ops$trace(m), ops$sum(m))
#' loss_confusion(accuracy, c(0, 1, 2), y_pred, sparse = TRUE)
loss_confusion <- function(
    score, y_true, y_pred, ..., empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "confusion_loss",
    dtype = NULL) {
  extra <- named_only(..., example = "weights = \"linear\"")
  if (!missing(score)) {
    score <- as_py_callable(score, "score", name_given(substitute(score), "score"))
  }
  loss_or_value("ConfusionLoss", "confusion_loss", extra)
}

#' Accuracy of several classes as a loss
#'
#' The share of rows whose class is not called, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - \sum m_{ii}/n}
#' with \eqn{m} the [soft_confusion_matrix()] of the batch, \eqn{t_i} the sums of
#' its rows, \eqn{c_j} those of its columns and \eqn{n} that of all. The gradient is
#' that of the matrix by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#' It is the same number as [loss_soft_recall()] with `average = "micro"` and
#' `threshold = NULL`.
#'
#' @inheritParams loss_confusion
#' @param ... Must be empty; what follows is named.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_soft_categorical_accuracy(diag(3), y_pred)
#' loss_soft_categorical_accuracy(c(0, 1, 2), y_pred, sparse = TRUE, step = "hard")
loss_soft_categorical_accuracy <- function(
    y_true, y_pred, ..., empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_categorical_accuracy",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCategoricalAccuracy", "soft_categorical_accuracy")
}

#' Balanced accuracy of several classes as a loss
#'
#' The mean over the classes that occur of the share that is not called, of soft
#' decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - mean(m_{ii}/t_i)}
#' with \eqn{m} the [soft_confusion_matrix()] of the batch, \eqn{t_i} the sums of
#' its rows, \eqn{c_j} those of its columns and \eqn{n} that of all. The gradient is
#' that of the matrix by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#' It is the same number as [loss_soft_recall()] with `average = "macro"` and
#' `threshold = NULL`.
#'
#' @inheritParams loss_confusion
#' @param ... Must be empty; what follows is named.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_soft_categorical_balanced_accuracy(diag(3), y_pred)
#' loss_soft_categorical_balanced_accuracy(c(0, 1, 2), y_pred, sparse = TRUE, step = "hard")
loss_soft_categorical_balanced_accuracy <- function(
    y_true, y_pred, ..., empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_categorical_balanced_accuracy",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCategoricalBalancedAccuracy", "soft_categorical_balanced_accuracy")
}

#' The mean intersection over union as a loss
#'
#' 1 - the mean over classes of the intersection over union, of soft decisions, which
#' have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - mean(m_{ii}/(t_i + c_i - m_{ii}))}
#' with \eqn{m} the [soft_confusion_matrix()] of the batch, \eqn{t_i} the sums of
#' its rows, \eqn{c_j} those of its columns and \eqn{n} that of all. The gradient is
#' that of the matrix by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#' The mean is over the classes that occur; of hard decisions also over those that
#' are called, as in Keras's metric `MeanIoU`. It is the same number as
#' [loss_soft_jaccard()] with `threshold = NULL`.
#'
#' @inheritParams loss_confusion
#' @param ... Must be empty; what follows is named.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_soft_mean_iou(diag(3), y_pred)
#' loss_soft_mean_iou(c(0, 1, 2), y_pred, sparse = TRUE, step = "hard")
loss_soft_mean_iou <- function(
    y_true, y_pred, ..., empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_mean_iou",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftMeanIoU", "soft_mean_iou")
}

#' The Matthews correlation of several classes as a loss
#'
#' 1 - the correlation of labels and decisions, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{1 - \frac{n \sum m_{ii} - \sum t_i c_i}{\sqrt{(n^2 - \sum t_i^2) (n^2 - \sum c_i^2)}}}
#' with \eqn{m} the [soft_confusion_matrix()] of the batch, \eqn{t_i} the sums of
#' its rows, \eqn{c_j} those of its columns and \eqn{n} that of all. The gradient is
#' that of the matrix by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#'
#' @inheritParams loss_confusion
#' @param ... Must be empty; what follows is named.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_soft_categorical_matthews(diag(3), y_pred)
#' loss_soft_categorical_matthews(c(0, 1, 2), y_pred, sparse = TRUE, step = "hard")
loss_soft_categorical_matthews <- function(
    y_true, y_pred, ..., empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_categorical_matthews",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCategoricalMatthews", "soft_categorical_matthews")
}

#' Cohen's kappa of several classes as a loss
#'
#' 1 - the agreement beyond that of chance, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{\sum v_{ij} m_{ij} / \sum v_{ij} t_i c_j/n}
#' with \eqn{m} the [soft_confusion_matrix()] of the batch, \eqn{t_i} the sums of
#' its rows, \eqn{c_j} those of its columns and \eqn{n} that of all. The gradient is
#' that of the matrix by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#' Here \eqn{v_{ij}} is 1 for a mistake and 0 else, \eqn{|i - j|} with linear and
#' \eqn{(i - j)^2} with quadratic weights.
#'
#' @inheritParams loss_confusion
#' @param ... Must be empty; what follows is named.
#' @param weights `NULL`, or for classes in order `"linear"` or `"quadratic"`: how
#'   much worse a mistake is the further it is off.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_soft_categorical_kappa(diag(3), y_pred, weights = "linear")
#' loss_soft_categorical_kappa(c(0, 1, 2), y_pred, weights = "linear", sparse = TRUE, step = "hard")
loss_soft_categorical_kappa <- function(
    y_true, y_pred, ..., weights = NULL, empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_categorical_kappa",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCategoricalKappa", "soft_categorical_kappa")
}

#' The mean cost of decisions among several classes as a loss
#'
#' From the costs of each kind of mistake, of soft decisions, which have a gradient.
#'
#' @details
#' The loss is
#' \deqn{\sum cost_{ij} m_{ij}/n}
#' with \eqn{m} the [soft_confusion_matrix()] of the batch, \eqn{t_i} the sums of
#' its rows, \eqn{c_j} those of its columns and \eqn{n} that of all. The gradient is
#' that of the matrix by the chain rule, with
#' \eqn{\partial m_{ij}/\partial x_k = w y_i s d_j ([j = k] - d_k)} in the logits
#' x.
#'
#' @inheritParams loss_confusion
#' @param ... Must be empty; what follows is named.
#' @param cost_matrix A matrix with a row for each label and a column for each
#'   decision.
#' @inherit loss_soft_precision return references
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' y_pred <- rbind(c(0.8, 0.1, 0.1), c(0.2, 0.7, 0.1), c(0.3, 0.4, 0.3))
#' loss_soft_categorical_cost(diag(3), y_pred, cost_matrix = 1 - diag(3))
#' loss_soft_categorical_cost(
#'   c(0, 1, 2), y_pred, cost_matrix = 1 - diag(3), sparse = TRUE, step = "hard"
#' )
loss_soft_categorical_cost <- function(
    y_true, y_pred, ..., cost_matrix, empty = "skip", step = "sigmoid",
    sharpness = NULL, from_logits = FALSE, sparse = FALSE,
    ignore_class = NULL, sample_weight = NULL, mask = NULL,
    reduction = "sum_over_batch_size", name = "soft_categorical_cost",
    dtype = NULL) {
  check_dots(...)
  loss_or_value("SoftCategoricalCost", "soft_categorical_cost")
}
