# What goes to Python and what comes back, all in one place.

# Data that has to be there.
as_py_data <- function(x, name, ...) {
  if (is.null(x)) {
    stop_data(name, "NULL", "it has to be given")
  }
  as_py_array(x, name, ...)
}

# Data: a vector, matrix, array or data frame becomes a NumPy array (doubles
# float64, logicals bool, integers as said); Python objects pass.
as_py_array <- function(x, name, has_mask = FALSE, integers = "int32") {
  if (is.null(x) || is_python(x)) { # NULL is Python's None
    return(x)
  }
  if (is.data.frame(x)) {
    x <- as_matrix(x, name)
  }
  check_data(x, name, has_mask)
  dtype <- switch(typeof(x), logical = "bool", integer = integers, "float64")
  reticulate::np_array(x, dtype = dtype)
}

check_data <- function(x, name, has_mask) {
  if (is.factor(x)) {
    stop_data(
      name, paste("a factor with levels", toString(dQuote(levels(x), FALSE))),
      "only labels (`y_true`) may be one"
    )
  }
  if (!is.numeric(x) && !is.logical(x)) {
    stop_data(
      name, paste("an object of class", dQuote(class(x)[1], FALSE)),
      paste0("make numbers of it", if (name %in% c("y", "y_true")) ", or a factor()")
    )
  }
  if (anyNA(x)) {
    count <- sum(is.na(x))
    stop_data(
      name, sprintf(ngettext(count, "%d missing value", "%d missing values"), count),
      instead_of_na(name, has_mask)
    )
  }
}

# A data frame of numbers or logicals.
as_matrix <- function(x, name) {
  fine <- vapply(x, function(column) is.numeric(column) || is.logical(column), NA)
  if (!all(fine)) {
    stop_data(
      name, paste(
        "a data frame with columns that are not:",
        toString(sprintf("%s (%s)", names(x), vapply(x, function(c) class(c)[1], ""))[!fine])
      ),
      "leave them out, or make numbers of them"
    )
  }
  unname_rows(as.matrix(x))
}

unname_rows <- function(x) {
  rownames(x) <- NULL
  x
}

instead_of_na <- function(name, has_mask) {
  if (name %in% c("mask", "condition")) {
    "each must be TRUE or FALSE"
  } else if (name == "sample_weight") {
    "a weight of 0 leaves out what it belongs to"
  } else if (name %in% c("threshold", "thresholds", "levels", "edges", "safe_true", "safe_false")) {
    "each must be a number"
  } else if (has_mask) {
    "leave them out, or put any number there and give a mask"
  } else {
    "leave them out, or put a number there"
  }
}

stop_data <- function(name, what, advice) {
  raise(
    "`", name, "` must be a numeric or logical vector, matrix, array or data frame",
    if (name == "y_true") ", a factor", ", or a tensor. Received: ", what, "; ", advice, "."
  )
}

# Axes from 1 on, or negative from the end, to Python's from 0 on. Checked here,
# because Python would name them in its own counting: they must be axes of `x`,
# called `name`, if it is given and how many it has is known.
from_zero <- function(axis, x = NULL, name = "x") {
  if (!is.numeric(axis) || !length(axis) || !all(is.finite(axis)) ||
    any(axis != round(axis)) || any(axis == 0)) {
    stop_axis(axis, "must be whole numbers, from 1 on or negative from the end")
  }
  count <- count_axes(x)
  if (!is.null(count)) {
    place <- ifelse(axis < 0, axis + count + 1, axis)
    if (any(place < 1 | place > count)) {
      stop_axis(
        axis, "must be an axis of `", name, "`, which has ", count,
        ": counted from 1 on, or negative from the end"
      )
    }
    if (anyDuplicated(place)) {
      stop_axis(axis, "must name each axis once")
    }
  }
  as.integer(ifelse(axis > 0, axis - 1, axis))
}

stop_axis <- function(axis, ...) {
  raise("`axis` ", ..., ". Received: ", deparse1(axis), ".")
}

# How many axes an array, a tensor or the output of a model has; NULL if that is
# not known.
count_axes <- function(x) {
  if (is.null(x)) {
    return(NULL)
  }
  if (!is_python(x)) {
    return(max(1L, length(dim(x))))
  }
  of <- if (is_sequential(x)) "output_shape" else "shape"
  tryCatch(reticulate::py_len(reticulate::py_get_attr(x, of)), error = function(e) NULL)
}

is_sequential <- function(x) inherits(x, "keras.src.models.sequential.Sequential")

as_py_axis <- function(axis, ...) {
  do.call(reticulate::tuple, as.list(from_zero(axis, ...)))
}

# One axis to a number, several to a tuple: what they give has another shape.
as_py_axis_or_axes <- function(axis, ...) {
  if (length(axis) == 1) from_zero(axis, ...) else as_py_axis(axis, ...)
}

# A vector of options: one number, or a list also of one. Without names, which
# would make a dict of it.
as_py_numbers <- function(x) if (is.numeric(x) && length(x) != 1) as.list(unname(x)) else x

# R's 1 is a double. What is no whole number passes, for Python to refuse.
as_whole <- function(x) {
  is_whole <- is.numeric(x) && isTRUE(all(x == round(x) & abs(x) <= .Machine$integer.max))
  if (is_whole) as.integer(x) else x
}

# Options: NA would arrive in Python as TRUE.
without_na <- function(options) {
  for (name in names(options)) {
    value <- options[[name]]
    if (is.atomic(value) && anyNA(value)) {
      raise("`", name, "` must not be NA; leave it out for its default.")
    }
  }
  options
}

# Arguments of a score, which must have names.
named_only <- function(..., example) {
  args <- list(...)
  if (length(args) != sum(nzchar(names(args)))) {
    raise("Arguments of the score must be named, such as ", example, ".")
  }
  args
}

is_python <- function(x) inherits(x, "python.builtin.object")

# Numbers of the shape of `x` with its names or dimnames; others as they are.
named_like <- function(value, x) {
  if (identical(size_of(value), size_of(x))) {
    attributes(value) <- attributes(x)[c("dim", "dimnames", "names")]
  }
  value
}

size_of <- function(x) if (is.null(dim(x))) length(x) else dim(x)

# A tensor as numbers: a number or a vector, or an array if it has two axes or
# more.
as_r_numbers <- function(x) {
  x <- reticulate::py_to_r(py_keras()$ops$convert_to_numpy(x))
  if (length(dim(x)) < 2) as.vector(x) else x
}

as_r_text <- function(x) as.character(reticulate::py_to_r(x))

# A dict of lists of texts as a data frame.
as_r_texts <- function(x) {
  columns <- lapply(reticulate::py_to_r(x), function(column) as.character(unlist(column)))
  data.frame(columns, stringsAsFactors = FALSE)
}

# Nothing may be in the dots, which stand there so that arguments behind them
# are named, as in keras3.
check_dots <- function(...) {
  if (...length()) {
    given <- names(list(...))
    unnamed <- is.null(given) || !all(nzchar(given))
    known <- names(formals(sys.function(-1)))
    dots <- match("...", known)
    raise(
      "Unknown argument: ", toString(c(given[nzchar(given)], if (unnamed) "one without a name")),
      ". Arguments behind `", known[dots - 1], "` must be named; there are ",
      toString(known[-seq_len(dots)]), "."
    )
  }
}
