"""tools/test.py, ours and mmdet's, from the command line to the AP."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from coco_files import make_scenes, write_coco, write_images
from mmengine.config import Config
from nano import ARCH, ROOT, nano_detector, nano_model

import mmdet
from regionclip_mm.datasets import COCO_ALL_65
from regionclip_mm.text import Vocabulary

MMDETS = Path(mmdet.__path__[0]) / '.mim/tools/test.py'


@pytest.fixture
def work(tmp_path):
    """A folder with COCO files, pictures, a vocabulary, a checkpoint and a
    config of the nano detector on annotated boxes."""
    annotations = tmp_path / 'coco/annotations'
    annotations.mkdir(parents=True)
    scenes = make_scenes(COCO_ALL_65[:8], images=2)
    write_images(tmp_path / 'coco/val2017', scenes)
    write_coco(annotations / 'ovd_ins_val2017_all.json', scenes,
               {n: i for i, n in enumerate(reversed(COCO_ALL_65), 3)})
    Vocabulary(COCO_ALL_65, torch.randn(65, ARCH.embed_dim)).save(
        tmp_path / 'vocabulary.pth')
    model = nano_model(
        proposals=dict(type='GTProposals'),
        vocabulary=dict(type='VocabularyFile',
                        path=str(tmp_path / 'vocabulary.pth')))
    torch.save(dict(state_dict=nano_detector(**{
        'proposals': model['proposal_source']}).state_dict(), meta={}),
               tmp_path / 'a.pth')
    cfg = Config.fromfile(ROOT / 'configs/_base_/zeroshot_coco-ovd.py')
    dataset = dict(data_root=f'{tmp_path}/coco/',
                   pipeline=cfg.pil_gt_pipeline)
    evaluator = dict(
        ann_file=str(annotations / 'ovd_ins_val2017_all.json'))
    cfg.merge_from_dict(dict(
        model=model, work_dir=str(tmp_path / 'work'),
        val_dataloader=dict(dataset=dataset), val_evaluator=evaluator,
        test_dataloader=dict(dataset=dataset), test_evaluator=evaluator))
    cfg.dump(tmp_path / 'nano.py')
    return tmp_path


def run(script, work, *options):
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    if script != MMDETS:
        env.pop('PYTHONPATH')  # ours finds the package in its clone
    return subprocess.run(
        [sys.executable, str(script), str(work / 'nano.py'),
         str(work / 'a.pth'), '--cfg-options',
         'test_dataloader.dataset.pipeline.2.scale=64', *options],
        env=env, cwd=work, capture_output=True, text=True)


def test_mmdets_own_script_gives_the_ap(work):
    done = run(MMDETS, work)
    assert done.returncode == 0, done.stderr[-3000:]
    [log] = work.glob('work/*/*.json')
    result = json.loads(log.read_text())
    base, novel = result['coco/base_ap'], result['coco/novel_ap']
    assert result['coco/bbox_mAP'] == pytest.approx(
        (6 * base + 2 * novel) / 8, abs=6e-4)  # 8 classes have an object


def test_our_script_refuses_a_vocabulary_in_another_order(work):
    Vocabulary(COCO_ALL_65[::-1], torch.randn(65, ARCH.embed_dim)).save(
        work / 'vocabulary.pth')
    done = run(ROOT / 'tools/test.py', work)
    assert done.returncode == 1
    assert "0: vocabulary 'toothbrush', dataset 'person'" in done.stderr
    assert 'cls_predictor_cfg.vocabulary' in done.stderr
