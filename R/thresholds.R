#' The threshold of the highest score
#'
#' Over all cut points of the probabilities, exactly; for after the training, on
#' data that was not trained on. [layer_threshold()] fixes it into a model.
#'
#' @details
#' The threshold \eqn{t} maximises score(tp, fp, fn, tn) of the decision
#' \eqn{p > t}; with `at_least`, among the thresholds at which those scores are
#' high enough. It lies halfway between the lowest probability that is called
#' positive and the highest that is not; among thresholds of the same score it is
#' the one nearest to 1/2. Computed in double precision from running sums over the
#' sorted probabilities; it has no gradient.
#'
#' @param y_true Labels 0 and 1, or logicals: a vector, or a matrix or array with
#'   the classes along the last axis.
#' @param y_prob Probabilities from 0 to 1, of the same shape. Two classes or more
#'   have a threshold each.
#' @param score `"precision"`, `"recall"`, `"f_beta"` or another name of a score,
#'   or a function of a list of `tp`, `fp`, `fn` and `tn`, vectors with one entry
#'   a threshold.
#' @param sample_weight Weights of 0 or more, one a sample or an element.
#' @param ... Arguments of the score, such as `beta`, by name.
#' @param at_least What other scores must reach: a named list or vector, such as
#'   `c(recall = 0.9)`.
#' @param empty What a threshold does at which the score is 0/0: `"skip"` leaves
#'   the search, `"one"` counts as perfect, `"zero"` as worthless.
#'
#' @returns A list of `threshold` and `score`: two numbers, or two vectors with one
#'   entry a class. It has the class `"softkeras_threshold"`, which prints in a line
#'   a class, and [as.data.frame()][softkeras-tables]. An error where no threshold is
#'   left, for labels other than 0 and 1, and for probabilities outside 0 to 1.
#' @references Lipton, Elkan and Naryanaswamy (2014), *Optimal thresholding of
#'   classifiers to maximize F1 measure*, <https://arxiv.org/abs/1402.1892>.
#' @family thresholds
#' @export
#' @examplesIf softkeras_available()
#' y_true <- c(0, 0, 1, 1)
#' y_prob <- c(0.25, 0.5, 0.375, 0.75)
#' best_threshold(y_true, y_prob)
#' best_threshold(y_true, y_prob, "recall", at_least = c(precision = 1))
#' best_threshold(y_true, y_prob, function(c) c$tp / (c$tp + c$fp + c$fn))
best_threshold <- function(
    y_true, y_prob, score = "f_beta", sample_weight = NULL, ...,
    at_least = NULL, empty = "skip") {
  score_args <- named_only(..., example = "beta = 2")
  if (!is.null(at_least) && !is_python(at_least)) {
    named <- !is.null(names(at_least)) && all(nzchar(names(at_least)))
    if (!named || !is.numeric(unlist(at_least))) {
      raise(
        "`at_least` must be numbers with the names of scores, such as c(recall = 0.9). ",
        "Received: ", deparse1(at_least), "."
      )
    }
    at_least <- reticulate::dict(as.list(at_least))
  }
  best <- py_softkeras()$thresholds$best_threshold
  found <- call_python(best, c(
    list(
      as_py_labels(y_true, y_prob),
      as_py_array(y_prob, "y_prob"),
      as_py_vector_score(score),
      as_py_array(sample_weight, "sample_weight"),
      at_least = at_least
    ),
    without_na(c(list(empty = empty), score_args))
  ))
  found <- list(
    threshold = as.vector(reticulate::py_to_r(found$threshold)),
    score = as.vector(reticulate::py_to_r(found$score))
  )
  new_threshold(found, class_names(y_prob, length(found$threshold)), score)
}
