# What was found, and what to do about what was not.

test_that("where all is there, no problem is named", {
  skip_if_no_keras()
  config <- softkeras_config()
  expect_identical(config$problems, NULL)
  expect_identical(config$backend, keras_module()$config$backend())
  expect_identical(config$keras, keras_module()$`__version__`)
  expect_match(config$module$path, "softkeras$")
  printed <- paste(capture.output(print(config)), collapse = "\n")
  expect_match(printed, paste0("reticulate +", utils::packageVersion("reticulate")))
  expect_match(printed, paste0("backend +", config$backend, " on "))
  expect_match(printed, "All that is needed is there", fixed = TRUE)
})

test_that("what is missing is named, with what to do", {
  none <- fresh_session(
    "softkeras::softkeras_sitrep()",
    env = "RETICULATE_PYTHON=/none/python"
  )
  expect_match(none, "Python +not found")
  expect_match(none, "RETICULATE_PYTHON is /none/python. Run\\s+install_softkeras\\(\\)")
  skip_if_no_keras()
  without_keras <- fresh_session(
    "softkeras::softkeras_sitrep()",
    env = paste0("RETICULATE_PYTHON=", bare_python())
  )
  expect_match(without_keras, "keras is not in this Python. Run install_softkeras", fixed = TRUE)
  without_backend <- fresh_session(
    "softkeras::softkeras_sitrep()",
    env = c("KERAS_BACKEND=none", "TF_USE_LEGACY_KERAS=1")
  )
  expect_match(without_backend, "Keras can't be imported.*KERAS_BACKEND or")
  expect_match(without_backend, "TF_USE_LEGACY_KERAS is set", fixed = TRUE)
})

test_that("versions that do not go together are named", {
  r <- list(reticulate = "1.28", keras = TRUE)
  found <- list(
    r = r, python = list(version = "3.9.2"), keras = "2.15.0",
    packages = list(keras = "2.15.0", numpy = "2.1.0")
  )
  problems <- problems_of(found)
  expect_length(problems, 4)
  expect_match(problems[1], "Python 3.9.2 is too old")
  expect_match(problems[2], "Keras 2.15.0 is too old")
  expect_match(problems[3], "reticulate 1.28 does not read arrays of NumPy 2.1.0")
  expect_match(problems[4], "keras3 in a fresh session")
  found$keras <- "3.15.0rc1"
  expect_match(problems_of(found)[2], "no backend")
})
