#!/usr/bin/env bash
# A Slurm array of eight tasks: sbatch slurm.sh jobs.jsonl out/
# Both paths are on a file system that the nodes share. Tasks of the same array number do the same part again after a
# requeue. For a journal that all tasks share, export AEFORGE_JOURNAL, and replace --shard ... by --share.
#SBATCH --job-name=aeforge
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --mem=512M
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
set -euo pipefail

# Each task keeps a journal of its own, by its number, where all nodes see it: a requeue on another node must know what
# was paid for. The file system needs locks that work; where it has none, share a journal on PostgreSQL.
export AEFORGE_STATE_DIR=${AEFORGE_STATE_DIR:-$HOME/.local/state/aeforge/part-$SLURM_ARRAY_TASK_ID}

exec aeforge inpaint --manifest "$1" -o "$2" --yes --resume \
    --shard "$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT"
