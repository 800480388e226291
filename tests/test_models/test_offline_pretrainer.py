"""Pretraining from labels on disk is pretraining with the teacher."""
import copy
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.structures import InstanceData
from nano import make_vocabulary, nano_detector
from nano_pretraining import (CONCEPTS, build_pretrainer, make_pairs,
                              offline_model, pretrainer_model)
from region_label_files import write_labels
from test_proposals import small_rpn

from mmdet.registry import MODELS
from regionclip_mm.datasets import LoadRegionLabels
from regionclip_mm.io.region_labels import pool_digest
from regionclip_mm.models import RegionTextPretrainer

LOSSES = ('loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level')


def build_offline(online=None, **changes):
    """With the weights of an online one, or random ones."""
    pretrainer = MODELS.build(offline_model(**changes))
    weights = online or pretrainer
    pretrainer.load_state_dict(weights.state_dict())
    return pretrainer.train()


def put_labels(samples, found, dtype=torch.float32):
    """Labels of the teacher, as a pipeline gives them."""
    for sample, one in zip(samples, found):
        sample.gt_instances = InstanceData(
            bboxes=one.bboxes, labels=one.concepts[:, 0],
            scores=one.log_probs[:, 0].exp(), concepts=one.concepts,
            log_probs=one.log_probs.to(dtype).float(),
            log_rest=one.log_rest.to(dtype).float())
        sample.set_metainfo(dict(region_labels=(
            'labels.json', pool_digest(CONCEPTS))))


def labelled(online, top_k=5, **batch):
    """A batch with all that its teacher says."""
    data = make_pairs(online, **batch)
    online.eval()
    found = online.label(data['inputs'], data['data_samples'], top_k, 300)
    online.train()
    put_labels(data['data_samples'], found)
    return data


def losses_of(pretrainer, data):
    torch.manual_seed(0)
    return pretrainer(**copy.deepcopy(data), mode='loss')


@pytest.fixture(scope='module')
def online():
    return build_pretrainer()


def test_the_losses_are_those_with_a_teacher(online):
    """On about half of the regions; gradients, too."""
    data = labelled(online)
    online.concept_thr = torch.cat([
        sample.gt_instances.scores
        for sample in data['data_samples']]).median().item()
    offline = build_offline(online, concept_thr=online.concept_thr)
    grads = []
    for pretrainer in (online, offline):
        losses = losses_of(pretrainer, data)
        pretrainer.zero_grad()
        sum(losses[name] for name in LOSSES).backward()
        grads.append((losses, {n: p.grad for n, p in
                               pretrainer.named_parameters()
                               if p.grad is not None}))
    online.concept_thr = 0.
    (want, theirs), (got, mine) = grads
    assert 0 < want['kept'] < 1 and set(want) == set(got)
    for name in want:
        assert got[name].item() == pytest.approx(want[name].item(), abs=1e-4)
    assert set(mine) == set(theirs)
    scale = max(grad.abs().max() for grad in theirs.values())
    for name, grad in mine.items():
        torch.testing.assert_close(grad, theirs[name], rtol=1e-3,
                                   atol=1e-4 * scale.item())


def test_fewer_concepts_give_less(online):
    want = losses_of(online, labelled(online))
    losses = [losses_of(build_offline(online), labelled(online, k))
              for k in (1, 3, 5)]
    distill = [found['loss_region_distill'].item() for found in losses]
    assert distill[0] < distill[1] < distill[2]
    for found in losses:
        for name in LOSSES[1:]:
            assert found[name].item() == pytest.approx(want[name].item())


def test_labels_of_the_best_regions(online):
    data = make_pairs(online)
    few = online.label(data['inputs'], data['data_samples'], 2, 4)
    all_of_them = online.label(data['inputs'], data['data_samples'], 2, 300)
    for mine, whole in zip(few, all_of_them):
        assert len(mine) == 4 < len(whole)
        assert torch.equal(mine.bboxes, whole.bboxes[:4])
        torch.testing.assert_close(mine.log_probs, whole.log_probs[:4])
        assert mine.concepts.shape == (4, 2)


