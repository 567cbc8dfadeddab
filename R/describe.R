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

# The shape of a step and what else there is to say: in full, and in short for
# legends. Of a hard one that is nothing.
step_parts <- function(step) {
  shape <- reticulate::py_to_r(py_options()$plain(reticulate::py_get_attr(step, "shape")))
  if (shape == "hard") {
    return(list(shape = shape))
  }
  sharpness <- format(py_value(step, "sharpness_now"), digits = 4)
  scale <- py_value(step, "scale")
  more <- c(
    if (scale == "probability" && !py_value(step, "anchored")) "not anchored",
    if (py_value(step, "straight_through")) "straight-through"
  )
  list(
    shape = shape,
    details = c(paste("scale", scale), paste("sharpness", sharpness), more),
    short = c(sharpness, if (scale == "logit") "log-odds" else scale, more)
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
  paste0(part$shape, if (length(part$details)) paste0(" (", toString(part$details), ")"))
}
