# Run once in the R that softkeras.r starts; gives "" or what went wrong. It hands
# `make` to Python, which makes functions of texts, and the file of reticulate's
# compiled code. An answer is a list of "value", "wrong" (nothing that may be
# returned), "failed" or "interrupted"; of the value or a message; and of R's
# warnings.
tryCatch(suppressPackageStartupMessages(local({
  session <- reticulate::import("softkeras.r._session", convert = FALSE)
  reticulate::py_set_attr(session, "_library", getLoadedDLLs()[["reticulate"]][["path"]])
  values <- reticulate::import("softkeras.r._values", convert = FALSE)
  library(softkeras)
  softkeras:::py_softkeras() # An error if it is of another version.

  # Plain values and arrays as R's own; any other object as it is.
  plain <- c(
    paste0("python.builtin.", c("str", "float", "int", "bool", "NoneType")),
    "numpy.ndarray", "numpy.generic"
  )
  functions <- c(
    paste0("python.builtin.", c("function", "method", "builtin_function_or_method")),
    "functools.partial", "numpy.ufunc", "numpy._ArrayFunctionDispatcher"
  )
  from_python <- function(x) {
    if (inherits(x, plain)) {
      return(reticulate::py_to_r(x))
    }
    if (inherits(x, functions)) function_of_python(x) else x
  }
  # What R can call, whatever the version of reticulate, and what goes back to
  # Python as the object it was.
  function_of_python <- function(x) {
    called <- function(...) {
      value <- do.call(values$call, c(list(x), lapply(list(...), without_na)))
      from_python(values$for_r(value))
    }
    object <- attr(x, "py_object")
    structure(called, class = class(x), py_object = if (is.null(object)) x else object)
  }
  items <- function(x) {
    lapply(seq_len(reticulate::py_len(x)) - 1L, function(i) from_python(x$`__getitem__`(i)))
  }

  # Python's integers, truths and strings have no NA; reticulate makes others of
  # them of it. So whole numbers, and arrays of truths, become doubles, which have
  # NaN; other truths and strings become lists, which have None.
  without_na <- function(x) {
    if (inherits(x, "python.builtin.object")) {
      return(x)
    }
    if (is.list(x)) {
      kept <- attributes(x)
      x <- lapply(unclass(x), without_na)
      attributes(x) <- kept
      return(x)
    }
    if (!is.atomic(x) || is.object(x) && !is.factor(x) || !anyNA(x)) {
      return(x)
    }
    if (is.factor(x)) {
      x <- as.character(x)
    }
    is_array <- !is.null(dim(x))
    if (is.numeric(x) || is.logical(x) && is_array) {
      storage.mode(x) <- "double"
      return(x)
    }
    if (is.character(x) && is_array) {
      return(values$with_none(reticulate::r_to_py(x), reticulate::r_to_py(is.na(x))))
    }
    if (is.complex(x)) {
      return(x)
    }
    x <- lapply(unname(x), function(each) if (!is.na(each)) each)
    if (length(x) == 1) x[[1]] else x
  }

  # Where it arose is told, unless it is here or in reticulate.
  here <- c("f", "eval", "parse", "py_call_impl")
  message_of <- function(e) {
    call <- conditionCall(e)
    unknown <- is.null(call) || as.character(call[1]) %in% here
    where <- if (unknown) "" else paste0("in ", deparse(call)[1], ": ")
    paste0(where, softkeras:::python_says(e))
  }
  wrong <- function(...) {
    stop(structure(
      class = c("wrong_value", "error", "condition"),
      list(message = paste0(...), call = NULL)
    ))
  }
  # What makes R jump to its top level is no error, and would leave no message.
  aborted <- function(signalled) {
    says <- if (!is.null(signalled)) conditionMessage(signalled)
    if (length(says) && grepl(says, geterrmessage(), fixed = TRUE)) {
      class <- dQuote(class(signalled)[1], FALSE)
      paste0("stop() of a condition of class ", class, ", which is no error: ", says)
    } else {
      "it invoked R's restart \"abort\""
    }
  }
  # Older versions of reticulate make an error of Python's.
  is_interrupt <- function(e) {
    inherits(e, "python.builtin.KeyboardInterrupt") || grepl("^KeyboardInterrupt\\b", message_of(e))
  }
  answer <- function(code) {
    warnings <- list()
    signalled <- NULL
    failed <- function(message) list("failed", message, warnings)
    interrupted <- function(e) list("interrupted", "", warnings)
    handled <- function() {
      tryCatch(
        withCallingHandlers(
          {
            # Here, so that it is told what can't be converted.
            value <- reticulate::r_to_py(without_na(code), convert = FALSE)
            list("value", value, warnings)
          },
          warning = function(w) {
            warnings <<- c(warnings, message_of(w))
            invokeRestart("muffleWarning")
          },
          condition = function(c) signalled <<- c
        ),
        interrupt = interrupted,
        wrong_value = function(e) list("wrong", conditionMessage(e), warnings),
        error = function(e) if (is_interrupt(e)) interrupted() else failed(message_of(e))
      )
    }
    withRestarts(handled(), abort = function() failed(aborted(signalled)))
  }

  # How a function of R is called, by what it is for.
  calls <- list(
    loss = function(f, given, named) of_tensors(do.call("f", c(given, named))),
    score = function(f, given, named) {
      names(given) <- c("tp", "fp", "fn", "tn")
      counts <- structure(given, class = "softkeras_counts") # Knows wrong names.
      value <- do.call("f", c(list(counts), named))
      if (all(vapply(given, is.numeric, NA))) of_numbers(value) else of_tensors(value)
    },
    `function` = function(f, given, named) do.call("f", c(given, named))
  )
  of_tensors <- function(value) {
    if (!inherits(value, "python.builtin.object")) {
      wrong("a tensor made of those that it is given. Received: R's ", typeof(value))
    }
    value
  }
  # As an array, which is one in Python whatever its length.
  of_numbers <- function(value) {
    if (!is.numeric(value)) {
      wrong("numbers. Received: R's ", typeof(value))
    }
    if (is.null(dim(value))) array(value) else value
  }

  to_python <- function(f) reticulate::r_to_py(f, convert = FALSE)
  make <- function(source, kind) answer({
    f <- eval(
      parse(text = reticulate::py_to_r(source), keep.source = FALSE),
      new.env(parent = globalenv())
    )
    if (!is.function(f)) {
      wrong("the text gives no function but R's ", typeof(f))
    }
    call <- calls[[reticulate::py_to_r(kind)]]
    called <- to_python(function(given, keys, named) answer({
      call(f, items(given), stats::setNames(items(named), reticulate::py_to_r(keys)))
    }))
    list(called, softkeras:::arguments_of(f))
  })

  # R's own would end Python at once.
  quit <- function(save = "default", status = 0, runLast = TRUE) {
    stop("R can't quit, since it runs in Python, whose sys.exit() ends both", call. = FALSE)
  }
  environment(quit) <- baseenv()
  for (name in c("quit", "q")) {
    unlockBinding(name, baseenv())
    assign(name, quit, baseenv())
    lockBinding(name, baseenv())
  }
  # R's own would write a file Rplots.pdf into the working folder.
  if (identical(getOption("device"), grDevices::pdf)) {
    options(device = function(...) grDevices::pdf(NULL))
  }

  reticulate::py_set_attr(session, "_make", to_python(make))
  ""
})), error = conditionMessage)
