#!/usr/bin/env bash
# Evaluate on several GPUs, one process for each.
#
#     tools/dist_test.sh CONFIG CHECKPOINT GPUS [ARGUMENTS OF tools/test.py]
#
# On several machines, run it on each with NNODES (machines), NODE_RANK (0, 1,
# ...), MASTER_ADDR (the first machine) and PORT set; GPUS is per machine.
source "$(dirname "$0")/_launch.sh"
[ $# -ge 3 ] || usage
over_torchrun "$3" test.py "$1" "$2" "${@:4}"
