"""Pretraining with a nano student and a nano teacher."""
import copy
from unittest import mock

import pytest
import torch
from nano import make_vocabulary, nano_detector
from nano_pretraining import (CONCEPTS, build_pretrainer, make_pairs,
                              pretrainer_model)
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmdet.registry import MODELS
from regionclip_mm.models import AttentionPool2d, RegionCLIP
from regionclip_mm.models.pretrainers.base import PseudoLabels
from regionclip_mm.models.pretrainers.checks import (check_teacher,
                                                     check_teacher_file)
from regionclip_mm.text import Vocabulary

LOSSES = {'loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level'}


@pytest.fixture(scope='module')
def pretrainer():
    return build_pretrainer()


def losses_of(pretrainer, **batch):
    torch.manual_seed(0)
    return pretrainer(**make_pairs(pretrainer, **batch), mode='loss')


def total(losses):
    return sum(losses[name] for name in LOSSES if name in losses)


def test_the_student_learns_and_the_teacher_stays():
    pretrainer = build_pretrainer()
    before = copy.deepcopy(pretrainer.teacher.state_dict())
    trained = [p for p in pretrainer.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, 3e-4)
    history = []
    for _ in range(15):
        losses = losses_of(pretrainer)
        optimizer.zero_grad()
        total(losses).backward()
        optimizer.step()
        history.append(losses['loss_region_distill'].item())
    assert history[-1] < 0.1 * history[0], history
    after = pretrainer.teacher.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not pretrainer.teacher.training
    assert not any(p.requires_grad for p in pretrainer.teacher.parameters())


def test_what_is_logged(pretrainer):
    losses = losses_of(pretrainer)
    assert set(losses) == LOSSES | {'kept', 'acc_concept'}
    assert losses['kept'] == 1  # a threshold of 0
    _, log = pretrainer.parse_losses(losses)
    assert log['loss'].item() == pytest.approx(total(losses).item())


def test_its_checkpoint_is_a_detector(pretrainer):
    """It loads into a detector of the same parts, nothing lacks or is left."""
    state = pretrainer.state_dict()
    assert not any(key.startswith('teacher') for key in state)
    detector = nano_detector(
        vocabulary=make_vocabulary(CONCEPTS))
    detector.load_state_dict(state)
    again = MODELS.build(pretrainer_model())
    keys = again.load_state_dict(state)
    assert not keys.missing_keys and not keys.unexpected_keys


def test_it_is_evaluated_as_a_detector(pretrainer):
    pretrainer.eval()
    data = make_pairs(pretrainer)
    with torch.no_grad():
        found = pretrainer(**data, mode='predict')
    pretrainer.train()
    assert isinstance(pretrainer, RegionCLIP)
    assert set(found[0].pred_instances.label_names) <= set(CONCEPTS)


def test_words_of_a_test_leave_the_teacher_its_concepts():
    """Embeddings of another CLIP's size would not even suit it."""
    pretrainer = build_pretrainer()
    before = losses_of(pretrainer)
    pretrainer.set_vocabulary(make_vocabulary(['zebra', 'bus']))
    assert pretrainer.vocabulary.names == ('zebra', 'bus')
    assert pretrainer.teacher.vocabulary.names == CONCEPTS
    after = losses_of(pretrainer)
    for name in LOSSES:
        assert after[name].item() == pytest.approx(before[name].item())


def test_teacher_files_as_mmengine_takes_them(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / 'x.pth').touch()
    found = dict(type='Pretrained', checkpoint='~/x.pth')
    for init_cfg in (None, [], found, [found],
                     dict(found, checkpoint='clip://RN50')):
        check_teacher_file(init_cfg)
    with pytest.raises(FileNotFoundError, match="checkpoint='~/y.pth'"):
        check_teacher_file([found, dict(found, checkpoint='~/y.pth')])


