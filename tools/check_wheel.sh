#!/usr/bin/env bash
# Build the wheel and run mim's and mmdet's commands with it, in an environment
# that sees the packages of .venv but not this clone.
#
#     tools/check_wheel.sh [FOLDER]
#
# FOLDER is made anew: outputs/wheel by default; logs/ in it has what each
# command wrote. BASE is the interpreter whose packages are seen.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
OUT=${1:-$ROOT/outputs/wheel}
BASE=${BASE:-$ROOT/.venv/bin/python}
if [ -n "$(ls -A "$OUT" 2>/dev/null)" ] && [ ! -f "$OUT/made_by_check_wheel" ]; then
    echo "$OUT is not empty, and nothing of an earlier check: name another folder" >&2
    exit 1
fi
rm -rf "$OUT" && mkdir -p "$OUT/logs" "$OUT/source" "$OUT/work"
touch "$OUT/made_by_check_wheel"
OUT=$(cd "$OUT" && pwd)
BASE=$(cd "$(dirname "$BASE")" && pwd)/$(basename "$BASE")
unset PYTHONPATH
export MPLBACKEND=Agg PIP_DISABLE_PIP_VERSION_CHECK=1
export HOME=$OUT/home  # mim keeps a cache there
mkdir -p "$HOME"

# check NAME EXPECTED-TEXT COMMAND...: it ends well and writes the text.
check() { outcome 0 "$@"; }
# refuse NAME EXPECTED-TEXT COMMAND...: it ends with an error that has the text.
refuse() { outcome 1 "$@"; }
failed=0
outcome() {
    local wanted=$1 name=$2 text=$3 code=0 result=ok
    shift 3
    (cd "$OUT/work" && "$@") >"$OUT/logs/$name.log" 2>&1 || code=1
    if [ $code != "$wanted" ] || ! grep -qE -- "$text" "$OUT/logs/$name.log"; then
        result=FAILED; failed=1
    fi
    printf '%-6s %-22s %s\n' "$result" "$name" "$(tr '\n' ' ' <<<"$*" | sed "s#$OUT/##g; s#[^ ]*/site-packages/##g")"
}

echo "== the wheel, of a copy of the clone"
tar -C "$ROOT" --exclude=__pycache__ --exclude=.mim -cf - \
    CHANGELOG.md CONTRIBUTING.md LICENSE MANIFEST.in Makefile NOTICE \
    README.md configs docs model-index.yml regionclip_mm requirements \
    setup.cfg setup.py tools | tar -C "$OUT/source" -xf -
