# What goes to Python and what comes back, all in one place.

# Data that has to be there.
as_py_data <- function(x, name) {
  if (is.null(x)) {
    stop_data(name, "NULL", "it has to be given")
  }
  as_py_array(x, name)
}

# Data: a vector, matrix or array becomes a NumPy array (doubles float32 unless
# told, integers int32, logicals bool); Python objects pass.
as_py_array <- function(x, name, double = "float32") {
  if (is.null(x) || is_python(x)) { # NULL is Python's None
    return(x)
  }
  if (is.data.frame(x)) {
    stop_data(name, "a data frame", "as.matrix() makes a matrix of it")
  }
  if (is.factor(x)) {
    last <- utils::tail(levels(x), 1)
    stop_data(
      name, paste("a factor with levels", toString(dQuote(levels(x), FALSE))),
      sprintf("as.integer(%s == \"%s\") makes 0 and 1 of it", name, last)
    )
  }
  if (!is.numeric(x) && !is.logical(x)) {
    stop_data(
      name, paste("an object of class", dQuote(class(x)[1], FALSE)),
      "make numbers of it, 1 for the positive class"
    )
  }
  if (anyNA(x)) {
    count <- sum(is.na(x))
    stop_data(
      name, sprintf(ngettext(count, "%d missing value", "%d missing values"), count),
      "leave those rows out, or put any number there and give a mask"
    )
  }
  dtype <- switch(typeof(x), logical = "bool", integer = "int32", double)
  reticulate::np_array(x, dtype = dtype)
}

stop_data <- function(name, what, advice) {
  stop(
    "`", name, "` must be a numeric or logical vector, matrix or array, or a tensor. ",
    "Received: ", what, "; ", advice, ".",
    call. = FALSE
  )
}

# Axes from 1 on, or negative from the end, to Python's from 0 on.
from_zero <- function(axis) {
  if (!is.numeric(axis) || anyNA(axis) || any(axis != round(axis)) || any(axis == 0)) {
    stop(
      "`axis` must be whole numbers, from 1 on or negative from the end. Received: ",
      toString(axis), ".",
      call. = FALSE
    )
  }
  as.integer(ifelse(axis > 0, axis - 1, axis))
}

as_py_axis <- function(axis) {
  if (!is.null(axis)) do.call(reticulate::tuple, as.list(from_zero(axis)))
}

# One axis to a number, several to a tuple: what they give has another shape.
as_py_axis_or_axes <- function(axis) {
  if (length(axis) == 1) from_zero(axis) else as_py_axis(axis)
}

# A vector of options: one number, or a list also of one.
as_py_numbers <- function(x) if (is.numeric(x) && length(x) != 1) as.list(x) else x

as_whole <- function(x) if (is.numeric(x)) as.integer(x) else x

# A step or a score: a name and a Python object pass, a function becomes a
# Python function that is called with tensors.
as_py_callable <- function(x) {
  if (is.function(x) && !is_python(x)) reticulate::r_to_py(x, convert = FALSE) else x
}

# Options: NA would arrive in Python as TRUE.
without_na <- function(options) {
  for (name in names(options)) {
    value <- options[[name]]
    if (is.atomic(value) && anyNA(value)) {
      stop("`", name, "` must not be NA; leave it out for its default.", call. = FALSE)
    }
  }
  options
}

is_python <- function(x) inherits(x, "python.builtin.object")

# A tensor as numbers: a number or a vector, or an array if it has two axes or
# more.
as_r_numbers <- function(x) {
  x <- reticulate::py_to_r(py_keras()$ops$convert_to_numpy(x))
  if (length(dim(x)) < 2) as.vector(x) else x
}

as_r_text <- function(x) as.character(reticulate::py_to_r(x))

# Nothing may be in the dots, which stand there so that arguments behind them
# are named, as in keras3.
check_dots <- function(...) {
  if (...length()) {
    given <- names(list(...))
    stop(
      "Unknown argument: ", if (is.null(given)) "one without a name" else toString(given),
      ". Arguments behind y_pred must be named; see the help page for their names.",
      call. = FALSE
    )
  }
}
