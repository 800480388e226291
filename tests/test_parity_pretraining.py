"""Golden numbers of region-text pretraining, through the converters.

Tolerances are those that tests/data/parity's source recommends, or tighter.
"""
import copy
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from parity import (DATA, ROOT, batch_of, load_case, make_weights, relative,
                    vocabulary_of)
from test_parity_transfer import ours, sampling
from two_processes import on_two

from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import register_all_modules
from regionclip_mm.checkpoint import detector_from_files, save_checkpoint

LOSSES = ('loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level')


def embeddings(arrays, name='concept_emb'):
    return vocabulary_of(arrays[f'{name}_int8'].astype(np.float32) / 512)


@pytest.fixture(scope='module')
def golden():
    return load_case('g6_pretrain_rn50')


def write_weights(case, folder):
    """Files of the student and of the teacher, as detectors."""
    manifest = make_weights.load_manifest(
        DATA / f'manifest_{case["manifest"]}.json')
    state = make_weights.make_state_dict(manifest, case['weight_seed'])
    assert make_weights.digest(state) == case['weights_sha256']
    model = Config.fromfile(
        ROOT / 'configs/pretrain/regionclip_rn50_rpn_cc3m.py').model
    for part in (model, model.teacher):
        part.roi_head.bbox_head.num_classes = 256
    make_weights.save(state, str(folder / 'student_main.pth'))
    teacher = {key.replace('teacher_backbone.', 'backbone.'): value
               for key, value in state.items()
               if key.startswith('teacher_backbone.')}
    make_weights.save(teacher, str(folder / 'teacher_main.pth'))
    for name, part in (('student', model), ('teacher', model.teacher)):
        converted, _ = detector_from_files(
            Config(dict(model=copy.deepcopy(part))),
            str(folder / f'{name}_main.pth'))
        save_checkpoint(converted, folder / f'{name}.pth', {})
    model.teacher.init_cfg.checkpoint = str(folder / 'teacher.pth')
    model.init_cfg = dict(type='Pretrained',
                          checkpoint=str(folder / 'student.pth'))
    return model


@pytest.fixture(scope='module')
def build(golden, tmp_path_factory):
    """Builds the pretrainer of a variant of the case."""
    register_all_modules()
    arrays, case = golden
    model = write_weights(case, tmp_path_factory.mktemp('pretraining'))

    def make(variant):
        cfg = copy.deepcopy(model)
        student = 'student_concept_emb' if variant == 'sep' else 'concept_emb'
        for part, name in ((cfg, student), (cfg.teacher, 'concept_emb')):
            part.roi_head.bbox_head.cls_predictor_cfg.vocabulary = embeddings(
                arrays, name)
        if variant == 'none':
            cfg.concept_thr = 0.9999
        cfg.proposal_source = dict(type='FileProposals')
        cfg.test_cfg.rcnn.objectness = 'none'
        pretrainer = MODELS.build(cfg)
        pretrainer.init_weights()
        pretrainer.teacher.init_weights()
        return pretrainer.train()
    return make


def pairs(arrays, case, pretrainer, images=(0, 1)):
    """The batch of the case, the given regions as proposals."""
    data = batch_of(case)
    for i, sample in enumerate(data['data_samples']):
        sample.text = case['captions'][i]
        sample.proposals = InstanceData(
            bboxes=torch.from_numpy(arrays[f'region_boxes_{i}']))
    data = {key: [value[i] for i in images] for key, value in data.items()}
    return pretrainer.data_preprocessor(data, training=True)


@pytest.mark.parametrize('variant', ['same', 'sep', 'none'])
def test_losses_and_gradients(golden, build, variant):
    arrays, case = golden
    pretrainer = build(variant)
    torch.manual_seed(0)
    losses = pretrainer(**pairs(arrays, case, pretrainer), mode='loss')
    for name in LOSSES:
        want = float(arrays[f'{variant}_{name}'])
        assert losses[name].item() == pytest.approx(want, rel=2e-5), name
    mask = arrays[f'{variant}_keep_mask']
    if variant == 'none':
        assert mask.all() and losses['kept'] == 0
    else:
        assert losses['kept'].item() == pytest.approx(mask.mean())
    sum(losses[name] for name in LOSSES).backward()
    check_gradients(pretrainer, arrays, case, variant)


