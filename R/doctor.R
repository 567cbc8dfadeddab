# diagnose(): what goes to Python's softkeras.diagnose, and what comes back.

#' Why does this loss not train?
#'
#' Looks for what keeps a loss, an activation, a metric, a layer or a model from
#' training: no gradient, a zero, NaN or wrong one, steps away from the labels, and
#' more; and says what to write in its place.
#'
#' @details
#' The function is called with small seeded inputs: at random, all right, all wrong,
#' of one class, at the threshold, tiny, huge. Its gradient by autodiff is compared
#' with differences of its values, and its values run as they stand with those of
#' the compiled function. Nothing is trained, and neither the object nor R's or
#' Python's random numbers are changed.
#'
#' A function of R is called with tensors, as in [loss_from_function()]. Where R
#' keeps the source (`options(keep.source = TRUE)`, as at the console), findings
#' name the line.
#'
#' @param object What is to be looked at: a function of R, of `y_true` and `y_pred`
#'   (a loss) or of one tensor (an activation); a loss, metric, layer or model of
#'   Python; or a name that Keras knows, such as `"mse"` or `"relu"`.
#' @param ... Data to look at in place of made ones: `y_true` and `y_pred` for a loss
#'   or a metric, `x` for an activation or a layer, `x` and `y` for a model, and
#'   `sample_weight` behind these. Vectors, matrices, arrays, data frames, and for
#'   labels factors; a vector of predictions is taken for a column.
#' @param domain What predictions or inputs are: `"probability"`, `"real"` or
#'   `"positive"`. Default: found by trying.
#' @param seed Of the inputs that are random.
#' @param report What `diagnose()` returned.
#'
#' @returns `diagnose()`: a list of class `"softkeras_report"`, with `findings`,
#'   `checks` (what was looked at), `probes` (the inputs), `curve` and more; see
#'   [its methods][softkeras-report]. An error for what can't be diagnosed.
#'
#'   `stop_for_errors()`: the report, invisibly; or an error of class
#'   `"softkeras_diagnosis_error"` with the text of the report, and the report as
#'   `$report`, if it has findings of the severity `"error"`. For use in tests.
#' @references keras issue 17682, which asks for such a warning.
#' @family diagnosis
#' @export
#' @examplesIf softkeras_available()
#' rmse <- function(y_true, y_pred) sqrt(mean((y_true - y_pred)^2))
#' diagnose(rmse)
#'
#' # In a test
#' stop_for_errors(diagnose(loss_soft_fbeta()))
diagnose <- function(object, ..., domain = NULL, seed = 0L) {
  label <- name_given(substitute(object), "the function")
  data <- data_of(object, ...)
  errors <- new.env(parent = emptyenv())
  report <- call_python(py_softkeras()$diagnose, c(
    list(as_py_subject(object, label, errors)), data,
    without_na(list(domain = domain, seed = as_whole(seed)))
  ))
  report <- as_r_report(report)
  if (is.function(object) && !is_python(object)) report$subject <- label
  with_places(report, as.list(errors))
}

#' @rdname diagnose
#' @export
stop_for_errors <- function(report) {
  if (!inherits(report, "softkeras_report")) {
    raise(
      "`report` must be what diagnose() returns. Received: an object of class ",
      dQuote(class(report)[1], FALSE), "."
    )
  }
  if (any(severities(report) == "error")) {
    stop(errorCondition(
      paste(format(report), collapse = "\n"),
      class = c("softkeras_diagnosis_error", "softkeras_error"), call = NULL, report = report
    ))
  }
  invisible(report)
}

DATA <- c("x", "y", "y_true", "y_pred", "sample_weight")

# The data for Python, in its order.
data_of <- function(object, ...) {
  data <- list(...)
  given <- if (is.null(names(data))) rep("", length(data)) else names(data)
  unknown <- setdiff(given[nzchar(given)], DATA)
  if (length(unknown)) {
    raise(
      "Data may be named ", toString(DATA), ", and options `domain` and `seed`. Received: ",
      toString(unknown), "."
    )
  }
  data <- data[order(match(given, DATA, nomatch = 0))]
  of_model <- is_python(object) && reticulate::py_has_attr(object, "compute_loss")
  labels <- if (length(data) > 1) if (of_model) 2 else 1
  lapply(seq_along(data), function(i) {
    x <- data[[i]]
    if (identical(i, as.integer(labels))) {
      return(if (of_model) labels_of_model(x) else as_py_labels(x, data[[2]]))
    }
    name <- if (i > 2) "sample_weight" else if (is.null(labels)) "x" else c("x", "y_pred")[i]
    # A column, as models predict it: of a vector Keras's losses make one number.
    if (name == "y_pred" && is.atomic(x) && is.null(dim(x))) x <- as.matrix(x)
    if (is.list(x) && !is.data.frame(x)) lapply(x, as_py_data, name) else as_py_data(x, name)
  })
}

