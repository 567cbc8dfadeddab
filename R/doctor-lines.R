# Which line of a function of R runs, made known to Python: what TensorFlow, JAX
# and torch note of an operation are the frames of Python, and so each statement is
# called from a frame of Python that has its file and line.

# `f` with its statements called so: a primitive has none, and those of a package
# are not the user's.
with_lines <- function(f, label) {
  if (is.primitive(f) || isNamespace(environment(f))) {
    return(f)
  }
  marked <- mark_lines(body(f), lines_of(f, label), attr(f, "srcref"))
  # Not body<-, which drops a body that is a constant.
  as.function(c(formals(f), list(marked)), envir = environment(f))
}

# A function that makes the frame of a statement: from its source where R kept
# that, else from the statement as R prints it, in a listing of the function.
lines_of <- function(f, label) {
  py_softkeras()
  make <- reticulate::import("softkeras._foreign", convert = FALSE)$line_of
  listing <- deparse(f, control = NULL)
  last <- 0
  frame <- function(file, line, text, source = "") {
    list(
      call = reticulate::py_to_r(make(file, as.integer(line), label, source)),
      place = paste0(basename(file), ":", line), text = text
    )
  }
  function(statement, reference) {
    first <- trimws(deparse(statement, control = NULL)[1])
    if (is.null(reference)) {
      # Statements come in their order, and may be the same as others.
      found <- grep(first, listing, fixed = TRUE)
      line <- c(found[found > last], found, 1)[1]
      last <<- line
      file <- paste0("<", label, ">")
      return(frame(file, line, first, paste(listing, collapse = "\n")))
    }
    of <- attr(reference, "srcfile")
    line <- as.integer(reference)[1]
    text <- trimws(as.character(reference)[1])
    file <- if (nzchar(of$filename)) file.path(of$wd, of$filename) else ""
    if (startsWith(of$filename, "/") || grepl("^[A-Za-z]:", of$filename)) file <- of$filename
    if (nzchar(of$filename) && file.exists(file)) {
      return(frame(file, line, text))
    }
    frame(paste0("<", label, ">"), line, text, paste(of$lines, collapse = "\n"))
  }
}

# What must be evaluated by the function itself, and not on its behalf.
OF_THE_FRAME <- c(
  "return", "break", "next", "on.exit", "missing", "nargs", "sys.call", "sys.function",
  "match.call", "match.arg", "parent.frame", "environment", "Recall", "UseMethod", "NextMethod"
)

mark_lines <- function(expression, frame_of, reference) {
  head <- if (is.call(expression) && is.symbol(expression[[1]])) as.character(expression[[1]])
  mark <- function(part, at = reference) mark_lines(part, frame_of, at)
  if (identical(head, "{")) {
    references <- attr(expression, "srcref")
    for (i in seq_along(expression)[-1]) {
      at <- if (is.null(references)) NULL else references[[i]]
      if (!is.null(expression[[i]])) expression[[i]] <- mark(expression[[i]], at)
    }
    attributes(expression) <- NULL
    return(expression)
  }
  if (isTRUE(head %in% c("if", "for", "while", "repeat", "return"))) {
    of_names <- if (head == "for") 1:2 else 1
    for (i in seq_along(expression)[-of_names]) {
      if (!is.null(expression[[i]])) expression[[i]] <- mark(expression[[i]])
    }
    return(expression)
  }
  if (!is.call(expression) || any(all.names(expression) %in% OF_THE_FRAME)) {
    return(expression)
  }
  as.call(list(call_from, frame_of(expression, reference), expression))
}

# Evaluates the promise `expression` inside a frame of Python. An error passes
# by Python, which would make another one of it, and learns where it arose.
call_from <- function(frame, expression) {
  failed <- NULL
  frame$call(function() {
    tryCatch(expression, error = function(e) failed <<- e)
    NULL
  })
  if (!is.null(failed)) {
    if (is.null(failed$place)) {
      failed$place <- frame$place
      failed$line <- frame$text
    }
    stop(failed)
  }
  expression
}
