# Sourced by dist_*.sh and slurm_*.sh: how a script of tools/ is started.
set -euo pipefail

# The comment at the top of the script that was called.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# over_torchrun GPUS SCRIPT CONFIG [ARGUMENTS]
over_torchrun() {
    local gpus=$1 script=$2
    shift 2
    case $gpus in
        ''|*[!0-9]*|0) echo "GPUS is '$gpus', not a number" >&2; usage;;
    esac
    [ -f "$1" ] || { echo "There is no config file $1" >&2; exit 2; }
    exec "${PYTHON:-python}" -m torch.distributed.run \
        --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="${PORT:-29500}" --nproc_per_node="$gpus" \
        "$(dirname "$0")/$script" "$@" --launcher pytorch
}

# over_slurm PARTITION JOB SCRIPT [ARGUMENTS]
over_slurm() {
    local partition=$1 job=$2 script=$3 per_node=${GPUS_PER_NODE:-8}
    shift 3
    # shellcheck disable=SC2086  # SRUN_ARGS holds several words
    exec srun --partition="$partition" --job-name="$job" \
        --ntasks="${GPUS:-8}" --ntasks-per-node="$per_node" \
        --gres=gpu:"$per_node" --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 ${SRUN_ARGS:-} "${PYTHON:-python}" -u \
        "$(dirname "$0")/$script" "$@" --launcher slurm
}
