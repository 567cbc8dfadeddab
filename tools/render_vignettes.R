# Runs the code of vignettes/NAME.Rmd.orig and writes vignettes/NAME.Rmd, with the
# output and the pictures in it: what R CMD build turns into HTML without Python.
#
#   Rscript tools/render_vignettes.R [NAME...]
#
# Without names all of them, each in an R of its own. Needs the R packages keras3,
# ggplot2, knitr and softkeras, and Python with TensorFlow.

needed <- c("keras3", "ggplot2", "knitr", "softkeras")
there <- vapply(needed, requireNamespace, NA, quietly = TRUE)
if (!all(there)) {
  stop(
    "The vignettes are rendered with the R packages ", toString(needed),
    "; there is no ", toString(needed[!there]), ".",
    call. = FALSE
  )
}

names <- sub("\\.Rmd(\\.orig)?$", "", basename(commandArgs(trailingOnly = TRUE)))
known <- sub("\\.Rmd\\.orig$", "", list.files("vignettes", "\\.Rmd\\.orig$"))
if (!all(names %in% known)) {
  stop(
    "There is no vignettes/", setdiff(names, known)[1], ".Rmd.orig; there are ",
    toString(known), ".",
    call. = FALSE
  )
}

if (length(names) != 1) {
  for (name in if (length(names)) names else known) {
    start <- proc.time()[["elapsed"]]
    status <- system2(
      file.path(R.home("bin"), "Rscript"), c("tools/render_vignettes.R", name)
    )
    if (status != 0) stop("vignettes/", name, ".Rmd.orig was not rendered.", call. = FALSE)
    cat(sprintf("%-20s %3.0f s\n", name, proc.time()[["elapsed"]] - start))
  }
  quit()
}

# What no reader wants to see: the lines of TensorFlow and the progress of fit().
Sys.setenv(TF_CPP_MIN_LOG_LEVEL = "3", TF_ENABLE_ONEDNN_OPTS = "0")
options(
  keras.verbose = 0, keras.view_metrics = FALSE, width = 84, digits = 4,
  str = utils::strOptions(vec.len = 4)
)
reticulate::import("logging")$getLogger("tensorflow")$setLevel("ERROR")
reticulate::import("absl.logging")$set_verbosity("error")

# The line with which a vignette begins.
knitted_with <- function() {
  of_python <- function(module) reticulate::import(module)$`__version__`
  paste0(
    "Knitted with R ", getRversion(), ", keras3 ", utils::packageVersion("keras3"),
    ", reticulate ", utils::packageVersion("reticulate"), ", Keras ", of_python("keras"),
    " and TensorFlow ", of_python("tensorflow"), " on a CPU."
  )
}

# The results of the trials that docs/ reports.
trial <- local({
  results <- normalizePath("benchmarks/results")
  function(file) jsonlite::fromJSON(file.path(results, file), simplifyVector = FALSE)
})

knitr::render_markdown()
# An error of Python comes without the "Error" that the console shows. Long lines
# are broken, as no console is that wide.
knitr::knit_hooks$set(error = function(x, options) {
  if (!startsWith(x, "#> Error")) x <- sub("^#> ", "#> Error: ", x)
  lines <- sub("^#> ?", "", strsplit(trimws(x), "\n")[[1]])
  wrapped <- unlist(lapply(lines, function(line) {
    if (nchar(line) > 100) strwrap(line, getOption("width")) else line
  }))
  knitr::knit_hooks$get("output")(paste0("#> ", wrapped, "\n", collapse = ""), options)
})

# A chunk ```{fresh}``` is run by an R of its own.
knitr::knit_engines$set(fresh = function(options) {
  script <- tempfile(fileext = ".R")
  writeLines(c("options(keras.verbose = 0, width = 84, digits = 4)", options$code), script)
  output <- system2(file.path(R.home("bin"), "Rscript"), script, stdout = TRUE, stderr = FALSE)
  if (!is.null(attr(output, "status"))) stop("The fresh session failed.", call. = FALSE)
  options$engine <- "r"
  knitr::engine_output(options, options$code, paste(output, collapse = "\n"))
})

# As in the package's own pictures.
ggplot2::theme_set(ggplot2::theme_classic(base_size = 12) +
  ggplot2::theme(
    legend.position = "bottom", strip.background = ggplot2::element_blank(),
    strip.text = ggplot2::element_text(size = 12, hjust = 0)
  ))
colours <- softkeras:::plot_colours
options(ggplot2.discrete.colour = list(colours), ggplot2.discrete.fill = list(colours))

setwd("vignettes")
unlink(Sys.glob(paste0("figures/", names, "-*.png")))
# What the code writes stays out of the checkout.
knitr::opts_knit$set(progress = FALSE, verbose = FALSE, root.dir = tempdir())
knitr::opts_chunk$set(
  comment = "#>", collapse = TRUE, error = FALSE, dev = "png", dpi = 110,
  dev.args = list(type = "cairo"), fig.width = 7, fig.height = 3.5,
  fig.path = paste0("figures/", names, "-")
)
file <- paste0(names, ".Rmd")
invisible(knitr::knit(paste0(file, ".orig"), file, quiet = TRUE))
text <- gsub("\n{3,}", "\n\n", paste(readLines(file), collapse = "\n"))
text <- sub(
  "\n---\n",
  paste0("\n---\n\n<!-- Made by `make vignettes` from ", names, ".Rmd.orig: edit that one. -->\n"),
  text,
  fixed = TRUE
)
writeLines(text, file)
