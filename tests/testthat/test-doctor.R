# diagnose(): functions of R, their lines and errors, and how the report is shown.

kinds <- function(...) {
  found <- as.data.frame(diagnose(...))
  found$kind[found$severity != "info"]
}

# JAX hands zeros down where TensorFlow hands nothing.
lost <- c("gradient_none", "gradient_zero")

rounded <- function(y_true, y_pred) {
  called <- round(y_pred)
  1 - sum(y_true * called) / (sum(called) + 1e-7)
}
rmse <- function(y_true, y_pred) sqrt(mean((y_true - y_pred)^2))

tensor <- function(x) keras_module()$ops$convert_to_tensor(reticulate::np_array(x, "float32"))

# A function that was read from a file, with its source kept or not.
from_file <- function(..., keep = TRUE) {
  file <- tempfile("mine", fileext = ".R")
  writeLines(c(...), file)
  list(f = source(file, local = TRUE, keep.source = keep)$value, file = file)
}

test_that("losses that don't train are told from those that do", {
  skip_if_no_keras()
  expect_true(any(lost %in% kinds(rounded)))
  expect_true("gradient_not_finite" %in% kinds(rmse))
  cross_entropy <- function(y_true, y_pred) {
    -mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred))
  }
  expect_true("value_not_finite" %in% kinds(cross_entropy))
  squares <- function(y_true, y_pred) mean((y_true - y_pred)^2)
  expect_true("wrong_direction" %in% kinds(function(y, p) -squares(y, p)))
  expect_true("unused_prediction" %in% kinds(function(y_true, y_pred) sum(y_true)))
  expect_equal(kinds(squares), character())
  expect_equal(kinds(loss_soft_fbeta()), character())
  expect_equal(kinds(loss_soft_fbeta), character())
})

test_that("what to write is said in the words of R", {
  skip_if_no_keras()
  found <- as.data.frame(diagnose(rounded, c(1, 0, 1), c(0.2, 0.7, 0.6)))
  expect_equal(found$remedy[found$kind %in% lost], "op_soft_round(x)")
  expect_match(format(diagnose(rmse)), "remedy   keras3's op_sqrt", all = FALSE)
})

test_that("what R's own functions refuse has a remedy in the words of R", {
  skip_if_no_keras()
  remedies <- function(fn) as.data.frame(diagnose(fn))$remedy
  expect_match(
    remedies(function(y_true, y_pred) mean(abs(y_true - (y_pred > 0.5)))),
    "op_soft_step(", fixed = TRUE, all = FALSE
  )
  expect_match(
    remedies(function(y_true, y_pred) mean((which.max(y_pred) - y_true)^2)),
    "op_soft_argmax(", fixed = TRUE, all = FALSE
  )
})

test_that("a function of one argument is an activation", {
  skip_if_no_keras()
  report <- diagnose(function(x) round(x))
  expect_equal(report$kind, "activation")
  expect_true(any(lost %in% as.data.frame(report)$kind))
  expect_true(any(lost %in% kinds(round)))
  expect_equal(kinds("relu"), character())
  expect_equal(kinds(function(x) tanh(x)), character())
})

test_that("a function has its own name", {
  skip_if_no_keras()
  expect_equal(diagnose(rmse)$subject, "rmse")
  expect_equal(diagnose(function(x) x)$subject, "the function")
})

test_that("a function that may take weights is looked at without them", {
  skip_if_no_keras()
  seen <- NULL
  weighted <- function(y_true, y_pred, sample_weight) {
    seen <<- is.null(sample_weight)
    if (is.null(sample_weight)) mean((y_true - y_pred)^2) else sum(sample_weight * y_pred)
  }
  report <- diagnose(weighted)
  expect_true(seen)
  expect_equal(report$kind, "loss")
  expect_false(is.null(report$curve$value))
  # Its name is none that a graph could have.
  unnamed <- diagnose(function(y_true, y_pred, sample_weight) mean((y_true - y_pred)^2))
  expect_equal(unnamed$subject, "the function")
  expect_false("fails" %in% as.data.frame(unnamed)$kind)
})

