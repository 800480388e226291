# The two commands of a newcomer: `make demo` and `make test`.
# Both set up .venv first (once). Another interpreter: make PYTHON=python3.12 test
# (after rm -rf .venv, if that was made with another one; setup says so)
PY := .venv/bin/python
WORDS ?=
LINTERS := isort==6.0.1 flake8==7.3.0
SOURCES := configs projects regionclip_mm tests tools setup.py

.PHONY: app demo test test-app test-slow test-wheel test-matrix lint docs benchmark setup clean

demo: setup
	@$(PY) projects/emoji_world/demo.py $(if $(WORDS),--words "$(WORDS)")

# The page in the browser, with the trained detector of emoji_world.
app: setup
	@$(PY) projects/emoji_world/tools/make_scenes.py demo
	@$(PY) tools/app.py

# Two processes with a thread each: quicker than one with two, and memory for it
# is found on most machines (up to 6 GB each).
TESTS := OMP_NUM_THREADS=1 $(PY) -m pytest tests -n 2 --dist loadfile

test: setup
	@$(TESTS)

# What takes longer than `make test` should.
test-slow: setup
	@$(TESTS) -m "slow or not slow"

# The page, clicked through in a browser, which must be there.
test-app: setup
	@NEED_BROWSER=1 $(PY) -m pytest tests/test_apis/test_page.py

# The commands of mim and mmdet with the built wheel, each in a log
# (docs/install.md).
test-wheel: setup
	@OMP_NUM_THREADS=1 tools/check_wheel.sh

# The tests on all interpreters and stacks there are, each in an environment of
# its own in .matrix; one table (hours, but it goes on where it was stopped).
test-matrix:
	@$(or $(PYTHON),python3) tools/test_matrix.py

# Order of imports and flake8, with the versions of .pre-commit-config.yaml;
# they are kept out of .venv.
lint:
	@test -x .venv-lint/bin/flake8 || ($(or $(PYTHON),python3) -m venv \
	    .venv-lint && .venv-lint/bin/pip -q install $(LINTERS))
	@.venv-lint/bin/isort --check-only --filter-files $(SOURCES)
	@.venv-lint/bin/flake8 $(SOURCES)

# Pages of the public modules, from their docstrings, in docs/api; pdoc is kept
# out of .venv, too, and only sees its packages.
PUBLIC := $(addprefix regionclip_mm.,apis text models datasets evaluation engine)
docs: setup
	@test -x .venv-docs/bin/pdoc || ($(PY) -m venv .venv-docs && \
	    .venv-docs/bin/pip -q install pdoc==16.0.0)
	@PYTHONPATH=.:$$($(PY) -c 'import sysconfig; \
	    print(sysconfig.get_path("purelib"))') .venv-docs/bin/pdoc \
	    --docformat google --no-show-source -o docs/api $(PUBLIC)
	@echo "The pages are in docs/api/index.html."

# Time and memory of inference, of a training step and of a pretraining step,
# by part
# (docs/benchmarks.md).
benchmark: setup
	@$(PY) tools/benchmarks/inference.py
	@$(PY) tools/benchmarks/train.py
	@$(PY) tools/benchmarks/pretrain.py

setup:
	@PYTHON="$(PYTHON)" bash tools/setup_env.sh

clean:
	rm -rf .venv .venv-lint .venv-docs docs/api build *.egg-info regionclip_mm/.mim work_dirs outputs
