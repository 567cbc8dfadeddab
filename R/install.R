#' Install Python with all that softkeras needs
#'
#' Makes a virtual environment with keras 3 and a backend, or adds them to one
#' that is there. The module `softkeras` itself comes with the R package.
#'
#' @param envname Name of the virtual environment, or its path. The default is
#'   the one that the R package keras3 uses.
#' @param backend `"tensorflow"`, `"jax"` or `"torch"`.
#' @param gpu Whether to install the backend with CUDA; `NA` (the default) does so
#'   where there is an NVIDIA driver.
#'
#' @returns The Python packages that were installed, invisibly. Restart R
#'   afterwards if Python was running. An error if the installation fails.
#' @references reticulate's
#'   [guide](https://rstudio.github.io/reticulate/articles/python_packages.html)
#'   to Python environments.
#' @family installation
#' @export
#' @examples
#' \dontrun{
#' install_softkeras()
#' install_softkeras("~/my-env", backend = "jax", gpu = FALSE)
#' }
install_softkeras <- function(
    envname = "r-keras", backend = c("tensorflow", "jax", "torch"), gpu = NA) {
  backend <- match.arg(backend)
  if (is.na(gpu)) {
    gpu <- nzchar(Sys.which("nvidia-smi"))
  }
  packages <- python_packages(backend, gpu)
  reticulate::py_install(packages, envname, method = "virtualenv", pip = TRUE)
  message(
    "softkeras: ", toString(packages), " are in the virtual environment ", envname,
    ". To use it: reticulate::use_virtualenv(\"", envname, "\") in a fresh R session."
  )
  invisible(packages)
}

python_packages <- function(
    backend, gpu, reticulate_version = utils::packageVersion("reticulate")) {
  of_backend <- switch(backend,
    tensorflow = if (gpu) {
      "tensorflow[and-cuda]>=2.16"
    } else if (is_linux()) {
      "tensorflow-cpu>=2.16"
    } else {
      "tensorflow>=2.16"
    },
    jax = if (gpu) "jax[cuda12]" else "jax",
    torch = "torch"
  )
  # Before 1.38 reticulate takes arrays of NumPy 2 for something else.
  numpy <- if (reticulate_version < "1.38") "numpy<2" else "numpy"
  c("keras>=3.12", of_backend, numpy)
}

is_linux <- function() identical(Sys.info()[["sysname"]], "Linux")
