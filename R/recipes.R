#' The recommended loss for training on a score
#'
#' Cross-entropy first, and then 1 - the soft score, with the step and the sharpness
#' that did best on 100 imbalanced data sets.
#'
#' @details
#' The loss is [loss_warm_up()] of cross-entropy and [loss_score()]. For networks
#' the step is the sigmoid of sharpness 0.25 on the log-odds (for
#' `"balanced_accuracy"` and `"g_mean"` the softsign of 0.25), for linear models the
#' sigmoid of sharpness 2, and the loss after the warm-up is taken 10 times.
#'
#' @param score Name of a score, such as `"f1"`, `"matthews"` or
#'   `"balanced_accuracy"`, or a function of counts as in [loss_score()].
#' @param steps How many training steps (batches) the warm-up has: 0.3 of all did
#'   best.
#' @param ... Arguments of the score, by name, such as `beta = 2`.
#' @param epochs In place of `steps`, how many epochs; may be a fraction. It needs
#'   [callback_loss_state()] in `fit()`.
#' @param linear Whether the model is linear: one dense layer and no more.
#' @param from_logits Whether the model gives logits, and not probabilities.
#' @param threshold Where a probability becomes a 1; `NULL` for classes of which one
#'   is right, by the arg-max over the last axis.
#' @param sparse Whether labels are ids of classes, counted **from 0** as in keras3;
#'   then `threshold` is `NULL`.
#'
#' @returns A loss instance for `compile()`. An error for an unknown score, and
#'   unless just one of `steps` and `epochs` is given.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' recipe_train_on("f1", steps = 300)
#' recipe_train_on("f_beta", steps = 300, beta = 2, linear = TRUE)
recipe_train_on <- function(
    score, steps = NULL, ..., epochs = NULL, linear = FALSE,
    from_logits = FALSE, threshold = 0.5, sparse = FALSE) {
  score_args <- named_only(..., example = "beta = 2")
  call_python(py_softkeras()$recipes$train_on, without_na(c(
    list(
      score = as_py_score(score), steps = as_whole(steps), epochs = epochs,
      linear = linear, from_logits = from_logits, threshold = threshold,
      sparse = sparse
    ),
    score_args
  )))
}
