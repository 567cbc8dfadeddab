# Without Python and keras, without keras3: the tests that need them are skipped,
# and say so.

# Looked up once: to look for a Python that is not there takes a while.
keras_is_there <- softkeras_available()

skip_if_no_keras <- function() {
  skip_if_not(
    keras_is_there,
    "Python with keras is not there, or was not chosen; run install_softkeras()"
  )
}

skip_if_no_keras3 <- function() {
  skip_if_no_keras()
  skip_if_not_installed("keras3")
}

# float64 is what R's doubles are; JAX makes float32 of it unless told.
skip_if_float32 <- function() {
  made <- keras_module()$ops$convert_to_tensor(reticulate::np_array(0.1, "float64"))
  skip_if(
    grepl("32", as.character(reticulate::import_builtins()$str(made$dtype))),
    "this backend computes in float32 only"
  )
}

golden <- function(name) {
  jsonlite::fromJSON(
    test_path("golden", paste0(name, ".json")),
    simplifyDataFrame = FALSE
  )
}

# A fresh R session with the same libraries; the last line that it prints.
fresh_session <- function(code, env = character()) {
  file <- tempfile(fileext = ".R")
  writeLines(code, file)
  env <- c(env, paste0("R_LIBS=", paste(.libPaths(), collapse = .Platform$path.sep)))
  output <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(file)),
    stdout = TRUE, stderr = TRUE, env = env
  ))
  paste(output, collapse = "\n")
}

keras_module <- function() reticulate::import("keras")

# A small network, the same each time.
small_model <- function(inputs = 2L) {
  keras <- keras_module()
  keras$utils$set_random_seed(1L)
  keras$Sequential(list(
    keras$Input(reticulate::tuple(inputs)),
    keras$layers$Dense(8L, activation = "relu"),
    keras$layers$Dense(1L, activation = "sigmoid")
  ))
}

# Two overlapping clouds, a fifth of them positive. As an array, because a plain
# vector of R is a list in Python.
clouds <- function(n = 200) {
  set.seed(1)
  y <- rep(c(0, 0, 0, 0, 1), length.out = n)
  list(x = matrix(stats::rnorm(2 * n), n) + 2 * y, y = array(y))
}

# A Python without keras.
bare_python <- function() {
  bare <- file.path(tempfile(), "bare")
  python <- reticulate::py_config()$python
  status <- system2(python, c("-m", "venv", "--without-pip", shQuote(bare)))
  skip_if_not(status == 0, "no venv can be made")
  file.path(bare, "bin", "python")
}

# The GPU's name for keras$device, or the device that SOFTKERAS_TEST_DEVICE names
# in its place; skips without one.
skip_if_no_gpu <- function() {
  skip_if_no_keras()
  asked <- Sys.getenv("SOFTKERAS_TEST_DEVICE")
  if (nzchar(asked)) {
    return(asked)
  }
  backend <- as.character(keras_module()$backend$backend())
  there <- switch(backend,
    tensorflow = length(reticulate::import("tensorflow")$config$list_logical_devices("GPU")) > 0,
    jax = any(vapply(
      reticulate::import("jax")$devices(), function(d) d$platform == "gpu", logical(1)
    )),
    torch = reticulate::import("torch")$cuda$is_available()
  )
  skip_if_not(there, paste("no GPU:", backend, "sees none"))
  if (backend == "torch") "cuda:0" else "gpu:0"
}