def test_it_learns_and_is_a_detector(online):
    data = labelled(online)
    offline = build_offline()
    assert not hasattr(offline, 'teacher')
    optimizer = torch.optim.AdamW(
        [p for p in offline.parameters() if p.requires_grad], 3e-4)
    history = []
    for _ in range(15):
        losses = losses_of(offline, data)
        optimizer.zero_grad()
        sum(losses[name] for name in LOSSES).backward()
        optimizer.step()
        history.append(losses['loss_region_distill'].item())
    assert history[-1] < 0.1 * history[0], history
    state = offline.state_dict()
    nano_detector(vocabulary=make_vocabulary(CONCEPTS)).load_state_dict(state)
    RegionTextPretrainer.load_state_dict(online, state)
    offline.eval()
    with torch.no_grad():
        found = offline(**make_pairs(offline), mode='predict')
    assert set(found[0].pred_instances.label_names) <= set(CONCEPTS)


@pytest.mark.parametrize('images', [(0, ), (0, 1)])
def test_images_without_a_region(online, images):
    data = labelled(online)
    for number in images:
        sample = data['data_samples'][number]
        sample.gt_instances = sample.gt_instances[:0]
    offline = build_offline()
    losses = losses_of(offline, data)
    assert (losses['loss_region_distill'] == 0) == (len(images) == 2)
    sum(losses[name] for name in LOSSES).backward()
    assert all(p.grad is not None for p in offline.parameters()
               if p.requires_grad)


def test_samples_without_labels(online):
    data = make_pairs(online)
    with pytest.raises(ValueError, match='image 0.jpg has no labels of '
                       "regions: put dict.type='LoadRegionLabels'"):
        losses_of(build_offline(), data)


@pytest.mark.parametrize('names, message', [
    (('cat', 'dog', 'bee', 'tree', 'car'), "concept 2 is 'bird' here and "
     "'bee' there; label the regions with this pool"),
    (CONCEPTS[:4], r"\(5\) and of .*a.json \(4\) differ: concept 4 is 'car' "
     "here and 'none' there")])
def test_labels_of_another_pool(online, tmp_path, names, message):
    write_labels(tmp_path / 'a.json', names=names)
    data = labelled(online)
    for sample in data['data_samples']:
        sample.set_metainfo(dict(region_labels=(
            str(tmp_path / 'a.json'), pool_digest(names))))
    with pytest.raises(ValueError, match=message):
        losses_of(build_offline(), data)
    # a run need not get that far
    dataset = mock.Mock(pipeline=Compose([
        LoadRegionLabels(tmp_path / 'a.json')]))
    with pytest.raises(ValueError, match=message):
        build_offline().check_data(dataset)


def test_labels_with_other_numbers_of_concepts(online):
    data = labelled(online, 5)
    other = labelled(online, 2)['data_samples'][1]
    other.set_metainfo(dict(region_labels=(
        'other.json', pool_digest(CONCEPTS))))
    data['data_samples'][1] = other
    with pytest.raises(ValueError, match='5 in labels.json, 2 in other.json; '
                       'label all with the same --top-k'):
        losses_of(build_offline(), data)


def test_an_rpn_without_weights_is_refused(online):
    """It would be random in checkpoints that seem to have it."""
    offline = MODELS.build(offline_model(
        source=dict(type='RPNProposals', rpn=small_rpn())))
    offline.load_state_dict(online.state_dict(), strict=False)
    with pytest.raises(RuntimeError, match='the RPN of proposal_source has '
                       'no weights'):
        losses_of(offline.train(), labelled(online))


def test_only_some_regions_of_an_image_are_drawn(online):
    data = labelled(online)
    offline = build_offline(num_regions=4)
    _, boxes, pseudo = offline._regions(data['inputs'], data['data_samples'])
    assert [len(one) for one in boxes] == [4, 4]
    assert len(pseudo.labels) == 8
    for one, sample in zip(boxes, data['data_samples']):
        every = sample.gt_instances.bboxes
        rows = [int(np.flatnonzero((every == box).all(1))[0]) for box in one]
        assert len(set(rows)) == 4


@pytest.mark.parametrize('model, wrong, right', [
    (pretrainer_model, 'TopKDistillLoss', 'RegionDistillLoss'),
    (offline_model, 'RegionDistillLoss', 'TopKDistillLoss'),
    (offline_model, 'ConceptContrastiveLoss', 'TopKDistillLoss')])
def test_a_distillation_for_other_labels(model, wrong, right):
    """Refused when the model is built; its own name for it, and none, pass."""
    with pytest.raises(ValueError, match=rf"model\.loss_region_distill\.type='"
                       rf"{wrong}' takes \(logits, .* of (Offline)?RegionText"
                       rf"Pretrainer there are \(logits, .* it to '{right}'"):
        MODELS.build(model(loss_region_distill=dict(type=wrong)))
    for loss in (dict(type=right, loss_weight=2.), None):
        MODELS.build(model(loss_region_distill=loss))
