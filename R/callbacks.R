#' Let losses keep a state
#'
#' Lets [loss_warm_up()] count its steps on JAX too, and tells it with every
#' backend how many batches an epoch has, if it is to last some `epochs`.
#' Otherwise it does nothing.
#'
#' @details
#' On JAX a compiled training step returns the state of the model and drops what a
#' loss has counted; this makes the variables of losses part of the model's state.
#' They are no weights and are not saved with them.
#'
#' @returns A callback for `fit()`.
#' @family callbacks
#' @export
#' @examplesIf reticulate::py_module_available("keras")
#' callback_loss_state()
callback_loss_state <- function() {
  call_python(py_softkeras()$callbacks$LossState, list())
}

#' Change the sharpness of losses during training
#'
#' Softly at first, where every prediction has a gradient, and then closer to the
#' hard decision that is judged. Nothing is compiled anew when it changes.
#'
#' @details
#' With progress from 0 in the first epoch (or batch) after the warm-up to 1 in the
#' last one, the sharpness is start + (end - start) progress (`"linear"`),
#' start + (end - start) (1 - cos(pi progress))/2 (`"cosine"`) or
#' start (end/start)^progress (`"exponential"`). Validation has the same one, and
#' the history shows it as `sharpness`. After training the losses keep the last
#' one, and a saved model has it.
#'
#' @param start Sharpness at first, above 0 and finite.
#' @param end Sharpness in the last epoch (or batch).
#' @param schedule `"linear"`, `"cosine"`, `"exponential"`, or a function of the
#'   progress, a number from 0 to 1, that gives the sharpness; then without `start`
#'   and `end`.
#' @param ... Must be empty; what follows is named.
#' @param warm_up How many epochs `start` stays before the schedule begins.
#' @param update `"epoch"` or `"batch"`.
#' @param layers In place of the losses: names of layers of the model whose
#'   sharpness is changed, such as [layer_soft_step()].
#'
#' @returns A callback for `fit()`. An error for arguments that are not allowed;
#'   when training starts also for a model without a soft step, or a sharpness below
#'   the one that an anchored step needs.
#' @references Raiko et al. (2014), *Techniques for learning binary stochastic
#'   feedforward neural networks*, <https://arxiv.org/abs/1406.2989>, for hard
#'   units that harden in training.
#' @family callbacks
#' @export
#' @examplesIf reticulate::py_module_available("keras")
#' callback_sharpness_schedule(0.25, 2, "exponential", warm_up = 2)
#' callback_sharpness_schedule(schedule = function(progress) 0.25 * 8^progress)
callback_sharpness_schedule <- function(
    start = NULL, end = NULL, schedule = "linear", ..., warm_up = 0,
    update = "epoch", layers = NULL) {
  check_dots(...)
  if (is.function(schedule) && !is_python(schedule)) {
    of_progress <- schedule
    schedule <- reticulate::r_to_py(
      function(progress) as.numeric(of_progress(progress)),
      convert = TRUE
    )
  }
  call_python(py_softkeras()$callbacks$SharpnessSchedule, without_na(list(
    start = start, end = end, schedule = schedule, warm_up = warm_up,
    update = update, layers = if (!is.null(layers)) as.list(unname(layers))
  )))
}
