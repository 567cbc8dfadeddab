# Arithmetic with Python's tensors, for functions of R that are called with them:
# up to 1.40 reticulate has no operators but comparisons (of whole objects), and
# Math, Summary and mean() have only the tensors of R's package tensorflow.
# Registered when the package is loaded, where there is none.

register_arithmetic <- function() {
  class <- "python.builtin.object"
  of_reticulate <- asNamespace("reticulate")
  if (is.null(utils::getS3method("+", class, TRUE, of_reticulate))) {
    registerS3method("Ops", class, tensor_operators, of_reticulate)
  }
  others <- list(Math = tensor_functions, Summary = tensor_summaries, mean = tensor_mean)
  for (generic in names(others)) {
    if (is.null(utils::getS3method(generic, class, TRUE, of_reticulate))) {
      registerS3method(generic, class, others[[generic]], of_reticulate)
    }
  }
}

OPERATORS <- c(
  "+" = "add", "-" = "sub", "*" = "mul", "/" = "truediv", "^" = "pow",
  "%%" = "mod", "%/%" = "floordiv", "&" = "and_", "|" = "or_"
)

tensor_operators <- function(e1, e2) {
  operator <- reticulate::import("operator", convert = FALSE)
  if (nargs() == 1) {
    if (.Generic == "+") {
      return(e1)
    }
    return(like(call_python(operator[[if (.Generic == "-") "neg" else "invert"]], list(e1)), e1))
  }
  value <- call_python(operator[[OPERATORS[[.Generic]]]], list(as_operand(e1), as_operand(e2)))
  like(value, e1, e2)
}

# R's 1 is a double and stays one, of whatever dtype the tensor is; vectors and
# matrices become arrays.
as_operand <- function(x) {
  if (!is_python(x) && anyNA(x)) { # which would arrive as TRUE
    raise("A tensor can't be computed with NA.")
  }
  if (is_python(x) || length(x) == 1) x else as_py_array(x, "the other operand")
}

# R's names, where Keras has others.
FUNCTIONS <- c(
  abs = "abs", sign = "sign", sqrt = "sqrt", exp = "exp", expm1 = "expm1",
  log = "log", log2 = "log2", log10 = "log10", log1p = "log1p", floor = "floor",
  ceiling = "ceil", round = "round", cos = "cos", sin = "sin", tan = "tan",
  cosh = "cosh", sinh = "sinh", tanh = "tanh", acos = "arccos", asin = "arcsin",
  atan = "arctan", acosh = "arccosh", asinh = "arcsinh", atanh = "arctanh"
)

tensor_functions <- function(x, ...) {
  if (!.Generic %in% names(FUNCTIONS)) {
    stop_function(.Generic, names(FUNCTIONS))
  }
  stop_unless_tensor(x, .Generic)
  more <- list(...)
  if (.Generic == "log" && length(more)) {
    return(log(x) / log(more[[1]]))
  }
  if (length(more)) {
    raise(.Generic, "() of a tensor takes the tensor alone.")
  }
  like(call_python(py_keras()$ops[[FUNCTIONS[[.Generic]]]], list(x)), x)
}

SUMMARIES <- c(
  sum = "sum", prod = "prod", max = "max", min = "min", all = "all", any = "any"
)

tensor_summaries <- function(x, ..., na.rm = FALSE) {
  if (!.Generic %in% names(SUMMARIES)) {
    stop_function(.Generic, names(SUMMARIES))
  }
  if (inherits(x, "keras.src.losses.loss.Loss")) {
    raise("Losses are added by +, or by loss_weighted_sum(list(a, b)).")
  }
  if (!identical(na.rm, FALSE)) {
    raise(
      .Generic, "() of a tensor can't leave out what is missing. Received: na.rm = ",
      deparse1(na.rm), "; weigh it with 0, or op_where() of keras3 puts a number there."
    )
  }
  if (...length()) {
    raise(.Generic, "() of tensors takes one tensor; add up first, or use Keras's op.")
  }
  stop_unless_tensor(x, .Generic)
  like(call_python(py_keras()$ops[[SUMMARIES[[.Generic]]]], list(x)), x)
}

tensor_mean <- function(x, ...) {
  if (...length()) {
    raise("mean() of a tensor takes the tensor alone; of an axis keras3 has op_mean().")
  }
  stop_unless_tensor(x, "mean")
  call_python(py_keras()$ops$mean, list(x))
}