labels_of_model <- function(y) {
  as_py_data(if (is.factor(y) || is.data.frame(y)) as_labels(y) else y, "y")
}

# A function of R with the errors that it raises, in R's words, kept in `errors`.
as_py_subject <- function(object, label, errors) {
  if (is.character(object) && length(object) == 1 || is_python(object)) {
    return(object)
  }
  if (!is.function(object)) {
    raise(
      "`object` must be a function, a name, or a loss, metric, layer or model of Keras. ",
      "Received: an object of class ", dQuote(class(object)[1], FALSE), "."
    )
  }
  traced <- with_lines(object, label)
  of_tensors <- function(...) {
    value <- tryCatch(
      do.call(traced, lapply(list(...), as_r_tensor)),
      error = function(e) raise_in_r(e, errors)
    )
    if (!is_python(value) && !is.numeric(value)) {
      raise(
        label, " must return a tensor. Received: ",
        if (is.null(value)) "NULL" else paste("an object of class", dQuote(class(value)[1], FALSE)),
        "."
      )
    }
    value
  }
  module <- py_softkeras()
  made <- module$`_foreign`$ForeignFunction(
    reticulate::r_to_py(of_tensors, convert = FALSE),
    source = paste(deparse(object, control = "useSource"), collapse = "\n"),
    name = label, arguments = arguments_of(object)
  )
  if ("sample_weight" %in% names(formals(args(object)))) {
    # The names of graphs have no spaces.
    name <- gsub("[^A-Za-z0-9_.]", "_", label)
    made <- call_python(module$losses$FunctionLoss, list(made, name = name))
  }
  made
}

# R's message with R's call and line, in place of Python's.
raise_in_r <- function(error, errors) {
  call <- conditionCall(error)
  # Of a statement that stops itself it is the code that called the statement.
  is_ours <- !is.call(call) || !is.symbol(call[[1]]) || call[[1]] == "doTryCatch"
  call <- if (!is_ours) deparse(call, nlines = 1)[1]
  text <- gsub("\n+", " ", python_says(error))
  if (!is.null(call) && nchar(call) <= 60) text <- paste0(text, ", in ", call)
  if (!is.null(error$place)) {
    assign(text, c(error$place, error$line), errors)
  }
  raise(text)
}

# Places of errors of R, in the findings that tell of them.
with_places <- function(report, errors) {
  for (i in seq_along(report$findings)) {
    cause <- report$findings[[i]]$cause
    for (text in names(errors)) {
      # Of long texts Python keeps the first sentence.
      first <- sub("(?<=[.!?])\\s+(?=[A-Z]).*", "", text, perl = TRUE)
      if (report$findings[[i]]$kind == "fails" && grepl(first, cause, fixed = TRUE)) {
        report$findings[[i]]$where <- paste(errors[[text]], collapse = ": ")
      }
    }
  }
  report
}

as_r_report <- function(report) {
  value <- function(x, name) {
    x <- reticulate::py_get_attr(x, name)
    if (is_python(x)) reticulate::py_to_r(x) else x
  }
  of <- c("kind", "title", "severity", "where", "cause", "remedy", "retried", "example")
  # A tuple of objects of Python is no list for all versions of reticulate.
  builtins <- reticulate::import_builtins(convert = FALSE)
  findings <- builtins$list(reticulate::py_get_attr(report, "findings"))
  findings <- lapply(seq_len(reticulate::py_len(findings)) - 1L, function(i) {
    finding <- findings$`__getitem__`(i)
    made <- lapply(stats::setNames(nm = of), function(name) value(finding, name))
    remedy <- value(finding, "remedy_r")
    if (nzchar(remedy)) made$remedy <- remedy
    made
  })
  names <- c("subject", "kind", "checks", "probes", "curve", "environment", "seed")
  parts <- lapply(stats::setNames(nm = names), function(name) {
    part <- reticulate::py_get_attr(report, name)
    if (name == "checks") part <- builtins$list(part)
    if (is_python(part)) reticulate::py_to_r(part) else part
  })
  if ("x" %in% names(parts$curve)) parts$curve <- as_r_curve(parts$curve)
  structure(
    c(parts[1:2], list(findings = findings), parts[-(1:2)]),
    class = "softkeras_report"
  )
}

# A row a point; what the axes are is kept beside.
as_r_curve <- function(curve) {
  is_text <- vapply(curve, is.character, NA)
  structure(
    data.frame(lapply(curve[!is_text], as.vector)),
    along = curve$along, value_of = curve$value_of
  )
}
