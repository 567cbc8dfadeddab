# Whether there is a Python, found out without making one.

available_in <- function(code, home) {
  output <- fresh_session(
    c(
      'Sys.unsetenv(c("RETICULATE_PYTHON", "RETICULATE_PYTHON_ENV", "VIRTUAL_ENV"))',
      "setwd(tempdir())", # a project of Python's own would be a choice
      code, "library(softkeras)", "cat('found', softkeras_available(), reticulate::py_available())"
    ),
    env = paste0(c("HOME=", "R_USER_CACHE_DIR=", "XDG_CACHE_HOME=", "WORKON_HOME="), home)
  )
  sub(".*found ", "", output)
}

empty_home <- function() {
  home <- tempfile("home")
  dir.create(home)
  home
}

test_that("without a Python that was chosen there is none, and none is made", {
  skip_if_not(
    exists("py_require", asNamespace("reticulate")), "this reticulate downloads no Python"
  )
  home <- empty_home()
  for (code in c("", 'Sys.setenv(RETICULATE_PYTHON = "managed")')) {
    expect_equal(available_in(code, home), "FALSE FALSE")
    expect_equal(list.files(home, all.files = TRUE, no.. = TRUE), character())
  }
})

test_that("a Python that was chosen is started if it has keras", {
  skip_if_no_keras()
  python <- reticulate::py_config()$python
  chosen <- c(
    sprintf('Sys.setenv(RETICULATE_PYTHON = "%s")', python),
    sprintf('reticulate::use_python("%s", required = TRUE)', python)
  )
  for (code in chosen) {
    expect_equal(available_in(code, empty_home()), "TRUE TRUE")
  }
  none <- available_in('Sys.setenv(RETICULATE_PYTHON = "/none/python")', empty_home())
  expect_equal(none, "FALSE FALSE")
})
