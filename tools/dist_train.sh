#!/usr/bin/env bash
# Train on several GPUs, one process for each.
#
#     tools/dist_train.sh CONFIG GPUS [ARGUMENTS OF tools/train.py]
#
# On several machines, run it on each with NNODES (machines), NODE_RANK (0, 1,
# ...), MASTER_ADDR (the first machine) and PORT set; GPUS is per machine.
source "$(dirname "$0")/_launch.sh"
[ $# -ge 2 ] || usage
over_torchrun "$2" train.py "$1" "${@:3}"
