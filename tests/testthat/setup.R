# Tests make many small models, and TensorFlow warns that it traces so many.
if (keras_is_there && reticulate::py_module_available("tensorflow")) {
  reticulate::import("logging")$getLogger("tensorflow")$setLevel("ERROR")
}

# The second device of test-gpu.R where there is no GPU, before Keras uses any.
if (keras_is_there && Sys.getenv("SOFTKERAS_TEST_DEVICE") == "cpu:1") {
  backend <- as.character(keras_module()$backend$backend())
  if (backend == "jax") {
    reticulate::import("jax")$config$update("jax_num_cpu_devices", 2L)
  } else if (backend == "tensorflow") {
    config <- reticulate::import("tensorflow")$config
    half <- config$LogicalDeviceConfiguration()
    config$set_logical_device_configuration(
      config$list_physical_devices("CPU")[[1]], list(half, half)
    )
  }
}
