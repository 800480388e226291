#!/usr/bin/env bash
# Train on a Slurm cluster, one process for each GPU.
#
#     tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [ARGUMENTS OF
#                          tools/train.py]
#
# GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5) and SRUN_ARGS (none) are read
# from the environment.
source "$(dirname "$0")/_launch.sh"
[ $# -ge 4 ] || usage
over_slurm "$1" "$2" train.py "$3" --work-dir="$4" "${@:5}"
