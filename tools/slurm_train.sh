#!/usr/bin/env bash
# Train on a Slurm cluster, one process for each GPU.
#
#     tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [ARGUMENTS OF
#                          tools/train.py]
#
# GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5) and SRUN_ARGS (none) are read
# from the environment.
set -euo pipefail
if [ $# -lt 4 ]; then sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
partition=$1 job=$2 config=$3 work_dir=$4
shift 4
gpus=${GPUS:-8} per_node=${GPUS_PER_NODE:-8}
# shellcheck disable=SC2086  # SRUN_ARGS holds several words
exec srun --partition="$partition" --job-name="$job" --ntasks="$gpus" \
    --ntasks-per-node="$per_node" --gres=gpu:"$per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} "${PYTHON:-python}" -u "$(dirname "$0")/train.py" \
    "$config" --work-dir="$work_dir" --launcher slurm "$@"
