#' The weighted sum of losses
#'
#' Several losses in one, such as a score's and cross-entropy. Arithmetic makes
#' it too: `0.5 * loss_soft_fbeta() + loss_binary_crossentropy()`.
#'
#' @details
#' The loss is \eqn{\sum weight \cdot loss}, and so is its gradient. Each loss sees
#' labels, predictions, their mask and the sample weights, and reduces by itself.
#'
#' The operators `+`, `*` and `/` work for the losses of this package, of keras3
#' (`keras3::loss_dice()`) and of Keras (`keras$losses$Dice()`), in any order.
#'
#' @param losses A list of losses: instances, names such as
#'   `"binary_crossentropy"`, or functions of `y_true` and `y_pred`, which are
#'   called with tensors. A model with a function of R can't be saved with its
#'   loss.
#' @param weights A number for each loss, 0 or more and not all 0. Default: 1 each.
#' @param ... Must be empty; what follows is named.
#' @param name,dtype The name of the loss, and the dtype of its result.
#'
#' @returns A loss instance for `compile()`. An error for what is no loss, and for
#'   weights that are negative, not finite or not as many as losses.
#' @references Taghanaki et al. (2019), *Combo loss*,
#'   <https://arxiv.org/abs/1805.02798>, for such a sum.
#' @family losses
#' @export
#' @examplesIf softkeras_available()
#' loss <- loss_weighted_sum(list(loss_soft_fbeta(), "binary_crossentropy"), c(0.5, 1))
#' keras <- reticulate::import("keras")
#' same <- 0.5 * loss_soft_fbeta() + keras$losses$BinaryCrossentropy()
loss_weighted_sum <- function(
    losses, weights = NULL, ..., name = "weighted_sum", dtype = NULL) {
  check_dots(...)
  if (is_python(losses) && inherits(losses, "keras.src.losses.loss.Loss")) {
    raise("`losses` must be a list of losses, as in list(a, b). Received: one loss.")
  }
  if (!is_python(losses)) {
    losses <- unname(lapply(as.list(losses), as_py_callable, name = "losses"))
  }
  options <- without_na(list(weights = weights, name = name, dtype = dtype))
  if (!is.null(weights)) options$weights <- as.list(unname(weights))
  call_python(py_softkeras()$losses$WeightedSum, c(list(losses = losses), options))
}

#' @export
Ops.keras.src.losses.loss.Loss <- function(e1, e2) {
  name <- switch(.Generic,
    "+" = "add", "-" = if (nargs() == 1) "neg" else "sub", "*" = "mul",
    "/" = "truediv"
  )
  if (is.null(name)) {
    return(NextMethod())
  }
  operator <- reticulate::import("operator", convert = FALSE)
  values <- lapply(if (nargs() == 1) list(e1) else list(e1, e2), with_arithmetic)
  call_python(operator[[name]], values)
}

# A loss of Keras has no operators in Python, a sum of it alone has.
with_arithmetic <- function(x) {
  if (is.numeric(x) || is.logical(x) ||
    inherits(x, "softkeras.losses.weighted_sum.Arithmetic")) {
    x
  } else {
    loss_weighted_sum(list(x))
  }
}

#' Train on one loss first, then on another
#'
#' Cross-entropy for some steps, say, and then the loss of a score, which is flat
#' where all predictions are confident mistakes.
#'
#' @details
#' In the first `steps` training steps (batches whose gradient is taken) the loss
#' is `first`, afterwards `then`; so is the gradient. `fit()` counts, `evaluate()`
#' and validation don't: these show the loss that is in force. Nothing is compiled
#' anew when the loss changes.
#'
#' With `epochs`, and on JAX also with `steps`, `fit()` needs
#' [callback_loss_state()].
#'
#' Optimisers such as Adam remember the gradients of the first loss. Where the
#' second one's are much smaller, as in a linear model, multiply it: `10 * then`.
#'
#' @inheritParams loss_weighted_sum
#' @param first The loss of the warm-up: an instance, a name such as
#'   `"binary_crossentropy"`, or a function of `y_true` and `y_pred`.
#' @param then The loss after it.
#' @param steps How many training steps (batches) the warm-up has; 0.3 of all did
#'   best.
#' @param epochs In place of `steps`: how many epochs; may be a fraction.
#'
#' @returns A loss instance for `compile()`; its `steps` is how many steps of the
#'   warm-up are left, which a saved model keeps. An error for what is no loss, and
#'   unless just one of `steps` and `epochs` is given.
#' @family losses
#' @seealso [recipe_train_on()], which makes the one that is recommended.
#' @export
#' @examplesIf softkeras_available()
#' loss <- loss_warm_up("binary_crossentropy", loss_soft_fbeta(), steps = 300)
#' loss$steps
loss_warm_up <- function(
    first, then, steps = NULL, ..., epochs = NULL, name = "warm_up",
    dtype = NULL) {
  check_dots(...)
  call_python(py_softkeras()$losses$WarmUp, without_na(list(
    first = as_py_callable(first, "first"), then = as_py_callable(then, "then"),
    steps = as_whole(steps), epochs = epochs, name = name, dtype = dtype
  )))
}
