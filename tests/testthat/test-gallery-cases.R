# Each case of gallery.R is broken as it is said to be, by the backend alone.

source(test_path("gallery.R"), local = TRUE)

# The value and the gradient with respect to the last argument, NULL for None.
with_slope <- function(case, data = case$data) {
  tf <- reticulate::import("tensorflow", convert = FALSE)
  tensors <- lapply(data, function(x) {
    tf$constant(reticulate::np_array(x, "float32"))
  })
  of_last <- tensors[[length(tensors)]]
  tape <- tf$GradientTape()
  tape$`__enter__`()
  tape$watch(of_last)
  value <- do.call(case$fn, tensors)
  tape$`__exit__`(NULL, NULL, NULL)
  slope <- tape$gradient(value, of_last)
  list(
    value = reticulate::py_to_r(value$numpy()),
    slope = if (!inherits(slope, "python.builtin.NoneType")) {
      reticulate::py_to_r(tf$convert_to_tensor(slope)$numpy())
    }
  )
}

finite <- function(x) all(is.finite(x))

proof <- list(
  gradient_none = function(case) {
    found <- with_slope(case)
    expect_null(found$slope)
    expect_true(finite(found$value))
  },
  gradient_zero = function(case) expect_true(all(with_slope(case)$slope == 0)),
  unused_prediction = function(case) {
    moved <- list(case$data[[1]], case$data[[2]] / 2)
    expect_equal(with_slope(case)$value, with_slope(case, moved)$value)
  },
  wrong_direction = function(case) {
    slope <- with_slope(case)$slope
    before <- abs(case$data[[1]] - case$data[[2]])
    after <- abs(case$data[[1]] - (case$data[[2]] - 0.01 * slope))
    expect_gt(sum(after), sum(before))
  },
  gradient_not_finite = function(case) {
    found <- with_slope(case)
    expect_true(finite(found$value))
    expect_false(finite(found$slope))
  },
  value_not_finite = function(case) expect_false(finite(with_slope(case)$value)),
  sum_not_mean = function(case) {
    twice <- lapply(case$data, function(x) rbind(x, x))
    expect_equal(
      with_slope(case, twice)$value, 2 * with_slope(case)$value,
      tolerance = 1e-5
    )
  },
  fails = function(case) {
    expect_true(finite(with_slope(case)$value))
    loss <- loss_from_function(case$fn)
    keras <- keras_module()
    model <- keras$Sequential(list(keras$Input(reticulate::tuple(1L)), keras$layers$Dense(1L)))
    model$compile("sgd", loss = loss, jit_compile = FALSE)
    x <- case$data[[2]]
    expect_error(model$fit(x, case$data[[1]], verbose = 0L), case$where)
  }
)

for (name in names(gallery)) {
  test_that(paste(name, "is broken"), {
    skip_if_no_keras()
    skip_if_not(reticulate::py_module_available("tensorflow"))
    skip_if_not(
      identical(keras_module()$backend$backend(), "tensorflow"),
      "the proof is by TensorFlow's tape"
    )
    case <- gallery[[name]]
    proof[[case$kind]](case)
  })
}

test_that("there are a dozen, and each has its link", {
  expect_gte(length(gallery), 12)
  links <- grep("^  # https://", readLines(test_path("gallery.R")), value = TRUE)
  expect_length(links, length(gallery))
  expect_setequal(vapply(gallery, `[[`, "", "kind"), names(proof))
})
