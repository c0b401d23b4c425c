# Two commands are enough: make run, make test. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test test-slow lint format docs bench bench-keras clean

run: $(READY)
	@if $(BIN)/toile data get fashion-mnist; then data=fashion-mnist; else \
	  echo "Fashion-MNIST is not to be had here; using the small part that comes with Toile."; \
	  data=fashion-sample; fi; \
	$(BIN)/toile train quick --data $$data

# Some tests need Fashion-MNIST itself; where it is not to be had they are skipped.
test: $(READY)
	-$(BIN)/toile data get fashion-mnist
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: $(READY)
	$(BIN)/pytest -m slow

lint: $(READY)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

docs: $(READY)
	@{ echo "# Settings"; echo; \
	  echo "Made by \`make docs\`; \`toile settings\` prints the same."; echo; \
	  $(BIN)/toile settings --markdown; } > docs/settings.md

bench: $(READY)
	$(BIN)/python benchmarks/foundation.py
	$(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/training.py

# Keras and TensorFlow live in an environment of their own: Toile does not need them.
bench-keras: $(READY) benchmarks/.keras/.ready
	$(BIN)/python benchmarks/versus_keras.py

benchmarks/.keras/.ready: benchmarks/keras-requirements.txt
	$(PYTHON) -m venv benchmarks/.keras
	benchmarks/.keras/bin/pip install --quiet -r benchmarks/keras-requirements.txt
	touch $@

clean:
	rm -rf .venv benchmarks/.keras

# constraints.txt keeps pip from the CUDA builds of torch.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)
