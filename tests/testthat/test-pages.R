# The pages of the reference: each is listed in _pkgdown.yml, in one family. Only in
# a checkout: the built package has no such file.

checkout <- function(...) test_path("..", "..", ...)

skip_if_built <- function() {
  skip_if_not(file.exists(checkout("_pkgdown.yml")), "_pkgdown.yml is in the checkout only")
}

test_that("every page of the reference is listed once", {
  skip_if_built()
  lines <- readLines(checkout("_pkgdown.yml"))
  articles <- match("articles:", lines)
  of_articles <- grep("^  - ", lines[-seq_len(articles)], value = TRUE)
  rendered <- sub("\\.Rmd$", "", list.files(checkout("vignettes"), "\\.Rmd$"))
  expect_setequal(sub("^  - ", "", of_articles), rendered)
  lines <- lines[seq_len(articles)]
  entries <- grep("^  - ", lines, value = TRUE)
  listed <- trimws(sub("^  - ", "", entries))
  pages <- lapply(list.files(checkout("man"), "\\.Rd$", full.names = TRUE), function(file) {
    text <- readLines(file)
    of <- function(tag) {
      lines <- grep(paste0("^\\\\", tag), text, value = TRUE)
      sub(sprintf("^\\\\%s\\{(.*)\\}$", tag), "\\1", lines)
    }
    list(name = of("name"), aliases = gsub("\\\\", "", of("alias")))
  })
  names <- vapply(pages, `[[`, "", "name")
  expect_gt(length(names), 70)
  expect_equal(setdiff(names, listed), character())
  expect_equal(setdiff(listed, names), character())
  expect_equal(listed[duplicated(listed)], character())
  # And every exported function has a page.
  aliases <- unlist(lapply(pages, `[[`, "aliases"))
  expect_equal(setdiff(getNamespaceExports("softkeras"), aliases), character())
})

test_that("there are news of this version, and a citation", {
  skip_if(system.file("NEWS.md", package = "softkeras") == "", "built without NEWS.md")
  version <- as.character(utils::packageVersion("softkeras"))
  news <- readLines(system.file("NEWS.md", package = "softkeras"))
  expect_equal(news[1], paste("# softkeras", version))
  cited <- utils::citation("softkeras")
  expect_length(cited, 2)
  expect_match(format(cited[1], style = "text"), version)
  expect_match(toString(cited[2]$author), "Marchetti")
  expect_equal(cited[2]$doi, "10.48550/arXiv.2103.15522")
})