def check_gradients(pretrainer, arrays, case, variant):
    grads = {n: p.grad for n, p in pretrainer.named_parameters()
             if p.grad is not None}
    assert set(grads) == set(map(ours, case['params_with_grad']))
    total = torch.stack([g.norm() for g in grads.values()]).norm().item()
    assert total == pytest.approx(case[f'{variant}_total_grad_norm'],
                                  rel=5e-4)
    for name, norm in zip(case['grad_params'],
                          arrays[f'{variant}_grad_norms']):
        grad = grads[ours(name)]
        if name.endswith('k_proj.bias'):  # zero but for rounding
            assert grad.norm() < 1e-4
            continue
        assert grad.norm().item() == pytest.approx(norm, rel=5e-4), name
        key = f'{variant}_grad_sample__{name}'
        if key in arrays and arrays[key].any():
            step, count = sampling(case['arrays'][key]['meaning'])
            assert relative(grad.flatten()[::step][:count],
                            arrays[key]) < 5e-3, name


@torch.no_grad()
def test_embeddings_and_pseudo_labels(golden, build):
    arrays, case = golden
    pretrainer = build('same')
    data = pairs(arrays, case, pretrainer)
    boxes = [sample.proposals.bboxes for sample in data['data_samples']]
    regions, images = pretrainer._encode(data['inputs'], None,
                                         bbox2roi(boxes))
    assert relative(images, arrays['student_global_features']) < 1e-5
    assert relative(regions, arrays['student_region_features']) < 1e-5
    text = pretrainer._encode_texts(case['captions'])
    assert relative(text, arrays['text_embedding']) < 1e-5
    probs = pretrainer._teach(data['inputs'], None, boxes).softmax(-1)
    best, labels = probs.max(-1)
    assert np.abs(best - arrays['same_teacher_max_score']).max() < 2e-4
    assert (labels.numpy() == arrays['same_teacher_argmax']).all()
    kept = arrays['same_keep_mask'].astype(bool)
    assert (labels.numpy()[kept] == arrays['same_target_index']).all()
    assert np.abs(probs[kept] - arrays['same_teacher_probs']).max() < 2e-4


GATHERED = dict(equal=((0, ), (1, )), unequal=((0, 1), (1, )))


def on_rank(build, golden, images, rank):
    """Losses, and gradients of the parameters that the case has."""
    arrays, case = golden
    pretrainer = build('same')
    losses = pretrainer(**pairs(arrays, case, pretrainer, images[rank]),
                        mode='loss')
    sum(losses[name] for name in LOSSES).backward()
    named = dict(pretrainer.named_parameters())
    return ([losses[name].item() for name in LOSSES],
            [named[ours(name)].grad for name in case['grad_params']])


@pytest.mark.parametrize('variant', GATHERED)
def test_two_processes(variant, golden, build, tmp_path):
    """Each with its images; the image-text contrast is of all of them."""
    found = on_two(partial(on_rank, build, golden, GATHERED[variant]),
                   tmp_path)
    arrays, case = load_case('g6_gather_2proc')
    for rank, (losses, gradients) in enumerate(found):
        for name, loss in zip(LOSSES, losses):
            want = float(arrays[f'{variant}_rank{rank}_{name}'])
            assert loss == pytest.approx(want, rel=2e-5), name
        check_norms(gradients, case,
                    arrays[f'{variant}_rank{rank}_local_grad_norms'])
    mean = [(first + second) / 2
            for first, second in zip(found[0][1], found[1][1])]
    check_norms(mean, case, arrays[f'{variant}_ddp_avg_grad_norms'])


def check_norms(gradients, case, norms):
    for name, grad, norm in zip(case['grad_params'], gradients, norms):
        if not name.endswith('k_proj.bias'):  # zero but for rounding
            assert grad.norm().item() == pytest.approx(norm, rel=5e-4), name
