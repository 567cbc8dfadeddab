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
  registerS3method("Math", class, tensor_functions, of_reticulate)
  registerS3method("Summary", class, tensor_summaries, of_reticulate)
  registerS3method("mean", class, tensor_mean, of_reticulate)
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
    return(call_python(operator[[if (.Generic == "-") "neg" else "invert"]], list(e1)))
  }
  call_python(operator[[OPERATORS[[.Generic]]]], list(as_operand(e1), as_operand(e2)))
}

# R's 1 is a double and stays one, of whatever dtype the tensor is; vectors and
# matrices become arrays.
as_operand <- function(x) {
  if (is_python(x) || length(x) == 1) x else as_py_array(x, "the other operand")
}

# R's names, where Keras has others.
FUNCTIONS <- c(
  abs = "abs", sign = "sign", sqrt = "sqrt", exp = "exp", expm1 = "expm1",
  log = "log", log2 = "log2", log10 = "log10", log1p = "log1p", floor = "floor",
  ceiling = "ceil", round = "round", cos = "cos", sin = "sin", tan = "tan",
  cosh = "cosh", sinh = "sinh", tanh = "tanh", acos = "arccos", asin = "arcsin",
  atan = "arctan", acosh = "arccosh", asinh = "arcsinh", atanh = "arctanh",
  cumsum = "cumsum", cumprod = "cumprod"
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
  call_python(py_keras()$ops[[FUNCTIONS[[.Generic]]]], list(x))
}

SUMMARIES <- c(
  sum = "sum", prod = "prod", max = "max", min = "min", all = "all", any = "any"
)

tensor_summaries <- function(x, ..., na.rm = FALSE) {
  if (!.Generic %in% names(SUMMARIES)) {
    stop_function(.Generic, names(SUMMARIES))
  }
  if (...length()) {
    raise(.Generic, "() of tensors takes one tensor; add up first, or use Keras's op.")
  }
  stop_unless_tensor(x, .Generic)
  call_python(py_keras()$ops[[SUMMARIES[[.Generic]]]], list(x))
}

tensor_mean <- function(x, ...) {
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
  keras <- py_keras()
  array <- inherits(x, c("numpy.ndarray", "numpy.generic", "keras.src.backend.Variable"))
  if (!array && !reticulate::py_to_r(keras$ops$is_tensor(x)) &&
    !inherits(x, "keras.src.backend.common.keras_tensor.KerasTensor")) {
    raise(
      name, "() needs a tensor. Received: a Python object of class ",
      dQuote(class(x)[1], FALSE), "."
    )
  }
}
