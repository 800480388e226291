# The two commands of a newcomer: `make demo` and `make test`.
# Both set up .venv first (once). Another interpreter: make PYTHON=python3.12 test
# (after rm -rf .venv, if that was made with another one; setup says so)
PY := .venv/bin/python
WORDS ?=

.PHONY: demo test test-slow benchmark setup clean

demo: setup
	@$(PY) projects/emoji_world/demo.py $(if $(WORDS),--words "$(WORDS)")

test: setup
	@$(PY) -m pytest tests

# What takes longer than `make test` should.
test-slow: setup
	@$(PY) -m pytest tests -m "slow or not slow"

# Inference time and memory by stage (docs/benchmarks.md).
benchmark: setup
	@$(PY) tools/benchmarks/inference.py

setup:
	@PYTHON="$(PYTHON)" bash tools/setup_env.sh

clean:
	rm -rf .venv build *.egg-info work_dirs outputs
