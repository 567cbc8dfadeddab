# The Python module, found and loaded once. Nothing is imported when the package
# is attached: Python starts with the first call that needs it.

.globals <- new.env(parent = emptyenv())

.onLoad <- function(libname, pkgname) {
  register_arithmetic()
  # load_model() in a fresh session must know our classes, so the module is
  # imported along with keras. reticulate's py_register_load_hook() sets this
  # hook too, but up to 1.28 it starts Python to do so.
  hooks <- getHook("reticulate::keras::load")
  has_hook <- any(vapply(hooks, function(hook) {
    environmentName(environment(hook)) == "softkeras"
  }, NA))
  if (py_has_loaded("keras")) {
    import_along()
  } else if (!has_hook) { # as it has when it is loaded once more
    setHook("reticulate::keras::load", import_along)
  }
  # From reticulate 1.41 on, what is declared here is what Python gets if the
  # user has not chosen one. keras3 declares its own.
  declare <- get0("py_require", asNamespace("reticulate"))
  has_keras3 <- "keras3" %in% loadedNamespaces()
  if (!is.null(declare) && !has_keras3 && !reticulate::py_available()) {
    backend <- Sys.getenv("KERAS_BACKEND", "tensorflow")
    declare(c("keras>=3.12", backend))
  }
}

py_has_loaded <- function(module) {
  reticulate::py_available() &&
    module %in% names(reticulate::import("sys")$modules)
}

import_along <- function(...) {
  tryCatch(py_softkeras(), error = function(e) {
    warning(conditionMessage(e), call. = FALSE)
  })
}

# The module `softkeras`. Results stay Python objects unless converted.
py_softkeras <- function() {
  if (is.null(.globals$module)) {
    .globals$module <- load_module()
  }
  .globals$module
}

load_module <- function(
    path = system.file("python", package = "softkeras"),
    wanted = as.character(utils::packageVersion("softkeras"))) {
  module <- tryCatch(
    {
      # Where Python has not started, the first import chooses the environment:
      # that of keras3 and install_softkeras(), not one named r-softkeras.
      reticulate::import("keras", convert = FALSE)
      reticulate::import_from_path("softkeras", path, convert = FALSE)
    },
    error = function(e) stop_without_module(conditionMessage(e))
  )
  # One that was imported before, from pip say, wins over the one carried here.
  found <- as_r_text(module$`__version__`)
  if (!identical(found, wanted)) {
    raise(
      "The R package softkeras ", wanted, " needs the Python module of the ",
      "same version. Received: ", found, " in ", as_r_text(module$`__file__`),
      ", which Python had imported before. Install ", wanted, " there ",
      "(pip install softkeras==", wanted, ") or uninstall it, and restart R."
    )
  }
  module
}

stop_without_module <- function(reason) {
  python <- tryCatch(reticulate::py_config()$python, error = function(e) NULL)
  raise(
    "softkeras needs Python (>= 3.10) with keras (>= 3.12) and a backend. ",
    "Python: ", if (is.null(python)) "none found" else python, ". It says: ",
    strsplit(reason, "\n")[[1]][1], ". Run softkeras::install_softkeras(), or ",
    "set RETICULATE_PYTHON to a Python that has them, and restart R",
    if (nzchar(Sys.getenv("KERAS_BACKEND"))) {
      paste0(" (or take another KERAS_BACKEND than ", Sys.getenv("KERAS_BACKEND"), ")")
    },
    "; softkeras_sitrep() tells more."
  )
}

py_keras <- function() reticulate::import("keras", convert = FALSE)
