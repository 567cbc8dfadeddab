# What is there and fits together: softkeras_config() and softkeras_sitrep().

#' What softkeras found, and what to do about what it did not
#'
#' `softkeras_sitrep()` prints which R, Python, Keras, backend and devices are used,
#' and for each thing that is missing or clashes a line that says what to do.
#' `softkeras_config()` gives the same as a list.
#'
#' @details
#' Python is started if it was not. Nothing is computed that would have a gradient.
#'
#' @returns `softkeras_config()` a list with the class `softkeras_config`: `r`,
#'   `python`, `keras`, `backend`, `devices`, `module` and `problems`, the last a
#'   character vector that is empty where all is well. `softkeras_sitrep()` the
#'   same, invisibly. No error where things are missing: that is what they report.
#' @references reticulate's
#'   [guide](https://rstudio.github.io/reticulate/articles/versions.html) to which
#'   Python is used.
#' @family installation
#' @seealso [install_softkeras()]
#' @export
#' @examplesIf softkeras_available()
#' softkeras_sitrep()
softkeras_sitrep <- function() {
  config <- softkeras_config()
  print(config)
  invisible(config)
}

#' @rdname softkeras_sitrep
#' @export
softkeras_config <- function() {
  config <- list(r = config_of_r(), python = config_of_python())
  if (!is.null(config$python)) {
    found <- lapply(
      stats::setNames(nm = c("keras", "tensorflow", "jax", "torch", "numpy")), python_package
    )
    config$packages <- Filter(Negate(is.null), found)
    config$keras <- found$keras
    if (!is.null(found$keras)) {
      config <- c(config, config_of_backend(), list(module = config_of_module()))
    }
  }
  config$problems <- problems_of(config)
  structure(config, class = "softkeras_config")
}

config_of_r <- function() {
  version <- function(package) {
    if (nzchar(system.file(package = package))) {
      as.character(utils::packageVersion(package))
    }
  }
  list(
    version = as.character(getRversion()), platform = R.version$platform,
    softkeras = version("softkeras"), reticulate = version("reticulate"),
    keras3 = version("keras3"), keras = "keras" %in% loadedNamespaces()
  )
}

# NULL where no Python can be started.
config_of_python <- function() {
  started <- tryCatch(reticulate::py_available(initialize = TRUE), error = function(e) FALSE)
  if (!started) {
    return(NULL)
  }
  list(
    version = reticulate::import("platform")$python_version(),
    path = reticulate::py_config()$python
  )
}

# The version of a Python package as it is installed, without importing it.
python_package <- function(name) {
  metadata <- reticulate::import("importlib.metadata")
  # TensorFlow has a package for each kind of machine.
  for (each in c(name, if (name == "tensorflow") paste0("tensorflow-", c("cpu", "macos")))) {
    found <- tryCatch(metadata$version(each), error = function(e) NULL)
    if (!is.null(found)) {
      return(found)
    }
  }
  NULL
}

config_of_backend <- function() {
  tryCatch(
    {
      keras <- reticulate::import("keras")
      devices <- tryCatch(
        unlist(keras$distribution$list_devices()),
        error = function(e) NULL
      )
      list(backend = keras$config$backend(), devices = as.character(devices))
    },
    error = function(e) list(backend = NULL, fault = first_line(python_says(e)))
  )
}

config_of_module <- function() {
  tryCatch(
    {
      module <- py_softkeras()
      list(
        version = as_r_text(module$`__version__`),
        path = dirname(as_r_text(module$`__file__`))
      )
    },
    error = function(e) list(fault = conditionMessage(e))
  )
}

first_line <- function(text) strsplit(text, "\n")[[1]][1]

