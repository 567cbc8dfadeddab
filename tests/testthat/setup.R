# Tests make many small models, and TensorFlow warns that it traces so many.
if (keras_is_there && reticulate::py_module_available("tensorflow")) {
  reticulate::import("logging")$getLogger("tensorflow")$setLevel("ERROR")
}