def test_the_scale_of_image_and_text_is_exact_in_half_precision():
    """1 / 0.024 is 41.75 in bfloat16."""
    pretrainer = build_pretrainer()
    pretrainer.classifiers[0].temperature = 0.024
    scales = []
    pretrainer.loss_img_txt.register_forward_hook(
        lambda module, args, loss: scales.append(args[2]))
    with torch.autocast('cpu', torch.bfloat16):
        losses_of(pretrainer)
    assert scales[0].item() == pytest.approx(1 / 0.024, rel=1e-6)


def test_the_trunk_is_computed_once_if_it_is_the_same(pretrainer):
    stem = type(pretrainer.backbone).stem
    calls = []

    def counted(self, x):
        calls.append(self)
        return stem(self, x)

    with mock.patch.object(type(pretrainer.backbone), 'stem', counted):
        shared = losses_of(pretrainer)
        assert pretrainer._shares_trunk and len(calls) == 1
        pretrainer._shares_trunk = False
        apart = losses_of(pretrainer)
        assert len(calls) == 3
    pretrainer._shares_trunk = None
    for name in LOSSES:
        assert shared[name].item() == pytest.approx(apart[name].item(),
                                                    rel=1e-5)


def test_other_trunks_are_not_shared():
    pretrainer = build_pretrainer()
    with torch.no_grad():
        pretrainer.teacher.backbone.layer1[0].conv1.weight[0, 0, 0, 0] += 1
    losses_of(pretrainer)
    assert pretrainer._shares_trunk is False
    backbone = pretrainer.backbone
    assert not backbone.same_trunk(torch.nn.Identity())
    other = MODELS.build(dict(type='CLIPResNet', arch='nano',
                              frozen_stages=-1))
    assert not other.same_trunk(other)


@pytest.mark.parametrize('part', ['', 'backbone', 'teacher',
                                  'teacher.backbone'])
def test_weights_loaded_later_decide_anew_what_is_shared(part):
    pretrainer = build_pretrainer()
    pretrainer.check_training()
    assert pretrainer._shares_trunk
    module = pretrainer.get_submodule(part)
    state = copy.deepcopy(module.state_dict())
    first = next(key for key in state if key.endswith('conv1.weight'))
    state[first] += 1
    module.load_state_dict(state)
    losses_of(pretrainer)
    assert pretrainer._shares_trunk is False


