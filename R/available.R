# Whether there is a Python to work with, found out without making one.

#' Is there a Python with Keras?
#'
#' Whether softkeras has a Python with keras to work with: `TRUE` also starts it.
#' For examples, tests and scripts that are to do something else without.
#'
#' @details
#' From version 1.41 on reticulate downloads Python and packages where none was
#' chosen. This function never does: it is `FALSE` there. A Python is chosen by
#' `RETICULATE_PYTHON`, `reticulate::use_virtualenv()` and its like, or by being in
#' the virtual environment `r-keras`, as [install_softkeras()] makes it.
#'
#' @returns `TRUE` or `FALSE`.
#' @references reticulate's
#'   [guide](https://rstudio.github.io/reticulate/articles/versions.html) to which
#'   Python is used.
#' @family installation
#' @seealso [softkeras_sitrep()], which says what is missing.
#' @export
#' @examples
#' softkeras_available()
softkeras_available <- function() {
  (reticulate::py_available() || !downloads_python() || is_python_chosen()) &&
    reticulate::py_module_available("keras")
}

downloads_python <- function() {
  is_off <- tolower(Sys.getenv("RETICULATE_USE_MANAGED_VENV")) %in% c("false", "0", "no")
  !is_off && exists("py_require", asNamespace("reticulate"))
}

# Where reticulate looks with downloads turned off; but what it finds only by then
# looking for any Python is not what it would take with downloads.
is_python_chosen <- function() {
  if (identical(Sys.getenv("RETICULATE_PYTHON"), "managed")) {
    return(FALSE)
  }
  before <- Sys.getenv("RETICULATE_USE_MANAGED_VENV", NA)
  on.exit(if (is.na(before)) {
    Sys.unsetenv("RETICULATE_USE_MANAGED_VENV")
  } else {
    Sys.setenv(RETICULATE_USE_MANAGED_VENV = before)
  })
  Sys.setenv(RETICULATE_USE_MANAGED_VENV = "no")
  found <- tryCatch(reticulate::py_discover_config("keras"), error = function(e) NULL)
  !is.null(found$required_module_path) &&
    !isTRUE(found$forced %in% c("PATH", "Windows Registry"))
}
