# Precision and F1 as losses, on rare malignant cases, from R.
#
#   Rscript examples/demo.R
#
# The same network is trained on four losses, five folds each, with keras3's
# compile() and fit() where that package is installed, through reticulate where
# it is not; that of cross-entropy is also judged at the threshold that is best for
# F1 on the training cases. examples/demo.py does the same from Python, with the
# same seeds, and its saved models are loaded here.

# TensorFlow's lines when it starts.
Sys.setenv(TF_CPP_MIN_LOG_LEVEL = "3", TF_ENABLE_ONEDNN_OPTS = "0")
library(softkeras)

out <- "build/demo"
folds <- 5
epochs <- 25L
batch <- 32L
losses <- list(
  "cross-entropy" = "binary_crossentropy",
  "class-weighted cross-entropy" = "binary_crossentropy",
  "soft precision" = loss_soft_precision(),
  "soft F1" = loss_soft_fbeta()
)
has_keras3 <- requireNamespace("keras3", quietly = TRUE)
keras <- reticulate::import("keras")
# Each fold has its own model, and TensorFlow warns that it traces so many.
reticulate::import("logging")$getLogger("tensorflow")$setLevel("ERROR")

# Measurements, labels, and a fold of each case, alike in both classes.
data <- as.matrix(read.csv("inst/extdata/breast_cancer.csv"))
x <- data[, -ncol(data)]
y <- data[, ncol(data)]
fold <- stats::ave(y, y, FUN = function(own) (seq_along(own) - 1) %% folds)

# Training and held-out cases, scaled by the training cases.
split_off <- function(held_out) {
  own <- fold != held_out
  mean <- colMeans(x[own, ])
  deviation <- sqrt(colMeans(sweep(x[own, ], 2, mean)^2))
  x <- sweep(sweep(x, 2, mean), 2, deviation, "/")
  list(x = x[own, ], y = array(y[own]), x_test = x[!own, ])
}

metrics <- function() {
  list(metric_epoch_score("precision", empty = "zero"), metric_epoch_score("f_beta"))
}

class_weights <- function(name, y) {
  if (startsWith(name, "class-weighted")) c("0" = 0.5 / mean(1 - y), "1" = 0.5 / mean(y))
}

# A model trained on a loss, and the scores of its epochs.
train_with_keras3 <- function(name, cases, seed) {
  keras3::set_random_seed(seed)
  model <- keras3::keras_model_sequential(input_shape = ncol(x)) |>
    keras3::layer_dense(32, activation = "relu") |>
    keras3::layer_dense(1, activation = "sigmoid")
  model |> keras3::compile(
    optimizer = keras3::optimizer_adam(0.01),
    loss = losses[[name]],
    metrics = metrics()
  )
  weights <- class_weights(name, cases$y)
  history <- model |> keras3::fit(
    cases$x, cases$y,
    epochs = epochs, batch_size = batch,
    class_weight = if (!is.null(weights)) as.list(weights), verbose = 0
  )
  list(model = model, history = history$metrics)
}

train_with_reticulate <- function(name, cases, seed) {
  keras$utils$set_random_seed(as.integer(seed))
  model <- keras$Sequential(list(
    keras$Input(reticulate::tuple(ncol(x))),
    keras$layers$Dense(32L, activation = "relu"),
    keras$layers$Dense(1L, activation = "sigmoid")
  ))
  model$compile(keras$optimizers$Adam(0.01), loss = losses[[name]], metrics = metrics())
  weights <- class_weights(name, cases$y)
  history <- model$fit(
    cases$x, cases$y,
    epochs = epochs, batch_size = batch, verbose = 0L,
    class_weight = if (!is.null(weights)) reticulate::py_dict(0:1, as.list(unname(weights)))
  )
  list(model = model, history = history$history)
}

train <- if (has_keras3) train_with_keras3 else train_with_reticulate

predict_with <- function(model, x) as.vector(model$predict(x, verbose = 0L))

# Precision, recall and F1 of hard decisions.
scores <- function(y, called) {
  tp <- sum(called & y == 1)
  c(tp / max(sum(called), 1), tp / sum(y == 1), 2 * tp / (sum(called) + sum(y == 1)))
}

slug <- function(name) gsub("[ -]", "_", tolower(name))

cat(sprintf(
  "R %s, with %s\n", getRversion(),
  if (has_keras3) {
    paste("keras3", utils::packageVersion("keras3"))
  } else {
    paste0("reticulate ", utils::packageVersion("reticulate"), " (keras3 is not installed)")
  }
))
dir.create(file.path(out, "r"), showWarnings = FALSE, recursive = TRUE)
bar <- utils::txtProgressBar(max = length(losses) * folds, style = 3)
table <- list()
curves <- predictions <- NULL
for (name in names(losses)) {
  start <- proc.time()[["elapsed"]]
  called <- tuned <- logical(length(y))
  for (held_out in seq_len(folds) - 1) {
    cases <- split_off(held_out)
    trained <- train(name, cases, seed = held_out)
    p <- predict_with(trained$model, cases$x_test)
    called[fold == held_out] <- p > 0.5
    best <- best_threshold(cases$y, predict_with(trained$model, cases$x), "f_beta")
    tuned[fold == held_out] <- p >= best$threshold
    utils::setTxtProgressBar(bar, utils::getTxtProgressBar(bar) + 1)
  }
  seconds <- proc.time()[["elapsed"]] - start
  table[[name]] <- c(scores(y, called), seconds)
  if (name == "cross-entropy") {
    table[["cross-entropy, tuned threshold"]] <- c(scores(y, tuned), seconds)
  }
  # The models that are kept are those of the last fold.
  trained$model$save(file.path(out, "r", paste0(slug(name), ".keras")))
  predictions <- rbind(predictions, data.frame(loss = name, p = p))
  curves <- rbind(curves, data.frame(
    loss = name, epoch = seq_len(epochs),
    precision = unlist(trained$history$precision), f1 = unlist(trained$history$f_beta)
  ))
}
close(bar)
write.csv(predictions, file.path(out, "r", "predictions.csv"), row.names = FALSE)
write.csv(curves, file.path(out, "r", "curves.csv"), row.names = FALSE)

table <- do.call(rbind, table)
cat(sprintf("\n%-32sprecision   recall       F1   seconds\n", "held-out folds"))
cat(sprintf(
  "%-32s%9.3f%9.3f%9.3f%10.1f\n",
  rownames(table), table[, 1], table[, 2], table[, 3], table[, 4]
), sep = "")

# What Python has saved, without custom_objects; its predictions must be
# Python's own.
of_python <- read.csv(file.path(out, "python", "predictions.csv"))
differences <- vapply(names(losses), function(name) {
  model <- keras$saving$load_model(file.path(out, "python", paste0(slug(name), ".keras")))
  p <- predict_with(model, split_off(folds - 1)$x_test)
  max(abs(p - of_python$p[of_python$loss == name]))
}, 0)
agree <- max(differences) < 1e-5
cat(sprintf(
  "\nR has loaded the %d models that Python saved: predictions %s (largest difference %.1g)\n",
  length(losses), if (agree) "agree" else "DIFFER", max(differences)
))
if (!agree) quit(status = 1)
