test_that("the module is of the package's own version", {
  skip_if_no_keras()
  module <- py_softkeras()
  expect_identical(
    as_r_text(module$`__version__`),
    as.character(utils::packageVersion("softkeras"))
  )
})

test_that("a Python without keras is named, with what to do", {
  skip_if_no_keras()
  output <- fresh_session(
    "softkeras::soft_counts(c(0, 1), c(0.1, 0.9))",
    env = paste0("RETICULATE_PYTHON=", bare_python())
  )
  expect_match(output, "softkeras needs Python .* with keras")
  expect_match(output, "bare/bin/python", fixed = TRUE)
  expect_match(output, "No module named 'keras'", fixed = TRUE)
  expect_match(output, "install_softkeras()", fixed = TRUE)
})

test_that("a module of another version that is imported already is named", {
  skip_if_no_keras()
  output <- fresh_session(c(
    "reticulate::py_run_string(\"",
    "import sys, types",
    "old = types.ModuleType('softkeras')",
    "old.__version__, old.__file__ = '0.0.1', '/old/softkeras/__init__.py'",
    "sys.modules['softkeras'] = old",
    "\")",
    "softkeras::soft_counts(c(0, 1), c(0.1, 0.9))"
  ))
  expect_match(output, "Received: 0.0.1 in /old/softkeras", fixed = TRUE)
  expect_match(output, "restart R", fixed = TRUE)
})

test_that("Python packages fit the backend, the GPU and reticulate", {
  expect_identical(
    python_packages("jax", FALSE, numeric_version("1.28")),
    c("keras>=3.12", "jax", "numpy<2")
  )
  expect_identical(
    python_packages("jax", TRUE, numeric_version("1.41")),
    c("keras>=3.12", "jax[cuda12]", "numpy")
  )
  expect_match(python_packages("tensorflow", TRUE)[2], "and-cuda", fixed = TRUE)
  expect_match(python_packages("tensorflow", FALSE)[2], "^tensorflow(-cpu)?>=")
  expect_identical(python_packages("torch", FALSE)[2], "torch")
  expect_error(install_softkeras(backend = "theano"), "tensorflow")
})

test_that("nothing is imported before it is needed", {
  output <- fresh_session(c(
    "library(softkeras)",
    "cat('started', reticulate::py_available())"
  ))
  expect_match(output, "started FALSE", fixed = TRUE)
})
