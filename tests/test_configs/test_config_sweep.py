"""Every shipped config, built at full size and run once.

Weights and embeddings are random; the picture is small. A config of a model
that no function here knows fails: add the function with the config.
"""
import pytest
import torch
from coco_files import make_scenes, write_coco, write_lvis
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from sweep import (LEAVES, PROPOSALS, ROOT, build_loaded, classifier_of,
                   detect, load_small, use_random_vocabulary, write_picture)

from mmdet.registry import DATASETS, TRANSFORMS
from mmdet.structures import DetDataSample
from regionclip_mm.datasets import COCO_ALL_65, LVIS_ALL_1203
from regionclip_mm.text import Vocabulary


def run_detector(cfg: Config, tmp_path) -> None:
    """Detect in a picture; words are given where the config has none."""
    cfg.model.prompt_templates = 'name_only'
    words = classifier_of(cfg).get('vocabulary') is None
    if not words:
        use_random_vocabulary(cfg, ('cat', 'traffic cone'), tmp_path)
    model = build_loaded(cfg)
    if words:
        model.set_vocabulary(['cat', 'traffic cone'])
    write_picture(tmp_path / 'a.png')
    found = detect(cfg, model, tmp_path / 'a.png')
    check_detections(found, ('cat', 'traffic cone'))


def check_detections(found, names, slack: float = 0.) -> None:
    """Some, in boxes inside the picture up to ``slack`` pixels, with scores
    and right names."""
    assert len(found) > 0
    assert found.bboxes.shape == (len(found), 4)
    low, high = -slack, found.bboxes.new_tensor([160, 128] * 2) + slack
    assert (found.bboxes >= low).all() and (found.bboxes <= high).all()
    assert found.scores.isfinite().all()
    assert found.label_names == [names[i] for i in found.labels]


def run_benchmark(cfg: Config, tmp_path) -> None:
    """As tools/test.py: data files, vocabulary check, evaluation."""
    lvis = cfg.test_evaluator.type == 'OrderedLVISMetric'
    classes = LVIS_ALL_1203 if lvis else COCO_ALL_65
    use_random_vocabulary(cfg, classes, tmp_path)
    ids = {name: i for i, name in enumerate(reversed(classes), 7)}
    scenes = make_scenes(classes[:PROPOSALS], images=1)
    path = tmp_path / 'a.json'
    if lvis:
        write_lvis(path, scenes, ids, {n: 'rcf'[i % 3]
                                       for n, i in ids.items()})
    else:
        write_coco(path, scenes, ids)
    for folder in ('val2017', '.'):
        write_picture(tmp_path / folder / '100.png')
    cfg.test_dataloader.dataset.update(
        ann_file=str(path), data_root='',
        data_prefix=dict(img=str(tmp_path)))
    cfg.test_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.test_evaluator.ann_file = str(path)
    model = build_loaded(cfg)
    found = []
    model.register_forward_hook(lambda *args: found.extend(args[-1]))
    keys = ('test_dataloader', 'test_cfg', 'test_evaluator', 'default_hooks',
            'custom_hooks', 'default_scope', 'env_cfg', 'log_level')
    runner = Runner(model=model, work_dir=str(tmp_path),
                    experiment_name=tmp_path.name,
                    **{key: cfg[key] for key in keys})
    result = runner.test()
    for sample in found:
        assert len(sample.pred_instances) > 0
    assert len(found) == 1
    wanted = ('lvis/bbox_APr', 'lvis/bbox_AP') if lvis else (
        'coco/novel_ap50', 'coco/base_ap50', 'coco/bbox_mAP')
    assert all(0 <= result[key] <= 1 for key in wanted)


def run_clip(cfg: Config, tmp_path) -> None:
    """A training step on two captions."""
    model = build_loaded(cfg).train()
    data = dict(
        inputs=list(torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.
                                  uint8)),
        data_samples=[BaseDataElement(text='a cat'),
                      BaseDataElement(text='two dogs')])
    data = model.data_preprocessor(data, training=True)
    losses = model(**data, mode='loss')
    assert losses['loss_img_txt'].isfinite()
    losses['loss_img_txt'].backward()