pip() { "$BASE" -m pip -q "$@" >>"$OUT/logs/pip.log" 2>&1 || { cat "$OUT/logs/pip.log"; exit 1; }; }
pip wheel --no-deps --no-build-isolation --no-index -w "$OUT/dist" "$OUT/source"
"$BASE" -m venv --without-pip "$OUT/env"
PY=$OUT/env/bin/python
SITE=$("$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$BASE" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    >"$SITE/base.pth"
pip --python "$PY" install --no-deps --no-index --ignore-installed \
    "$OUT"/dist/*.whl
# Without openxlab, whose pins are too old (docs/install.md).
pip --python "$PY" install --no-deps openmim==0.3.9
pip --python "$PY" install colorama tabulate pandas
MIM=$OUT/env/bin/mim
OURS=$SITE/regionclip_mm/.mim
MMDET=$("$PY" -c 'import importlib.util as u; print(u.find_spec("mmdet").submodule_search_locations[0])')/.mim
"$PY" "$ROOT/tests/wheel_world.py" "$OUT/work" >"$OUT/logs/world.log" 2>&1
cp "$ROOT"/tests/data/wheel/*.py "$OUT/work"
NANO=work_dirs/regionclip_nano/epoch_1.pth
EVALUATED='coco/bbox_mAP'
SMALL='train_dataloader.num_workers=0 train_dataloader.persistent_workers=False val_dataloader.num_workers=0 val_dataloader.persistent_workers=False'

echo "== what is installed"
check import "$SITE/regionclip_mm" "$PY" -c \
    'import regionclip_mm; print(regionclip_mm.__file__)'
check mim-list 'regionclip-mm +0' "$MIM" list
check mim-search 'released_weights +regionclip_finetuned-coco_rn50.pth' \
    "$MIM" search regionclip_mm --config regionclip_rn50_c4-rpn_coco-ovd

echo "== mim, with configs of one's own and with shipped ones by name"
check mim-train 'Training finished successfully' \
    "$MIM" train regionclip_mm regionclip_nano.py --gpus 0
check mim-test "$EVALUATED" \
    "$MIM" test regionclip_mm regionclip_nano.py --checkpoint "$NANO"
# shellcheck disable=SC2086  # SMALL holds several words
check mim-train-shipped 'Training finished successfully' \
    "$MIM" train regionclip_mm rpn_custom.py --gpus 0 --cfg-options $SMALL \
    train_cfg.max_iters=1 model.backbone.init_cfg=None \
    train_dataloader.batch_size=1
check mim-test-shipped 'novel_ap50' \
    "$MIM" test regionclip_mm regionclip_rn50_gt_coco-ovd.py \
    --checkpoint checkpoints/shipped.pth --cfg-options \
    test_dataloader.num_workers=0 test_dataloader.persistent_workers=False
check mim-run 'The results are in' \
    "$MIM" run regionclip_mm image_demo data/custom/val/100.png \
    regionclip_rn50_gt_coco-ovd --weights checkpoints/shipped.pth \
    --cfg-options model.proposal_source.type=GridProposals
check mim-train-mmdet 'Training finished successfully' \
    "$MIM" train mmdet faster-rcnn_words.py --gpus 0
check mim-test-mmdet 'Testing finished successfully' \
    "$MIM" test mmdet faster-rcnn_words.py \
    --checkpoint work_dirs/faster-rcnn_words/epoch_1.pth

echo "== mmdet's own tools"
check train "$EVALUATED" "$PY" "$MMDET/tools/train.py" regionclip_nano.py \
    --work-dir again
check test 'Results has been saved' "$PY" "$MMDET/tools/test.py" \
    regionclip_nano.py "$NANO" --out results.pkl
ANALYSIS=$MMDET/tools/analysis_tools
check browse_dataset '4/4' "$PY" "$ANALYSIS/browse_dataset.py" \
    regionclip_nano.py --output-dir browse --not-show
check get_flops 'Flops: [1-9]' "$PY" "$ANALYSIS/get_flops.py" \
    regionclip_nano.py
check get_flops-mixed 'Flops: ' "$PY" "$ANALYSIS/get_flops.py" \
    faster-rcnn_words.py
check confusion_matrix '2/2' "$PY" "$ANALYSIS/confusion_matrix.py" \
    regionclip_nano.py results.pkl confusion --score-thr 0
check analyze_results '2/2' "$PY" "$ANALYSIS/analyze_results.py" \
    regionclip_nano.py results.pkl analysis --topk 1
check pictures 'confusion_matrix.png' ls browse/100.png \
    analysis/good analysis/bad confusion/confusion_matrix.png

echo "== mim download, from a server on this machine"
"$PY" -u -m http.server 0 --bind 127.0.0.1 --directory "$OUT/work/work_dirs" \
    >"$OUT/logs/server.log" 2>&1 &
SERVER=$!
trap 'kill $SERVER 2>/dev/null' EXIT
for _ in $(seq 50); do
    PORT=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$OUT/logs/server.log")
    [ -n "$PORT" ] && break; sleep 0.1
done
refuse download-released "KeyError: 'weight'" \
    "$MIM" download regionclip_mm --config regionclip_rn50_gt_lvis
cp "$OURS/model-index.yml" "$OUT/model-index.yml"
echo '  - local.yml' >>"$OURS/model-index.yml"
cat >"$OURS/local.yml" <<YML
Models:
  - Name: local
    Config: configs/zeroshot/regionclip_rn50_gt_lvis.py
    Weights: http://127.0.0.1:$PORT/regionclip_nano/epoch_1.pth
YML
check download 'Successfully dumped local.py' \
    "$MIM" download regionclip_mm --config local --dest downloaded
check download-same '^same$' sh -c \
    "cmp downloaded/epoch_1.pth $NANO && echo same"
check download-config 'RegionCLIP' "$PY" -c \
    'from mmengine.config import Config; print(Config.fromfile("downloaded/local.py").model.type)'
cp "$OUT/model-index.yml" "$OURS/model-index.yml" && rm "$OURS/local.yml"

echo "== what does not fit is told"
refuse unknown-model "nearest: 'regionclip_rn50_gt_lvis'" "$PY" -c \
    'from regionclip_mm.apis import RegionInferencer as R; R("regionclip_rn50_gt_lvi", "x.pth")'
refuse no-weights 'by hand from https://drive' "$PY" -c \
    'from regionclip_mm.apis import RegionInferencer as R; R("regionclip_rn50_gt_lvis")'
refuse unknown-mim 'we can not find the config file' \
    "$MIM" train regionclip_mm regionclip_rn50_gt_lvi.py --gpus 0
mkdir -p "$SITE/mmdet-3.1.0.dist-info"
printf 'Metadata-Version: 2.1\nName: mmdet\nVersion: 3.1.0\n' \
    >"$SITE/mmdet-3.1.0.dist-info/METADATA"
refuse old-mmdet 'needs mmdet>=3.3,<3.4 .*found 3.1.0: pip install mmdet==' \
    "$PY" -c 'import regionclip_mm'
refuse old-mmdet-mim 'needs mmdet>=3.3,<3.4 .*found 3.1.0: pip install mmdet==' \
    "$MIM" train regionclip_mm regionclip_nano.py --gpus 0
rm -r "$SITE/mmdet-3.1.0.dist-info"

echo "== an editable package instead"
rm -r "$OUT/source/build"
pip --python "$PY" uninstall -y regionclip_mm
pip --python "$PY" install --no-deps --no-build-isolation --no-index \
    -e "$OUT/source"
check editable "$OUT/source/regionclip_mm" "$PY" -c \
    'import regionclip_mm; print(regionclip_mm.__file__)'
check editable-search 'regionclip_rn50_gt_lvis' \
    env PYTHONPATH="$OUT/source" "$MIM" search regionclip_mm --valid-config
check editable-test "source/configs/zeroshot.* instead" \
    env PYTHONPATH="$OUT/source" "$MIM" test regionclip_mm \
    regionclip_rn50_gt_coco-ovd.py --checkpoint checkpoints/shipped.pth \
    --cfg-options test_dataloader.num_workers=0 \
    test_dataloader.persistent_workers=False

if [ $failed != 0 ]; then
    echo "something is not as expected: see $OUT/logs"
    exit 1
fi
echo "all as expected; logs in $OUT/logs"