stop_function <- function(name, known) {
  raise(
    "There is no ", name, "() of a tensor that has a gradient in Keras; there are ",
    toString(paste0(known, "()")), "."
  )
}

stop_unless_tensor <- function(x, name) {
  if (!is_tensor(x) && !inherits(x, c("numpy.ndarray", "numpy.generic"))) {
    raise(
      name, "() needs a tensor. Received: a Python object of class ",
      dQuote(class(x)[1], FALSE), "."
    )
  }
}

is_tensor <- function(x) {
  of_keras <- c(
    "keras.src.backend.Variable", "keras.src.backend.common.keras_tensor.KerasTensor"
  )
  is_python(x) && (inherits(x, of_keras) || reticulate::py_to_r(py_keras()$ops$is_tensor(x)))
}

# What functions of R are called with: indexed as in R, where reticulate would
# count from 0.
as_r_tensor <- function(x) {
  if (inherits(x, "python.builtin.NoneType")) { # as weights are where there are none
    return(NULL)
  }
  if (is_python(x) && !inherits(x, "softkeras_tensor")) {
    class(x) <- c("softkeras_tensor", class(x))
  }
  x
}

# A result is indexed as what it was made of.
like <- function(value, ...) {
  if (any(vapply(list(...), inherits, NA, "softkeras_tensor"))) as_r_tensor(value) else value
}

# A function whose own code indexes all tensors as in R. The operators of newer
# versions of reticulate, and the functions of other packages, return tensors of
# their own class; an operator for two classes R has from 4.3 on.
index_from_one <- function(fn) {
  if (!is.primitive(fn)) {
    environment(fn) <- list2env(
      list(`[` = indexing(`[`), `[[` = indexing(`[[`)),
      parent = environment(fn)
    )
  }
  fn
}

# R's own `[` or `[[`, called from where it stood: what is in it may stay
# unevaluated.
indexing <- function(original) {
  force(original)
  function(x, ...) {
    call <- sys.call()
    call[[1]] <- original
    call[2] <- list(call("quote", if (is_tensor(x)) as_r_tensor(x) else x))
    eval(call, parent.frame())
  }
}

#' @export
`[.softkeras_tensor` <- function(x, ...) {
  given <- as.list(substitute(list(...)))[-1]
  axes <- count_axes(x)
  if (!identical(length(given), axes)) {
    raise(
      "A tensor is indexed by one number or vector for each of its ", axes,
      " axes, as in x[", paste(c("i", rep("", max(axes, 1) - 1)), collapse = ", "),
      "]. Received: ", length(given), "."
    )
  }
  # From the last axis on, because a single index drops its axis.
  for (axis in rev(seq_along(given))) {
    is_all <- identical(given[[axis]], quote(expr = )) # nolint: spaces_inside_linter.
    if (!is_all) {
      x <- take_at(x, eval(given[[axis]], parent.frame()), axis)
    }
  }
  as_r_tensor(x)
}

take_at <- function(x, index, axis) {
  size <- sizes_of(x)[axis]
  whole <- is.numeric(index) && length(index) && !anyNA(index) && all(index == round(index))
  if (!whole || !(all(index > 0) || (all(index < 0) && !is.na(size))) ||
    any(abs(index) > size, na.rm = TRUE)) {
    raise(
      "An index of a tensor must be whole numbers, from 1 on",
      if (!is.na(size)) paste0(" to ", size, ", or negative to leave out"),
      ". Received: ", deparse1(index), "."
    )
  }
  if (index[1] < 0) index <- seq_len(size)[index]
  index <- as.integer(index - 1)
  if (length(index) > 1) index <- reticulate::np_array(index, "int32")
  call_python(py_keras()$ops$take, list(x, index, axis = axis - 1L))
}

#' @export
`[[.softkeras_tensor` <- function(x, ...) {
  raise("A tensor is indexed by [ ], not by [[ ]].")
}

#' @export
length.softkeras_tensor <- function(x) {
  sizes <- sizes_of(x)
  if (anyNA(sizes)) {
    raise("How many rows the batch has is not known here; mean() divides by it.")
  }
  as.integer(prod(sizes))
}

# The sizes of a tensor's axes; NA where a graph does not know one.
sizes_of <- function(x) {
  shape <- reticulate::import_builtins(convert = FALSE)$list(x$shape)
  vapply(reticulate::py_to_r(shape), function(n) if (is.null(n)) NA_real_ else as.numeric(n), 0)
}
