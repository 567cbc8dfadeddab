# Arithmetic with Python's tensors, for functions of R that are called with them:
# reticulate has none, and keras3 and tensorflow need not be there.

wrap_tensor <- function(x) structure(list(tensor = x), class = "softkeras_tensor")

unwrap_tensor <- function(x) if (inherits(x, "softkeras_tensor")) x$tensor else x

#' @export
Ops.softkeras_tensor <- function(e1, e2) {
  name <- switch(.Generic,
    "+" = "add", "-" = if (nargs() == 1) "neg" else "sub", "*" = "mul",
    "/" = "truediv", "^" = "pow",
    stop("A score of counts has no `", .Generic, "`; it is made of + - * / ^.", call. = FALSE)
  )
  operator <- reticulate::import("operator", convert = FALSE)
  values <- lapply(if (nargs() == 1) list(e1) else list(e1, e2), unwrap_tensor)
  wrap_tensor(call_python(operator[[name]], values))
}

#' @export
Math.softkeras_tensor <- function(x, ...) {
  known <- c("abs", "exp", "log", "sqrt")
  if (!.Generic %in% known) {
    stop(
      "A score of counts has no ", .Generic, "(); there are ",
      toString(paste0(known, "()")), ".",
      call. = FALSE
    )
  }
  wrap_tensor(call_python(py_keras()$ops[[.Generic]], list(unwrap_tensor(x))))
}

# A score: a name and a Python object pass, a function of R becomes a Python
# function of Counts.
as_py_score <- function(score) {
  if (!is.function(score) || is_python(score)) {
    return(score)
  }
  of_counts <- function(counts, ...) {
    given <- lapply(
      stats::setNames(nm = c("tp", "fp", "fn", "tn")),
      function(name) wrap_tensor(counts[[name]])
    )
    unwrap_tensor(score(given, ...))
  }
  reticulate::r_to_py(of_counts, convert = FALSE)
}
