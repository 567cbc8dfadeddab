# What Python objects are in the words of R: for print(), summary() and labels.

# An attribute as R's own value, or `default` without it.
py_value <- function(x, name, default = NULL) {
  if (!reticulate::py_has_attr(x, name)) {
    return(default)
  }
  value <- reticulate::py_get_attr(x, name)
  if (is_python(value)) reticulate::py_to_r(value) else value
}

py_options <- function() {
  py_softkeras()
  reticulate::import("softkeras._options", convert = FALSE)
}

# The options of a loss or a metric: for each its value and whether it is not the
# default.
object_options <- function(x) {
  reticulate::py_to_r(call_python(py_options()$options, list(x)))
}

option_of <- function(x, name, default = NULL) {
  option <- object_options(x)[[name]]
  if (is.null(option)) default else unlist(option$value)
}

step_parts <- function(step) {
  more <- c(
    if (identical(py_value(step, "scale"), "probability") && !py_value(step, "anchored")) {
      "not anchored"
    },
    if (py_value(step, "straight_through")) "straight-through"
  )
  scale <- py_value(step, "scale")
  list(
    shape = reticulate::py_to_r(py_options()$plain(reticulate::py_get_attr(step, "shape"))),
    sharpness = format(py_value(step, "sharpness_now"), digits = 4),
    scale = scale,
    more = more
  )
}

is_ours <- function(x) inherits(x, "softkeras.losses.weighted_sum.Arithmetic")

# The losses that a loss is made of; itself if it is made of none.
loss_leaves <- function(loss) {
  if (!is_ours(loss) || !reticulate::py_has_attr(loss, "losses")) {
    return(list(loss))
  }
  do.call(c, lapply(loss_terms(loss), loss_leaves))
}

loss_terms <- function(loss) {
  terms <- reticulate::py_get_attr(loss, "losses")
  if (is.list(terms)) {
    return(terms)
  }
  lapply(seq_len(reticulate::py_len(terms)) - 1L, function(i) terms$`__getitem__`(i))
}

# The part of a loss or a metric that has its step and its options.
holder_of <- function(x) py_options()$holder(x)

# A value as one would write it in R.
in_r <- function(value) {
  if (inherits(value, "softkeras.steps.Step")) {
    return(format_step(value))
  }
  if (is_python(value)) {
    return(as.character(value))
  }
  if (is.list(value)) {
    value <- if (all(lengths(value) == 1)) unlist(value) else do.call(rbind, lapply(value, unlist))
  }
  if (is.matrix(value)) {
    return(paste0("a ", nrow(value), " x ", ncol(value), " matrix"))
  }
  if (is.character(value) && length(value) == 1 && value != "a function") {
    return(dQuote(value, FALSE))
  }
  if (is.numeric(value)) {
    value <- signif(value, 6)
  }
  if (is.character(value)) value else deparse1(value)
}

# "sigmoid (scale logit, sharpness 0.25)"
format_step <- function(step) {
  part <- step_parts(step)
  if (part$shape == "hard") {
    return("hard")
  }
  details <- c(paste("scale", part$scale), paste("sharpness", part$sharpness), part$more)
  paste0(part$shape, " (", toString(details), ")")
}
