#!/usr/bin/env bash
# Make .venv with everything that `make demo` and `make test` need, once.
# A second call returns at once unless the pins in requirements/ changed.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
WANTED=$(cat requirements/*.txt setup.cfg tools/setup_env.sh | cksum | tr ' ' -)

# An interpreter that was asked for must be the one that .venv was made with.
about() { "$1" -c 'import sys; print(sys.base_prefix, *sys.version.split()[:1])' 2>/dev/null; }
if [ -n "${PYTHON:-}" ] && [ -x "$VENV/bin/python" ] && [ "$(about "$PYTHON")" != "$(about "$VENV/bin/python")" ]; then
    echo "setup: $VENV was made with another Python ($(about "$VENV/bin/python")) than PYTHON=$PYTHON ($(about "$PYTHON" || echo 'cannot be run')). To make it anew: rm -rf $VENV, then the same command; or leave PYTHON out." >&2
    exit 1
fi

if [ -f "$VENV/ready" ] && [ "$(cat "$VENV/ready")" = "$WANTED" ]; then
    exit 0
fi

supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }
if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null || { echo "setup: there is no $PYTHON; Python 3.10, 3.11 or 3.12 is needed." >&2; exit 1; }
    supported "$PYTHON" || { echo "setup: PYTHON=$PYTHON is $( ("$PYTHON" --version 2>&1 || true) | head -n 1), but Python 3.10, 3.11 or 3.12 is needed." >&2; exit 1; }
else
    for PYTHON in python3 python3.12 python3.11 python3.10 none; do
        if [ "$PYTHON" = none ]; then
            echo "setup: Python 3.10, 3.11 or 3.12 is needed, found $(python3 --version 2>&1 || echo none); install one, or name it: make PYTHON=/path/to/python3.11 test" >&2
            exit 1
        fi
        supported "$PYTHON" && break
    done
fi
command -v c++ >/dev/null || command -v g++ >/dev/null || { echo "setup: no C++ compiler found; mmcv's operators need one (Debian: apt install g++)." >&2; exit 1; }
HEADER=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')/Python.h
[ -f "$HEADER" ] || { echo "setup: $HEADER is missing; mmcv's operators need Python's headers (Debian: apt install python3-dev)." >&2; exit 1; }

step() { echo "setup [$(date +%H:%M:%S)] $*"; }
if [ ! -x "$VENV/bin/python" ]; then
    step "virtual environment in $VENV with $("$PYTHON" --version)"
    "$PYTHON" -m venv "$VENV" || { rm -rf "$VENV"; echo "setup: python -m venv failed (Debian: apt install python3-venv)." >&2; exit 1; }
fi
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check -q "$@"; }
step "torch and build tools (about 1 minute)"
pip install -r requirements/build.txt
step "mmcv 2.1.0 with its operators (compiled once: about 8 minutes on 2 cores)"
mmcv() { MMCV_WITH_OPS=1 MAX_JOBS="${MAX_JOBS:-$(nproc)}" pip install --no-build-isolation "$@" mmcv==2.1.0; }
mmcv
# pip's cache may have it as compiled for another torch, which is no use here.
"$VENV/bin/python" -c 'import torch, mmcv._ext' 2>/dev/null || mmcv --no-cache-dir --force-reinstall --no-deps
step "mmdet, mmpretrain, transformers and the test tools (about 1 minute)"
pip install -r requirements/runtime.txt
# Both OpenCV packages own the same folder: remove one, lay the other anew.
pip uninstall -y opencv-python >/dev/null 2>&1 || true
pip install --no-deps --force-reinstall $(grep '^opencv-python-headless' requirements/runtime.txt)
step "regionclip_mm itself"
pip install --no-deps --no-build-isolation -e .
echo "$WANTED" > "$VENV/ready"
step "done"