@MODELS.register_module(force=True)
class PoolWithNames(AttentionPool2d):
    """Has parts whose names are those of others elsewhere."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fc_reg, self.teacher = nn.Linear(1, 1), nn.Linear(1, 1)


def test_parts_are_known_by_their_place():
    """Not by a name that may be anywhere."""
    model = pretrainer_model()
    for part in (model, model.teacher):
        part.roi_head.bbox_head.with_reg = True
        part.roi_head.bbox_head.region_pool.type = 'PoolWithNames'
    pretrainer = build_pretrainer(model)
    pool = 'bbox_head.region_pool.'
    frozen = {name for name, p in pretrainer.roi_head.named_parameters()
              if not p.requires_grad and not name.startswith('shared_head')}
    assert frozen == {'bbox_head.fc_reg.weight', 'bbox_head.fc_reg.bias'}
    state = pretrainer.state_dict()
    left_out = [key for key in state if f'{pool}fc_reg' in key
                or f'{pool}teacher' in key]
    for key in left_out:
        del state[key]
    state['text_encoder.other'] = torch.zeros(1)
    keys = pretrainer.load_state_dict(state, strict=False)
    assert keys.missing_keys == left_out and len(left_out) == 4
    assert keys.unexpected_keys == ['text_encoder.other']
    fresh = MODELS.build(model)
    fresh.teacher.load_state_dict(state, strict=False)
    with pytest.raises(RuntimeError, match='the teacher lacks 4 weights'):
        check_teacher(fresh.teacher)


@pytest.mark.parametrize('part', ['loss_region_distill',
                                  'loss_concept_contrastive', 'loss_img_txt'])
def test_without_one_of_the_losses(part):
    pretrainer = build_pretrainer(pretrainer_model(**{part: None}))
    losses = losses_of(pretrainer)
    left = {name for name in LOSSES if not name.startswith(part)}
    assert LOSSES & set(losses) == left
    total(losses).backward()


def test_a_batch_without_a_region():
    """No proposals: whole images remain, and every parameter has a part."""
    pretrainer = build_pretrainer(
        pretrainer_model(dict(type='FileProposals')))
    losses = losses_of(pretrainer)
    assert losses['loss_region_distill'] == 0
    assert losses['loss_concept_contrastive'] == 0
    total(losses).backward()
    assert all(p.grad is not None for p in pretrainer.parameters()
               if p.requires_grad)
    pretrainer.loss_img_txt = None
    pretrainer.zero_grad()
    total(losses_of(pretrainer)).backward()
    assert all(p.grad is not None for p in pretrainer.parameters()
               if p.requires_grad)


def test_the_regions_are_drawn_anew():
    pretrainer = build_pretrainer()
    boxes = torch.arange(200.).view(50, 4)
    torch.manual_seed(0)
    first, second = pretrainer._draw(boxes), pretrainer._draw(boxes)
    assert len(set(first.tolist())) == 10 and not torch.equal(first, second)
    assert sorted(pretrainer._draw(boxes[:3]).tolist()) == [0, 1, 2]


def test_regions_that_do_not_count_are_not_encoded():
    """Half of them are below the threshold; g6_pretrain_rn50 has the
    losses."""
    pretrainer = build_pretrainer()
    scores = []
    regions = pretrainer._regions

    def noted(inputs, samples):
        found = regions(inputs, samples)
        scores.append(found[2].scores)
        return found

    with mock.patch.object(pretrainer, '_regions', noted):
        losses_of(pretrainer)
        pretrainer.concept_thr = scores[0].median().item()
        with mock.patch.object(pretrainer, '_encode',
                               wraps=pretrainer._encode) as encode:
            losses = losses_of(pretrainer)
    encoded = len(encode.call_args[0][2])
    assert encoded == (scores[0] > pretrainer.concept_thr).sum() == 10
    assert losses['kept'] == 0.5


class Waits(TorchDispatchMode):
    """Counts what makes a program wait for a GPU."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        masks = name == 'index' and any(
            i is not None and i.dtype == torch.bool for i in args[1])
        if masks or name in ('nonzero', '_local_scalar_dense', 'bincount',
                             'index_put_'):
            self.found.append(name)
        return func(*args, **(kwargs or {}))


def test_a_step_waits_once_for_the_regions_that_count(pretrainer):
    """Apart from proposals and networks, here in place of them."""
    boxes = [torch.rand(count, 4) for count in (6, 0, 5)]
    logits = torch.rand(11, len(CONCEPTS))
    scores, labels = logits.max(-1)
    sampled = None, boxes, PseudoLabels(labels, scores, (logits, ))
    text = torch.rand(3, 128)
    batch = make_pairs(pretrainer, images=3)
    parts = mock.patch.multiple(
        pretrainer, _regions=lambda *_: sampled, concept_thr=0.8,
        _encode_texts=lambda _: text, extract_feat=lambda x: (x, ))
    head = mock.patch.object(pretrainer.roi_head, 'encode_rois',
                             lambda _, rois: rois @ torch.ones(5, 128))
    with parts, head:
        pretrainer.loss(batch['inputs'], batch['data_samples'])
        with Waits() as waits:
            losses = pretrainer.loss(batch['inputs'], batch['data_samples'])
    assert LOSSES <= set(losses)
    assert waits.found == ['nonzero']


@pytest.mark.parametrize('names, message', [
    (CONCEPTS[:4], r"student \(5\) and teacher \(4\) differ: concept 4 is "
     "'car' here and 'none' there"),
    (('cat', 'bird', 'dog', 'tree', 'car'),
     "concept 1 is 'dog' here and 'bird' there; build both"),
])
def test_pools_that_differ(names, message):
    model = pretrainer_model()
    head = model.teacher.roi_head.bbox_head
    head.cls_predictor_cfg.vocabulary = make_vocabulary(names)
    head.num_classes = len(names)
    with pytest.raises(ValueError, match=message):
        losses_of(build_pretrainer(model))