test_that("layers, models and metrics take what R has", {
  skip_if_no_keras()
  data <- data.frame(a = c(-1, 0.5, 2, -0.3), b = c(0.2, 1, -1, 3))
  y <- factor(c("n", "q", "q", "n"))
  model <- small_model()
  model$compile("sgd", loss = loss_soft_fbeta())
  expect_message(report <- diagnose(model, data, y), "second level")
  expect_equal(report$kind, "model")
  expect_false(any(severities(report) == "error"))
  model$compile("sgd", loss = loss_from_function(rounded))
  report <- suppressMessages(diagnose(model, data, y))
  found <- as.data.frame(report)
  expect_true(any(found$kind %in% lost & grepl("loss rounded, y_pred", found$where)))
  expect_true(any(found$kind %in% lost & grepl("variable", found$where)))
  expect_output(print(report), "op_soft_round")
  layer <- keras_module()$layers$Dense(3L, activation = "relu")
  for (x in list(data, as.matrix(data))) {
    report <- diagnose(layer, x)
    expect_equal(report$kind, "layer")
    expect_s3_class(ggplot2::autoplot(report), "ggplot")
  }
  report <- diagnose(keras_module()$metrics$BinaryAccuracy(), c(0, 1, 1, 0), c(1, 0, 1, 0))
  expect_equal(report$kind, "metric")
  expect_equal(stop_for_errors(report), report)
})

test_that("a vector of predictions is a column, as a model predicts it", {
  skip_if_no_keras()
  expect_equal(kinds("mse", c(1, 0, 1, 1), c(0.2, 0.7, 0.6, 0.4), c(1, 2, 0, 1)), character())
})

test_that("Python sees the line of R that runs", {
  skip_if_no_keras()
  reticulate::py_run_string(paste(
    "import traceback", "def lines_now():",
    "    found = [(f.filename, f.lineno, f.line) for f in traceback.extract_stack()]",
    "    return [list(f) for f in found if 'mine' in f[0]][-1]",
    sep = "\n"
  ))
  where <- function(x) {
    found <<- c(found, list(reticulate::py$lines_now()))
    x
  }
  code <- c(
    "mine <- function(x) {",
    "  x <- x + 1",
    "  if (TRUE) {",
    "    y <- where(x)",
    "  }",
    "  for (i in 1) y <- where(x)",
    "  return(where(x))",
    "}"
  )
  x <- tensor(c(1, 2))
  for (keep in c(TRUE, FALSE)) {
    found <- list()
    made <- from_file(code, keep = keep)
    environment(made$f) <- environment()
    got <- as_py_subject(made$f, "mine", new.env())$`__call__`(x)
    expect_equal(as_r_numbers(got), c(2, 3))
    # R prints a function with the first brace on a line of its own.
    lines <- c(4L, 6L, 7L) + if (keep) 0L else 1L
    expect_equal(vapply(found, function(f) as.integer(f[[2]]), 0L), lines)
    expect_equal(found[[1]][[3]], "y <- where(x)")
    if (keep) expect_equal(normalizePath(found[[1]][[1]]), normalizePath(made$file))
  }
})

test_that("a function with its lines does what it did", {
  skip_if_no_keras()
  fs <- list(
    function(x, k = 2) {
      stopifnot(missing(k))
      for (i in 1:3) {
        if (i == 2) next
        x <- x + i
      }
      repeat break
      if (is.null(NULL)) {
        return(x * k)
      }
      NULL
    },
    function(x, ...) x + ...length(),
    function(x) {
      on.exit(y <- 3)
      y <- 2
      add <- function(z) {
        y <<- y + z
      }
      add(1)
      x + y
    },
    function(x) 3,
    function(x) {
      switch("a",
        a = x,
        b = stop()
      )
    }
  )
  for (f in fs) {
    expect_equal(with_lines(f, "f")(5), f(5), label = deparse1(body(f)))
    expect_equal(formals(with_lines(f, "f")), formals(f))
  }
})

