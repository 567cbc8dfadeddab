# Run once in the R that softkeras.r starts; gives "" or what went wrong. It hands
# `make` to Python, which makes functions of texts, and the file of reticulate's
# compiled code. An answer is a list of "value", "wrong" (nothing that may be
# returned) or "failed"; of the value or a message; and of R's warnings.
tryCatch(suppressPackageStartupMessages(local({
  session <- reticulate::import("softkeras.r._session", convert = FALSE)
  reticulate::py_set_attr(session, "_library", getLoadedDLLs()[["reticulate"]][["path"]])
  library(softkeras)
  softkeras:::py_softkeras() # An error if it is of another version.

  # Plain values and arrays as R's own; any other object as it is.
  plain <- c(
    paste0("python.builtin.", c("str", "float", "int", "bool", "NoneType")),
    "numpy.ndarray", "numpy.generic"
  )
  from_python <- function(x) if (inherits(x, plain)) reticulate::py_to_r(x) else x
  items <- function(x) {
    lapply(seq_len(reticulate::py_len(x)) - 1L, function(i) from_python(x$`__getitem__`(i)))
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
  answer <- function(code) {
    warnings <- list()
    tryCatch(
      withCallingHandlers(
        {
          value <- code
          list("value", value, warnings)
        },
        warning = function(w) {
          warnings <<- c(warnings, message_of(w))
          invokeRestart("muffleWarning")
        }
      ),
      wrong_value = function(e) list("wrong", conditionMessage(e), warnings),
      error = function(e) list("failed", message_of(e), warnings)
    )
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
    list(called, as.list(names(formals(args(f)))))
  })
  reticulate::py_set_attr(session, "_make", to_python(make))
  ""
})), error = conditionMessage)
