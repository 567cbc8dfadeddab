# Messages of Python in R's spelling: from_logits=True is `from_logits = TRUE` here,
# and SoftFBeta is loss_soft_fbeta().

# What is no code of the reader's: printed objects, and shapes such as (None, 3).
NOT_CODE <- "<[^<>]*>|\\((None|[0-9]+)(, *(None|[0-9]+))*,?\\)"

in_words_of_r <- function(text) {
  kept <- gregexpr(NOT_CODE, text)
  rest <- regmatches(text, kept, invert = TRUE)
  regmatches(text, kept, invert = TRUE) <- lapply(rest, as_r_code)
  text
}

as_r_code <- function(text) {
  text <- with_names_of_r(text)
  text <- gsub("(?<![\\w.=<>!])([a-zA-Z_]\\w*)=(?=[^=\\s])", "\\1 = ", text, perl = TRUE)
  # A list of one, as callbacks=[...]; a pair of numbers, as labels=(0, 1).
  text <- gsub("= \\[([^][,]*)\\]", "= \\1", text)
  text <- gsub("= [[(](-?[0-9.]+(?:, -?[0-9.]+)+)[])]", "= c(\\1)", text, perl = TRUE)
  for (word in names(CONSTANTS)) {
    text <- gsub(paste0("\\b", word, "\\b"), CONSTANTS[[word]], text)
  }
  text
}

CONSTANTS <- c(True = "TRUE", False = "FALSE", None = "NULL")

# Classes and functions of Python that R has, too.
with_names_of_r <- function(text) {
  python <- paste0(
    "\\b(?:softkeras\\.(losses|steps|layers|metrics|callbacks|ops)\\.)?",
    "([A-Z][a-z]+[A-Z]\\w*|(?<=steps\\.)Step|(?<=ops\\.|callbacks\\.)\\w+)(\\(\\))?"
  )
  found <- gregexpr(python, text, perl = TRUE)
  regmatches(text, found) <- lapply(regmatches(text, found), function(all) {
    vapply(all, name_of_r, "", USE.NAMES = FALSE)
  })
  # Where arguments follow.
  gsub("()(", "(", text, fixed = TRUE)
}

# The name in R of what Python calls `name`, perhaps with the module in front and
# parentheses behind; `name` itself where R has none.
name_of_r <- function(name) {
  bare <- sub("\\(\\)$", "", sub(".*\\.", "", name))
  is_class <- grepl("^[A-Z]", bare)
  kinds <- if (is_class) c("loss_", "layer_", "metric_", "callback_", "steps_") else c("op_", "")
  plain <- function(x) tolower(gsub("_", "", x))
  exported <- getNamespaceExports("softkeras")
  same <- exported[plain(exported) %in% plain(paste0(kinds, bare))]
  if (length(same) == 1) paste0(same, "()") else name
}
