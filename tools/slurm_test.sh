#!/usr/bin/env bash
# Evaluate on a Slurm cluster, one process for each GPU.
#
#     tools/slurm_test.sh PARTITION JOB CONFIG CHECKPOINT [ARGUMENTS OF
#                         tools/test.py]
#
# GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5) and SRUN_ARGS (none) are read
# from the environment.
source "$(dirname "$0")/_launch.sh"
[ $# -ge 4 ] || usage
over_slurm "$1" "$2" test.py "$3" "$4" "${@:5}"