def run_rpn(cfg: Config, tmp_path) -> None:
    """Propose regions of a picture."""
    model = build_loaded(cfg)
    sample = DetDataSample(metainfo=dict(
        img_shape=(128, 160), ori_shape=(128, 160), scale_factor=(1, 1)))
    image = torch.randint(0, 256, (3, 128, 160), dtype=torch.uint8)
    [sample] = model.test_step(dict(inputs=[image], data_samples=[sample]))
    assert sample.pred_instances.bboxes.shape[1] == 4
    assert len(sample.pred_instances) > 0


def run_mixed(cfg: Config, tmp_path) -> None:
    """Find two words with a detector of mmdet."""
    path = str(tmp_path / 'words.pth')
    Vocabulary(('cat', 'traffic cone'), torch.randn(2, 1024)).save(path)
    use_words(cfg.model, path)
    cfg.model.backbone.pop('init_cfg', None)  # would be downloaded
    del cfg.model.text_encoder['init_cfg']
    if 'proposal_source' in cfg.model:
        del cfg.model.proposal_source.rpn['init_cfg']  # is trained first
    if 'num_queries' in cfg.model:  # the picture has few places
        cfg.model.num_queries = cfg.model.test_cfg.max_per_img = PROPOSALS
    cfg.model.test_cfg.get('rcnn', cfg.model.test_cfg).score_thr = 0.
    loader = cfg.test_dataloader.dataset
    # random weights find things in RTMDet's padding, too
    loader.pipeline = [step for step in loader.pipeline
                       if step['type'] not in ('LoadAnnotations', 'Pad')]
    write_picture(tmp_path / 'a.png')
    model = build_loaded(cfg, init_weights=True)
    found = detect(cfg, model, tmp_path / 'a.png')
    # mmdet rounds the size of the resized picture, not its scale
    check_detections(found, ('cat', 'traffic cone'), slack=1.)


def use_words(part, path: str) -> None:
    """Another file for every test vocabulary in a config."""
    values = part.values() if isinstance(part, dict) else part
    if isinstance(part, dict) and 'test_vocabulary' in part:
        part['test_vocabulary']['path'] = path
    for value in values:
        if isinstance(value, (dict, list)):
            use_words(value, path)


MIXED = ('FastRCNN', 'FasterRCNN', 'MaskRCNN', 'CascadeRCNN', 'ATSS',
         'RTMDet', 'DINO')
RUN = dict(RegionCLIP=run_detector, RegionTextPretrainer=run_detector,
           CLIP=run_clip, RPN=run_rpn,
           **{f'OpenVocabulary{name}': run_mixed for name in MIXED})
BENCHMARKS = ('OVCocoDataset', 'OVLVISDataset')


def is_benchmark(cfg: Config) -> bool:
    """Whether it is evaluated on COCO or LVIS with classes of its own."""
    loader = cfg.get('test_dataloader')
    return bool(loader and 'train_classes' not in cfg  # the user's data
                and loader.dataset.type in BENCHMARKS
                and cfg.model.type == 'RegionCLIP'
                and classifier_of(cfg).get('vocabulary'))


# Recipes of training are in test_training_sweep.py and
# test_pretraining_sweep.py, small mixed detectors in test_mixing.py.
ELSEWHERE = ('transfer', 'rpn', 'pretrain')
SMALL = [path for path in LEAVES if '_nano' in path.stem
         and path.parts[-3] not in ('emoji_world', 'configs')]


@pytest.mark.parametrize('path', [path for path in LEAVES
                                  if path.parent.name not in ELSEWHERE
                                  and path not in SMALL],
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_config_builds_and_runs(path, tmp_path):
    cfg = load_small(path)
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(key):
            check_dataset(cfg[key]['dataset'])
    run = run_benchmark if is_benchmark(cfg) else RUN[cfg.model.type]
    run(cfg, tmp_path)


def check_dataset(cfg: dict) -> None:
    """Types and pipeline exist; the files of the dataset do not, here."""
    while 'dataset' in cfg:
        assert cfg['type'] in DATASETS
        cfg = cfg['dataset']
    assert DATASETS.get(cfg['type']) is not None
    for step in cfg.get('pipeline', []):
        TRANSFORMS.build(step)
