# Two commands are enough: make run, make test. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TESTING := httpx hypothesis pytest pytest-timeout

.PHONY: run app web test test-browser test-slow test-floors test-newest lint format docs pictures bench bench-keras clean

run: $(READY)
	@if $(BIN)/toile data get fashion-mnist; then data=fashion-mnist; else \
	  echo "Fashion-MNIST is not to be had here; using the small part that comes with Toile."; \
	  data=fashion-sample; fi; \
	$(BIN)/toile train quick --data $$data

# The browser app, on the runs kept here.
app: $(READY)
	@$(BIN)/toile app

# The app's page, from its sources. What is built is committed, so only who changes them needs Node 20.
web: $(READY)
	$(BIN)/python -m toile.app.openapi > web/openapi.json
	cd web && npm ci --no-audit --no-fund && npm run --silent types && npm run --silent check && npm run --silent test && npm run --silent build

# Some tests need Fashion-MNIST itself; where it is not to be had they are skipped. One room by itself:
# make test ROOM=data. Each of the two processes has one half of the tests, so that what a file's tests
# share is made once, and who is done first takes over some of the other's.
test: $(READY)
	-$(BIN)/toile data get fashion-mnist
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not browser" tests/$(ROOM)

# The app's page, driven in Chromium; skipped where there is none on the PATH.
test-browser: $(READY)
	$(BIN)/pytest -n 2 --dist worksteal -m "browser and not slow" tests/app/in_the_browser

test-slow: $(READY)
	$(BIN)/pytest -m slow

# The README's tour and what leans on other packages most, on the oldest versions promised and on the
# newest of everything but torch. Each installs an environment of its own.
SMOKE := tests/test_house.py tests/test_distribution.py tests/cli/test_completion.py \
  tests/cli/test_serve.py tests/service tests/export/test_onnx_file.py \
  tests/export/test_onnx_int8.py tests/export/test_onnx_bytes.py tests/export/test_metadata.py \
  tests/searches/test_spec.py tests/report/study_page/test_forms.py \
  tests/executors/test_study_on_ray.py tests/data/readers/test_parquet.py \
  tests/workbench/test_tracking.py

test-floors:
	$(PYTHON) -m venv --clear .floors
	.floors/bin/pip install --quiet --constraint floors.txt \
	  --editable '.[export,serve,report,search,cluster,inspect,map,sklearn,parquet,tensorboard,mlflow]' $(TESTING)
	.floors/bin/pytest $(SMOKE) -o filterwarnings=default -o addopts=--import-mode=importlib

# What others deprecate is an error here where our code uses it.
test-newest:
	$(PYTHON) -m venv --clear .newest
	.newest/bin/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	.newest/bin/pytest $(SMOKE) -o filterwarnings=error:::toile

lint: $(READY)
	$(BIN)/ruff check src tests benchmarks docs/*.py
	$(BIN)/ruff format --check src tests benchmarks docs/*.py
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix src tests benchmarks docs/*.py
	$(BIN)/ruff format src tests benchmarks docs/*.py

docs: $(READY)
	@{ echo "# Settings"; echo; \
	  echo "Made by \`make docs\`; \`toile settings\` prints the same."; echo; \
	  $(BIN)/toile settings --markdown; } > docs/settings.md
	@$(BIN)/python -c 'from toile.report.glossary import glossary_markdown; \
	  print(glossary_markdown(), end="")' > docs/glossary.md
	@$(BIN)/python docs/api.py

# A minute or two of training, and chromium for the page.
pictures: $(READY)
	$(BIN)/python docs/pictures.py

bench: $(READY)
	$(BIN)/python benchmarks/foundation.py
	$(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/standing.py

# Keras and TensorFlow live in an environment of their own: Toile does not need them.
bench-keras: $(READY) benchmarks/.keras/.ready
	$(BIN)/python benchmarks/versus_keras.py

benchmarks/.keras/.ready: benchmarks/keras-requirements.txt
	$(PYTHON) -m venv benchmarks/.keras
	benchmarks/.keras/bin/pip install --quiet -r benchmarks/keras-requirements.txt
	touch $@

clean:
	rm -rf .venv .floors .newest benchmarks/.keras

# constraints.txt keeps pip from the CUDA builds of torch.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)
