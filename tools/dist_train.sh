#!/usr/bin/env bash
# Train on several GPUs, one process for each.
#
#     tools/dist_train.sh CONFIG GPUS [ARGUMENTS OF tools/train.py]
#
# On several machines, run it on each with NNODES (machines), NODE_RANK (0, 1,
# ...), MASTER_ADDR (the first machine) and PORT set; GPUS is per machine.
set -euo pipefail
usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
config=$1 gpus=$2
shift 2
case $gpus in ''|*[!0-9]*|0) echo "GPUS is '$gpus', not a number" >&2; usage;; esac
[ -f "$config" ] || { echo "There is no config file $config" >&2; exit 2; }
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$gpus" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