def test_a_pool_of_one_concept():
    model = pretrainer_model()
    for part in (model, model.teacher):
        part.roi_head.bbox_head.update(num_classes=1)
        part.roi_head.bbox_head.cls_predictor_cfg.vocabulary = (
            make_vocabulary(['cat']))
    with pytest.raises(ValueError, match=r'pool has 1 concept \(cat\): '
                       'regions learn by telling at least two apart'):
        losses_of(build_pretrainer(model))


def test_a_teacher_with_other_embeddings_than_its_pool():
    model = pretrainer_model()
    model.teacher.roi_head.bbox_head.cls_predictor_cfg.vocabulary = (
        Vocabulary(CONCEPTS, torch.rand(5, 640), {}))
    with pytest.raises(ValueError, match='has 640-dimensional embeddings, the '
                       'region encoder gives 128'):
        losses_of(build_pretrainer(model))


def test_no_pool():
    model = pretrainer_model()
    model.teacher.roi_head.bbox_head.cls_predictor_cfg.vocabulary = None
    with pytest.raises(ValueError, match='no concept pool: set model.teacher.'
                       'roi_head.*build_concept_pool'):
        losses_of(build_pretrainer(model))


def test_a_teacher_without_weights():
    pretrainer = MODELS.build(pretrainer_model()).train()
    with pytest.raises(RuntimeError, match='the teacher lacks .* weights .*'
                       'model.teacher.init_cfg'):
        losses_of(pretrainer)


def test_images_without_a_caption(pretrainer):
    with pytest.raises(ValueError, match='image 0.jpg has text=None, not a '
                       "caption: .*'text' in the meta_keys"):
        losses_of(pretrainer, text=None)


def test_the_teacher_in_bfloat16(pretrainer):
    data = make_pairs(pretrainer)
    boxes = [torch.tensor([[3., 5, 60, 50], [10, 10, 80, 60]])] * 2
    exact = pretrainer._teach(data['inputs'], None, boxes)
    pretrainer.teacher_dtype = 'bfloat16'
    rough = pretrainer._teach(data['inputs'], None, boxes)
    pretrainer.teacher_dtype = None
    assert rough.dtype == torch.float32 and not torch.equal(rough, exact)
    torch.testing.assert_close(rough, exact, rtol=0, atol=0.2)
    with pytest.raises(ValueError, match="model.teacher_dtype='half': choose"):
        MODELS.build(pretrainer_model(teacher_dtype='half'))


@pytest.mark.parametrize('text', ['', 'word ' * 10000, '日本 \x00 ☃'])
def test_strange_captions(pretrainer, text):
    assert total(losses_of(pretrainer, text=text)).isfinite()


def test_no_text_tower():
    pretrainer = build_pretrainer(pretrainer_model(text_encoder=dict(
        type='CLIPTextEncoder', arch='nano', frozen=False)))
    with pytest.raises(ValueError, match='model.text_encoder.frozen=False, '):
        pretrainer.check_training()
    pretrainer = build_pretrainer(pretrainer_model(text_encoder=None))
    with pytest.raises(ValueError, match='set model.text_encoder, or '
                       'loss_img_txt=None'):
        losses_of(pretrainer)


@pytest.mark.parametrize('changes, message', [
    (dict(num_regions=0), 'num_regions takes whole numbers from 1, got 0'),
    (dict(num_regions=-1), 'num_regions takes .*, got -1'),
    (dict(num_regions=2.5), 'num_regions takes .*, got 2.5'),
    (dict(num_regions=None), 'num_regions takes .*, got None'),
    (dict(concept_thr=1), 'concept_thr takes probabilities .*, got 1'),
    (dict(concept_thr=float('nan')), 'concept_thr takes .*, got nan'),
    (dict(concept_thr='0.1'), "concept_thr takes .*, got '0.1'")])
def test_settings_by_which_no_region_could_be_chosen(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(pretrainer_model(**changes))


def test_without_any_loss_nothing_is_learned():
    pretrainer = build_pretrainer(pretrainer_model(
        loss_region_distill=None, loss_concept_contrastive=None,
        loss_img_txt=None))
    with pytest.raises(ValueError, match='nothing would be learned: set one'):
        pretrainer.check_training()
