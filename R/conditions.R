# Errors: each is an R condition of class `softkeras_error`, and one that comes
# from Python has the classes of its exception besides.

raise <- function(..., class = NULL) {
  stop(errorCondition(paste0(...), class = c(class, "softkeras_error"), call = NULL))
}

# Calls a function or class of Python; its errors come without what says only
# where in Python they arose.
call_python <- function(f, args) {
  tryCatch(do.call(f, args), error = function(e) raise_python(e))
}

raise_python <- function(error) {
  raise(in_words_of_r(python_says(error)), class = python_classes(error))
}

# The classes of the exception: reticulate names them from 1.29 on, before only
# the last one, in front of the message. Without the root, for which reticulate
# has a method `$` that wants an object of Python.
python_classes <- function(error) {
  named <- grep("^python\\.", class(error), value = TRUE)
  if (length(named)) {
    return(setdiff(named, paste0("python.builtin.", c("BaseException", "object"))))
  }
  text <- conditionMessage(error)
  if (!grepl("^(\\w+\\.)*\\w+(Error|Exception|Interrupt): ", text)) {
    return(NULL)
  }
  name <- sub(":.*", "", strsplit(text, "\n")[[1]][1])
  c(paste0("python.builtin.", sub(".*\\.", "", name)), "python.builtin.Exception")
}

# The message of an error that comes from Python. reticulate puts the class of
# the exception in front; a name is kept where it tells the error from ours.
python_says <- function(error) {
  text <- gsub("\033\\[[0-9;]*m", "", conditionMessage(error))
  text <- sub("\nRun [^\n]*py_last_error\\(\\).*", "", text)
  # Keras's frame around the errors of layers.
  text <- sub(
    "(?s)^(\\w+: )Exception encountered when calling [^\n]*\n\n(.*?)\n\nArguments received by .*",
    "\\1\\2", text,
    perl = TRUE
  )
  text <- sub(
    "(?s)^(\\w+: )Could not automatically infer .*Error encountered:\n\n", "\\1", text,
    perl = TRUE
  )
  # What TensorFlow and JAX say about their own frames.
  text <- sub(
    "(?s)\n+(Traceback \\(most recent call last\\)|-+\nFor simplicity, JAX has).*", "", text,
    perl = TRUE
  )
  text <- sub("^(ValueError|RuntimeError): ", "", text)
  text <- sub("^(\\w+\\.)+(\\w+: )", "\\2", text)
  # TensorFlow's names of nodes and kernels.
  text <- gsub("\\{\\{[^}]*\\}\\} *| *\\[Op:[^]]*\\]( name: *)?", "", text)
  trimws(text)
}