test_that("errors of R come with R's words and line", {
  skip_if_no_keras()
  made <- from_file("function(y_true, y_pred) {", "  a <- 1", "  no_such(y_pred)", "}")
  errors <- new.env()
  subject <- as_py_subject(made$f, "mine", errors)
  x <- tensor(c(1, 0))
  expect_error(
    subject$`__call__`(x, x), 'could not find function "no_such", in no_such\\(y_pred\\)'
  )
  place <- as.list(errors)[[1]]
  expect_equal(place, c(paste0(basename(made$file), ":3"), "no_such(y_pred)"))
  finding <- list(kind = "fails", cause = paste("It says:", names(as.list(errors))), where = "")
  report <- with_places(list(findings = list(finding)), as.list(errors))
  expect_equal(report$findings[[1]]$where, paste(place, collapse = ": "))
  # Of a long text Python keeps the first sentence.
  long <- as_py_subject(
    from_file("function(y_true, y_pred) stop('All of it. The rest.')")$f, "mine", errors
  )
  expect_error(long$`__call__`(x, x), "All of it. The rest.")
  finding$cause <- "It raises RuntimeError: All of it."
  report <- with_places(list(findings = list(finding)), as.list(errors))
  expect_match(report$findings[[1]]$where, "mine.*[.]R:1: ")
  stops <- as_py_subject(function(y_true, y_pred) stop("my words"), "mine", errors)
  expect_error(stops$`__call__`(x, x), "my words")
  none <- as_py_subject(function(y_true, y_pred) NULL, "mine", errors)
  expect_error(none$`__call__`(x, x), "mine must return a tensor. Received: NULL")
})

test_that("data come as R has them", {
  skip_if_no_keras()
  seen <- data_of(rmse, c(1, 0), matrix(c(0.2, 0.7)))
  expect_equal(as_r_numbers(seen[[2]]), matrix(c(0.2, 0.7)))
  expect_message(
    seen <- data_of(rmse, factor(c("n", "q", "n")), c(0.1, 0.2, 0.3)), "second level"
  )
  expect_equal(as_r_numbers(seen[[1]]), c(0, 1, 0))
  seen <- data_of(rmse, sample_weight = 1:2, y_pred = c(0.5, 0.6), y_true = c(TRUE, FALSE))
  expect_equal(lapply(seen, as_r_numbers), list(c(TRUE, FALSE), matrix(c(0.5, 0.6)), 1:2))
  seen <- data_of(small_model(), data.frame(a = 1:2, b = 3:4), factor(c("n", "q")))
  expect_equal(unname(as_r_numbers(seen[[1]])), cbind(1:2, 3:4))
  expect_equal(as_r_numbers(seen[[2]]), c(0, 1))
  expect_error(data_of(rmse, 1, weights = 2), "Received: weights")
  expect_error(data_of(rmse, c(1, NA), c(0.1, 0.2)), "y_true.*missing")
})

test_that("what can't be diagnosed is named", {
  skip_if_no_keras()
  expect_error(diagnose(3), "class \"numeric\"", class = "softkeras_error")
  expect_error(diagnose("no_such_loss"), "no_such_loss", class = "softkeras_error")
  expect_error(diagnose("mse", seed = NA), "`seed`")
  expect_error(stop_for_errors(3), "diagnose")
})

