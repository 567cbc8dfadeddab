#' Which of Keras's ops have a gradient
#'
#' A loss trains only through functions that have a usable gradient. This runs the
#' functions of `keras.ops` on the backend in use and says which have one, and where
#' it, or the value, is not finite.
#'
#' @details
#' Nothing is looked up: each op is run on numbers where it is smooth, and its gradient
#' for each float input is compared with finite differences; then at special values,
#' such as 0, -0, 1e30, equal entries or no entries. On TensorFlow all of them take
#' seconds; JAX compiles each op, and takes about a minute.
#'
#' The gradient is that of a weighted sum of each result.
#'
#' @param ops Names in `keras.ops`, without `op_`, such as `"round"`; by default all
#'   of them.
#' @param mode `"eager"`; on TensorFlow also `"graph"` and `"xla"`, on JAX `"jit"`: as
#'   the op is run. The default is `"eager"`, on JAX `"jit"`.
#'
#' @returns A data frame with a row for each op and the columns
#' - `op` and `group`, what it is for;
#' - `gradient`: `"yes"`; `"zero"` for one that is there and always 0; `"none"` if the
#'   backend has none; `"part"` if inputs, results or options differ; `"no floats"` for
#'   an op of integers, constants or shapes; `"fails"` if it raises; `"wrong"` if it
#'   differs from finite differences; `"not probed"`;
#' - `not_finite_at`: where the value, or the gradient although the value is finite, is
#'   NaN or infinite, or where the op raises;
#' - `with_respect_to`: the inputs that have the gradient; if there is none, those that
#'   were tried;
#' - `replacement`: an op of softkeras for what this one lacks, or `""`;
#' - `note`: what differs, and why.
#'
#' An error for a name that is no op, with those like it.
#' @references <https://github.com/keras-team/keras/issues/10321>
#' @family diagnostics
#' @export
#' @examplesIf softkeras_available()
#' differentiable(c("round", "sqrt"))
differentiable <- function(ops = NULL, mode = NULL) {
  check_op_names(ops)
  table <- call_python(
    py_softkeras()$doctor$differentiable,
    without_na(list(ops = if (!is.null(ops)) as.list(ops), mode = mode))
  )
  as_r_texts(table$to_dict())
}

check_op_names <- function(ops) {
  if (!is.null(ops) && (!is.character(ops) || !length(ops) || anyNA(ops))) {
    raise(
      "`ops` must be names of ops, such as \"round\". Received: ", deparse1(ops), "."
    )
  }
}
