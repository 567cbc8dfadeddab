# The R site: pkgdown's, without what it would fetch when it is built or looked at.
# Run by tools/docs_r.sh.

# The conditions of examples are looked up from the search path.
library(softkeras)

site <- "build/site-r"

# Packages that are not installed, such as keras3, are looked up on CRAN for the
# address of their pages; without a network there is no link.
options(pkgdown.internet = FALSE)
utils::assignInNamespace(
  "CRAN_urls", function() data.frame(Package = character(), URL = character()), "downlit"
)
unlink(site, recursive = TRUE)
pkgdown::build_site(
  override = list(destination = site),
  preview = FALSE, install = FALSE, devel = FALSE, new_process = FALSE
)

# pkgdown's search, icons and formulas come from other servers. Nothing here needs
# the last two, and a search box without a search would be worse than none.
remote <- paste0(
  "<script[^>]*src=\"https?://[^>]*></script>|",
  "<link[^>]*rel=\"(stylesheet|preconnect)\"[^>]*href=\"https?://[^>]*>|",
  "<link[^>]*href=\"https?://[^>]*rel=\"(stylesheet|preconnect)\"[^>]*>"
)
# What fills the table of contents is one of them.
contents <- "(?s)<nav id=\"toc\">.*?</nav>"
search <- "(?s)<form class=\"form-inline[^>]*role=\"search\">.*?</form>"
pages <- list.files(site, "[.]html$", recursive = TRUE, full.names = TRUE)
for (page in pages) {
  text <- readChar(page, file.size(page), useBytes = TRUE)
  text <- gsub(remote, "", text, perl = TRUE, useBytes = TRUE)
  text <- gsub(search, "", text, perl = TRUE, useBytes = TRUE)
  text <- gsub(contents, "", text, perl = TRUE, useBytes = TRUE)
  writeLines(text, page, useBytes = TRUE)
}
cat(sprintf(
  "softkeras: %d pages of the R site, first %s/index.html; without a search, which %s\n",
  length(pages), site, "pkgdown takes from another server"
))