# A report as diagnose() makes it, without Python.
made <- function(severities = c("error", "warning"), curve = list(error = "it is made up")) {
  findings <- lapply(severities, function(severity) {
    list(
      kind = "gradient_none", title = paste("title of the", severity), severity = severity,
      where = "y_pred: round", cause = paste(rep("word", 40), collapse = " "),
      remedy = "op_soft_round()", retried = "", example = list(y_pred = matrix(1:300 / 7, 100))
    )
  })
  structure(list(
    subject = "mine", kind = "loss", findings = findings,
    checks = list(list(outcome = "fine", text = paste(rep("long", 30), collapse = " "))),
    probes = list(), curve = curve, environment = list(keras = "3"), seed = 0L
  ), class = "softkeras_report")
}

test_that("a report is printed as a table and then in full", {
  lines <- format(made(), width = 80)
  expect_equal(lines[1], "mine: 1 error, 1 warning")
  expect_match(lines[3], "^error +title of the error +y_pred: round$")
  expect_equal(lines[6], "error    title of the error")
  expect_match(lines, "y_pred = 0.1429 14.43 28.71; .*; [.]{3}$", all = FALSE)
  expect_match(lines, "^fine     long .*\\.\\.\\.$", all = FALSE)
  expect_true(all(nchar(lines) <= 80))
  # Of one finding the table would say nothing more.
  expect_length(grep("title of the error", format(made("error"))), 1)
  expect_match(format(made(character()))[1], "nothing found that keeps this loss from training")
  expect_output(shown <- withVisible(print(made())), "op_soft_round")
  expect_false(shown$visible)
  before <- options(cli.num_colors = 256L)
  on.exit(options(before))
  expect_output(print(made()), "\033[1;31merror", fixed = TRUE)
  options(cli.num_colors = 1L)
  expect_false(any(grepl("\033", capture.output(print(made())), fixed = TRUE)))
})

test_that("a report is a table", {
  report <- made()
  expect_named(as.data.frame(report), c("kind", "severity", "where", "cause", "remedy"))
  expect_equal(nrow(as.data.frame(report)), 2)
  expect_equal(nrow(as.data.frame(made(character()))), 0)
  expect_named(summary(report), c("severity", "finding", "where"))
  skip_if_not_installed("generics")
  expect_equal(generics::tidy(report), as.data.frame(report))
})

test_that("errors stop a test, warnings don't", {
  expect_identical(stop_for_errors(made("warning")), made("warning"))
  error <- expect_error(stop_for_errors(made()), "title of the error",
    class = "softkeras_diagnosis_error"
  )
  expect_s3_class(error, "softkeras_error")
  expect_s3_class(error$report, "softkeras_report")
})

test_that("value and gradient are drawn, and what is bad is marked", {
  skip_if_no_keras()
  report <- diagnose(rounded)
  expect_true(all(report$curve$stuck))
  half <- diff(report$curve$x[1:2]) / 2
  expect_equal(stretches(report$curve)[1, 1:2], data.frame(from = -half, to = 1 + half))
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit(grDevices::dev.off())
  before <- graphics::par("mar")
  expect_identical(plot(report), report)
  expect_equal(graphics::par("mar"), before)
  expect_error(plot(made()), "nothing to draw of mine: it is made up")
  nan <- diagnose(function(y_true, y_pred) mean(y_pred - y_true) / 0)
  expect_silent(plot(nan))
  skip_if_not_installed("ggplot2")
  for (each in list(report, nan, diagnose(rmse), diagnose("relu"))) {
    picture <- ggplot2::autoplot(each)
    expect_silent(ggplot2::ggplot_build(picture))
  }
  layers <- function(report) {
    vapply(ggplot2::autoplot(report)$layers, function(l) class(l$geom)[1], "")
  }
  expect_true("GeomRect" %in% layers(report))
  expect_true("GeomPoint" %in% layers(nan))
  expect_false(any(c("GeomRect", "GeomPoint") %in% layers(diagnose("relu"))))
})

test_that("a report can be kept in a file", {
  skip_if_no_keras()
  report <- diagnose(rmse)
  file <- tempfile()
  saveRDS(report, file)
  expect_identical(format(readRDS(file)), format(report))
})