# Each problem with what to do about it.
problems_of <- function(config) {
  r <- config$r
  packages <- config$packages
  c(
    if (is.null(config$python)) {
      named <- Sys.getenv("RETICULATE_PYTHON")
      paste0(
        "No Python was found", if (nzchar(named)) paste(": RETICULATE_PYTHON is", named),
        ". Run install_softkeras(), or set RETICULATE_PYTHON to a Python (>= 3.10), and restart R."
      )
    } else if (numeric_version(config$python$version) < "3.10") {
      paste0(
        "Python ", config$python$version, " is too old: 3.10 is needed. Run ",
        "install_softkeras(), or set RETICULATE_PYTHON to another, and restart R."
      )
    },
    if (!is.null(config$python)) problems_of_keras(config, packages),
    if (!is.null(packages$numpy) && numeric_version(r$reticulate) < "1.38" &&
      !startsWith(packages$numpy, "1.")) {
      paste0(
        "reticulate ", r$reticulate, " does not read arrays of NumPy ", packages$numpy,
        ". Update reticulate to 1.38 or later, or install numpy<2 into this Python."
      )
    },
    if (r$keras) {
      paste0(
        "The R package keras is loaded, which is for Keras 2; its models do not take ",
        "these losses. Use keras3 in a fresh session."
      )
    },
    problems_of_environment(config),
    if (nzchar(Sys.getenv("TF_USE_LEGACY_KERAS"))) {
      paste0(
        "TF_USE_LEGACY_KERAS is set, by which TensorFlow takes Keras 2. Unset it and ",
        "restart R."
      )
    }
  )
}

# What was set after Python had started, which reads it once.
problems_of_environment <- function(config) {
  named <- Sys.getenv(c("KERAS_BACKEND", "RETICULATE_PYTHON"))
  real <- function(path) normalizePath(dirname(path), mustWork = FALSE)
  c(
    if (nzchar(named[1]) && !is.null(config$backend) && named[1] != config$backend) {
      paste0(
        "KERAS_BACKEND is ", named[1], ", but Keras has started with ", config$backend,
        ". Restart R."
      )
    },
    if (identical(config$backend, "numpy")) {
      "The backend numpy can't train. Set KERAS_BACKEND to tensorflow, jax or torch, and restart R."
    },
    if (nzchar(named[2]) && !is.null(config$python$path) && file.exists(named[2]) &&
      real(named[2]) != real(config$python$path)) {
      paste0(
        "RETICULATE_PYTHON is ", named[2], ", but another Python has started. Restart R."
      )
    }
  )
}

problems_of_keras <- function(config, packages) {
  if (is.null(config$keras)) {
    return(paste0(
      "keras is not in this Python. Run install_softkeras(), or install keras (>= 3.12) ",
      "and a backend into it."
    ))
  }
  if (numeric_version(sub("[^0-9.].*", "", config$keras)) < "3.12") {
    return(paste0(
      "Keras ", config$keras, " is too old: 3.12 is needed. Install keras (>= 3.12) into ",
      "this Python, or run install_softkeras()."
    ))
  }
  if (!any(c("tensorflow", "jax", "torch") %in% names(packages))) {
    return(paste0(
      "There is no backend: tensorflow, jax or torch. Run install_softkeras(), which ",
      "adds one."
    ))
  }
  if (is.null(config$backend)) {
    return(paste0(
      "Keras can't be imported: ", config$fault, ". KERAS_BACKEND or ~/.keras/keras.json ",
      "may name a backend that is not installed; here are: ",
      toString(intersect(names(packages), c("tensorflow", "jax", "torch"))), "."
    ))
  }
  config$module$fault
}

#' @export
format.softkeras_config <- function(x, ...) {
  r <- x$r
  line <- function(name, ...) sprintf("%-11s %s", name, paste0(...))
  c(
    line("softkeras", r$softkeras),
    line("R", r$version, " (", r$platform, ")"),
    line("reticulate", r$reticulate),
    line("keras3", if (is.null(r$keras3)) "not installed (reticulate will do)" else r$keras3),
    line("Python", if (is.null(x$python)) "not found" else paste(x$python$version, x$python$path)),
    if (length(x$packages)) {
      line("packages", toString(paste(names(x$packages), unlist(x$packages))))
    },
    if (!is.null(x$backend)) {
      line("backend", x$backend, if (length(x$devices)) paste(" on", toString(x$devices)))
    },
    if (!is.null(x$module$path)) line("module", x$module$version, " ", x$module$path),
    "",
    if (length(x$problems)) paste("-", x$problems) else "All that is needed is there."
  )
}

#' @export
print.softkeras_config <- function(x, ...) {
  lines <- unlist(lapply(format(x), function(line) {
    if (startsWith(line, "- ")) strwrap(line, 78, exdent = 2) else line
  }))
  cat(lines, sep = "\n")
  invisible(x)
}
