# The R half of benchmarks/speed_fit.py: a fit() for each line of standard input.

library(softkeras)

rows <- 16384L
features <- 64L
x <- sin(outer(seq_len(rows), seq_len(features)))
y <- as.numeric(x[, 1] > 0.9)

keras <- reticulate::import("keras")
hidden <- lapply(1:3, function(i) keras$layers$Dense(64L, activation = "relu"))
model <- keras$Sequential(c(
  list(keras$Input(list(features))),
  hidden,
  list(keras$layers$Dense(1L, activation = "sigmoid"))
))
model$compile("adam", loss_soft_fbeta())

# Of the processor: that of R and Python, which are one process.
clock <- reticulate::import("time")
input <- file("stdin", "r")
while (length(readLines(input, n = 1L))) {
  start <- clock$process_time()
  model$fit(x, array(y), batch_size = 256L, epochs = 2L, verbose = 0L)
  cat("seconds", clock$process_time() - start, "\n")
  flush(stdout())
}
