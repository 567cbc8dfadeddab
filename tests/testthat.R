library(testthat)
library(softkeras)

test_check("softkeras")
