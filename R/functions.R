# Functions of R that Python calls: with tensors, with counts, with numbers.

# A step, a score of a matrix or a branch: a name and a Python object pass, a
# function becomes a Python function that is called with tensors.
as_py_callable <- function(x, name, label = name) {
  if (!is.function(x) || is_python(x)) {
    return(x)
  }
  fn <- index_from_one(x)
  of_tensors <- function(...) do.call("fn", lapply(list(...), as_r_tensor))
  called_with(of_tensors, name, "tensors", label, identity, x)
}

# A score of counts: a function of R is called with a list of them.
as_py_score <- function(score, label = "score") {
  if (!is.function(score) || is_python(score)) {
    return(score)
  }
  fn <- index_from_one(score)
  of_counts <- function(counts, ...) fn(as_r_counts(counts), ...)
  called_with(of_counts, "score", "counts", label, with_gradient, score)
}

as_r_counts <- function(counts, of = identity) {
  names <- c("tp", "fp", "fn", "tn")
  counts <- lapply(stats::setNames(nm = names), function(name) of(counts[[name]]))
  structure(counts, class = "softkeras_counts")
}

#' @export
`$.softkeras_counts` <- function(x, name) {
  if (!name %in% names(x)) {
    raise("Counts have no `", name, "`; there are ", toString(names(x)), ".")
  }
  x[[name]]
}

with_gradient <- function(value) {
  if (!is_python(value)) {
    raise("`score` must return a tensor. Received: a number of R, which has no gradient.")
  }
  value
}

# A function of arrays of R, for Python that calls with arrays of NumPy.
as_py_vector_score <- function(score) {
  if (!is.function(score) || is_python(score)) {
    return(score)
  }
  of_arrays <- function(counts) {
    score(as_r_counts(counts, function(x) as.vector(reticulate::py_to_r(x))))
  }
  called_with(of_arrays, "score", "counts", "score", array, score)
}

# A metric that is called with numbers of R, so a builtin will do.
as_py_metric <- function(metric) {
  if (!is.function(metric) || is_python(metric)) {
    return(metric)
  }
  of_numbers <- function(...) {
    tryCatch(metric(...), error = function(e) {
      raise("`metric` failed: ", python_says(e))
    })
  }
  reticulate::r_to_py(of_numbers, convert = TRUE)
}

OF_TENSORS <- paste0(
  "\nIt must be a function of tensors: made of R's arithmetic, of op_*() of this ",
  "package and of keras3. In place of >, ifelse(), round(), which.max(), pmax(), ",
  "%*% and diag() there are op_soft_step(), op_where(), op_soft_round(), ",
  "op_soft_argmax(), op_maximum(), op_matmul() and op_diagonal()."
)

# `call` for Python, which is to be known by the source of the function `of` in a
# saved model. What it returns must be a tensor or numbers.
called_with <- function(call, name, what, label, finish, of) {
  checked <- function(...) {
    value <- tryCatch(call(...), error = function(e) {
      raise(
        "`", name, "` failed when it was called with ", what, ": ", python_says(e),
        if (what == "tensors") OF_TENSORS
      )
    })
    if (!is_python(value) && !is.numeric(value)) {
      raise(
        "`", name, "` must return a tensor. Received: ",
        if (is.null(value)) "NULL" else paste("an object of class", dQuote(class(value)[1], FALSE)),
        "."
      )
    }
    finish(value)
  }
  py_softkeras()$`_foreign`$ForeignFunction(
    reticulate::r_to_py(checked, convert = FALSE),
    source = paste(deparse(of, control = "useSource"), collapse = "\n"),
    name = label,
    arguments = arguments_of(of)
  )
}

# Names of arguments, with a "=" behind those that have a default.
arguments_of <- function(f) {
  f <- args(f)
  names <- names(formals(f))
  is_open <- vapply(names, function(name) is_required(f, name), NA) | names == "..."
  as.list(paste0(names, ifelse(is_open, "", "=")))
}

# What an argument was called where it was given: the name of a function, or else
# `otherwise`.
name_given <- function(expression, otherwise) {
  if (is.symbol(expression)) as.character(expression) else otherwise
}
